//! Maps: one float per pixel of a picture made smaller, and the filters that work on them. What is
//! slow in a picture (haze, light, blur) is found on a map and read back at full size row by row.

use image::{GrayImage, RgbImage};
use rayon::prelude::*;

use crate::color::Rgb;
use crate::resize::{Filter, rgb};

/// One value per cell.
#[derive(Clone, Debug)]
pub struct Map {
    /// Cells of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The cells, row by row.
    pub values: Vec<f32>,
}

/// The photo made smaller, so that its long side is at most `side`; itself where it is smaller.
pub fn thumbnail(photo: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = photo.dimensions();
    let factor = f64::from(side) / f64::from(width.max(height).max(1));
    if factor >= 1.0 {
        return photo.clone();
    }
    let scaled = |length: u32| ((f64::from(length) * factor).round() as u32).max(1);
    rgb(photo, scaled(width), scaled(height), Filter::Area)
}

/// About `side` by `side` pixels from all over the photo as they are, for statistics in which
/// averaging would hide the extremes. Without those that are mostly transparent.
pub fn samples(photo: &RgbImage, alpha: Option<&GrayImage>, side: u32) -> Vec<[u8; 3]> {
    let step = |length: u32| length.div_ceil(side).max(1) as usize;
    let (across, down) = (step(photo.width()), step(photo.height()));
    let opaque = |x: u32, y: u32| alpha.is_none_or(|alpha| alpha.get_pixel(x, y).0[0] > 127);
    let rows = (0..photo.height()).step_by(down);
    let all = rows.flat_map(|y| (0..photo.width()).step_by(across).map(move |x| (x, y)));
    all.filter(|&(x, y)| opaque(x, y)).map(|(x, y)| photo.get_pixel(x, y).0).collect()
}

/// The fewest cells that a thread takes.
const CELLS: usize = 4096;

impl Map {
    /// What `value` makes of every pixel, channels from 0 to 1.
    pub fn of(photo: &RgbImage, value: impl Fn(Rgb) -> f32 + Sync) -> Self {
        let (width, height) = photo.dimensions();
        let pixels = photo.as_chunks::<3>().0.par_iter().with_min_len(CELLS);
        let values = pixels.map(|&pixel| value(crate::color::unit(pixel)));
        Self { width: width as usize, height: height as usize, values: values.collect() }
    }

    /// What `value` makes of the cells of two maps of one size.
    pub fn join(&self, other: &Map, value: impl Fn(f32, f32) -> f32 + Sync) -> Self {
        let pairs = self.values.par_iter().zip(&other.values).with_min_len(CELLS);
        let values = pairs.map(|(&one, &two)| value(one, two)).collect();
        Self { width: self.width, height: self.height, values }
    }

    /// A map of the same size with what `value` makes of every place (column, row).
    pub fn each(&self, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let mut values = vec![0.0; self.values.len()];
        let rows = values.par_chunks_exact_mut(self.width.max(1)).enumerate().with_min_len(8);
        rows.for_each(|(y, row)| {
            for (x, out) in row.iter_mut().enumerate() {
                *out = value(x, y);
            }
        });
        Self { width: self.width, height: self.height, values }
    }

    /// The value at a place between cells, linear; at the border its nearest cell goes on.
    pub fn between(&self, x: f32, y: f32) -> f32 {
        let (x, y) =
            (x.clamp(0.0, (self.width - 1) as f32), y.clamp(0.0, (self.height - 1) as f32));
        // By way of `i32`, since processors of the baseline have no conversion to 64 bits without a sign.
        let (left, top) = (x as i32 as usize, y as i32 as usize);
        let (across, down) = (x - left as i32 as f32, y - top as i32 as f32);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (upper, lower) = (top * self.width, bottom * self.width);
        let mix = |a: f32, b: f32, way: f32| a + (b - a) * way;
        mix(
            mix(self.values[upper + left], self.values[upper + right], across),
            mix(self.values[lower + left], self.values[lower + right], across),
            down,
        )
    }

    /// The value that the share `rank` (0 to 1) of all cells lies below.
    pub fn percentile(&self, rank: f32) -> f32 {
        percentile(&mut self.values.clone(), rank)
    }

    /// Mean over the square of `2 * radius + 1` cells; the part inside the map at its border.
    pub fn mean(&self, radius: usize) -> Self {
        self.separable(|line, out| running_mean(line, radius, out))
    }

    /// Box blur twice: the [`mean`](Self::mean) of the mean.
    pub fn mean_twice(&self, radius: usize) -> Self {
        self.separable(|line, out| {
            let mut once = vec![0.0; line.len()];
            running_mean(line, radius, &mut once);
            running_mean(&once, radius, out);
        })
    }

    /// Gaussian blur of this standard deviation in cells, cut off at three of them; beyond the
    /// border the border's own cells count on.
    pub fn gaussian(&self, sigma: f32) -> Self {
        let kernel = gaussian_kernel(sigma);
        self.separable(|line, out| convolve(line, &kernel, out))
    }

