//! What the services of invisible marks share: their pictures, their files, and how text is shown.

use image::{Rgb, RgbImage};
use safelight_effects::mark::Mode;
use safelight_imaging::{Cutout, Format, Photo, encode, lettering};
use safelight_operation::{Artifact, Code, Fault, Memory, Result, Rules};

/// Any of the pictures.
pub const PICTURE: Rules = Rules { min: (5, 5), max: (4096, 4096), ..Rules::ORDINARY };

/// A copy to try, the marked picture and its file.
pub const MEMORY: Memory = Memory {
    base: safelight_effects::mark::BASE_BYTES,
    per_pixel: 9 + safelight_effects::mark::BYTES_PER_PIXEL,
};

/// What is done, and how strongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// A mark is put into a picture.
    Embed(Mode),
    /// A mark is read.
    Read(Mode),
}

/// What marks cannot do.
pub const LIMITATIONS: &str = "A mark is read after JPEG compression, scaling by 0.5 to 1.5 and cropping, \
    but not from pictures that were turned by more than one degree, mirrored, or photographed from a \
    screen. Pictures below some 200 pixels and flat drawings hold none (`PROCESSING_FAILURE`). The key is \
    the same everywhere: every Safelight reads the marks of every other, none those of other makers, and a \
    mark proves nothing about who made it.";

/// A file that the request must hold for what it asks.
pub fn needed<T>(value: Option<T>, name: &str) -> Result<T> {
    value.ok_or_else(|| {
        let message = format!("{name} is missing, function_type needs it");
        Fault::new(Code::MissingParameters, message)
    })
}

/// The marked picture as a file.
pub fn file(photo: Photo, format: Format, quality: u8) -> Result<Artifact> {
    let flat = |Photo { rgb, alpha }: Photo| match alpha {
        Some(alpha) => Cutout { rgb, alpha }.over([255; 3]),
        None => rgb,
    };
    let bytes = match format {
        Format::Jpeg => encode::jpeg(&flat(photo), quality)?,
        Format::Bmp => encode::bmp(&flat(photo))?,
        _ => encode::photo_as(photo, format)?,
    };
    Ok(Artifact::picture(bytes, format))
}

/// A text in black on white, as a PNG.
pub fn shown(text: &str) -> Result<Artifact> {
    const SIZE: f32 = 48.0;
    const MARGIN: f32 = 24.0;
    let width = (lettering::width(text, SIZE) + 2.0 * MARGIN).ceil().clamp(64.0, 4096.0) as u32;
    let mut picture = RgbImage::from_pixel(width, (SIZE + 2.0 * MARGIN) as u32, Rgb([255; 3]));
    lettering::write(&mut picture, text, [MARGIN, MARGIN + SIZE * 0.8], SIZE, [0; 3]);
    Ok(Artifact::picture(encode::png_rgb(&picture)?, Format::Png))
}
