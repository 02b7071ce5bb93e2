//! Which way up a page is: a small network of PaddleClas (Baidu, PULC) over four classes.

use image::{RgbImage, imageops};
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Models;

use super::{BGR_IMAGENET, ORIENTATION};
use crate::model::{output, planes};

/// The short side is made so long, and the middle cut out.
const SHORT_SIDE: f32 = 256.0;
const SIDE: u32 = 224;
/// Pages longer than this many times their width are seen squeezed.
const MOST_ASPECT: f32 = 8.0;

/// By how many quarter turns clockwise a page was turned, most probably: 0 to 3.
pub(super) fn turns(models: &Models, photo: &RgbImage) -> Result<u8> {
    let [width, height] = [photo.width(), photo.height()].map(|side| side as f32);
    let scale = SHORT_SIDE / width.min(height);
    let side = |side: f32| (side * scale).round().min(SHORT_SIDE * MOST_ASPECT) as u32;
    let small = resize::rgb(photo, side(width), side(height), Filter::Bilinear);
    let (left, top) = ((small.width() - SIDE) / 2, (small.height() - SIDE) / 2);
    let middle = imageops::crop_imm(&small, left, top, SIDE, SIDE).to_image();
    let outputs = models.get(ORIENTATION)?.run(&[("image", &planes(&middle, BGR_IMAGENET)?)])?;
    let turns = output(&outputs, ORIENTATION, "turns", 4)?;
    let best = (0_u8..4).max_by(|&a, &b| turns[usize::from(a)].total_cmp(&turns[usize::from(b)]));
    Ok(best.unwrap_or(0))
}
