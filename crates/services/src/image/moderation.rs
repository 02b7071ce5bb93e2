//! What pictures must not show.

mod image_moderation;

pub use image_moderation::ImageModeration;
