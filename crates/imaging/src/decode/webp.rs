//! WebP through `image-webp`.

use std::borrow::Cow;
use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};
use safelight_contract::{Fault, Result};

use super::{Planes, buffer, color, corrupt, split_alpha};
use crate::header::webp::{ALPHA, FLAGS_AT, chunks};
use crate::{Format, Header};

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let bytes = without_false_alpha(bytes, header);
    let mut decoder = WebPDecoder::new(Cursor::new(&*bytes)).map_err(fail)?;
    if decoder.dimensions() != header.stored_size() {
        return Err(corrupt(Format::WebP, "it has another size than its header says"));
    }
    let alpha = decoder.has_alpha();
    let mut pixels = buffer(header, if alpha { 4 } else { 3 })?;
    decoder.read_image(&mut pixels).map_err(fail)?;
    drop(decoder);
    let mut planes = if alpha { split_alpha(pixels) } else { Planes { rgb: pixels, alpha: None } };
    let profile = chunks(&bytes, 12..bytes.len()).find(|c| c.name == *b"ICCP");
    color::rgb_to_srgb(&mut planes.rgb, profile.map(|c| &bytes[c.data]));
    Ok(planes)
}

fn fail(error: DecodingError) -> Fault {
    corrupt(Format::WebP, error)
}

/// Some lossy files promise alpha and have none, which the decoder takes for an error.
fn without_false_alpha<'a>(bytes: &'a [u8], header: &Header) -> Cow<'a, [u8]> {
    let extended = bytes.get(12..16) == Some(b"VP8X");
    match bytes.get(FLAGS_AT) {
        Some(flags) if extended && flags & ALPHA != 0 && !header.alpha => {
            let mut honest = bytes.to_vec();
            honest[FLAGS_AT] &= !ALPHA;
            honest.into()
        }
        _ => bytes.into(),
    }
}
