//! Sharpening by deconvolution.
//!
//! The blur is taken for a Gaussian whose width the photo's own edges tell: blurring once more changes
//! a sharp edge much and a soft one little (Zhuo and Sim 2011). It is undone on luma by Van Cittert's
//! iteration under Jansson's constraint (1970): no pixel leaves the range of its neighbourhood by more
//! than a little, so edges get steeper without rings. Where the photo varies no more than its noise,
//! nothing is sharpened.

use image::RgbImage;
use rayon::prelude::*;

use crate::color::dithered;
use crate::map::percentile;

/// Peak bytes for each pixel, the picture itself excluded.
pub const BYTES_PER_PIXEL: u64 = 2;

/// Peak bytes beside those: the tiles that threads work on.
pub const BASE_BYTES: u64 = 32 * 1024 * 1024;

/// Size of a tile, and what is read around it.
const COLUMNS: usize = 256;
const ROWS: usize = 96;
const HALO: usize = 16;

/// More of them bring out noise, and make blurred textures look painted.
const ITERATIONS: usize = 3;

/// How far a pixel may leave its neighbourhood's range, in shares of that range.
const OVERSHOOT: f32 = 0.1;

/// Sharpens a photo in place.
pub fn sharpen(photo: &mut RgbImage) {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    if photo.is_empty() {
        return;
    }
    let luma = Luma::of(photo);
    let noise = luma.noise();
    let lens = Lens::of(luma.blur(noise));
    let strips = photo.par_chunks_mut(ROWS * width * 3).enumerate();
    strips.for_each_init(Scratch::default, |scratch, (strip, rows)| {
        let top = strip * ROWS;
        let count = ROWS.min(height - top);
        for left in (0..width).step_by(COLUMNS) {
            let across = COLUMNS.min(width - left);
            luma.read(scratch, left, top, across, count);
            scratch.deconvolve(&lens, noise);
            for y in 0..count {
                let row = &mut rows[(y * width + left) * 3..][..across * 3];
                let (before, after) = scratch.row(y, across);
                let changes = after.iter().zip(before).map(|(after, before)| after - before);
                for (x, (pixel, change)) in
                    row.as_chunks_mut::<3>().0.iter_mut().zip(changes).enumerate()
                {
                    shift(pixel, change * 255.0, (left + x) as u32, (top + y) as u32);
                }
            }
        }
    });
}

/// Standard deviation of the noise on a photo's luma, 0 to 1, as seen in its calmest quarter; 0 for a
/// photo without pixels.
pub fn noise(photo: &RgbImage) -> f32 {
    if photo.is_empty() { 0.0 } else { Luma::of(photo).noise() }
}

/// Makes a pixel brighter or darker by the same step in every channel, so that its hue stays; as far
/// as no channel reaches an end of the range.
fn shift(pixel: &mut [u8; 3], change: f32, x: u32, y: u32) {
    let low = f32::from(pixel.iter().copied().min().unwrap_or(0));
    let high = f32::from(pixel.iter().copied().max().unwrap_or(255));
    let change = change.clamp((1.0 - low).min(0.0), (254.0 - high).max(0.0));
    *pixel = pixel.map(|value| dithered(f32::from(value) + change, x, y));
}

/// The blur to undo.
struct Lens {
    kernel: Vec<f32>,
    /// How far around a pixel lie those whose range it keeps to.
    reach: usize,
}

impl Lens {
    fn of(deviation: f32) -> Self {
        Self { kernel: gaussian(deviation), reach: (deviation * 1.5).round().max(1.0) as usize }
    }
}

/// Luma of a photo in 16 bits.
struct Luma {
    width: usize,
    height: usize,
    values: Vec<u16>,
}

impl Luma {
    fn of(photo: &RgbImage) -> Self {
        let width = photo.width() as usize;
        let mut values = vec![0u16; photo.len() / 3];
        let rows = values.par_chunks_mut(width).zip(photo.par_chunks(width * 3));
        rows.with_min_len(16).for_each(|(luma, row)| {
            for (luma, &[r, g, b]) in luma.iter_mut().zip(row.as_chunks::<3>().0) {
                // Rec. 709 weights in 1/65536, for 0 to 65,280.
                let sum = 13_933 * u32::from(r) + 46_871 * u32::from(g) + 4_732 * u32::from(b);
                *luma = (sum >> 8) as u16;
            }
        });
        Self { width, height: photo.height() as usize, values }
    }

    /// 0 to 1; outside the photo, its nearest pixel.
    fn at(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        f32::from(self.values[y * self.width + x]) / 65_280.0
    }

