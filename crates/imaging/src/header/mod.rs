//! Reading a picture's header without decoding it.
//!
//! The parsers here are small and our own, so that a header costs the same few microseconds
//! whatever it claims: they borrow from the file, follow lengths without reading what they skip, and
//! allocate nothing. They also compute what decoding will take, which only they can know.

pub(crate) mod bmp;
mod exif;
pub(crate) mod jpeg;
pub(crate) mod png;
mod quality;
mod sniff;
pub(crate) mod webp;

use safelight_contract::{Code, Fault, Result};

use crate::Format;

pub use quality::jpeg_quality;

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

impl Orientation {
    /// Whether width and height change places.
    pub const fn swaps_sides(self) -> bool {
        matches!(
            self,
            Orientation::Transpose
                | Orientation::Rotate90
                | Orientation::Transverse
                | Orientation::Rotate270
        )
    }
}

/// What a picture's header says. Made by [`probe`].
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
    /// Bits per channel as stored (of an index, where there is a palette).
    pub bits: u8,
    /// Whether there may be transparency.
    pub alpha: bool,
    /// Whether decoding needs the whole picture's intermediate data at once: the coefficients of a
    /// progressive or multi-scan JPEG, the samples of an interlaced PNG, an animation's canvas.
    pub progressive: bool,
    peak: u64,
}

impl Header {
    /// Pixels of the picture.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Peak bytes that [`crate::decode()`] takes, its result included, the file itself excluded. An
    /// upper bound: it counts copies of metadata and the tables of an ICC profile as large as they
    /// can become.
    pub fn decode_bytes(&self) -> u64 {
        self.peak
    }

    /// Width and height as stored, before orientation.
    pub(crate) fn stored_size(&self) -> (u32, u32) {
        if self.orientation.swaps_sides() {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }
}

/// What a format's parser finds, before orientation is applied.
struct Stored {
    format: Format,
    width: u32,
    height: u32,
    orientation: Orientation,
    color: ColorModel,
    bits: u8,
    alpha: bool,
    progressive: bool,
    /// Peak bytes of decoding, turning upright excluded.
    peak: u64,
}

/// Stacks, small tables and buffers of the decoders that do not grow with the picture.
const FIXED_BYTES: u64 = 512 * 1024;

/// Each thread that converts colours holds one stripe; see `decode::color`.
const STRIPES: u64 = 1024 * 1024;

impl Stored {
    fn shown(self) -> Header {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let swaps = self.orientation.swaps_sides();
        // Turning by a quarter needs a second picture; first the colours, then the alpha.
        let turned = if swaps { pixels * 3 + if self.alpha { pixels * 4 } else { 0 } } else { 0 };
        let (width, height) =
            if swaps { (self.height, self.width) } else { (self.width, self.height) };
        let result = pixels * if self.alpha { 4 } else { 3 };
        Header {
            format: self.format,
            width,
            height,
            orientation: self.orientation,
            color: self.color,
            bits: self.bits,
            alpha: self.alpha,
            progressive: self.progressive,
            peak: FIXED_BYTES + self.peak.max(result + turned),
        }
    }
}

/// Reads the header of a picture by its content. Looks at no more than the structure around the
/// pixels and allocates nothing, whatever they claim.
///
/// # Errors
/// `UNSUPPORTED_FILE_TYPES` for what is no picture or a format that Safelight does not read (named
/// where it is known: GIF, TIFF, HEIC, AVIF, PDF …), `FILE_DECODING_FAILURE` for a header that is
/// truncated or contradicts itself, or promises more pixels than its file can hold.
pub fn probe(bytes: &[u8]) -> Result<Header> {
    let stored = match sniff::format(bytes)? {
        Format::Jpeg => jpeg::read(bytes),
        Format::Png => png::read(bytes),
        Format::Bmp => bmp::read(bytes),
        Format::WebP => webp::read(bytes),
    }?;
    Ok(stored.shown())
}

/// `FILE_DECODING_FAILURE` with an explanation.
pub(crate) fn broken(message: impl Into<String>) -> Fault {
    Fault::new(Code::FileDecodingFailure, message)
}

/// `UNSUPPORTED_FILE_TYPES` with an explanation.
fn unsupported(message: impl Into<String>) -> Fault {
    Fault::new(Code::UnsupportedFileTypes, message)
}

/// Bytes that a profile of `size` bytes takes while it is parsed and turned into a transform: the
/// copy, its tables as floats, the transform's own grid (large for four inks), and stripes.
fn profile_bytes(size: u64, color: ColorModel) -> u64 {
    let grid = if color == ColorModel::Cmyk { 5 << 20 } else { 1 << 20 };
    if size == 0 { 0 } else { size.min(crate::decode::MAX_PROFILE as u64) * 10 + grid + STRIPES }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}
