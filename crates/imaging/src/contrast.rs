//! Contrast on luminance.

use image::RgbImage;

/// Peak bytes for each pixel, the picture itself excluded.
pub const BYTES_PER_PIXEL: u64 = 4;

/// Raises the contrast of a flat photo in place; leaves a good one nearly alone.
pub fn enhance(photo: &mut RgbImage) {
    let _ = photo;
    unreachable!("being built")
}
