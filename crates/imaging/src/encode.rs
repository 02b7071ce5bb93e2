//! Encoding results.

use image::{GrayImage, RgbImage};
use safelight_contract::Result;

use crate::{Cutout, Format, Photo};

/// A transparent PNG.
pub fn png_cutout(cutout: &Cutout) -> Result<Vec<u8>> {
    let _ = cutout;
    unreachable!("being built")
}

/// A PNG of one channel.
pub fn png_gray(gray: &GrayImage) -> Result<Vec<u8>> {
    let _ = gray;
    unreachable!("being built")
}

/// An opaque PNG.
pub fn png_rgb(rgb: &RgbImage) -> Result<Vec<u8>> {
    let _ = rgb;
    unreachable!("being built")
}

/// A photo in the format that suits it: JPEG, or PNG where it has transparency.
pub fn photo(photo: &Photo) -> Result<(Vec<u8>, Format)> {
    let _ = photo;
    unreachable!("being built")
}
