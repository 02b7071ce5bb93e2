//! Portraits to ask about: the photos of the repository, changed.

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, imageops};
use safelight_contract::Code;
use safelight_imaging::resize::{self, Filter};
use safelight_testkit as testkit;
pub use safelight_testkit::picture as photo;

use crate::support::{code, encoded, form, with};

pub fn png(photo: &RgbImage) -> Bytes {
    encoded(&DynamicImage::ImageRgb8(photo.clone()), ImageFormat::Png).into()
}

/// Portraits in a grid, the largest first.
pub fn crowd(columns: u32, rows: u32) -> RgbImage {
    let portrait = photo("astronaut.png");
    let mut crowd = RgbImage::from_pixel(columns * 300, rows * 300, Rgb([90, 100, 90]));
    for index in 0..columns * rows {
        let side = 300 - index * 8;
        let small = resize::rgb(&portrait, side, side, Filter::Lanczos3);
        let (x, y) = (index % columns * 300, index / columns * 300);
        imageops::replace(&mut crowd, &small, x.into(), y.into());
    }
    crowd
}

/// What every service for faces refuses, and how.
pub fn refusals(path: &str) {
    for name in ["chelsea.png", "coffee.png", "rocket.jpg"] {
        assert_eq!(code(path, &form(testkit::photo(name))), Code::NoFaceInFile, "{name}");
    }
    let portrait = || form(testkit::photo("astronaut.png"));
    assert_eq!(code(path, &with(portrait(), "quality_control", "BEST")), Code::QualityControlError);
    let mut dark = photo("astronaut.png");
    dark.iter_mut().for_each(|value| *value /= 5);
    let dark = with(form(png(&dark)), "quality_control", "HIGH");
    assert_eq!(code(path, &dark), Code::PoorFaceLighting);
}
