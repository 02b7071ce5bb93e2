//! A second opinion on a detection: CenterFace (Xu, Yan, Sun, Yang and Luo 2019) around it. Animals,
//! fruit and cars that pass for faces with one detector seldom do with both.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::warp::Border;
use safelight_inference::Models;

use super::Detection;
use super::frame::Frame;
use crate::model::{Normalisation, check_photo, output, planes};

pub(super) const MODEL: &str = "centerface";
/// Side of the square that the model sees, and of the grid that it answers.
const SIDE: u32 = 256;
const GRID: usize = 64;
/// How much larger than the face's box the square is.
const MARGIN: f32 = 3.0;
/// The cells in the middle among which the face's own must be.
const MIDDLE: std::ops::Range<usize> = 20..44;

/// How likely the middle of the square around a detection is that of a face, 0..1.
pub(crate) fn opinion(models: &Models, photo: &RgbImage, face: &Detection) -> Result<f32> {
    check_photo(photo)?;
    let (pixels, _) = Frame::of(face, MARGIN).cut(photo, SIDE, Border::Replicate);
    let outputs = models.get(MODEL)?.run(&[("input", &planes(&pixels, Normalisation::BYTES)?)])?;
    let heat = output(&outputs, MODEL, "heatmap", GRID * GRID)?;
    let rows = MIDDLE.map(|row| &heat[row * GRID..][MIDDLE]);
    Ok(rows.flatten().copied().fold(0.0, f32::max))
}
