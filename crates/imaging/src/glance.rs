//! A smaller version of a photo, to look for something in.

use image::RgbImage;
use safelight_resample::{self as resize, Filter};

/// What is looked at.
pub(crate) struct Glance {
    pub picture: RgbImage,
    /// Natural logarithm of how much wider its pixels are than high, in pixels of the photo: its sides are
    /// rounded, each for itself.
    pub uneven: f32,
}

impl Glance {
    /// The photo made as small as to have `area` pixels, where it has more, and its sides then by `share`
    /// once more; at least one pixel.
    pub fn of(photo: &RgbImage, area: f32, share: f32) -> Self {
        let own = [photo.width() as f32, photo.height() as f32];
        let scale = (area / (own[0] * own[1])).sqrt().min(1.0);
        let [width, height] = own.map(|side| ((side * scale * share).round() as u32).max(1));
        let picture = resize::rgb(photo, width, height, Filter::Bilinear);
        Self { picture, uneven: (own[0] / width as f32 / (own[1] / height as f32)).ln() }
    }
}
