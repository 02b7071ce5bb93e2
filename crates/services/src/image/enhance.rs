//! Better versions of a photo.

mod image_contrast_enhancement;

pub use image_contrast_enhancement::ImageContrastEnhancement;
