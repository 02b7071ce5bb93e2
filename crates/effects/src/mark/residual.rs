//! What is left of a picture without its contents, how it folds into one tile, and at which scale.

use image::{GenericImageView, RgbImage};
use safelight_imaging::color::luma;
use safelight_imaging::map::Map;

use super::fft::{Complex, Square};
use super::tile::BLUR;

/// The middle of larger pictures is what is read.
pub const LARGEST_SIDE: u32 = 2048;
/// Side of the window whose autocorrelation tells the scale, and of its transform.
const WINDOW: usize = 768;
const TRANSFORM: usize = 1024;
/// Scales that are looked for.
const SCALES: std::ops::RangeInclusive<f32> = 0.3..=2.1;
/// How many scales are tried, at least this share apart.
const CANDIDATES: usize = 10;
const APART: f32 = 0.012;

/// Fine detail of a picture, of about the same strength everywhere.
pub struct Residual(Map);

impl Residual {
    pub fn of(photo: &RgbImage) -> Self {
        let (width, height) = photo.dimensions();
        let (w, h) = (width.min(LARGEST_SIDE), height.min(LARGEST_SIDE));
        let (left, top) = ((width - w) / 2, (height - h) / 2);
        let part = photo.view(left, top, w, h);
        let values = part.pixels().map(|(_, _, pixel)| luma(pixel.0.map(f32::from))).collect();
        let light = Map { width: w as usize, height: h as usize, values };
        let detail = light.join(&light.gaussian(BLUR), |light, blurred| light - blurred);
        drop(light);
        let energy = detail.join(&detail, |a, b| a * b).gaussian(4.0);
        Self(detail.join(&energy, |detail, energy| {
            (detail / (energy.max(0.0).sqrt() + 0.3)).clamp(-3.0, 3.0)
        }))
    }

    /// The middle of it, no larger than `side`.
    pub fn middle(&self, side: usize) -> Self {
        let (width, height) = (self.0.width.min(side), self.0.height.min(side));
        let (left, top) = ((self.0.width - width) / 2, (self.0.height - height) / 2);
        let empty = Map { width, height, values: vec![0.0; width * height] };
        Self(empty.each(|x, y| self.0.values[(y + top) * self.0.width + x + left]))
    }

    /// The mean of all tiles of `side` cells of `scale` pixels each, as one tile: the residual at the
    /// cells' places, linear between pixels.
    pub fn fold(&self, side: usize, scale: f32) -> Vec<f32> {
        let columns = places(self.0.width, scale);
        let mut sums = vec![0.0; side * side];
        let mut counts = vec![0.0_f32; side * side];
        for (row, (upper, down)) in places(self.0.height, scale).into_iter().enumerate() {
            let lines = &self.0.values[upper * self.0.width..];
            let lower = &lines[if down > 0.0 { self.0.width } else { 0 }..];
            let start = row % side * side;
            for columns in columns.chunks(side) {
                let sums = sums[start..][..side].iter_mut().zip(&mut counts[start..][..side]);
                for ((sum, count), &(left, across)) in sums.zip(columns) {
                    let right = left + usize::from(across > 0.0);
                    let above = lines[left] + (lines[right] - lines[left]) * across;
                    let below = lower[left] + (lower[right] - lower[left]) * across;
                    *sum += above + (below - above) * down;
                    *count += 1.0;
                }
            }
        }
        sums.iter().zip(&counts).map(|(sum, count)| sum / count.max(1.0)).collect()
    }

    /// The likeliest scales of a tile of `side` cells, the likeliest first: those at which the
    /// picture's detail repeats (autocorrelation, as Kutter 1998).
    pub fn scales(&self, side: usize) -> Vec<f32> {
        let part = self.middle(WINDOW);
        let (width, height) = (part.0.width, part.0.height);
        let mut plane = vec![0.0; TRANSFORM * TRANSFORM];
        for (y, row) in part.0.values.chunks_exact(width).enumerate() {
            plane[y * TRANSFORM..][..width].copy_from_slice(row);
        }
        let square = Square::new(TRANSFORM);
        let mut spectrum = square.spectrum(&plane);
        for value in &mut spectrum {
            *value = Complex { re: value.square(), im: 0.0 };
        }
        let repeats = Repeats { plane: square.plane(spectrum), width, height };
        let mut scored: Vec<(f32, f32)> = Vec::new();
        let mut scale = *SCALES.start();
        while scale <= *SCALES.end() {
            scored.push((scale, repeats.score(scale * side as f32)));
            scale += 0.2 / side as f32;
        }
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut found: Vec<f32> = Vec::new();
        for (scale, _) in scored {
            if found.iter().all(|other| (other / scale - 1.0).abs() > APART) {
                found.push(scale);
            }
            if found.len() == CANDIDATES {
                break;
            }
        }
        found
    }
}

/// For each cell along a line of pixels: the pixel before it, and the way to the next.
fn places(length: usize, scale: f32) -> Vec<(usize, f32)> {
    let cells = ((length as f32 - 1.0) / scale).floor() as usize + 1;
    let place = |cell: usize| {
        let at = (cell as f32 * scale).min(length as f32 - 1.0);
        (at as usize, at.fract())
    };
    (0..cells).map(place).collect()
}

/// How alike a picture's detail is to itself, moved.
struct Repeats {
    plane: Vec<f32>,
    width: usize,
    height: usize,
}

impl Repeats {
    /// How strongly detail repeats at this period along both axes and their diagonals, in standard
    /// deviations of chance.
    fn score(&self, period: f32) -> f32 {
        const STEPS: [[f32; 2]; 6] =
            [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0], [2.0, 0.0], [0.0, 2.0]];
        let (mut sum, mut count) = (0.0, 0.0_f32);
        for step in STEPS {
            let [x, y] = step.map(|step| step * period);
            let overlap = (self.width as f32 - x.abs()) * (self.height as f32 - y.abs());
            let inside = x.abs() < self.width as f32 * 0.85 && y.abs() < self.height as f32 * 0.85;
            // Beyond half of the transform the other side's detail wraps around.
            if inside && x.max(y) + 1.0 < TRANSFORM as f32 / 2.0 {
                sum += self.at(x, y) / overlap.max(1.0).sqrt();
                count += 1.0;
            }
        }
        sum / count.max(1.0).sqrt()
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (x - left, y - top);
        let value = |x: f32, y: f32| {
            let wrapped = |at: f32| (at as isize).rem_euclid(TRANSFORM as isize) as usize;
            self.plane[wrapped(y) * TRANSFORM + wrapped(x)]
        };
        let upper = value(left, top) * (1.0 - across) + value(left + 1.0, top) * across;
        let lower = value(left, top + 1.0) * (1.0 - across) + value(left + 1.0, top + 1.0) * across;
        upper * (1.0 - down) + lower * down
    }
}