    /// The value at a cell, or at the nearest one for a place outside.
    pub fn near(&self, x: isize, y: isize) -> f32 {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.values[y * self.width + x]
    }

    /// Mean over `2 * radius + 1` cells of a row.
    pub fn mean_along(&self, radius: usize) -> Self {
        self.rows(&|line: &[f32], out: &mut [f32]| running_mean(line, radius, out))
    }

    /// Minimum over the square of `2 * radius + 1` cells (grayscale erosion).
    pub fn erode(&self, radius: usize) -> Self {
        self.separable(|line, out| {
            for (i, out) in out.iter_mut().enumerate() {
                let window = &line[i.saturating_sub(radius)..(i + radius + 1).min(line.len())];
                *out = window.iter().copied().fold(f32::INFINITY, f32::min);
            }
        })
    }

    /// Row `y` of the map stretched to `out.len()` by `height` cells, linear between its cells.
    pub fn stretched_row(&self, y: u32, height: u32, out: &mut [f32]) {
        let (upper, lower, down) = between(y as f32, height as f32, self.height);
        let upper = &self.values[upper * self.width..][..self.width];
        let lower = &self.values[lower * self.width..][..self.width];
        let width = out.len() as f32;
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right, across) = between(x as f32, width, self.width);
            let mix = |row: &[f32]| row[left] + (row[right] - row[left]) * across;
            *out = mix(upper) + (mix(lower) - mix(upper)) * down;
        }
    }

    fn separable(&self, pass: impl Fn(&[f32], &mut [f32]) + Sync) -> Self {
        self.rows(&pass).transposed().rows(&pass).transposed()
    }

    /// What `pass` makes of each row.
    pub(crate) fn rows(&self, pass: &(impl Fn(&[f32], &mut [f32]) + Sync)) -> Self {
        let mut values = vec![0.0; self.values.len()];
        let width = self.width.max(1);
        let pairs = values.par_chunks_exact_mut(width).zip(self.values.par_chunks_exact(width));
        pairs.with_min_len(16).for_each(|(out, line)| pass(line, out));
        Self { width: self.width, height: self.height, values }
    }

    /// Rows become columns.
    pub fn transposed(&self) -> Self {
        // Some columns at a time, so that a line of the cache is read once for all of them.
        const COLUMNS: usize = 16;
        let mut values = vec![0.0; self.values.len()];
        let stripes = values.par_chunks_mut((COLUMNS * self.height).max(1)).enumerate();
        stripes.for_each(|(stripe, out)| {
            for (y, row) in self.values.chunks_exact(self.width).enumerate() {
                let cells = row[stripe * COLUMNS..].iter().take(COLUMNS);
                for (x, value) in cells.enumerate() {
                    out[x * self.height + y] = *value;
                }
            }
        });
        Self { width: self.height, height: self.width, values }
    }
}

/// The value that the share `rank` (0 to 1) of `values` lies below; reorders them. 0 for none.
pub fn percentile(values: &mut [f32], rank: f32) -> f32 {
    let last = values.len().saturating_sub(1);
    let index = ((last as f32 * rank).round() as usize).min(last);
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

/// The median of `values`, of an even number the upper of the two in the middle; reorders them. 0 for
/// none.
pub fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(values.len() / 2, f32::total_cmp).1
}

/// The local linear model of a guided filter (He, Sun and Tang 2010), at a small size (the fast form
/// of He and Sun 2015): at every place the filtered value is `slope * guide + offset`.
pub struct Guided {
    /// What the guide's value is multiplied by.
    pub slope: Map,
    /// What is added to it.
    pub offset: Map,
}

impl Guided {
    /// Fits `input` on `guide` in squares of `2 * radius + 1`; edges whose variance is well above
    /// `epsilon` are kept.
    pub fn fit(guide: &Map, input: &Map, radius: usize, epsilon: f32) -> Self {
        let product = |a: f32, b: f32| a * b;
        let (mean_guide, mean_input) = (guide.mean(radius), input.mean(radius));
        let covariance = guide.join(input, product).mean(radius);
        let variance = guide.join(guide, product).mean(radius);
        let covariance = covariance.join(&mean_guide.join(&mean_input, product), |m, p| m - p);
        let variance = variance.join(&mean_guide, |m, g| (m - g * g).max(0.0));
        let slope = covariance.join(&variance, |c, v| c / (v + epsilon));
        let offset = mean_input.join(&slope.join(&mean_guide, product), |m, p| m - p);
        Self { slope: slope.mean(radius), offset: offset.mean(radius) }
    }
}

/// The two cells around place `at` of `length` when `cells` cells cover it, and the way between.
fn between(at: f32, length: f32, cells: usize) -> (usize, usize, f32) {
    let place = ((at + 0.5) * cells as f32 / length - 0.5).clamp(0.0, (cells - 1) as f32);
    let first = place as usize;
    (first, (first + 1).min(cells - 1), place - first as f32)
}

