//! Whole pictures: enhancement, effects, editing, generation and scores.

pub mod editing;
pub mod effects;
pub mod enhance;
pub mod generation;
pub mod moderation;
pub mod ocr;
pub mod rating;

use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Cutout, Format, Photo, bleed, encode};
use safelight_operation::{Artifact, Base64, Input, Picture, Result, Rules, Work};

/// The photo, as most services here take it.
const PHOTO: Rules = Rules {
    max_bytes: 8 * Rules::MB,
    min: (10, 10),
    max: (5000, 5000),
    max_aspect: Some(4.0),
    ..Rules::ORDINARY
};

/// The photo whose composition is judged.
const SCENE: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
    max_bytes: 3 * Rules::MB,
    min: (32, 32),
    max: (4096, 4096),
    ..Rules::ORDINARY
};

/// What a request asks for where it sends nothing but the photo.
#[derive(Input)]
pub struct PhotoOnly {
    /// The photo.
    #[picture(PHOTO)]
    image: Picture,
}

/// The changed photo, as most services here answer it: a JPEG; a PNG where it has transparency. Its
/// encoding is the stage `encode`.
fn in_base64(photo: &Photo, work: &Work) -> Result<Base64> {
    encoded(photo, work).map(Base64)
}

/// A photo as a file, as the stage `encode`: a JPEG; a PNG where it has transparency.
pub(crate) fn encoded(photo: &Photo, work: &Work) -> Result<Artifact> {
    let (bytes, format) = work.stage("encode", || encode::photo(photo))?;
    Ok(Artifact::picture(bytes, format))
}

/// The photo without transparency: what shows it lies on white.
pub(crate) fn on_white(Photo { rgb, alpha }: Photo) -> Photo {
    let rgb = match alpha {
        Some(alpha) => Cutout { rgb, alpha }.over([255; 3]),
        None => rgb,
    };
    Photo { rgb, alpha: None }
}

/// The photo with the colours of what is visible near them under its transparent pixels, so that nothing
/// hidden shows where an effect moves, blurs or scales.
pub(crate) fn bled(mut photo: Photo) -> Photo {
    if let Some(alpha) = &photo.alpha {
        bleed::under_transparency(&mut photo.rgb, alpha);
    }
    photo
}

/// The photo with its longer side at `most` pixels at most.
pub(crate) fn within(photo: Photo, most: u32) -> Photo {
    let (width, height) = photo.rgb.dimensions();
    let longer = width.max(height);
    if longer <= most {
        return photo;
    }
    let side = |side: u32| (u64::from(side) * u64::from(most) / u64::from(longer)).max(1) as u32;
    let (width, height) = (side(width), side(height));
    Photo {
        rgb: resize::rgb(&photo.rgb, width, height, Filter::Lanczos3),
        alpha: photo.alpha.map(|alpha| resize::gray(&alpha, width, height, Filter::Lanczos3)),
    }
}