    /// Fills the scratch with a tile and its halo.
    fn read(&self, scratch: &mut Scratch, left: usize, top: usize, columns: usize, rows: usize) {
        scratch.width = columns + 2 * HALO;
        scratch.height = rows + 2 * HALO;
        scratch.seen.clear();
        for y in 0..scratch.height {
            let y = (top + y) as isize - HALO as isize;
            let row = (0..scratch.width).map(|x| self.at((left + x) as isize - HALO as isize, y));
            scratch.seen.extend(row);
        }
    }

    /// Places all over the photo, about `count` in all, at least `margin` inside it.
    fn places(&self, count: usize, margin: usize) -> impl Iterator<Item = (isize, isize)> {
        let step = ((self.width * self.height / count) as f64).sqrt().ceil().max(1.0) as usize;
        let ys = (margin..self.height.saturating_sub(margin)).step_by(step);
        let (width, start) = (self.width.saturating_sub(margin), margin);
        ys.flat_map(move |y| (start..width).step_by(step).map(move |x| (x as isize, y as isize)))
    }

    /// Standard deviation of the noise, 0 to 1: Immerkær's difference of Laplacians (1996), by the
    /// quarter of the photo where it is smallest, which texture does not reach.
    fn noise(&self) -> f32 {
        let mut found: Vec<f32> = self
            .places(6_000, 3)
            .map(|(x, y)| {
                let mut sum = 0.0;
                for j in -2..=2 {
                    for i in -2..=2 {
                        let at = |dx, dy| self.at(x + i + dx, y + j + dy);
                        let response = 4.0 * at(0, 0)
                            - 2.0 * (at(1, 0) + at(-1, 0) + at(0, 1) + at(0, -1))
                            + at(1, 1)
                            + at(-1, -1)
                            + at(1, -1)
                            + at(-1, 1);
                        sum += response.abs();
                    }
                }
                // A normal variable's mean absolute value is 0.798 of its deviation, the mask's norm 6.
                sum / 25.0 / 6.0 / 0.798
            })
            .collect();
        percentile(&mut found, 0.25)
    }

    /// Standard deviation of the blur in pixels, by the photo's strongest edges.
    fn blur(&self, noise: f32) -> f32 {
        /// Variance that the pixel grid and the difference over two pixels add to an edge.
        const SAMPLING: f32 = 0.6;
        let weights = gaussian(1.0);
        let reach = (weights.len() / 2) as isize;
        let slope = |at: &dyn Fn(isize) -> f32| (at(1) - at(-1)).abs();
        let mut edges: Vec<(f32, f32)> = Vec::new();
        for (x, y) in self.places(60_000, 6) {
            for (dx, dy) in [(1, 0), (0, 1)] {
                let at = |i: isize| self.at(x + i * dx, y + i * dy);
                let steep = slope(&at);
                if steep < (6.0 * noise).max(0.05) {
                    continue;
                }
                let soft = |i: isize| {
                    let taps = weights.iter().zip(-reach..);
                    taps.map(|(weight, tap)| weight * at(i + tap)).sum::<f32>()
                };
                edges.push((steep, steep / slope(&soft).max(1e-4)));
            }
        }
        // Only the middles of edges tell their width, and those are the steepest.
        let mut steepness: Vec<f32> = edges.iter().map(|(steep, _)| *steep).collect();
        let enough = percentile(&mut steepness, 0.8);
        let middles = edges.into_iter().filter(|(steep, _)| *steep >= enough);
        let mut ratios: Vec<f32> = middles.map(|(_, ratio)| ratio).collect();
        if ratios.len() < 20 {
            return 0.7;
        }
        let ratio = percentile(&mut ratios, 0.5).max(1.01);
        (1.0 / (ratio * ratio - 1.0) - SAMPLING).max(0.0).sqrt().clamp(0.5, 2.0)
    }
}

/// A Gaussian's weights, of sum 1, out to two and a half deviations.
fn gaussian(deviation: f32) -> Vec<f32> {
    let reach = (deviation * 2.5).ceil() as i32;
    let weight = |i: i32| (-0.5 * (i as f32 / deviation).powi(2)).exp();
    let sum: f32 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).map(|i| weight(i) / sum).collect()
}

