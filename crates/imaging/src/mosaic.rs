//! A picture painted in squares by something that knows squares of one size alone, such as a network
//! with a fixed input: at any size, in bounded memory, without seams.
//!
//! What such a painter makes of a square depends on all of it, so squares painted on their own differ
//! in tone. Therefore the whole picture is painted first, squeezed into one square; then at twice the
//! size in overlapping squares, each with the slow changes of tone of the painting before it, and so on
//! up to full size (a pyramid in the manner of Burt and Adelson 1983). Networks that normalise what they
//! see make as much of a plain sky as of a tree; a square that is plainer than the picture keeps so much
//! of the painting before it.

use image::RgbImage;
use rayon::prelude::*;
use safelight_contract::{Code, Fault, Result};

use crate::color::luma;
use crate::map::{Map, thumbnail};
use crate::resize::{Filter, rgb};

/// Makes a painted square of a square.
pub type Painter<'a> = &'a mut dyn FnMut(&RgbImage) -> Result<RgbImage>;

/// Peak bytes of [`paint`] for each pixel of the picture, the picture itself excluded.
pub const BYTES_PER_PIXEL: u64 = 10;

/// Peak bytes of [`paint`] beside those, for squares of this side and pictures of this width.
pub const fn base_bytes(side: u32, width: u32) -> u64 {
    let side = side as u64;
    side * width as u64 * 12 + side * side * 64 + (1 << 20)
}

/// Paints a picture in squares of `side` pixels.
///
/// # Errors
/// Those of the painter; `AI_SERVICE_ERROR` where it answers another size than it was given.
pub fn paint(photo: &RgbImage, side: u32, painter: Painter) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    if photo.is_empty() {
        return Ok(photo.clone());
    }
    let mut painter = |square: &RgbImage| {
        let painted = painter(square)?;
        if painted.dimensions() == (side, side) {
            return Ok(painted);
        }
        Err(Fault::new(Code::AiServiceError, "a painted square has another size than its photo"))
    };
    let long = width.max(height);
    if long <= side {
        let painted = painter(&square(photo, 0, 0, side))?;
        return Ok(image::imageops::crop_imm(&painted, 0, 0, width, height).to_image());
    }
    let mut painted = painter(&rgb(photo, side, side, Filter::Area))?;
    let usual = contrast(photo);
    let levels = (f64::from(long) / f64::from(side)).log2().ceil() as u32;
    for level in (0..levels).rev() {
        let size = |length: u32| (length >> level).max(1);
        let (width, height) = (size(width), size(height));
        let base = rgb(&painted, width, height, Filter::Bicubic);
        // The first painting is of another aspect and of much larger strokes than the ones after it.
        let radius = if level + 1 == levels { side / 12 } else { side / 24 };
        painted = match level {
            0 => layer(photo, &base, side, radius as usize, usual, &mut painter)?,
            _ => {
                let small = rgb(photo, width, height, Filter::Area);
                layer(&small, &base, side, radius as usize, usual, &mut painter)?
            }
        };
    }
    Ok(painted)
}

/// One level: overlapping squares with the slow changes of `base`.
fn layer(
    photo: &RgbImage,
    base: &RgbImage,
    side: u32,
    radius: usize,
    usual: f32,
    painter: Painter,
) -> Result<RgbImage> {
    let (width, height) = photo.dimensions();
    let (columns, rows) = (Lane::new(width, side), Lane::new(height, side));
    let mut result = RgbImage::new(width, height);
    let stride = width as usize * 3;
    let mut band = vec![0.0_f32; stride * side as usize];
    for (i, &top) in rows.starts.iter().enumerate() {
        for &left in &columns.starts {
            let part = square(photo, left, top, side);
            let strength = (1.5 * contrast(&part) / usual.max(1e-3)).clamp(0.1, 1.0);
            let painted = painter(&part)?;
            let toned = toned(&painted, &square(base, left, top, side), radius, strength);
            let across = side.min(width - left) as usize;
            for y in 0..side.min(height - top) {
                let down = rows.weight(top, y);
                let line = &toned[(y * side) as usize * 3..][..across * 3];
                let out = &mut band[y as usize * stride + left as usize * 3..][..across * 3];
                for (x, (out, value)) in
                    out.chunks_exact_mut(3).zip(line.chunks_exact(3)).enumerate()
                {
                    let weight = down * columns.weight(left, x as u32);
                    out.iter_mut().zip(value).for_each(|(out, value)| *out += weight * value);
                }
            }
        }
        // No later square reaches above the next one's top.
        let done = rows.starts.get(i + 1).map_or(height, |&next| next) - top;
        let finished = done as usize * stride;
        let rows = &mut result.as_mut()[top as usize * stride..][..finished];
        for (out, value) in rows.iter_mut().zip(&band) {
            *out = (value + 0.5).clamp(0.0, 255.0) as u8;
        }
        band.drain(..finished.min(band.len()));
        band.resize(stride * side as usize, 0.0);
    }
    Ok(result)
}

