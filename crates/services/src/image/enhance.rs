//! Better versions of a photo.

mod image_color_enhancement;
mod image_contrast_enhancement;
mod image_defogging;
mod image_lossless_enlargement;
mod image_sharpness_enhancement;
mod stretch_image_recovery;

pub use image_color_enhancement::ImageColorEnhancement;
pub use image_contrast_enhancement::ImageContrastEnhancement;
pub use image_defogging::ImageDefogging;
pub use image_lossless_enlargement::ImageLosslessEnlargement;
pub use image_sharpness_enhancement::ImageSharpnessEnhancement;
pub use stretch_image_recovery::StretchImageRecovery;

use super::{PhotoOnly, in_base64};
