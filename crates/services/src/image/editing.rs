//! Photos cut, completed and developed anew.

mod ai_image_extender;
mod ai_nail_art;
mod ai_nail_art_pro;
mod ai_object_replacer;
mod image_cropping;
mod image_erase;
mod image_invisible_image_watermark;
mod image_invisible_text_watermarking;
mod intelligent_composition;
mod marks;
mod nails;
mod photo_retouching;
mod removal;
mod remove_objects;
mod remove_objects_advanced;
mod remove_objects_pro;

pub use ai_image_extender::AiImageExtender;
pub use ai_nail_art::AiNailArt;
pub use ai_nail_art_pro::AiNailArtPro;
pub use ai_object_replacer::AiObjectReplacer;
pub use image_cropping::ImageCropping;
pub use image_erase::ImageErase;
pub use image_invisible_image_watermark::ImageInvisibleImageWatermark;
pub use image_invisible_text_watermarking::ImageInvisibleTextWatermarking;
pub use intelligent_composition::IntelligentComposition;
pub use photo_retouching::PhotoRetouching;
pub use remove_objects::RemoveObjects;
pub use remove_objects_advanced::RemoveObjectsAdvanced;
pub use remove_objects_pro::RemoveObjectsPro;

use std::hash::{BuildHasher, RandomState};

use safelight_imaging::Format;
use safelight_operation::Rules;

use super::on_white;

/// A photo from which objects are removed, and its mask.
const OBJECTS: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 5 * Rules::MB,
    min: (1, 1),
    max: (4096, 4096),
    ..Rules::ORDINARY
};

/// The same where settings go with it.
const CANVAS: Rules = Rules { formats: &[Format::Jpeg, Format::Png], min: (64, 64), ..OBJECTS };

/// The seed that a request names; -1 draws one.
fn seed(number: i64) -> u32 {
    let number = if number < 0 { RandomState::new().hash_one(0) } else { number as u64 };
    (number ^ number >> 32) as u32
}
