//! Which band of rows to copy from: both ways are tried where the truth is known.

use image::{GrayImage, Luma, Rgb, RgbImage};
use safelight_contract::Result;
use safelight_imaging::lab_of;
use safelight_imaging::map::Map;

use super::level::Level;
use super::{Options, Part, Reach, copy_patches};

/// Pixels of the trials, at most.
const PIXELS: f32 = 6e4;
/// Where the hole is moved to, in its own widths and heights.
const PLACES: [[f32; 2]; 6] =
    [[1.1, 0.0], [-1.1, 0.0], [0.6, 0.8], [-0.6, 0.8], [0.6, -0.8], [-0.6, -0.8]];
/// How many of them are tried.
const TRIALS: usize = 3;
/// Share of a moved hole that must lie where the truth is known.
const KNOWN: f32 = 0.9;

/// The band, of [`Reach::BAND`] and [`Reach::EVERYWHERE`], that restores what lies beside the hole better;
/// the first candidate where no trial is possible.
///
/// # Errors
/// Those of `check`.
pub fn better_band(
    photo: &RgbImage,
    hole: &GrayImage,
    barred: Option<&GrayImage>,
    options: &Options,
    check: &dyn Fn() -> Result<()>,
) -> Result<f32> {
    let bands = [Reach::BAND, Reach::EVERYWHERE];
    let Some(part) = Part::around(hole, options.everywhere, PIXELS) else { return Ok(1.0) };
    let barred = barred.map(|barred| barred.as_raw().as_slice());
    let level = Level::of(photo, &part, hole.as_raw(), barred);
    let (width, height) = (level.width as u32, level.height as u32);
    let at = |x: u32, y: u32| y as usize * level.width + x as usize;
    let small = RgbImage::from_fn(width, height, |x, y| Rgb(level.colors[at(x, y)]));
    let unknown: Vec<bool> = level.hole.iter().zip(&level.barred).map(|(a, b)| *a || *b).collect();
    let closed =
        GrayImage::from_fn(width, height, |x, y| Luma([u8::from(unknown[at(x, y)]) * 255]));
    let mut errors = [0.0; 2];
    for moved in moved_holes(&level, &unknown).into_iter().take(TRIALS) {
        for (error, reach) in errors.iter_mut().zip(bands) {
            let mut filled = small.clone();
            let options =
                Options { reach, rounds: 0.5, everywhere: true, guessed: false, ..*options };
            match copy_patches(&mut filled, &moved, Some(&closed), &options, check) {
                Ok(()) => *error += difference(&filled, &small, &moved),
                // There is nothing to copy from, or the work was stopped.
                Err(_) => {
                    check()?;
                    *error += 100.0;
                }
            }
        }
    }
    let [Reach::Rows(band), Reach::Rows(all)] = bands else { return Ok(1.0) };
    Ok(if errors[1] < errors[0] { all } else { band })
}

/// The hole, moved to where most of it is known.
fn moved_holes(level: &Level, unknown: &[bool]) -> Vec<GrayImage> {
    let (width, height) = (level.width as i32, level.height as i32);
    let places = || level.missing.iter().map(|&at| [at as i32 % width, at as i32 / width]);
    let span = |axis: usize| {
        let (low, high) = (places().map(|p| p[axis]).min(), places().map(|p| p[axis]).max());
        low.zip(high).map_or(0, |(low, high)| high - low + 1) as f32
    };
    let size = [span(0), span(1)];
    let moved = |share: [f32; 2]| {
        let way = [0, 1].map(|axis| (share[axis] * size[axis]).round() as i32);
        let mut mask = GrayImage::new(width as u32, height as u32);
        let mut known = 0.0;
        for [x, y] in places() {
            let (x, y) = (x + way[0], y + way[1]);
            let inside = (0..width).contains(&x) && (0..height).contains(&y);
            if inside && !unknown[(y * width + x) as usize] {
                mask.put_pixel(x as u32, y as u32, Luma([255]));
                known += 1.0;
            }
        }
        (known >= KNOWN * level.missing.len() as f32 && known > 0.0).then_some(mask)
    };
    PLACES.into_iter().filter_map(moved).collect()
}

/// Mean difference in CIE L*a*b* where `area` is, of slightly blurred pictures.
fn difference(a: &RgbImage, b: &RgbImage, area: &GrayImage) -> f32 {
    let blurred = |picture: &RgbImage, channel: usize| {
        let pixels = picture.pixels().map(|pixel| lab_of(pixel.0)[channel]);
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Map { width, height, values: pixels.collect() }.gaussian(1.5)
    };
    let squares = (0..3).map(|channel| {
        blurred(a, channel).join(&blurred(b, channel), |a, b| (a - b) * (a - b)).values
    });
    let squares: Vec<Vec<f32>> = squares.collect();
    let inside: Vec<usize> = (0..area.len()).filter(|&at| area.as_raw()[at] > 0).collect();
    let distance = |&at: &usize| squares.iter().map(|square| square[at]).sum::<f32>().sqrt();
    inside.iter().map(distance).sum::<f32>() / inside.len().max(1) as f32
}
