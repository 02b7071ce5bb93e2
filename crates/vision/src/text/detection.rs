//! Where lines of text are: the detector of PP-OCRv6 (Baidu), whose map of probabilities is cut into
//! regions as its authors do (Liao et al. 2020, Differentiable Binarization).

use image::{GrayImage, RgbImage};
use safelight_contract::Result;
use safelight_imaging::components::{Component, components};
use safelight_imaging::resize::{self, Filter};
use safelight_inference::Models;

use super::quad::{Point, Quad, Rectangle};
use super::{BGR_IMAGENET, DETECTION};
use crate::model::{output, planes};

/// The photo's longer side as the model sees it, at most.
const LONG_SIDE: f32 = 1280.0;
/// Its shorter side, at least, where the photo is enlarged by no more than [`MOST_ENLARGED`].
const SHORT_SIDE: f32 = 160.0;
const MOST_ENLARGED: f32 = 3.0;
/// The model halves the photo five times.
const STEP: f32 = 32.0;
/// A pixel is text from here on, 0..1.
const LEAST_PROBABILITY: f32 = 0.3;
/// The mean probability inside the rectangle of a region.
const LEAST_SCORE: f32 = 0.5;
/// How much smaller than the text the model makes its regions.
const UNCLIP: f32 = 1.6;
/// Regions that are lower than this in the model's pixels are none.
const LEAST_SIDE: f32 = 3.0;
/// More lines than this are not read.
const MOST_LINES: usize = 1000;

/// Where a line of text may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub place: Quad,
    /// The mean probability of text inside it before it is grown, 0.5..1; that of print is 0.85 and more.
    pub score: f32,
}

/// The lines of text of a photo, longest first.
pub(super) fn lines(models: &Models, photo: &RgbImage) -> Result<Vec<Region>> {
    let (width, height) = size_for_model(photo.dimensions());
    let seen = resize::rgb(photo, width, height, Filter::Bilinear);
    let outputs = models.get(DETECTION)?.run(&[("image", &planes(&seen, BGR_IMAGENET)?)])?;
    let count = width as usize * height as usize;
    let probabilities = output(&outputs, DETECTION, "text", count)?;
    let text = probabilities.iter().map(|&p| if p > LEAST_PROBABILITY { 255 } else { 0 });
    let text = GrayImage::from_raw(width, height, text.collect()).expect("one for each pixel");
    let scale = [photo.width() as f32 / width as f32, photo.height() as f32 / height as f32];
    let regions = components(&text, |value| value > 0);
    let mut found: Vec<_> = regions
        .iter()
        .filter_map(|region| rectangle(region, probabilities, width))
        .map(|(found, score)| {
            let place = found.as_line().map(|[x, y]| [x * scale[0], y * scale[1]]);
            Region { place, score }
        })
        .collect();
    found.sort_by(|a, b| b.place.width().total_cmp(&a.place.width()));
    found.truncate(MOST_LINES);
    Ok(found)
}

/// Width and height that the model sees a photo at: multiples of [`STEP`].
fn size_for_model((width, height): (u32, u32)) -> (u32, u32) {
    let [longer, shorter] = [width.max(height), width.min(height)].map(|side| side as f32);
    let scale = (SHORT_SIDE / shorter).clamp(1.0, MOST_ENLARGED).min(LONG_SIDE / longer);
    let side = |side: u32| ((side as f32 * scale / STEP).round().max(1.0) * STEP) as u32;
    (side(width), side(height))
}

/// The rectangle of a line of text around its region, and its score.
fn rectangle(region: &Component, probabilities: &[f32], width: u32) -> Option<(Rectangle, f32)> {
    let around = Rectangle::around(&corners(region, width))?;
    let sum: f32 = region.cells.iter().map(|&cell| probabilities[cell as usize]).sum();
    let score = sum / around.area();
    let is_text = around.shorter() >= LEAST_SIDE && score >= LEAST_SCORE;
    is_text.then(|| (around.unclipped(UNCLIP), score.min(1.0)))
}

/// The corners of the first and the last pixel of each row of a region.
fn corners(region: &Component, width: u32) -> Vec<Point> {
    let rows = region.cells.chunk_by(|a, b| a / width == b / width);
    let ends = rows.flat_map(|row| {
        let (first, last) = (row[0], row[row.len() - 1]);
        let (left, right, top) = (first % width, last % width + 1, first / width);
        [[left, top], [right, top], [right, top + 1], [left, top + 1]]
    });
    ends.map(|corner| corner.map(|at| at as f32)).collect()
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn the_model_sees_whole_steps() {
        assert_eq!(size_for_model((1240, 1754)), (896, 1280));
        assert_eq!(size_for_model((8192, 15)), (1280, 32));
        assert_eq!(size_for_model((300, 40)), (896, 128));
        assert_eq!(size_for_model((15, 15)), (32, 32));
        assert_eq!(size_for_model((640, 480)), (640, 480));
    }

    #[test]
    fn a_region_becomes_the_line_around_it() {
        let map = GrayImage::from_fn(64, 32, |x, y| {
            Luma([u8::from((10..50).contains(&x) && (12..18).contains(&y)) * 255])
        });
        let probabilities: Vec<f32> = map.iter().map(|&value| f32::from(value) / 255.0).collect();
        let [region] = &components(&map, |value| value > 0)[..] else { panic!("one region") };
        let (around, score) = rectangle(region, &probabilities, 64).expect("a line");
        let line = around.as_line();
        assert_eq!(score, 1.0);
        // 240 px x 1.6 / 92 px.
        let by = 240.0 * 1.6 / 92.0;
        let wanted = [10.0 - by, 12.0 - by, 50.0 + by, 18.0 + by];
        let far = line.bounds().iter().zip(wanted).any(|(a, b)| (a - b).abs() > 0.01);
        assert!(!far, "{line:?}");
        let faint: Vec<f32> = probabilities.iter().map(|p| p * 0.4).collect();
        assert!(rectangle(region, &faint, 64).is_none());
    }
}
