//! What the engines paint.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage, imageops};

use super::Manner;

/// The colour of what they make.
pub const GREEN: [u8; 3] = [30, 190, 60];

/// How an engine reads the mask.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// Transparent is edited.
    Alpha,
    /// White is edited.
    Red,
}

/// What an engine makes of a picture with or without a mask, both files: PNG. The edited part becomes
/// green in the lights and shadows that it has.
pub fn painted(image: &[u8], mask: Option<&[u8]>, manner: Manner) -> Vec<u8> {
    read(image, mask, manner, Reader::Alpha)
}

pub(super) fn read(image: &[u8], mask: Option<&[u8]>, manner: Manner, reader: Reader) -> Vec<u8> {
    let picture = image::load_from_memory(image).expect("a picture").to_rgb8();
    let (width, height) = picture.dimensions();
    let mask = mask.map(|mask| {
        let mask = image::load_from_memory(mask).expect("a mask").to_rgba8();
        assert_eq!(mask.dimensions(), picture.dimensions(), "mask and picture differ in size");
        mask
    });
    let is_edited = |x: u32, y: u32| match (&mask, reader) {
        (None, _) => true,
        (Some(mask), Reader::Alpha) => mask.get_pixel(x, y).0[3] == 0,
        (Some(mask), Reader::Red) => mask.get_pixel(x, y).0[0] > 127,
    };
    let by = if let Manner::Moves(by) = manner { by } else { 0 };
    let from = |at: u32, all: u32| (i64::from(at) - by).clamp(0, i64::from(all) - 1) as u32;
    let mut made = RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (from(x, width), from(y, height));
        let own = picture.get_pixel(x, y).0;
        let light = own.iter().map(|&value| u32::from(value)).sum::<u32>() / 3;
        let green = GREEN.map(|value| (u32::from(value) * (128 + light) / 256).min(255) as u8);
        match (is_edited(x, y), manner) {
            // A whole picture stays what it shows.
            (true, _) if mask.is_none() => Rgb([0, 1, 2].map(|i| own[i] / 2 + green[i] / 2)),
            (true, _) => Rgb(green),
            (false, Manner::IgnoresMask) => Rgb(own.map(|value| value.saturating_add(24))),
            (false, _) => Rgb(own),
        }
    });
    if manner == Manner::OtherPicture {
        made = RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x * 7 % 251) as u8, (y * 13 % 241) as u8, ((x ^ y) * 5 % 239) as u8])
        });
    }
    if manner == Manner::OtherShape {
        made = imageops::resize(&made, width, height.div_ceil(2), imageops::Triangle);
    }
    file(&made)
}

/// A picture in another size.
pub fn reshaped(file_bytes: &[u8], width: u32, height: u32) -> Vec<u8> {
    let picture = image::load_from_memory(file_bytes).expect("a picture").to_rgb8();
    file(&imageops::resize(&picture, width, height, imageops::Triangle))
}

fn file(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("memory holds it");
    bytes.into_inner()
}
