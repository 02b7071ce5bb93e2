//! Holes filled by a network that the operator added: LaMa (Suvorov et al. 2022) or MI-GAN (Sargsyan et al.
//! 2023). Tried with small graphs of the same signature alone.

use image::{GrayImage, Luma, Rgb, RgbImage};
use safelight_contract::Result;
use safelight_inference::{DType, Model, Tensor};

use crate::Vision;
use crate::model::{check_photo, mismatch, output};
use crate::networks::REMOVAL;

/// The longer side of the pictures that are filled; their sides are multiples of [`MULTIPLE`].
pub const SIDE: u32 = 512;
/// See [`SIDE`].
pub const MULTIPLE: u32 = 8;

impl Vision {
    /// Whether the operator chose a network that fills holes, and whoever asks declares [`REMOVAL`].
    pub fn fills_holes(&self) -> bool {
        self.models.chosen(REMOVAL).is_some()
    }

    /// The picture with what `hole` shows (values above 0) filled from its surroundings. No side is longer
    /// than [`SIDE`].
    ///
    /// # Errors
    /// Those of the model.
    pub fn fill(&self, picture: &RgbImage, hole: &GrayImage) -> Result<RgbImage> {
        check_photo(picture)?;
        if picture.dimensions() != hole.dimensions() {
            return Err(mismatch("the hole is not of the picture's size"));
        }
        let (width, height) = picture.dimensions();
        if width.max(height) > SIDE {
            return Err(mismatch(format!("a picture of {width}x{height} pixels is too large")));
        }
        let model = self.models.get(REMOVAL)?;
        match model.spec().inputs[0].dtype {
            DType::U8 => in_bytes(&model, picture, hole),
            _ => in_a_square(&model, picture, hole),
        }
    }
}

/// LaMa: a square of floats. What is missing of it goes on as the picture ends.
fn in_a_square(model: &Model, picture: &RgbImage, hole: &GrayImage) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let square = RgbImage::from_fn(SIDE, SIDE, |x, y| {
        *picture.get_pixel(x.min(width - 1), y.min(height - 1))
    });
    let image = crate::model::planes(&square, crate::model::Normalisation::UNIT)?;
    let inside = |x: u32, y: u32| x < width && y < height && hole.get_pixel(x, y).0[0] > 0;
    let cells = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    let mask: Vec<f32> = cells.map(|(x, y)| f32::from(u8::from(inside(x, y)))).collect();
    let side = SIDE as usize;
    let mask = Tensor::new([1, 1, side, side], mask).map_err(mismatch)?;
    let outputs = model.run(&[("image", &image), ("mask", &mask)])?;
    let (name, result) = (&model.spec().name, &model.spec().outputs[0].name);
    let filled = output(&outputs, name, result, 3 * side * side)?;
    let plane = side * side;
    Ok(RgbImage::from_fn(width, height, |x, y| {
        let at = y as usize * side + x as usize;
        Rgb([0, 1, 2].map(|channel| (filled[channel * plane + at] + 0.5).clamp(0.0, 255.0) as u8))
    }))
}

/// MI-GAN with what its authors put around it: bytes, of any size.
fn in_bytes(model: &Model, picture: &RgbImage, hole: &GrayImage) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let (columns, rows) = (width as usize, height as usize);
    let plane = |channel: usize| picture.pixels().map(move |pixel| pixel.0[channel]);
    let bytes: Vec<u8> = [0, 1, 2].into_iter().flat_map(plane).collect();
    let image = Tensor::new([1, 3, rows, columns], bytes).map_err(mismatch)?;
    let known = hole.pixels().map(|Luma([value])| if *value > 0 { 0_u8 } else { 255 });
    let mask = Tensor::new([1, 1, rows, columns], known.collect::<Vec<u8>>()).map_err(mismatch)?;
    let outputs = model.run(&[("image", &image), ("mask", &mask)])?;
    let result = outputs.get(&model.spec().outputs[0].name);
    let filled = match result.map(Tensor::elements) {
        Some(safelight_inference::Elements::U8(bytes)) if bytes.len() == 3 * rows * columns => {
            bytes
        }
        _ => return Err(mismatch(format!("`{}` gave no picture", model.spec().name))),
    };
    let plane = rows * columns;
    Ok(RgbImage::from_fn(width, height, |x, y| {
        let at = y as usize * columns + x as usize;
        Rgb([0, 1, 2].map(|channel| filled[channel * plane + at]))
    }))
}
