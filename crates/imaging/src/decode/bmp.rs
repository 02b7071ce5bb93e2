//! BMP through the crate `image`.

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use safelight_contract::{Fault, Result};

use super::pieces::Pieces;
use super::{Planes, buffer, color, corrupt, split_alpha};
use crate::header::bmp;
use crate::{Format, Header};

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let first = bmp::pixels_at(bytes).and_then(|at| u32::try_from(at).ok());
    let first = first.ok_or_else(|| corrupt(Format::Bmp, "its pixels start nowhere"))?;
    // The decoder wants to be told where the pixels start, and the padding of the last row.
    let mut head = [0; 14];
    head.copy_from_slice(bytes.get(..14).ok_or_else(|| corrupt(Format::Bmp, "it is cut off"))?);
    head[10..].copy_from_slice(&first.to_le_bytes());
    let padding = if bmp::run_length(bytes) { &[][..] } else { &[0; 3] };
    let source = Pieces::new([&head, &bytes[14..], padding]);
    let decoder = BmpDecoder::new(source).map_err(fail)?;
    if decoder.dimensions() != header.stored_size() {
        return Err(corrupt(Format::Bmp, "it has another size than its header says"));
    }
    let alpha = decoder.color_type() == ColorType::Rgba8;
    let mut pixels = buffer(header, if alpha { 4 } else { 3 })?;
    decoder.read_image(&mut pixels).map_err(fail)?;
    let mut planes = if alpha { split_alpha(pixels) } else { Planes { rgb: pixels, alpha: None } };
    // Many writers declare an alpha channel and leave it zero.
    planes.alpha = planes.alpha.filter(|a| a.iter().any(|&a| a != 0));
    let profile = bmp::icc(bytes).map(|range| color::Profile::Icc(&bytes[range]));
    color::rgb_to_srgb(&mut planes.rgb, profile);
    Ok(planes)
}

fn fail(error: ImageError) -> Fault {
    corrupt(Format::Bmp, error)
}