/// One half of a Gaussian, its middle first; the whole sums to 1.
fn gaussian_kernel(sigma: f32) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as usize;
    let bell = |i: usize| (-((i * i) as f32) / (2.0 * sigma * sigma)).exp();
    let sum = bell(0) + 2.0 * (1..=reach).map(bell).sum::<f32>();
    (0..=reach).map(|i| bell(i) / sum).collect()
}

/// Convolves a line with a kernel of which one half is given, weight by weight, so that the loop
/// over the line runs over contiguous cells.
fn convolve(line: &[f32], half: &[f32], out: &mut [f32]) {
    let reach = half.len() - 1;
    let mut padded = Vec::with_capacity(line.len() + 2 * reach);
    padded.extend(std::iter::repeat_n(line[0], reach));
    padded.extend_from_slice(line);
    padded.extend(std::iter::repeat_n(line[line.len() - 1], reach));
    for (out, value) in out.iter_mut().zip(line) {
        *out = half[0] * value;
    }
    for (i, weight) in half.iter().enumerate().skip(1) {
        let (before, after) = (&padded[reach - i..], &padded[reach + i..]);
        for ((out, one), two) in out.iter_mut().zip(before).zip(after) {
            *out += weight * (one + two);
        }
    }
}

fn running_mean(line: &[f32], radius: usize, out: &mut [f32]) {
    let length = line.len();
    let mut sum: f64 = line[..radius.min(length)].iter().map(|&v| f64::from(v)).sum();
    for (i, out) in out.iter_mut().enumerate() {
        if i + radius < length {
            sum += f64::from(line[i + radius]);
        }
        if i > radius {
            sum -= f64::from(line[i - radius - 1]);
        }
        let count = (i + radius + 1).min(length) - i.saturating_sub(radius);
        *out = (sum / count as f64) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(width: usize, height: usize) -> Map {
        let values = (0..width * height).map(|i| (i % width) as f32 + (i / width) as f32 * 10.0);
        Map { width, height, values: values.collect() }
    }

    #[test]
    fn filters_agree_with_their_definition() {
        let map = slope(7, 5);
        let (mean, low) = (map.mean(1), map.erode(2));
        let (x, y) = (3, 2);
        assert!((mean.values[y * 7 + x] - map.values[y * 7 + x]).abs() < 1e-5);
        assert!((mean.values[0] - (0.0 + 1.0 + 10.0 + 11.0) / 4.0).abs() < 1e-5);
        assert_eq!(low.values[y * 7 + x], map.values[1]);
        assert!(map.mean(50).values.iter().all(|v| (v - 23.0).abs() < 1e-4));
        assert_eq!((map.percentile(0.0), map.percentile(1.0)), (0.0, 46.0));
    }

    #[test]
    fn of_two_in_the_middle_the_median_is_the_upper() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 3.0);
        assert_eq!(median(&mut []), 0.0);
    }

    #[test]
    fn blur_keeps_slopes_and_spreads_a_point() {
        let map = slope(40, 30).gaussian(2.0);
        assert!((map.near(20, 15) - 170.0).abs() < 1e-3);
        let mut point = Map { width: 31, height: 31, values: vec![0.0; 961] };
        point.values[15 * 31 + 15] = 1.0;
        let spread = point.gaussian(2.0);
        let density = |r: f32| (-r * r / 8.0).exp() / (8.0 * std::f32::consts::PI);
        assert!((spread.near(15, 15) - density(0.0)).abs() < 1e-3);
        assert!((spread.near(18, 15) - density(3.0)).abs() < 1e-3);
        assert!((spread.values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn stretching_is_linear_and_keeps_the_ends() {
        let map = slope(4, 3);
        let mut row = [0.0; 8];
        map.stretched_row(0, 6, &mut row);
        assert_eq!(row, [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]);
        map.stretched_row(2, 6, &mut row);
        assert_eq!(row[0], 7.5);
        let one = Map { width: 1, height: 1, values: vec![5.0] };
        one.stretched_row(3, 9, &mut row);
        assert_eq!(row, [5.0; 8]);
    }

    #[test]
    fn guided_filter_keeps_the_edges_of_its_guide() {
        let edge = |low: f32, high: f32| Map {
            width: 40,
            height: 10,
            values: (0..400).map(|i| if i % 40 < 20 { low } else { high }).collect(),
        };
        let (guide, input) = (edge(0.1, 0.9), edge(0.3, 0.5));
        let noisy = Map {
            values: (0..400).map(|i| input.values[i] + [0.05, -0.05][(i + i / 40) % 2]).collect(),
            ..input
        };
        let model = Guided::fit(&guide, &noisy, 4, 1e-3);
        for (x, wanted) in [(5, 0.3), (19, 0.3), (20, 0.5), (33, 0.5)] {
            let at = 5 * 40 + x;
            let value = model.slope.values[at] * guide.values[at] + model.offset.values[at];
            assert!((value - wanted).abs() < 0.02, "{value} at {x}");
        }
    }
}
