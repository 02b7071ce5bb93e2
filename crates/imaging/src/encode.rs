//! Encoding results.
//!
//! PNG through the crate `png`, its rows streamed so that no second copy of the picture is made;
//! JPEG through `jpeg-encoder` (baseline, 4:4:4). Neither writes metadata: pixels are sRGB.
//!
//! PNG uses the compressor `fdeflate` with the Paeth filter: for a cut-out of 1 MP that takes about
//! a third of the time of choosing filters by row, and half of zlib at its fastest, for the same
//! size as either. Compressing stripes in parallel was no faster.

use std::io::Write;

use image::codecs::bmp::BmpEncoder;
use image::{ExtendedColorType, GrayImage, RgbImage};
use jpeg_encoder::SamplingFactor;
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use safelight_contract::{Code, Fault, Result};

use crate::{Cutout, Format, Photo};

/// Quality of the JPEG files that [`photo`] writes, of 100.
pub const JPEG_QUALITY: u8 = 95;

/// A transparent PNG. What is fully transparent is written black, so that it takes no room.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture has no pixels or colours and alpha differ in size.
pub fn png_cutout(cutout: &Cutout) -> Result<Vec<u8>> {
    png_rgba(&cutout.rgb, &cutout.alpha)
}

/// A PNG of one channel.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture has no pixels.
pub fn png_gray(gray: &GrayImage) -> Result<Vec<u8>> {
    png(gray.dimensions(), ColorType::Grayscale, gray.chunks_exact(gray.width().max(1) as usize))
}

/// A PNG of a mask for whoever edits pictures: white and transparent where `mask` is above 0, black and
/// opaque elsewhere, so that readers of alpha and readers of gray understand the same.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture has no pixels.
pub fn png_edit_mask(mask: &GrayImage) -> Result<Vec<u8>> {
    let mut row = vec![0; mask.width() as usize * 4];
    write_png(mask.dimensions(), ColorType::Rgba, |out| {
        for shown in mask.chunks_exact(mask.width().max(1) as usize) {
            for (pixel, &shown) in row.as_chunks_mut::<4>().0.iter_mut().zip(shown) {
                *pixel = if shown > 0 { [255, 255, 255, 0] } else { [0, 0, 0, 255] };
            }
            out.write_all(&row)?;
        }
        Ok(())
    })
}

/// An opaque PNG.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture has no pixels.
pub fn png_rgb(rgb: &RgbImage) -> Result<Vec<u8>> {
    png(rgb.dimensions(), ColorType::Rgb, rgb.chunks_exact(rgb.width().max(1) as usize * 3))
}

/// A baseline JPEG without chroma subsampling; quality from 1 to 100.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture has no pixels or a side longer than 65,535.
pub fn jpeg(rgb: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let side = |side| {
        u16::try_from(side).map_err(|_| failed(Format::Jpeg, format!("{side} pixels are too many")))
    };
    let (width, height) = (side(rgb.width())?, side(rgb.height())?);
    let mut file = Vec::with_capacity(rgb.len() / 4);
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder
        .encode(rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|e| failed(Format::Jpeg, e))?;
    Ok(file)
}

/// An opaque Windows bitmap of 24 bits.
///
/// # Errors
/// `PROCESSING_FAILURE` where the picture does not fit the format.
pub fn bmp(rgb: &RgbImage) -> Result<Vec<u8>> {
    let mut file = Vec::with_capacity(rgb.len() + 4 * rgb.height() as usize + 64);
    BmpEncoder::new(&mut file)
        .encode(rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)
        .map_err(|e| failed(Format::Bmp, e))?;
    Ok(file)
}

/// A photo in the format that suits it: JPEG, or PNG where it has transparency.
///
/// # Errors
/// As [`jpeg`] and [`png_cutout`].
pub fn photo(photo: &Photo) -> Result<(Vec<u8>, Format)> {
    match &photo.alpha {
        Some(alpha) => Ok((png_rgba(&photo.rgb, alpha)?, Format::Png)),
        None => Ok((jpeg(&photo.rgb, JPEG_QUALITY)?, Format::Jpeg)),
    }
}

/// A photo in this format: PNG with its transparency, or JPEG with transparent parts on white.
///
/// # Errors
/// As [`jpeg`] and [`png_cutout`]; `PROCESSING_FAILURE` for formats that are only read.
pub fn photo_as(photo: Photo, format: Format) -> Result<Vec<u8>> {
    match (format, photo.alpha) {
        (Format::Png, Some(alpha)) => png_rgba(&photo.rgb, &alpha),
        (Format::Png, None) => png_rgb(&photo.rgb),
        (Format::Jpeg, Some(alpha)) => {
            jpeg(&Cutout { rgb: photo.rgb, alpha }.over([255; 3]), JPEG_QUALITY)
        }
        (Format::Jpeg, None) => jpeg(&photo.rgb, JPEG_QUALITY),
        (Format::Bmp | Format::WebP, _) => Err(failed(format, "this format is only read")),
    }
}

fn png_rgba(rgb: &RgbImage, alpha: &GrayImage) -> Result<Vec<u8>> {
    if rgb.dimensions() != alpha.dimensions() {
        return Err(failed(Format::Png, "colours and alpha differ in size"));
    }
    let width = rgb.width().max(1) as usize;
    let mut row = vec![0; width * 4];
    let rows = rgb.chunks_exact(width * 3).zip(alpha.chunks_exact(width));
    let (size, color) = (rgb.dimensions(), ColorType::Rgba);
    write_png(size, color, |out| {
        for (rgb, alpha) in rows {
            interleave(rgb, alpha, &mut row);
            out.write_all(&row)?;
        }
        Ok(())
    })
}

fn interleave(rgb: &[u8], alpha: &[u8], rgba: &mut [u8]) {
    let pixels = rgb.as_chunks::<3>().0.iter().zip(alpha);
    for (out, (&[r, g, b], &a)) in rgba.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
        *out = if a == 0 { [0; 4] } else { [r, g, b, a] };
    }
}

fn png<'a>(
    size: (u32, u32),
    color: ColorType,
    rows: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<u8>> {
    write_png(size, color, |out| {
        for row in rows {
            out.write_all(row)?;
        }
        Ok(())
    })
}

fn write_png(
    size: (u32, u32),
    color: ColorType,
    rows: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<Vec<u8>> {
    let fail = |e: png::EncodingError| failed(Format::Png, e);
    let samples = size.0 as usize * size.1 as usize * color.samples();
    // Twice doubled, this holds noise, which grows by an eighth; a third doubling would take four
    // bytes a pixel more.
    let mut file = Vec::with_capacity(samples / 4 + samples / 16 + 1024);
    let mut encoder = Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Paeth);
    let mut writer = encoder.write_header().map_err(fail)?;
    let mut stream = writer.stream_writer().map_err(fail)?;
    rows(&mut stream).map_err(|e| failed(Format::Png, e))?;
    stream.finish().map_err(fail)?;
    writer.finish().map_err(fail)?;
    Ok(file)
}

fn failed(format: Format, why: impl std::fmt::Display) -> Fault {
    Fault::new(
        Code::ProcessingFailure,
        format!("the result could not be written as {}: {why}", format.name()),
    )
}
