//! Decoding to upright 8-bit sRGB.
//!
//! One file a format, each around one decoder of the ecosystem; `color` brings profiles to sRGB,
//! `orient` turns pictures upright. All bit depths, interlacing and every transparency of PNG are
//! read. PNG's gAMA and cHRM are ignored, as is a profile that is broken, larger than
//! [`MAX_PROFILE`] or of another colour space than its pixels: the pixels then count as sRGB. PNG's
//! cICP comes before its profile; all primaries and curves of ITU-T H.273 are converted, in full and
//! narrow range, PQ and HLG up to their reference white. A cICP with reserved or unspecified values,
//! or for YCbCr, is ignored.

mod bmp;
mod color;
mod jpeg;
mod orient;
mod pieces;
mod png;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{GrayImage, RgbImage, imageops};
use safelight_contract::Result;

use crate::header::broken;
use crate::{Format, Header, Region};

pub(crate) use png::inflated_limit;

/// Largest ICC profile that is applied, in bytes. Those of printers have up to 3 MB.
pub(crate) const MAX_PROFILE: usize = 4 * 1024 * 1024;

/// A decoded picture: upright, 8-bit sRGB, alpha apart and not premultiplied.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Colour.
    pub rgb: RgbImage,
    /// Transparency, where the file has any pixel that is not opaque.
    pub alpha: Option<GrayImage>,
}

impl Photo {
    /// A part of it, with pixels of its own; cut to what lies inside.
    pub fn part(&self, region: Region) -> Photo {
        let Region { x, y, width, height } = region;
        Photo {
            rgb: imageops::crop_imm(&self.rgb, x, y, width, height).to_image(),
            alpha: self
                .alpha
                .as_ref()
                .map(|alpha| imageops::crop_imm(alpha, x, y, width, height).to_image()),
        }
    }
}

/// Pixels as stored: three bytes of sRGB each, and alpha of one byte each.
struct Planes {
    rgb: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

/// Decodes a picture whose header was read by [`crate::probe`]. Of an animation it takes the first
/// frame (of a PNG its default image).
///
/// # Errors
/// `FILE_DECODING_FAILURE` when the pixels are truncated, corrupt or not as the header said, which
/// includes the checksums of a PNG. The end marker of a JPEG, the last chunk of a PNG and the last
/// padding of a BMP may be missing, as no pixel is then; bytes after the end of a picture are
/// ignored.
pub fn decode(bytes: &[u8], header: &Header) -> Result<Photo> {
    // Decoders are asked not to panic but some do on hostile files.
    let Planes { rgb, alpha } = catch_unwind(AssertUnwindSafe(|| match header.format {
        Format::Jpeg => jpeg::decode(bytes, header),
        Format::Png => png::decode(bytes, header),
        Format::Bmp => bmp::decode(bytes, header),
        Format::WebP => webp::decode(bytes, header),
    }))
    .unwrap_or_else(|_| Err(corrupt(header.format, "its pixels make no sense")))?;

    let (width, height) = header.stored_size();
    let alpha = alpha.filter(|a| a.iter().any(|&a| a != 255));
    let rgb = orient::upright::<3>(rgb, width, height, header.orientation);
    let alpha = alpha.map(|a| orient::upright::<1>(a, width, height, header.orientation));
    let size = || corrupt(header.format, "it has another size than its header says");
    let rgb = RgbImage::from_raw(header.width, header.height, rgb).ok_or_else(size)?;
    let alpha = match alpha {
        Some(alpha) => {
            Some(GrayImage::from_raw(header.width, header.height, alpha).ok_or_else(size)?)
        }
        None => None,
    };
    Ok(Photo { rgb, alpha })
}

fn corrupt(format: Format, why: impl std::fmt::Display) -> safelight_contract::Fault {
    broken(format!("the {} is truncated or corrupt: {why}", format.name()))
}

/// Bytes for `channels` channels of the stored picture.
fn buffer(header: &Header, channels: usize) -> Result<Vec<u8>> {
    let length = usize::try_from(header.pixels()).ok().and_then(|n| n.checked_mul(channels));
    match length {
        Some(length) if length <= isize::MAX as usize => Ok(vec![0; length]),
        _ => Err(broken(format!("{}×{} pixels do not fit", header.width, header.height))),
    }
}

/// Takes apart interleaved RGBA, reusing its memory for the colours.
fn split_alpha(mut rgba: Vec<u8>) -> Planes {
    let pixels = rgba.len() / 4;
    let mut alpha = Vec::with_capacity(pixels);
    for i in 0..pixels {
        alpha.push(rgba[4 * i + 3]);
        rgba.copy_within(4 * i..4 * i + 3, 3 * i);
    }
    rgba.truncate(pixels * 3);
    rgba.shrink_to_fit();
    Planes { rgb: rgba, alpha: Some(alpha) }
}