/// A tile with its halo, as seen and as restored, and room to blur it.
#[derive(Default)]
struct Scratch {
    width: usize,
    height: usize,
    seen: Vec<f32>,
    restored: Vec<f32>,
    blurred: Vec<f32>,
    half: Vec<f32>,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Scratch {
    /// Row `y` of the tile without its halo, as seen and as restored.
    fn row(&self, y: usize, columns: usize) -> (&[f32], &[f32]) {
        let start = (y + HALO) * self.width + HALO;
        (&self.seen[start..start + columns], &self.restored[start..start + columns])
    }

    fn deconvolve(&mut self, lens: &Lens, noise: f32) {
        self.bounds(lens.reach);
        self.restored.clone_from(&self.seen);
        for _ in 0..ITERATIONS {
            blur(&self.restored, self.width, &lens.kernel, &mut self.half, &mut self.blurred);
            let bounds = self.low.iter().zip(&self.high);
            let now = self.seen.iter().zip(&self.blurred);
            for ((value, (seen, blurred)), (low, high)) in
                self.restored.iter_mut().zip(now).zip(bounds)
            {
                *value = (*value + seen - blurred).clamp(*low, *high);
            }
        }
        self.spare_noise(noise);
    }

    /// The range of the square of pixels around each one, widened.
    fn bounds(&mut self, reach: usize) {
        let width = self.width;
        extreme(&self.seen, width, reach, f32::min, &mut self.half, &mut self.low);
        extreme(&self.seen, width, reach, f32::max, &mut self.half, &mut self.high);
        for (low, high) in self.low.iter_mut().zip(&mut self.high) {
            let room = OVERSHOOT * (*high - *low);
            (*low, *high) = ((*low - room).max(0.0), (*high + room).min(1.0));
        }
    }

    /// Goes back to what was seen, the more the less a neighbourhood varies beyond noise (Wiener's
    /// factor on its variance).
    fn spare_noise(&mut self, noise: f32) {
        let box3 = [1.0 / 5.0; 5];
        let floor = 4.0 * noise * noise + 2e-6;
        blur(&self.seen, self.width, &box3, &mut self.half, &mut self.blurred);
        let squares: Vec<f32> = self
            .seen
            .iter()
            .zip(&self.blurred)
            .map(|(seen, mean)| (seen - mean) * (seen - mean))
            .collect();
        blur(&squares, self.width, &box3, &mut self.half, &mut self.blurred);
        for ((value, seen), variance) in self.restored.iter_mut().zip(&self.seen).zip(&self.blurred)
        {
            let share = (variance - floor).max(0.0) / (variance + floor);
            *value = seen + (*value - seen) * share;
        }
    }
}

/// Convolves with a symmetric kernel across and down. Cells nearer to the border than its reach keep
/// what they were: they lie in the halo.
fn blur(source: &[f32], width: usize, kernel: &[f32], half: &mut Vec<f32>, target: &mut Vec<f32>) {
    pass(source, kernel, 1, half);
    pass(half, kernel, width, target);
}

fn pass(source: &[f32], kernel: &[f32], step: usize, target: &mut Vec<f32>) {
    let reach = kernel.len() / 2;
    target.clear();
    target.extend_from_slice(source);
    let inside = reach * step..source.len().saturating_sub(reach * step);
    if inside.is_empty() {
        return;
    }
    let length = inside.len();
    let target = &mut target[inside];
    target.fill(0.0);
    for (i, weight) in kernel.iter().enumerate() {
        let shifted = &source[i * step..i * step + length];
        target.iter_mut().zip(shifted).for_each(|(sum, value)| *sum += weight * value);
    }
}

/// Smallest or largest of the square of `2 * reach + 1` cells. Near the border cells keep what they
/// were: they lie in the halo.
fn extreme(
    source: &[f32],
    width: usize,
    reach: usize,
    pick: impl Fn(f32, f32) -> f32 + Copy,
    half: &mut Vec<f32>,
    target: &mut Vec<f32>,
) {
    let along = |source: &[f32], step: usize, target: &mut Vec<f32>| {
        target.clear();
        target.extend_from_slice(source);
        let margin = reach * step;
        let length = source.len().saturating_sub(2 * margin);
        for shift in (0..=2 * reach).map(|i| i * step).filter(|&shift| shift != margin) {
            let near = source.iter().skip(shift);
            target.iter_mut().skip(margin).take(length).zip(near).for_each(|(found, &value)| {
                *found = pick(*found, value);
            });
        }
    };
    along(source, 1, half);
    along(half, width, target);
}

#[cfg(test)]
mod tests {
    use image::{Rgb, imageops};

    use super::*;
    use crate::testing::{newly_clipped, psnr, scene};

    fn sharpened(photo: &RgbImage) -> RgbImage {
        let mut photo = photo.clone();
        sharpen(&mut photo);
        photo
    }

