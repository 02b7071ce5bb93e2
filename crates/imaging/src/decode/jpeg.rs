//! JPEG through `zune-jpeg`.

use std::borrow::Cow;

use safelight_contract::Result;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Planes, buffer, color, corrupt};
use crate::header::jpeg::{ICC_PREFIX, SOS, check_end, segments};
use crate::{ColorModel, Format, Header};

/// More scans than any encoder makes; each costs a pass over the whole picture.
const MAX_SCANS: usize = 64;

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let fail = |why: &dyn std::fmt::Display| corrupt(Format::Jpeg, why);
    let (bytes, scans) = tidy(bytes)?;
    check_end(&bytes, scans)?;
    let profile = profile(&bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options(header));
    decoder.decode_headers().map_err(|e| fail(&e))?;
    if decoder.dimensions().map(|(w, h)| (w as u32, h as u32)) != Some(header.stored_size()) {
        return Err(fail(&"it has another size than its header says"));
    }
    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let wanted = match header.color {
        ColorModel::Gray => ColorSpace::Luma,
        // The four channels raw; the colours are made here, so that a profile gets its inks.
        ColorModel::Cmyk if stored == ColorSpace::YCCK => ColorSpace::YCCK,
        ColorModel::Cmyk => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options(header).jpeg_set_out_colorspace(wanted));
    let mut pixels = buffer(header, wanted.num_components())?;
    decoder.decode_into(&mut pixels).map_err(|e| fail(&e))?;
    drop(decoder);

    let rgb = match wanted {
        ColorSpace::Luma => color::gray_to_srgb(&pixels, profile.as_deref()),
        ColorSpace::RGB => {
            color::rgb_to_srgb(&mut pixels, profile.as_deref());
            pixels
        }
        _ => {
            if wanted == ColorSpace::YCCK {
                color::ycck_to_cmyk(&mut pixels);
            }
            color::cmyk_to_srgb(pixels, profile.as_deref())
        }
    };
    Ok(Planes { rgb, alpha: None })
}

/// Strict, so that damage is an error and not a gray area.
fn options(header: &Header) -> DecoderOptions {
    let (width, height) = header.stored_size();
    DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .jpeg_set_max_scans(MAX_SCANS)
}

/// The file without stray bytes between its segments, which the strict decoder refuses, and where
/// the first scan's data start.
fn tidy(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, usize)> {
    let mut end = 2;
    let mut stray = false;
    for segment in segments(bytes) {
        let segment = segment?;
        stray |= segment.start != end;
        end = segment.payload.end;
    }
    if !stray {
        return Ok((bytes.into(), end));
    }
    let mut tidy = Vec::with_capacity(bytes.len());
    tidy.extend_from_slice(&bytes[..2]);
    for segment in segments(bytes) {
        let segment = segment?;
        tidy.extend_from_slice(&bytes[segment.start..segment.payload.end]);
    }
    let start = tidy.len();
    tidy.extend_from_slice(&bytes[end..]);
    Ok((tidy.into(), start))
}

/// The ICC profile out of its numbered pieces (ICC.1, annex B.4).
fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut pieces: Vec<(u8, &[u8])> = Vec::new();
    let mut count = 0;
    for segment in segments(bytes).map_while(Result::ok).take_while(|s| s.marker != SOS) {
        let payload = &bytes[segment.payload];
        if segment.marker == 0xe2
            && let Some([number, of, piece @ ..]) = payload.strip_prefix(ICC_PREFIX)
        {
            count = usize::from(*of);
            pieces.push((*number, piece));
        }
        if pieces.len() > 255 {
            return None;
        }
    }
    pieces.sort_by_key(|p| p.0);
    let whole = pieces.len() == count && pieces.iter().zip(1..).all(|(p, n)| p.0 == n);
    (whole && count > 0).then(|| pieces.iter().flat_map(|p| p.1).copied().collect())
}
