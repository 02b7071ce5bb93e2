//! WebP (RFC 9649: the container, VP8 key frames, VP8L, the extended format).

use std::ops::Range;

use safelight_contract::Result;

use super::{ColorModel, Orientation, Stored, broken, exif, le16, le24, le32, profile_bytes};
use crate::Format;

/// A RIFF chunk: its name and where its data lie.
pub(crate) struct Chunk {
    pub(crate) name: [u8; 4],
    pub(crate) data: Range<usize>,
}

/// The chunks inside `range`, as far as they are whole; the pixels' chunk may be cut off, which the
/// decoder will find out.
pub(crate) fn chunks(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Chunk> + '_ {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let name = super::array(bytes, at)?;
        let size = le32(bytes, at + 4)? as usize;
        let data = at + 8..(at + 8).checked_add(size)?;
        let pixels = matches!(&name, b"VP8 " | b"VP8L" | b"ANMF");
        if data.start > range.end || (data.end > bytes.len() && !pixels) {
            return None;
        }
        at = data.end.checked_add(size & 1)?;
        Some(Chunk { name, data: data.start..data.end.min(bytes.len()) })
    })
}

/// What a bitstream of pixels says about itself.
struct Pixels {
    width: u32,
    height: u32,
    lossless: bool,
    alpha: bool,
    /// Bytes of a lossy bitstream.
    lossy_bytes: u64,
}

impl Pixels {
    fn read(chunk: &Chunk, bytes: &[u8]) -> Result<Self> {
        let data = &bytes[chunk.data.clone()];
        let cut = || broken("the WebP's pixels are cut off in their header");
        if chunk.name == *b"VP8L" {
            let bits = le32(data, 1).ok_or_else(cut)?;
            if data[0] != 0x2f || bits >> 29 != 0 {
                return Err(broken("the WebP's lossless pixels have a wrong signature"));
            }
            let (width, height) = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
            let alpha = bits >> 28 & 1 == 1;
            return Ok(Self { width, height, lossless: true, alpha, lossy_bytes: 0 });
        }
        let tag = le24(data, 0).ok_or_else(cut)?;
        let start = le24(data, 3).ok_or_else(cut)?;
        if tag & 1 == 1 || start.to_le_bytes()[..3] != [0x9d, 0x01, 0x2a] {
            return Err(broken("the WebP's lossy pixels do not start with a key frame"));
        }
        let side = |at| le16(data, at).map(|v| u32::from(v & 0x3fff)).ok_or_else(cut);
        let (width, height) = (side(6)?, side(8)?);
        if width == 0 || height == 0 {
            return Err(broken(format!("the WebP claims {width}×{height} pixels")));
        }
        let lossy_bytes = data.len() as u64;
        Ok(Self { width, height, lossless: false, alpha: false, lossy_bytes })
    }

    /// The first bitstream in `range` and whether an alpha plane stands before it.
    fn find(bytes: &[u8], range: Range<usize>) -> Result<(Self, bool)> {
        let mut plane = false;
        for chunk in chunks(bytes, range) {
            match &chunk.name {
                b"ALPH" => plane = true,
                b"VP8 " | b"VP8L" => return Ok((Self::read(&chunk, bytes)?, plane)),
                _ => {}
            }
        }
        Err(broken("the WebP has no pixels"))
    }
}

/// The extended format's header.
struct Extended {
    width: u32,
    height: u32,
    flags: u8,
}

const ANIMATION: u8 = 0x02;
pub(crate) const ALPHA: u8 = 0x10;
/// Where the flags of the extended header lie.
pub(crate) const FLAGS_AT: usize = 20;

