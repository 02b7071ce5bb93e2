//! PNG through the crate `png`, row by row.

use fdeflate::{DecompressionError, Decompressor};
use png::{BitDepth, ColorType, Decoder, Limits, Reader, Transformations};
use safelight_contract::{Fault, Result};

use super::color::{Coding, Profile};
use super::pieces::Pieces;
use super::{Planes, buffer, color, corrupt};
use crate::header::png::{Chunk, chunks};
use crate::{ColorModel, Format, Header};

/// Largest size of an inflated profile, given its deflated one. Profiles shrink to a half or a
/// third; more than sixteen times is an attack.
pub(crate) fn inflated_limit(deflated: usize) -> usize {
    deflated.saturating_mul(16).saturating_add(4096).min(super::MAX_PROFILE)
}

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let (planes, sums) = rayon::join(
        || read_planes(bytes, header),
        || check_sums(bytes, crate::header::png::raw_bytes(bytes)?),
    );
    let mut planes = planes?;
    sums?;
    if let Some(coding) = cicp(bytes) {
        if coding.narrow {
            color::widen(&mut planes.rgb);
        }
        return Ok(convert(planes, header, Some(Profile::Coded(coding))));
    }
    let profile = profile(bytes);
    Ok(convert(planes, header, profile.as_deref().map(Profile::Icc)))
}

fn convert(mut planes: Planes, header: &Header, profile: Option<Profile>) -> Planes {
    match header.color {
        ColorModel::Gray => color::neutral_to_srgb(&mut planes.rgb, profile),
        _ => color::rgb_to_srgb(&mut planes.rgb, profile),
    }
    planes
}

fn read_planes(bytes: &[u8], header: &Header) -> Result<Planes> {
    let (head, pixels) = essence(bytes)?;
    let source = Pieces::new([&head, &bytes[pixels..], &[]]);
    let limits = Limits { bytes: 65_536 + header.width.max(header.height) as usize * 64 };
    let mut decoder = Decoder::new_with_limits(source, limits);
    decoder.set_transformations(Transformations::EXPAND);
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
    Ok(planes)
}

/// How the pixels are coded, where the chunk cICP says so in values that are known.
fn cicp(bytes: &[u8]) -> Option<Coding> {
    let chunk = chunks(bytes).take_while(|c| c.kind != *b"IDAT").find(|c| c.kind == *b"cICP")?;
    let &[primaries, transfer, 0, range @ (0 | 1)] = &bytes[chunk.data] else { return None };
    Coding::new(primaries, transfer, range == 0)
}

type Source<'a> = Reader<Pieces<'a>>;

/// The signature and the few small chunks before the pixels that those need, so that no metadata
/// reaches the decoder, which keeps some of it; and where the pixels' chunks start.
fn essence(bytes: &[u8]) -> Result<(Vec<u8>, usize)> {
    /// Largest chunk that is needed: a palette of 256 colours.
    const LARGEST: usize = 768;
    let mut head = bytes[..bytes.len().min(8)].to_vec();
    let mut seen = Vec::with_capacity(5);
    for Chunk { kind, data } in chunks(bytes) {
        match &kind {
            b"IDAT" => return Ok((head, data.start - 8)),
            b"IHDR" | b"PLTE" | b"tRNS" | b"acTL" | b"fcTL" if !seen.contains(&kind) => {
                if data.len() > LARGEST {
                    return Err(corrupt(Format::Png, "a chunk is too large for its kind"));
                }
                seen.push(kind);
                // With its length, kind and checksum.
                let end = (data.end + 4).min(bytes.len());
                head.extend_from_slice(&bytes[data.start - 8..end]);
            }
            _ => {}
        }
    }
    Err(corrupt(Format::Png, "it has no pixels"))
}

/// Checks the checksum of each chunk that is used, and that of the pixels' deflate stream, which
/// the decoder reads no further than to the last pixel. `raw` is how many bytes the stream should
/// have inflated; more are not looked at.
fn check_sums(bytes: &[u8], raw: u64) -> Result<()> {
    let wrong = |kind: &[u8; 4]| {
        let kind = String::from_utf8_lossy(kind);
        corrupt(Format::Png, format_args!("its chunk {kind} does not match its checksum"))
    };
    let mut stream = Inflation::new(raw);
    for Chunk { kind, data } in chunks(bytes) {
        match &kind {
            b"PLTE" | b"tRNS" | b"cICP" | b"iCCP" | b"eXIf" | b"IDAT" => {
                let sum = bytes.get(data.end..).and_then(|rest| rest.first_chunk());
                let found = crc32fast::hash(&bytes[data.start - 4..data.end.min(bytes.len())]);
                if sum.copied().map(u32::from_be_bytes) != Some(found) {
                    return Err(wrong(&kind));
                }
                if kind == *b"IDAT" {
                    stream.check(&bytes[data])?;
                }
            }
            b"IEND" => break,
            _ => {}
        }
    }
    Ok(())
}

/// A deflate stream that is inflated for nothing but its checksum (Adler-32, RFC 1950).
struct Inflation {
    inflater: Decompressor,
    window: Vec<u8>,
    at: usize,
    left: u64,
}

impl Inflation {
    /// How far back deflate refers.
    const WINDOW: usize = 32 * 1024;

    fn new(bytes: u64) -> Self {
        let window = vec![0; 4 * Self::WINDOW];
        // What follows the last byte is read only where there is room for one more.
        Self { inflater: Decompressor::new(), window, at: 0, left: bytes.saturating_add(1) }
    }

    fn check(&mut self, mut input: &[u8]) -> Result<()> {
        while self.left > 0 && !self.inflater.is_done() {
            if self.at == self.window.len() {
                self.window.copy_within(self.at - Self::WINDOW.., 0);
                self.at = Self::WINDOW;
            }
            let room = self.left.min((self.window.len() - self.at) as u64) as usize;
            let output = &mut self.window[..self.at + room];
            let (read, written) =
                self.inflater.read(input, output, self.at, false).map_err(|error| match error {
                    DecompressionError::WrongChecksum => {
                        corrupt(Format::Png, "its pixels do not match their checksum")
                    }
                    error => corrupt(Format::Png, format_args!("{error:?}")),
                })?;
            input = &input[read..];
            self.at += written;
            self.left -= written as u64;
            if written < room && input.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

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
    if matches!(CHANNELS, 2 | 4) {
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
