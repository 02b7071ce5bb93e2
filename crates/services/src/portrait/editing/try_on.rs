//! What the services share that dress a person in another garment.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{Delivery, Memory, Output, Picture, Spec, Url, Work};
use safelight_vision::cutout;

use crate::generated::Edit;
use crate::generated::areas::{self, Dress};
use crate::image::{bled, encoded, on_white};

/// The photos of persons and garments, as the newer services take them.
pub const GARMENT: Rules = Rules {
    formats: &[Format::Jpeg, Format::Png, Format::Bmp],
    max_bytes: 5 * Rules::MB,
    min: (150, 150),
    max: (4096, 4096),
    ..Rules::ORDINARY
};

/// What these services cannot do.
pub const LIMITATIONS: &str = "A generative engine makes the picture; without one the service answers \
    `ERROR_AI_NOT_EXISTS`. The rest of the photo, and the face where it is to stay, are the photo's own, bit \
    for bit. How well garments fit is the engine's. The shoulders must be seen, for trousers and skirts the \
    hips, and the garments that are replaced.";

/// What all of them say about themselves.
pub const SPEC: Spec = Spec {
    delivery: Delivery::Async,
    deadline: std::time::Duration::from_secs(60),
    limitations: LIMITATIONS,
    memory: Memory {
        base: cutout::BASE_BYTES + (64 << 20),
        per_pixel: cutout::GARMENT_BYTES_PER_PIXEL,
    },
    ..Spec::DEFAULT
};

/// The picture in the place where the newer services have it.
#[derive(Output)]
pub struct ImageOutput {
    /// The person in the garments, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "output.image_url")]
    image_url: Url,
    /// Pictures that were made: 1.
    #[output(path = "usage.image_count")]
    image_count: u32,
}

impl ImageOutput {
    /// Of a photo; its encoding is the stage `encode`.
    pub fn of(work: &Work, photo: &Photo) -> Result<Self> {
        Ok(Self { image_url: Url(encoded(photo, work)?), image_count: 1 })
    }
}

/// A garment that was sent, on white where it is cut out.
pub fn garment(picture: &Picture, work: &Work) -> Result<RgbImage> {
    Ok(on_white(picture.decode(work)?).rgb)
}

/// A person, dressed anew in the garments that are sent; the head stays where `keep_head` says so.
pub fn dressed(
    person: &Picture,
    garments: Vec<RgbImage>,
    dress: Dress,
    keep_head: bool,
    words: Vec<String>,
    work: &Work,
) -> Result<Edit> {
    let photo = bled(person.decode(work)?);
    let (body, face) = areas::person(work, &photo.rgb, "person_image", dress)?;
    let head = face.as_ref().filter(|_| keep_head);
    let mask = areas::worn(work, &photo.rgb, &body, head, dress)?;
    Ok(Edit { references: garments, ..Edit::of(photo, Some(mask), words) })
}

/// The size of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The photo's.
    Original,
    /// Within this box, upright.
    Within(u32, u32),
}

/// The values of `resolution`.
pub const RESOLUTIONS: &[(&str, Resolution, &str)] = &[
    ("-1", Resolution::Original, "the size of the photo, which the Refiner needs"),
    ("1024", Resolution::Within(576, 1024), "made smaller to fit into 576 × 1024 pixels"),
    ("1280", Resolution::Within(720, 1280), "made smaller to fit into 720 × 1280 pixels"),
];

impl Resolution {
    /// The photo in this size.
    pub fn of(self, photo: Photo) -> Photo {
        let Self::Within(most_width, most_height) = self else { return photo };
        let (width, height) = photo.rgb.dimensions();
        let (across, down) = (most_width as f32 / width as f32, most_height as f32 / height as f32);
        let scale = across.min(down);
        if scale >= 1.0 {
            return photo;
        }
        let side = |side: u32| ((side as f32 * scale).round() as u32).max(1);
        let (width, height) = (side(width), side(height));
        Photo {
            rgb: resize::rgb(&photo.rgb, width, height, Filter::Lanczos3),
            alpha: photo.alpha.map(|alpha| resize::gray(&alpha, width, height, Filter::Area)),
        }
    }
}
