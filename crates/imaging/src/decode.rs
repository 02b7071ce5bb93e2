//! Decoding to upright 8-bit sRGB.

use image::{GrayImage, RgbImage};
use safelight_contract::Result;

use crate::Header;

/// A decoded picture: upright, 8-bit sRGB, alpha apart and not premultiplied.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Colour.
    pub rgb: RgbImage,
    /// Transparency, where the file has any pixel that is not opaque.
    pub alpha: Option<GrayImage>,
}

/// Decodes a picture whose header was read by [`crate::probe`].
///
/// # Errors
/// `FILE_DECODING_FAILURE` when the pixels are truncated, corrupt or not as the header said.
pub fn decode(bytes: &[u8], header: &Header) -> Result<Photo> {
    let _ = (bytes, header);
    unreachable!("being built")
}
