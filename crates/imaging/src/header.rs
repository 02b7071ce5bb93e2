//! Reading a picture's header.

use safelight_contract::Result;

use crate::Format;

/// How the pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorModel {
    /// One channel.
    Gray,
    /// Three channels (also YCbCr).
    Rgb,
    /// Indices into a palette.
    Palette,
    /// Four inks (also YCCK).
    Cmyk,
}

/// The eight orientations of EXIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    MirrorHorizontal,
    /// 3: turned by 180°.
    Rotate180,
    /// 4: mirrored top to bottom.
    MirrorVertical,
    /// 5: mirrored, then turned by 270° clockwise.
    Transpose,
    /// 6: to be turned by 90° clockwise.
    Rotate90,
    /// 7: mirrored, then turned by 90° clockwise.
    Transverse,
    /// 8: to be turned by 270° clockwise.
    Rotate270,
}

/// What a picture's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// By content.
    pub format: Format,
    /// Width as shown, after orientation.
    pub width: u32,
    /// Height as shown, after orientation.
    pub height: u32,
    /// How to turn the stored pixels upright.
    pub orientation: Orientation,
    /// How the pixels are stored.
    pub color: ColorModel,
    /// Bits per channel as stored.
    pub bits: u8,
    /// Whether there is transparency.
    pub alpha: bool,
    /// Whether decoding needs the whole picture's coefficients (progressive JPEG) or an animation's
    /// canvas at once.
    pub progressive: bool,
}

impl Header {
    /// Pixels of the picture.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Peak bytes that [`crate::decode`] takes, its result included.
    pub fn decode_bytes(&self) -> u64 {
        unreachable!("being built")
    }
}

/// Reads the header of a picture by its content. Looks at no more than the bytes before the pixels
/// and allocates next to nothing, whatever they claim.
///
/// # Errors
/// `UNSUPPORTED_FILE_TYPES` for what is no picture or a format that Safelight does not read (named
/// where it is known: GIF, TIFF, HEIC, AVIF, PDF …), `FILE_DECODING_FAILURE` for a header that is
/// truncated or contradicts itself.
pub fn probe(bytes: &[u8]) -> Result<Header> {
    let _ = bytes;
    unreachable!("being built")
}
