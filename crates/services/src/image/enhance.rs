//! Better versions of a photo.

mod image_color_enhancement;
mod image_contrast_enhancement;
mod image_defogging;

pub use image_color_enhancement::ImageColorEnhancement;
pub use image_contrast_enhancement::ImageContrastEnhancement;
pub use image_defogging::ImageDefogging;
