//! What happens to marked pictures on their way.

use image::{RgbImage, imageops};
use safelight_imaging::resize::{self, Filter};
use safelight_imaging::{decode, encode, probe};

/// Something that happens to a picture.
pub struct Attack {
    pub name: &'static str,
    pub apply: fn(&RgbImage) -> RgbImage,
}

pub const ATTACKS: &[Attack] = &[
    Attack { name: "none", apply: RgbImage::clone },
    Attack { name: "JPEG 75", apply: |photo| jpeg(photo, 75) },
    Attack { name: "JPEG 50", apply: |photo| jpeg(photo, 50) },
    Attack { name: "JPEG 30", apply: |photo| jpeg(photo, 30) },
    Attack { name: "noise 5", apply: noisy },
    Attack { name: "darker ×0.7", apply: |photo| darker(photo, 0.7) },
    Attack { name: "blur 1", apply: |photo| imageops::blur(photo, 1.0) },
    Attack { name: "size ×1.5", apply: |photo| scaled(photo, 1.5) },
    Attack { name: "size ×0.75", apply: |photo| scaled(photo, 0.75) },
    Attack { name: "size ×0.5", apply: |photo| scaled(photo, 0.5) },
    Attack { name: "crop to 50 %", apply: |photo| cropped(photo, 0.5) },
    Attack { name: "crop to 25 %", apply: |photo| cropped(photo, 0.25) },
    Attack { name: "size ×0.75, JPEG 50", apply: |photo| jpeg(&scaled(photo, 0.75), 50) },
    Attack { name: "crop to 25 %, JPEG 50", apply: |photo| jpeg(&cropped(photo, 0.25), 50) },
    Attack { name: "size ×0.5, JPEG 75", apply: |photo| jpeg(&scaled(photo, 0.5), 75) },
];

pub fn jpeg(photo: &RgbImage, quality: u8) -> RgbImage {
    let bytes = encode::jpeg(photo, quality).expect("encodes");
    let header = probe(&bytes).expect("a header");
    decode(&bytes, &header).expect("decodes").rgb
}

pub fn scaled(photo: &RgbImage, factor: f32) -> RgbImage {
    let side = |side: u32| ((side as f32 * factor).round() as u32).max(1);
    resize::rgb(photo, side(photo.width()), side(photo.height()), Filter::Bicubic)
}

/// A part of this share of the area, off the middle by odd numbers of pixels.
pub fn cropped(photo: &RgbImage, share: f32) -> RgbImage {
    let side = |side: u32| (side as f32 * share.sqrt()) as u32;
    let (width, height) = (side(photo.width()), side(photo.height()));
    let (left, top) = ((photo.width() - width) / 3, (photo.height() - height) * 2 / 3);
    imageops::crop_imm(photo, left, top, width, height).to_image()
}

fn darker(photo: &RgbImage, factor: f32) -> RgbImage {
    let mut photo = photo.clone();
    photo.iter_mut().for_each(|value| *value = (f32::from(*value) * factor).round() as u8);
    photo
}

fn noisy(photo: &RgbImage) -> RgbImage {
    let mut photo = photo.clone();
    let mut state = 99_u32;
    for value in photo.iter_mut() {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        // About normal, of deviation 5.
        let noise = ((0..12).map(|_| next()).sum::<f32>() - 6.0) * 5.0;
        *value = (f32::from(*value) + noise).round().clamp(0.0, 255.0) as u8;
    }
    photo
}
