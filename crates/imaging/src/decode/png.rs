//! PNG through the crate `png`, row by row.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Limits, Reader, Transformations};
use safelight_contract::{Fault, Result};

use super::{Planes, buffer, color, corrupt};
use crate::header::png::chunks;
use crate::{Format, Header};

/// Largest size of an inflated profile, given its deflated one. Profiles shrink to a half or a
/// third; more than sixteen times is an attack.
pub(crate) fn inflated_limit(deflated: usize) -> usize {
    deflated.saturating_mul(16).saturating_add(4096).min(super::MAX_PROFILE)
}

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let mut decoder = Decoder::new_with_limits(
        Cursor::new(bytes),
        Limits {
            bytes: bytes.len().saturating_mul(4) + header.width.max(header.height) as usize * 64,
        },
    );
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(fail)?;
    let info = reader.info();
    let frame = info.frame_control.as_ref().map_or(info.size(), |f| (f.width, f.height));
    if info.size() != header.stored_size() || frame != info.size() {
        return Err(corrupt(Format::Png, "it has another size than its header says"));
    }
    let mut planes = Planes {
        rgb: buffer(header, 3)?,
        alpha: if has_alpha(&reader) { Some(buffer(header, 1)?) } else { None },
    };
    read_rows(&mut reader, &mut planes, header.stored_size().0 as usize)?;
    drop(reader);
    color::rgb_to_srgb(&mut planes.rgb, profile(bytes).as_deref());
    Ok(planes)
}

type Source<'a> = Reader<Cursor<&'a [u8]>>;

fn fail(error: png::DecodingError) -> Fault {
    corrupt(Format::Png, error)
}

fn has_alpha(reader: &Source) -> bool {
    matches!(reader.output_color_type().0, ColorType::GrayscaleAlpha | ColorType::Rgba)
}

fn read_rows(reader: &mut Source, planes: &mut Planes, width: usize) -> Result<()> {
    let (color, depth) = reader.output_color_type();
    let line = reader
        .output_line_size(width as u32)
        .ok_or_else(|| corrupt(Format::Png, "its rows are too long"))?;
    let rows = planes.rgb.chunks_exact_mut(width * 3);
    let mut alphas = planes.alpha.as_mut().map(|a| a.chunks_exact_mut(width));
    let mut put = |rgb: &mut [u8], row: &[u8]| {
        let alpha = alphas.as_mut().and_then(Iterator::next).unwrap_or_default();
        expand(row, color, depth == BitDepth::Sixteen, rgb, alpha);
    };
    if reader.info().interlaced {
        let size = line.checked_mul(reader.info().height as usize);
        let mut whole = vec![0; size.ok_or_else(|| corrupt(Format::Png, "it is too large"))?];
        reader.next_frame(&mut whole).map_err(fail)?;
        rows.zip(whole.chunks_exact(line)).for_each(|(rgb, row)| put(rgb, row));
    } else if (color, depth) == (ColorType::Rgb, BitDepth::Eight) {
        for rgb in rows {
            reader.read_row(rgb).map_err(fail)?;
        }
    } else {
        let mut row = vec![0; line];
        for rgb in rows {
            reader.read_row(&mut row).map_err(fail)?;
            put(rgb, &row);
        }
    }
    Ok(())
}

/// Spreads one row of samples over colours and alpha.
fn expand(row: &[u8], color: ColorType, wide: bool, rgb: &mut [u8], alpha: &mut [u8]) {
    match (color, wide) {
        (ColorType::Grayscale, false) => spread::<1, 1>(row, rgb, alpha),
        (ColorType::Grayscale, true) => spread::<1, 2>(row, rgb, alpha),
        (ColorType::GrayscaleAlpha, false) => spread::<2, 1>(row, rgb, alpha),
        (ColorType::GrayscaleAlpha, true) => spread::<2, 2>(row, rgb, alpha),
        (ColorType::Rgb | ColorType::Indexed, false) => spread::<3, 1>(row, rgb, alpha),
        (ColorType::Rgb | ColorType::Indexed, true) => spread::<3, 2>(row, rgb, alpha),
        (ColorType::Rgba, false) => spread::<4, 1>(row, rgb, alpha),
        (ColorType::Rgba, true) => spread::<4, 2>(row, rgb, alpha),
    }
}

fn spread<const CHANNELS: usize, const BYTES: usize>(row: &[u8], rgb: &mut [u8], alpha: &mut [u8]) {
    let sample = |pixel: &[u8], channel: usize| match &pixel[channel * BYTES..][..BYTES] {
        // Rounded: v · 255 / 65535.
        [high, low] => ((u32::from(u16::from_be_bytes([*high, *low])) + 128) / 257) as u8,
        other => other[0],
    };
    let pixels = row.chunks_exact(CHANNELS * BYTES);
    for (pixel, rgb) in pixels.clone().zip(rgb.as_chunks_mut::<3>().0) {
        *rgb = match CHANNELS {
            1 | 2 => [sample(pixel, 0); 3],
            _ => [sample(pixel, 0), sample(pixel, 1), sample(pixel, 2)],
        };
    }
    if CHANNELS % 2 == 0 {
        for (pixel, alpha) in pixels.zip(alpha) {
            *alpha = sample(pixel, CHANNELS - 1);
        }
    }
}

/// The inflated profile.
fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let chunk = chunks(bytes).take_while(|c| c.kind != *b"IDAT").find(|c| c.kind == *b"iCCP")?;
    let data = &bytes[chunk.data];
    // A name of up to 79 bytes, a zero, the method (zero: deflate).
    let name = data.iter().take(80).position(|&b| b == 0)?;
    let deflated = data.get(name + 1..)?.strip_prefix(&[0])?;
    fdeflate::decompress_to_vec_bounded(deflated, inflated_limit(deflated.len())).ok()
}
