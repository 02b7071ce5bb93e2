//! Whole pictures: enhancement, effects, editing and scores.

pub mod editing;
pub mod effects;
pub mod enhance;
pub mod rating;

use safelight_contract::Result;
use safelight_imaging::{Cutout, Format, Photo, Rules, encode};

use crate::{Artifact, FileField, Picture, Work};

/// The photo, as most services here take it.
static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules {
        max_bytes: 8 * Rules::MB,
        min: (10, 10),
        max: (5000, 5000),
        max_aspect: Some(4.0),
        ..Rules::ORDINARY
    },
);

/// The photo whose composition is judged.
static SCENE: FileField = FileField::required(
    "image",
    "The photo. Transparent parts count as white.",
    Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (4096, 4096),
        ..Rules::ORDINARY
    },
);

/// The changed photo, as most services here answer it; its encoding is the stage `encode`.
fn answer(photo: &Photo, work: &Work) -> Result<Picture> {
    let (bytes, format) = work.stage("encode", || encode::photo(photo))?;
    Ok(Picture::base64("image", Artifact { bytes, format }))
}

/// The photo without transparency: what shows it lies on white.
pub(crate) fn on_white(Photo { rgb, alpha }: Photo) -> Photo {
    let rgb = match alpha {
        Some(alpha) => Cutout { rgb, alpha }.over([255; 3]),
        None => rgb,
    };
    Photo { rgb, alpha: None }
}