    fn energy(photo: &RgbImage) -> f64 {
        let pairs = photo.enumerate_pixels().filter(|(x, ..)| *x > 0);
        let all = pairs
            .map(|(x, y, p)| f64::from(p.0[1].abs_diff(photo.get_pixel(x - 1, y).0[1])).powi(2));
        all.sum()
    }

    #[test]
    fn blurred_photos_get_closer_to_the_sharp_one() {
        let photo = scene(400, 300);
        for deviation in [0.8, 1.3] {
            let soft = imageops::blur(&photo, deviation);
            let (before, after) = (psnr(&photo, &soft), psnr(&photo, &sharpened(&soft)));
            assert!(after > before + 0.7, "{before:.2} dB to {after:.2} dB at {deviation}");
        }
    }

    #[test]
    fn the_width_of_the_blur_is_found() {
        let photo = RgbImage::from_fn(300, 200, |x, y| {
            Rgb([if (x / 25 + y / 25) % 2 == 0 { 50 } else { 200 }; 3])
        });
        let found: Vec<f32> =
            [0.7, 1.0, 1.5].map(|d| Luma::of(&imageops::blur(&photo, d)).blur(0.0)).to_vec();
        for (found, wanted) in found.iter().zip([0.7, 1.0, 1.5]) {
            assert!((found - wanted).abs() < 0.15, "{found} for {wanted}");
        }
    }

    #[test]
    fn noise_is_measured_and_not_amplified() {
        let mut state = 7u32;
        let mut normal = || {
            let sum: f32 = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / 16_777_216.0
                })
                .sum();
            sum - 6.0
        };
        let noisy = RgbImage::from_fn(300, 200, |x, _| {
            let value = if x < 150 { 90.0 } else { 170.0 };
            Rgb([(value + 8.0 * normal()).round() as u8; 3])
        });
        let noise = Luma::of(&noisy).noise() * 255.0;
        assert!((6.0..9.0).contains(&noise), "{noise}");
        let flat =
            |photo: &RgbImage| energy(&imageops::crop_imm(photo, 10, 10, 120, 180).to_image());
        assert!(flat(&sharpened(&noisy)) < flat(&noisy) * 1.15);
    }

    #[test]
    fn edges_do_not_ring() {
        let edge = RgbImage::from_fn(120, 40, |x, _| Rgb([if x < 60 { 70 } else { 180 }; 3]));
        let after = sharpened(&imageops::blur(&edge, 1.2));
        assert!(after.iter().all(|&value| (62..=188).contains(&value)));
        let plain = RgbImage::from_fn(300, 300, |x, y| Rgb([(x / 4 + y / 8) as u8; 3]));
        assert!(psnr(&plain, &sharpened(&plain)) > 50.0, "slow gradients stay");
    }

    #[test]
    fn tiles_do_not_show() {
        let soft = imageops::blur(&scene(600, 250), 1.0);
        let whole = sharpened(&soft);
        let moved = imageops::crop_imm(&soft, 100, 40, 500, 210).to_image();
        let luma = Luma::of(&soft);
        let (noise, lens) = (luma.noise(), Lens::of(luma.blur(luma.noise())));
        let part = Luma::of(&moved);
        let mut scratch = Scratch::default();
        part.read(&mut scratch, 0, 0, 200, 90);
        scratch.deconvolve(&lens, noise);
        for y in 30..90 {
            let (before, after) = scratch.row(y, 200);
            for x in 30..200 {
                let change = (after[x] - before[x]) * 255.0;
                let (old, new) = (
                    soft.get_pixel(x as u32 + 100, y as u32 + 40),
                    whole.get_pixel(x as u32 + 100, y as u32 + 40),
                );
                let found = f32::from(new.0[1]) - f32::from(old.0[1]);
                let held = new.0.iter().any(|v| *v <= 1 || *v >= 254);
                assert!(held || (found - change).abs() < 1.6, "{found} and {change} at {x}, {y}");
            }
        }
    }

    #[test]
    fn nothing_clips_grays_stay_gray_and_any_size_passes() {
        let soft = imageops::blur(&scene(300, 200), 0.8);
        assert!(newly_clipped(&soft, &sharpened(&soft)) < 0.005);
        let gray = RgbImage::from_fn(90, 90, |x, y| Rgb([((x * y) % 256) as u8; 3]));
        assert!(sharpened(&gray).pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]));
        for (width, height) in [(0, 0), (1, 1), (10, 10), (2, 300), (700, 3)] {
            let photo =
                RgbImage::from_fn(width, height, |x, y| Rgb([(x * 31 + y * 17) as u8, 9, 200]));
            assert_eq!(sharpened(&photo).dimensions(), (width, height));
        }
    }
}
