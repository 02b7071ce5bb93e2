//! WebP through `image-webp`.

mod lossless;

use std::ops::Range;

use image_webp::{DecodingError, WebPDecoder};
use safelight_contract::{Fault, Result};

use super::pieces::Pieces;
use super::{Planes, buffer, color, corrupt, split_alpha};
use crate::header::webp::{ALPHA, Chunk, FLAGS_AT, chunks, code_limit};
use crate::{Format, Header};

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    check_codes(bytes, 12..bytes.len(), header.stored_size())?;
    let flags = honest_flags(bytes, header).map(|flags| [flags]);
    let flags = flags.as_ref().map_or(&[][..], |flags| &flags[..]);
    let head = if flags.is_empty() { 0 } else { FLAGS_AT };
    let pieces = [&bytes[..head], flags, &bytes[head + flags.len()..]];
    let mut decoder = WebPDecoder::new(Pieces::new(pieces)).map_err(fail)?;
    if decoder.dimensions() != header.stored_size() {
        return Err(corrupt(Format::WebP, "it has another size than its header says"));
    }
    let alpha = decoder.has_alpha();
    let mut pixels = buffer(header, if alpha { 4 } else { 3 })?;
    decoder.read_image(&mut pixels).map_err(fail)?;
    drop(decoder);
    let mut planes = if alpha { split_alpha(pixels) } else { Planes { rgb: pixels, alpha: None } };
    let profile = chunks(bytes, 12..bytes.len()).find(|c| c.name == *b"ICCP");
    let profile = profile.map(|c| color::Profile::Icc(&bytes[c.data]));
    color::rgb_to_srgb(&mut planes.rgb, profile);
    Ok(planes)
}

fn fail(error: DecodingError) -> Fault {
    corrupt(Format::WebP, error)
}

/// The flags of the extended header, where they lie. Some lossy files promise alpha and have none,
/// which the decoder takes for an error.
fn honest_flags(bytes: &[u8], header: &Header) -> Option<u8> {
    let extended = bytes.get(12..16) == Some(b"VP8X");
    let flags = bytes.get(FLAGS_AT).filter(|_| extended)?;
    Some(if header.alpha { *flags } else { flags & !ALPHA })
}

/// Checks that the lossless bitstreams of the first picture in `range` (its pixels, or its alpha plane)
/// need no more for their prefix codes than the header announced.
fn check_codes(bytes: &[u8], range: Range<usize>, canvas: (u32, u32)) -> Result<()> {
    for Chunk { name, data } in chunks(bytes, range) {
        let stream = &bytes[data.clone()];
        let (stream, size) = match (&name, stream) {
            (b"ANMF", _) => {
                let Some(size) = crate::header::webp::frame_size(stream) else { return Ok(()) };
                return check_codes(bytes, data.start + 16..data.end, size);
            }
            // A lossless bitstream behind five bytes of header, and one behind a byte of flags.
            (b"VP8L", [_, _, _, _, _, stream @ ..]) => (stream, canvas),
            (b"ALPH", [flags, stream @ ..]) if flags & 3 == 1 => (stream, canvas),
            (b"VP8 ", _) => return Ok(()),
            _ => continue,
        };
        match lossless::codes_fit(stream, size, code_limit(size)) {
            Ok(true) if name == *b"VP8L" => return Ok(()),
            Ok(true) => {}
            Ok(false) => {
                return Err(corrupt(
                    Format::WebP,
                    "its prefix codes take more memory than a picture of its size may",
                ));
            }
            Err(lossless::Broken) => {
                return Err(corrupt(Format::WebP, "its lossless pixels are damaged"));
            }
        }
    }
    Ok(())
}
