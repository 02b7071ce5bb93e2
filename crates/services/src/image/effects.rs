//! Photos made into something else.

mod ai_anime_generator;
mod ai_photography;
mod image_colorization;
mod image_style_conversion;
mod image_style_migration;
mod photo_to_emoji_grid;
mod photo_to_line_art;

pub use ai_anime_generator::AiAnimeGenerator;
pub use ai_photography::AiPhotography;
pub use image_colorization::ImageColorization;
pub use image_style_conversion::ImageStyleConversion;
pub use image_style_migration::ImageStyleMigration;
pub use photo_to_emoji_grid::PhotoToEmojiGrid;
pub use photo_to_line_art::PhotoToLineArt;

use super::{PHOTO, in_base64, on_white};
