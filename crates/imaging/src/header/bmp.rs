//! Windows bitmap (BITMAPCOREHEADER, BITMAPINFOHEADER and its versions 2 to 5).

use std::ops::Range;

use safelight_contract::Result;

use super::{ColorModel, Orientation, Stored, broken, le16, le32, profile_bytes, unsupported};
use crate::Format;

const CORE: u32 = 12;
const V5: u32 = 124;

const RGB: u32 = 0;
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BITFIELDS: u32 = 3;

pub(super) fn read(bytes: &[u8]) -> Result<Stored> {
    let cut = || broken("the BMP's header is cut off");
    let header = le32(bytes, 14).ok_or_else(cut)?;
    let (width, height, planes, bits, compression) = match header {
        CORE => {
            let at = |at| le16(bytes, at).ok_or_else(cut);
            (i64::from(at(18)?), i64::from(at(20)?), at(22)?, at(24)?, RGB)
        }
        40 | 52 | 56 | 108 | V5 => {
            let at = |at| le32(bytes, at).ok_or_else(cut);
            let short = |at| le16(bytes, at).ok_or_else(cut);
            if bytes.len() < 14 + header as usize {
                return Err(cut());
            }
            let side = |at_: usize| at(at_).map(|v| i64::from(v.cast_signed()));
            (side(18)?, side(22)?, short(26)?, short(28)?, at(30)?)
        }
        _ => {
            return Err(unsupported(format!(
                "the BMP has a header of {header} bytes; only those of Windows are read"
            )));
        }
    };
    // A negative height means that rows go from top to bottom.
    let tall = height.unsigned_abs();
    if width <= 0 || tall == 0 || width > 0xffff || tall > 0xffff || planes != 1 {
        return Err(broken(format!(
            "the BMP claims {width}×{height} pixels in {planes} planes; readable are 1 to 65535 on \
             each side in 1 plane"
        )));
    }
    let width = width.unsigned_abs();
    check_kind(compression, bits, height < 0)?;
    let first = pixels_at(bytes).ok_or_else(|| {
        broken("the BMP says that its pixels lie within its header, or the header is cut off")
    })?;
    if matches!(compression, RGB | BITFIELDS) {
        let row = (width * u64::from(bits)).div_ceil(8);
        // Some writers leave out the padding of the last row.
        let needed = first as u64 + row.next_multiple_of(4) * (tall - 1) + row;
        if needed > bytes.len() as u64 {
            return Err(broken(format!(
                "the BMP claims {width}×{tall} pixels with {bits} bits, which takes {needed} bytes; \
                 it has {}",
                bytes.len()
            )));
        }
    }
    let alpha = compression == BITFIELDS && header >= 56 && le32(bytes, 66).is_some_and(|m| m != 0);
    let profile = icc(bytes).map_or(0, |range| range.len() as u64);
    let extra = profile_bytes(profile, ColorModel::Rgb) + width * 16;
    Ok(Stored {
        format: Format::Bmp,
        width: width as u32,
        height: tall as u32,
        orientation: Orientation::Upright,
        color: if bits <= 8 { ColorModel::Palette } else { ColorModel::Rgb },
        bits: match bits {
            16 => 5,
            24 | 32 => 8,
            _ => bits as u8,
        },
        alpha,
        progressive: false,
        peak: width * tall * if alpha { 5 } else { 3 } + extra,
    })
}

fn check_kind(compression: u32, bits: u16, top_down: bool) -> Result<()> {
    let known = match compression {
        RGB => matches!(bits, 1 | 2 | 4 | 8 | 16 | 24 | 32),
        RLE8 => bits == 8 && !top_down,
        RLE4 => bits == 4 && !top_down,
        BITFIELDS => matches!(bits, 16 | 32),
        _ => {
            return Err(unsupported(format!(
                "the BMP uses compression {compression}; only none, RLE and bit fields are read"
            )));
        }
    };
    if known {
        Ok(())
    } else {
        Err(broken(format!("the BMP claims {bits} bits with compression {compression}")))
    }
}

/// Where the pixels start: where the file says, or behind header, masks and palette where it says
/// nothing; `None` where it points into what comes before a palette.
pub(crate) fn pixels_at(bytes: &[u8]) -> Option<usize> {
    let header = le32(bytes, 14)?;
    let (bits, masks, colors) = match header {
        CORE => (le16(bytes, 24)?, 0, 0),
        _ => {
            let masks = if header == 40 && le32(bytes, 30)? == BITFIELDS { 12 } else { 0 };
            (le16(bytes, 28)?, masks, le32(bytes, 46)? as usize)
        }
    };
    let header_end = 14 + header as usize + masks;
    match le32(bytes, 10)? as usize {
        0 => {
            let all = if bits <= 8 { 1 << bits } else { 0 };
            let colors = if colors == 0 { all } else { colors.min(256) };
            Some(header_end + colors * if header == CORE { 3 } else { 4 })
        }
        first if first < header_end => None,
        first => Some(first),
    }
}

/// Whether rows are run-length coded, so that they have no padding.
pub(crate) fn run_length(bytes: &[u8]) -> bool {
    le32(bytes, 14) != Some(CORE) && matches!(le32(bytes, 30), Some(RLE8 | RLE4))
}

/// Where the embedded profile of a version 5 header lies.
pub(crate) fn icc(bytes: &[u8]) -> Option<Range<usize>> {
    const EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
    if le32(bytes, 14)? != V5 || le32(bytes, 14 + 56)? != EMBEDDED {
        return None;
    }
    let start = 14 + le32(bytes, 14 + 112)? as usize;
    let end = start.checked_add(le32(bytes, 14 + 116)? as usize)?;
    (end <= bytes.len()).then_some(start..end)
}
