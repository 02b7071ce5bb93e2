//! How blurred a picture is, and its blur undone.

use image::{Rgb, RgbImage};
use safelight_imaging::color::{luma, unit};
use safelight_imaging::map::{Map, percentile};

/// Peak bytes of [`deconvolve`] for each pixel of the picture.
pub const BYTES_PER_PIXEL: u64 = 40;

/// Standard deviation in pixels of the blur that is added to compare with.
const PROBE: f32 = 1.5;
/// Share of the pixels whose gradients are edges.
const EDGES: f32 = 0.04;
/// What the measure finds in sharp pictures, beyond the blur that they have.
const OFFSET: f32 = 0.5;
/// A blur below this is none.
const LEAST: f32 = 0.8;

/// The standard deviation in pixels of the Gaussian blur at the edges of a picture, by how much weaker
/// their gradients become when it is blurred further (Zhuo and Sim 2011). 0 for sharp pictures, and for
/// those without edges.
pub fn blur_of(picture: &RgbImage) -> f32 {
    let light = Map::of(picture, luma);
    if light.width < 8 || light.height < 8 {
        return 0.0;
    }
    let own = gradient(&light);
    let further = gradient(&light.gaussian(PROBE));
    let least = own.percentile(1.0 - EDGES).max(0.01);
    let pairs = own.values.iter().zip(&further.values);
    let edges = pairs.filter(|(own, further)| **own >= least && **further > 1e-4);
    let mut ratios: Vec<f32> = edges.map(|(own, further)| own / further).collect();
    if ratios.is_empty() {
        return 0.0;
    }
    let ratio = percentile(&mut ratios, 0.5).max(1.001);
    let found = PROBE / (ratio * ratio - 1.0).sqrt() - OFFSET;
    if found < LEAST { 0.0 } else { found }
}

fn gradient(light: &Map) -> Map {
    light.each(|x, y| {
        let (x, y) = (x as isize, y as isize);
        let across = light.near(x + 1, y) - light.near(x - 1, y);
        let down = light.near(x, y + 1) - light.near(x, y - 1);
        across.hypot(down)
    })
}

/// Undoes a Gaussian blur of this standard deviation in pixels in so many rounds (Richardson 1972, Lucy
/// 1974).
pub fn deconvolve(picture: &mut RgbImage, sigma: f32, rounds: usize) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    for channel in 0..3 {
        let values = picture.pixels().map(|pixel| unit(pixel.0)[channel] + 1e-3).collect();
        let seen = Map { width, height, values };
        let mut found = seen.clone();
        for _ in 0..rounds {
            let ratio = seen.join(&found.gaussian(sigma), |seen, blurred| seen / blurred);
            found = found.join(&ratio.gaussian(sigma), |found, ratio| found * ratio);
        }
        for (Rgb(pixel), value) in picture.pixels_mut().zip(&found.values) {
            pixel[channel] = ((value - 1e-3) * 255.0).round().clamp(0.0, 255.0) as u8;
        }
    }
}
