//! BMP through the crate `image`.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use safelight_contract::{Fault, Result};

use super::{Planes, buffer, color, corrupt, split_alpha};
use crate::{Format, Header};

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Planes> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(fail)?;
    if decoder.dimensions() != header.stored_size() {
        return Err(corrupt(Format::Bmp, "it has another size than its header says"));
    }
    let alpha = decoder.color_type() == ColorType::Rgba8;
    let mut pixels = buffer(header, if alpha { 4 } else { 3 })?;
    decoder.read_image(&mut pixels).map_err(fail)?;
    let mut planes = if alpha { split_alpha(pixels) } else { Planes { rgb: pixels, alpha: None } };
    // Many writers declare an alpha channel and leave it zero.
    planes.alpha = planes.alpha.filter(|a| a.iter().any(|&a| a != 0));
    let profile = crate::header::bmp::icc(bytes).map(|range| &bytes[range]);
    color::rgb_to_srgb(&mut planes.rgb, profile);
    Ok(planes)
}

fn fail(error: ImageError) -> Fault {
    corrupt(Format::Bmp, error)
}