/// Standard deviation of a picture's luma.
fn contrast(photo: &RgbImage) -> f32 {
    let light = Map::of(&thumbnail(photo, 128), luma);
    let count = light.values.len().max(1) as f32;
    let mean = light.values.iter().sum::<f32>() / count;
    (light.values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt()
}

/// The painted square with the slow changes of `base`, interleaved; this much of it, the rest `base`.
fn toned(painted: &RgbImage, base: &RgbImage, radius: usize, strength: f32) -> Vec<f32> {
    let (width, height) = (painted.width() as usize, painted.height() as usize);
    let shifts: Vec<Map> = (0..3)
        .into_par_iter()
        .map(|channel| {
            let values = base.iter().zip(painted.iter()).skip(channel).step_by(3);
            let values = values.map(|(&base, &painted)| f32::from(base) - f32::from(painted));
            let map = Map { width, height, values: values.collect() };
            map.mean_twice(radius)
        })
        .collect();
    let values = painted.iter().zip(base.iter()).enumerate();
    let toned = values.map(|(i, (&value, &base))| {
        let (value, base) = (f32::from(value) + shifts[i % 3].values[i / 3], f32::from(base));
        base + (value - base) * strength
    });
    toned.collect()
}

/// Where the squares begin along one axis, and how much each counts where they overlap.
struct Lane {
    starts: Vec<u32>,
    side: u32,
    totals: Vec<f32>,
}

impl Lane {
    /// Squares that overlap by a quarter at least.
    fn new(length: u32, side: u32) -> Self {
        let beyond = length.saturating_sub(side);
        let more = beyond.div_ceil(side - side / 4);
        let starts: Vec<u32> = (0..=more)
            .map(|i| (u64::from(beyond) * u64::from(i) / u64::from(more.max(1))) as u32)
            .collect();
        let mut totals = vec![0.0; length as usize];
        for &start in &starts {
            for i in 0..side.min(length - start) {
                totals[(start + i) as usize] += bell(i, side);
            }
        }
        Self { starts, side, totals }
    }

    /// The share of the square that begins at `start` in what is `at` pixels further.
    fn weight(&self, start: u32, at: u32) -> f32 {
        bell(at, self.side) / self.totals[(start + at) as usize]
    }
}

/// Highest in the middle, hardly anything at the ends (Hann).
fn bell(at: u32, side: u32) -> f32 {
    ((at as f32 + 0.5) / side as f32 * std::f32::consts::PI).sin().powi(2) + 1e-4
}

/// A square of a photo; mirrored where the photo ends.
fn square(photo: &RgbImage, left: u32, top: u32, side: u32) -> RgbImage {
    let place = |start: u32, i: u32, length: u32| {
        let (at, turn) = (start + i, 2 * (length - 1).max(1));
        let at = at % turn;
        at.min(turn - at).min(length - 1)
    };
    RgbImage::from_fn(side, side, |x, y| {
        *photo.get_pixel(place(left, x, photo.width()), place(top, y, photo.height()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{psnr, scene};

    #[test]
    fn a_painter_that_changes_nothing_gives_the_photo() {
        for (width, height) in [(1, 1), (40, 64), (200, 64), (333, 150), (70, 600)] {
            let photo = scene(width, height);
            let mut count = 0;
            let painted = paint(&photo, 64, &mut |square| {
                count += 1;
                Ok(square.clone())
            })
            .expect("a painting");
            assert_eq!(painted.dimensions(), photo.dimensions());
            // The squeezed first painting leaves a little of its blur.
            assert!(psnr(&photo, &painted) > 30.0 || count == 1, "{}", psnr(&photo, &painted));
            if count == 1 {
                assert!(painted == photo);
            }
        }
    }

    #[test]
    fn squares_of_different_tone_leave_no_seams() {
        // Flat gray, painted lighter or darker at every call: what remains is the first painting.
        let photo = RgbImage::from_pixel(300, 200, image::Rgb([120; 3]));
        let mut calls = 0;
        let painted = paint(&photo, 64, &mut |square| {
            calls += 1;
            let by = [0, 40, 200, 90, 10][calls % 5];
            Ok(RgbImage::from_pixel(square.width(), square.height(), image::Rgb([by; 3])))
        })
        .expect("a painting");
        assert!(painted.iter().all(|v| v.abs_diff(40) <= 1), "one tone all over");
    }

    #[test]
    fn faults_and_wrong_sizes_end_it() {
        let photo = scene(100, 100);
        let fault = || Fault::new(Code::AiServiceTimeout, "late");
        let found = paint(&photo, 64, &mut |_| Err(fault())).map(drop);
        assert_eq!(found, Err(fault()));
        assert!(paint(&photo, 64, &mut |_| Ok(RgbImage::new(3, 3))).is_err());
    }
}
