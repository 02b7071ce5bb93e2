//! PNG through the crate `png`, row by row.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use png::{BitDepth, ColorType, Decoder, Limits, Reader, Transformations};
use safelight_contract::{Fault, Result};

use super::{Planes, buffer, color, corrupt};
use crate::header::png::{Chunk, chunks};
use crate::{ColorModel, Format, Header};

/// Largest size of an inflated profile, given its deflated one. Profiles shrink to a half or a
/// third; more than sixteen times is an attack.
pub(crate) fn inflated_limit(deflated: usize) -> usize {
    deflated.saturating_mul(16).saturating_add(4096).min(super::MAX_PROFILE)
}

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let source = Essence::of(bytes)?;
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
    drop(reader);
    let profile = profile(bytes);
    match header.color {
        ColorModel::Gray => color::neutral_to_srgb(&mut planes.rgb, profile.as_deref()),
        _ => color::rgb_to_srgb(&mut planes.rgb, profile.as_deref()),
    }
    Ok(planes)
}

type Source<'a> = Reader<Essence<'a>>;

/// A PNG reduced to what its pixels need: the few small chunks before them, then the file from its
/// first pixels on. So no metadata reaches the decoder, which keeps some of it.
struct Essence<'a> {
    head: Vec<u8>,
    pixels: &'a [u8],
    at: usize,
}

impl<'a> Essence<'a> {
    /// Largest chunk that is needed: a palette of 256 colours.
    const LARGEST: usize = 768;

    fn of(bytes: &'a [u8]) -> Result<Self> {
        let mut head = bytes[..bytes.len().min(8)].to_vec();
        let mut seen = Vec::with_capacity(5);
        for Chunk { kind, data } in chunks(bytes) {
            match &kind {
                b"IDAT" => return Ok(Self { head, pixels: &bytes[data.start - 8..], at: 0 }),
                b"IHDR" | b"PLTE" | b"tRNS" | b"acTL" | b"fcTL" if !seen.contains(&kind) => {
                    if data.len() > Self::LARGEST {
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
}

impl BufRead for Essence<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(match self.at.checked_sub(self.head.len()) {
            None => &self.head[self.at..],
            Some(at) => self.pixels.get(at..).unwrap_or_default(),
        })
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

impl Read for Essence<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Essence<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let end = (self.head.len() + self.pixels.len()) as u64;
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = usize::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(at)
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