impl Extended {
    fn read(bytes: &[u8]) -> Option<Self> {
        (le32(bytes, 16)? >= 10).then_some(())?;
        Some(Self {
            flags: *bytes.get(FLAGS_AT)?,
            width: le24(bytes, 24)? + 1,
            height: le24(bytes, 27)? + 1,
        })
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Stored> {
    match bytes.get(12..16) {
        Some(b"VP8 " | b"VP8L") => {
            let (pixels, _) = Pixels::find(bytes, 12..bytes.len())?;
            let alpha = pixels.alpha;
            Ok(stored(&pixels, alpha, Orientation::Upright, 0, 0))
        }
        Some(b"VP8X") => read_extended(bytes),
        Some(_) => Err(broken("the WebP starts with an unknown chunk")),
        None => Err(broken("the WebP's header is cut off")),
    }
}

fn read_extended(bytes: &[u8]) -> Result<Stored> {
    let header =
        Extended::read(bytes).ok_or_else(|| broken("the WebP's extended header is cut off"))?;
    let (mut orientation, mut profile, mut frame) = (Orientation::Upright, 0, None);
    for Chunk { name, data } in chunks(bytes, 12..bytes.len()) {
        match &name {
            b"EXIF" => orientation = exif::orientation(&bytes[data]),
            b"ICCP" => profile = data.len() as u64,
            b"ANMF" if frame.is_none() => frame = Some(data),
            _ => {}
        }
    }
    let animated = header.flags & ANIMATION != 0;
    let (pixels, plane) = if animated {
        let frame = frame.ok_or_else(|| broken("the WebP is an animation without frames"))?;
        first_frame(bytes, frame, &header)?
    } else {
        let found = Pixels::find(bytes, 12..bytes.len())?;
        same_size("picture", &found.0, header.width, header.height)?;
        found
    };
    let alpha = header.flags & ALPHA != 0 && (animated || plane || pixels.lossless);
    let canvas = Pixels { width: header.width, height: header.height, alpha, ..pixels };
    // Canvas, frame and its parts.
    let extra = if animated { 12 } else { 0 };
    Ok(stored(&canvas, alpha, orientation, profile, extra))
}

fn first_frame(bytes: &[u8], frame: Range<usize>, canvas: &Extended) -> Result<(Pixels, bool)> {
    let data = &bytes[frame.clone()];
    let cut = || broken("the WebP's first frame is cut off");
    let at = |at| le24(data, at).ok_or_else(cut);
    let (x, y) = (at(0)? * 2, at(3)? * 2);
    let (width, height) = frame_size(data).ok_or_else(cut)?;
    if x + width > canvas.width || y + height > canvas.height {
        return Err(broken("the WebP's first frame does not lie inside its canvas"));
    }
    let found = Pixels::find(bytes, frame.start + 16..frame.end)?;
    same_size("frame", &found.0, width, height)?;
    Ok(found)
}

/// Width and height of an animation's frame.
pub(crate) fn frame_size(frame: &[u8]) -> Option<(u32, u32)> {
    Some((le24(frame, 6)? + 1, le24(frame, 9)? + 1))
}

/// Most bytes that the tables of prefix codes may take in a picture of this size; more is refused.
/// Photos of 0.3 to 19 megapixels have 4 to 65 groups of codes as libwebp writes them, which take up
/// to 1.3 MB, or one byte for each pixel of a small one.
pub(crate) fn code_limit((width, height): (u32, u32)) -> u64 {
    (4 << 20) + u64::from(width) * u64::from(height)
}

fn same_size(what: &str, pixels: &Pixels, width: u32, height: u32) -> Result<()> {
    if (pixels.width, pixels.height) == (width, height) {
        return Ok(());
    }
    Err(broken(format!(
        "the WebP claims a {what} of {width}×{height} pixels but holds {}×{}",
        pixels.width, pixels.height
    )))
}

/// The peak of decoding with it, as measured for `image-webp`. What is allocated by something else than
/// pixels is bounded or counted: tables of prefix codes by [`code_limit`], the copies of a lossy
/// bitstream's partitions by its length, a colour cache has 8 KiB, and EXIF, XMP and animation
/// frames after the first are not copied. (A partition that claims more than there is makes the decoder
/// ask for up to 16 MiB, which it never touches before it fails.) `extra` is what an animation takes
/// for each pixel besides.
fn stored(
    pixels: &Pixels,
    alpha: bool,
    orientation: Orientation,
    profile: u64,
    extra: u64,
) -> Stored {
    let area = u64::from(pixels.width) * u64::from(pixels.height);
    // The result with alpha apart, planes of luma and chroma or the pixels as four bytes, images of
    // tiles; rows of macroblocks.
    let each = match (pixels.lossless, alpha) {
        (true, false) => 8,
        (true, true) => 5,
        (false, false) => 5,
        (false, true) => 12,
    };
    let rows = u64::from(pixels.width + 64) * 64 + u64::from(pixels.height) * 64;
    let codes =
        if pixels.lossless || alpha { code_limit((pixels.width, pixels.height)) } else { 0 };
    let copies = pixels.lossy_bytes * 3 + codes;
    let icc = profile_bytes(profile, ColorModel::Rgb);
    Stored {
        format: Format::WebP,
        width: pixels.width,
        height: pixels.height,
        orientation,
        color: ColorModel::Rgb,
        bits: 8,
        alpha,
        progressive: extra > 0,
        peak: area * (each + extra) + rows + copies + icc,
    }
}
