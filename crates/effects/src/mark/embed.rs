//! Adding a pattern to a picture as strongly as its surroundings hide it.

use image::RgbImage;
use rayon::prelude::*;
use safelight_imaging::color::{luma, noise};
use safelight_imaging::map::Map;

/// Pixels of a square in which brightness and its deviation are measured.
const CELL: usize = 4;
/// Least and largest deviation of the mark in levels of a byte, at gain 1.
const AMPLITUDE: std::ops::RangeInclusive<f32> = 0.8..=4.5;
/// Luma below which the mark becomes weaker, and the least share of it.
const SHADOW: f32 = 60.0;
const LEAST_SHARE: f32 = 0.4;

/// Adds a pattern of mean square 1, repeated from the picture's corner on; `origin` is where this
/// picture lies in the whole.
pub fn add(photo: &mut RgbImage, pattern: &[f32], side: usize, gain: f32, origin: [u32; 2]) {
    let amplitude = amplitude(photo);
    let width = photo.width().max(1) as usize;
    let [left, top] = origin.map(|at| at as usize);
    let rows = photo.par_chunks_exact_mut(width * 3).enumerate().with_min_len(8);
    rows.for_each(|(y, row)| {
        let pattern = &pattern[(y + top) % side * side..][..side];
        let place = |at: usize| (at as f32 + 0.5) / CELL as f32 - 0.5;
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let strength = gain * amplitude.between(place(x), place(y));
            let change = strength * pattern[(x + left) % side];
            // Rounded up or down by the place, so that changes below one level count, too.
            let change = (change + noise(x as u32, y as u32)).floor();
            *pixel = pixel.map(|value| (f32::from(value) + change).clamp(0.0, 255.0) as u8);
        }
    });
}

/// How strong the mark may be in each cell.
fn amplitude(photo: &RgbImage) -> Map {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
    let empty = Map { width: columns, height: rows, values: vec![0.0; columns * rows] };
    let over = |value: fn(f32) -> f32| {
        empty.each(|column, row| {
            let (mut sum, mut count) = (0.0, 0.0);
            for y in row * CELL..((row + 1) * CELL).min(height) {
                for x in column * CELL..((column + 1) * CELL).min(width) {
                    let pixel = photo.get_pixel(x as u32, y as u32).0;
                    sum += value(luma(pixel.map(f32::from)));
                    count += 1.0;
                }
            }
            sum / count
        })
    };
    let mean = over(|luma| luma).mean(1);
    let square = over(|luma| luma * luma).mean(1);
    let deviation = square.join(&mean, |square, mean| (square - mean * mean).max(0.0).sqrt());
    // Beside an edge it is the flat side that shows the mark.
    let calm = deviation.erode(1).mean(1);
    calm.join(&mean, |deviation, luma| {
        let hidden = (0.65 + 0.3 * deviation).clamp(*AMPLITUDE.start(), *AMPLITUDE.end());
        hidden * (luma / SHADOW).clamp(LEAST_SHARE, 1.0)
    })
}
