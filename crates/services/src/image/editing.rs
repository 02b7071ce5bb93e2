//! Photos cut and developed anew.

mod image_cropping;
mod intelligent_composition;
mod photo_retouching;

pub use image_cropping::ImageCropping;
pub use intelligent_composition::IntelligentComposition;
pub use photo_retouching::PhotoRetouching;

use super::on_white;
