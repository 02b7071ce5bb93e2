//! Whether a face is there itself, or a picture of it on paper or on a screen. The model looks at the
//! face with what is around it: edges of paper, moiré and reflections show there.

use image::RgbImage;
use safelight_contract::Result;
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Models;

use super::{Detection, Rect};
use crate::model::{Normalisation, check_photo, output, planes};

pub(super) const MODEL: &str = "liveness";
const SIDE: u32 = 128;
/// How much larger than the box the part is that the model sees, where the photo is large enough.
const MARGIN: f32 = 2.7;

/// The probability that a face is live, 0..1, as the model sees it. Where the photo ends close around the
/// face it sees too little, and real faces score low.
pub(crate) fn live(models: &Models, photo: &RgbImage, face: &Detection) -> Result<f32> {
    check_photo(photo)?;
    let model = models.get(MODEL)?;
    let part = around(&face.rect, photo.dimensions());
    let mut pixels = resize::rgb_part(photo, part, SIDE, SIDE, Filter::Bilinear);
    pixels.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
    let outputs = model.run(&[("input", &planes(&pixels, Normalisation::BYTES)?)])?;
    let logits = output(&outputs, MODEL, "logits", 3)?;
    let most = logits.iter().copied().fold(f32::MIN, f32::max);
    let weights: Vec<f32> = logits.iter().map(|logit| (logit - most).exp()).collect();
    Ok(weights[0] / weights.iter().sum::<f32>())
}

/// The part of a photo around a box: 2.7 times as large, less where the photo is too small, and moved
/// inside it. Left, top, width and height.
fn around(rect: &Rect, (width, height): (u32, u32)) -> [u32; 4] {
    let (wide, high) = (width as f32, height as f32);
    let (own_wide, own_high) = (rect.width.max(1.0), rect.height.max(1.0));
    let scale = MARGIN.min(wide / own_wide).min(high / own_high);
    let sides = [(own_wide * scale).clamp(1.0, wide), (own_high * scale).clamp(1.0, high)];
    let centre = rect.centre();
    let left = (centre.x - sides[0] / 2.0).clamp(0.0, wide - sides[0]);
    let top = (centre.y - sides[1] / 2.0).clamp(0.0, high - sides[1]);
    let (left, top) = (left as u32, top as u32);
    let [part_wide, part_high] = sides.map(|side| side.round().max(1.0) as u32);
    [left, top, part_wide.min(width - left), part_high.min(height - top)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_lies_inside_the_photo_and_keeps_its_aspect() {
        let rect = |x, y, width, height| Rect { x, y, width, height };
        assert_eq!(around(&rect(100.0, 100.0, 50.0, 60.0), (400, 400)), [57, 49, 135, 162]);
        assert_eq!(around(&rect(0.0, 0.0, 50.0, 60.0), (400, 400)), [0, 0, 135, 162]);
        assert_eq!(around(&rect(360.0, 350.0, 50.0, 60.0), (400, 400)), [265, 238, 135, 162]);
        // A face that fills the photo.
        assert_eq!(around(&rect(-5.0, -5.0, 110.0, 110.0), (100, 100)), [0, 0, 100, 100]);
        assert_eq!(around(&rect(0.0, 0.0, 0.0, 0.0), (1, 1)), [0, 0, 1, 1]);
    }
}
