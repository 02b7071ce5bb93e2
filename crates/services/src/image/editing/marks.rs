//! What the services of invisible marks share: their pictures, their files, and how text is shown.

use image::{Rgb, RgbImage};
use safelight_effects::mark::Mode;
use safelight_imaging::{Format, Photo, encode, lettering};
use safelight_operation::{Artifact, Code, Fault, Memory, Result, Rules};

use crate::image::on_white;

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

/// The picture with a mark that `embed` puts in and `reads` finds, as a file of the format will hold it: on
/// white where the format has no transparency; else nothing is read from what is wholly transparent.
///
/// # Errors
/// `PROCESSING_FAILURE` where too little is visible for the mark; those of `embed`.
pub fn marked(
    photo: Photo,
    format: Format,
    embed: impl FnOnce(&mut RgbImage) -> Result<()>,
    reads: impl FnOnce(&RgbImage) -> bool,
) -> Result<Photo> {
    let mut photo = match format {
        Format::Jpeg | Format::Bmp => on_white(photo),
        _ => photo,
    };
    embed(&mut photo.rgb)?;
    let Some(alpha) = photo.alpha.as_ref().filter(|alpha| alpha.contains(&0)) else {
        return Ok(photo);
    };
    let hidden = photo.rgb.pixels_mut().zip(alpha.iter()).filter(|(_, alpha)| **alpha == 0);
    hidden.for_each(|(pixel, _)| *pixel = Rgb([0; 3]));
    if reads(&photo.rgb) {
        return Ok(photo);
    }
    let message = "too much of the picture is transparent to hold the mark";
    Err(Fault::new(Code::ProcessingFailure, message))
}

/// The marked picture as a file.
pub fn file(photo: Photo, format: Format, quality: u8) -> Result<Artifact> {
    let bytes = match format {
        Format::Jpeg => encode::jpeg(&photo.rgb, quality)?,
        Format::Bmp => encode::bmp(&photo.rgb)?,
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
