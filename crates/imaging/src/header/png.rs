//! PNG (W3C Portable Network Graphics, third edition).

use std::ops::Range;

use safelight_contract::Result;

use super::{ColorModel, Orientation, Stored, be32, broken, exif, profile_bytes};
use crate::Format;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Largest ratio of deflate (RFC 1951): 258 bytes out of two bits.
const DEFLATE_RATIO: u64 = 1032;

/// A chunk: its type and where its data lie.
pub(crate) struct Chunk {
    pub(crate) kind: [u8; 4],
    pub(crate) data: Range<usize>,
}

/// The chunks after the signature, as far as the file is whole.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk> + '_ {
    let mut at = SIGNATURE.len();
    std::iter::from_fn(move || {
        let length = usize::try_from(be32(bytes, at)?).ok()?;
        let kind = super::array(bytes, at + 4)?;
        let data = at + 8..(at + 8).checked_add(length)?;
        // The last chunk of pixels may be cut off; the decoder will find out.
        if data.end > bytes.len() && kind != *b"IDAT" {
            return None;
        }
        at = data.end.checked_add(4)?;
        Some(Chunk { kind, data })
    })
}

/// The image header.
struct Ihdr {
    width: u32,
    height: u32,
    bits: u8,
    /// Colour type of the specification: 0, 2, 3, 4 or 6.
    color: u8,
    interlaced: bool,
}

impl Ihdr {
    fn read(bytes: &[u8]) -> Result<Self> {
        if !bytes.starts_with(SIGNATURE) {
            return Err(broken("the PNG's signature is damaged or cut off"));
        }
        let chunk = bytes
            .get(8..33)
            .filter(|c| c.starts_with(b"\0\0\0\x0dIHDR"))
            .ok_or_else(|| broken("the PNG does not start with its header chunk"))?;
        if be32(chunk, 21) != Some(crc32fast::hash(&chunk[4..21])) {
            return Err(broken("the PNG's header does not match its checksum"));
        }
        let size = |at| be32(chunk, at).unwrap_or(0);
        let header = Self {
            width: size(8),
            height: size(12),
            bits: chunk[16],
            color: chunk[17],
            interlaced: chunk[20] == 1,
        };
        header.validate(&chunk[18..21])?;
        Ok(header)
    }

    fn validate(&self, methods: &[u8]) -> Result<()> {
        let (width, height, most) = (self.width, self.height, i32::MAX as u32);
        if !(1..=most).contains(&width) || !(1..=most).contains(&height) {
            return Err(broken(format!("the PNG claims {width}×{height} pixels")));
        }
        let depths: &[u8] = match self.color {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => &[],
        };
        if !depths.contains(&self.bits) {
            return Err(broken(format!(
                "the PNG claims colour type {} with {} bits, which do not exist together",
                self.color, self.bits
            )));
        }
        if methods[0] != 0 || methods[1] != 0 || methods[2] > 1 {
            return Err(broken("the PNG names an unknown compression, filter or interlacing"));
        }
        Ok(())
    }

    fn channels(&self) -> u64 {
        match self.color {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// Bytes of all samples as stored, packed, with a byte for each row's filter.
    fn raw_bytes(&self) -> u64 {
        let bits = self.channels() * u64::from(self.bits);
        let size = |width: u32, height: u32| {
            let row = (u64::from(width) * bits).div_ceil(8) + 1;
            if width == 0 { 0 } else { row.saturating_mul(height.into()) }
        };
        if !self.interlaced {
            return size(self.width, self.height);
        }
        // The seven passes of Adam7: first column and row, steps.
        const PASSES: [(u32, u32, u32, u32); 7] = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ];
        let pass = |(x, y, across, down): (u32, u32, u32, u32)| {
            let count = |side: u32, first, step| side.saturating_sub(first).div_ceil(step);
            size(count(self.width, x, across), count(self.height, y, down))
        };
        PASSES.into_iter().map(pass).fold(0, u64::saturating_add)
    }

    /// Peak bytes of decoding, as measured for the crate `png`: result, a few rows, and all
    /// expanded samples where they come interlaced. What is allocated by something else than pixels
    /// is bounded or counted: the decoder sees none of the text, profiles and other metadata, a
    /// palette has 768 bytes, checksums take a window of deflate, and a profile is counted apart,
    /// inflated to a bounded size.
    fn peak(&self, alpha: bool) -> u64 {
        let color = if matches!(self.color, 2 | 3 | 6) { 3 } else { 1 };
        let sample = (color + u64::from(alpha)) * if self.bits == 16 { 2 } else { 1 };
        let row = u64::from(self.width) * sample;
        let whole = if self.interlaced { row.saturating_mul(u64::from(self.height)) } else { 0 };
        let pixels = u64::from(self.width) * u64::from(self.height);
        (pixels * if alpha { 4 } else { 3 }).saturating_add(row * 12).saturating_add(whole)
    }
}

/// How many bytes the pixels of a PNG have when they are inflated.
///
/// # Errors
/// Fails as [`crate::probe`] does.
pub(crate) fn raw_bytes(bytes: &[u8]) -> Result<u64> {
    Ok(Ihdr::read(bytes)?.raw_bytes())
}

pub(super) fn read(bytes: &[u8]) -> Result<Stored> {
    let header = Ihdr::read(bytes)?;
    if header.raw_bytes() / DEFLATE_RATIO > bytes.len() as u64 {
        return Err(broken(format!(
            "the PNG claims {}×{} pixels, which its {} bytes cannot hold",
            header.width,
            header.height,
            bytes.len()
        )));
    }
    let mut orientation = Orientation::Upright;
    let (mut palette, mut keyed, mut pixels) = (false, false, false);
    let (mut profile, mut coded) = (0, false);
    for Chunk { kind, data } in chunks(bytes) {
        match &kind {
            b"PLTE" => palette = true,
            b"tRNS" if !pixels => keyed = true,
            b"eXIf" => orientation = exif::orientation(&bytes[data]),
            b"iCCP" if profile == 0 && !pixels => profile = data.len(),
            b"cICP" if !pixels => coded = true,
            b"IDAT" => pixels = true,
            b"IEND" => break,
            _ => {}
        }
    }
    if !pixels {
        return Err(broken("the PNG has no pixels"));
    }
    if header.color == 3 && !palette {
        return Err(broken("the PNG has indexed pixels but no palette"));
    }
    let alpha = keyed || matches!(header.color, 4 | 6);
    let color = match header.color {
        0 | 4 => ColorModel::Gray,
        3 => ColorModel::Palette,
        _ => ColorModel::Rgb,
    };
    let inflated = if profile > 0 { crate::decode::inflated_limit(profile) as u64 } else { 0 };
    let extra = inflated * 2 + profile_bytes(inflated.max(coded.into()), color);
    Ok(Stored {
        format: Format::Png,
        width: header.width,
        height: header.height,
        orientation,
        color,
        bits: header.bits,
        alpha,
        progressive: header.interlaced,
        peak: header.peak(alpha).saturating_add(extra),
    })
}
