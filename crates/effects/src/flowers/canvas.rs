//! Watercolour on paper: translucent shapes whose pigment gathers at the rim and granulates (Bousseau,
//! Kaplan, Thollot and Sillion 2006).

use image::{Rgb, RgbImage};
use rayon::prelude::*;
use safelight_imaging::map::Map;

use super::random::{Noise, Random};

/// A point in pixels.
pub type Point = [f32; 2];

/// Paper with paint on it, sRGB from 0 to 1.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pixels: Vec<[f32; 3]>,
    /// The paper as it was.
    paper: Vec<[f32; 3]>,
    /// Share of what lies below that thick paint covers.
    body: f32,
}

/// What a shape is painted with.
#[derive(Clone, Copy)]
pub struct Wash {
    /// Colour on white paper.
    pub color: [f32; 3],
    /// Colour that it runs into towards its end.
    pub end: [f32; 3],
    /// Where it begins and where it ends.
    pub way: [Point; 2],
    /// Share of the pigment that stays where the paint is thin, 0 to 1.
    pub strength: f32,
}

/// Subdivisions of a pixel's height when shapes are filled.
const SUBROWS: usize = 4;

impl Canvas {
    /// Paper whose colour `color` gives for each place, both from 0 to 1. On dark paper paint covers.
    pub fn new(
        width: usize,
        height: usize,
        dark: bool,
        color: impl Fn(f32, f32) -> [f32; 3] + Sync,
    ) -> Self {
        let pixel = |at: usize| {
            let (x, y) = (at % width, at / width);
            color(x as f32 / width as f32, y as f32 / height as f32)
        };
        let paper: Vec<_> = (0..width * height).into_par_iter().map(pixel).collect();
        Self { width, height, pixels: paper.clone(), paper, body: if dark { 0.92 } else { 0.6 } }
    }

    /// Takes most of the paint away where a closed shape will be painted, as if it had been left out.
    pub fn lift(&mut self, shape: &[Point]) {
        let [left, top, width, height] = self.box_of(shape);
        let cover = cover(shape, [left, top], width, height);
        for row in 0..height {
            for column in 0..width {
                let at = (top + row) * self.width + left + column;
                let share = 0.85 * cover.values[row * width + column];
                let (pixel, paper) = (&mut self.pixels[at], self.paper[at]);
                *pixel = std::array::from_fn(|c| pixel[c] + (paper[c] - pixel[c]) * share);
            }
        }
    }

    /// Left, top, width and height of the part of the canvas around a shape.
    fn box_of(&self, shape: &[Point]) -> [usize; 4] {
        let bounds = |axis: usize, length: usize| {
            let (low, high) = shape.iter().fold((f32::MAX, f32::MIN), |(low, high), point| {
                (low.min(point[axis]), high.max(point[axis]))
            });
            let from = (low.floor() - 2.0).clamp(0.0, length as f32) as usize;
            let to = (high.ceil() + 2.0).clamp(from as f32, length as f32) as usize;
            (from, to - from)
        };
        let ((left, width), (top, height)) = (bounds(0, self.width), bounds(1, self.height));
        [left, top, width, height]
    }

    /// Paints a closed shape.
    pub fn paint(&mut self, shape: &[Point], wash: &Wash, random: &mut Random) {
        let noise = Noise::new(random);
        let [left, top, width, height] = self.box_of(shape);
        if width == 0 || height == 0 {
            return;
        }
        let cover = cover(shape, [left, top], width, height);
        let size = width.max(height) as f32;
        let inner = cover.gaussian((size * 0.035).clamp(0.8, 6.0));
        let (body, [start, end]) = (self.body, wash.way);
        let (dx, dy) = (end[0] - start[0], end[1] - start[1]);
        let length = (dx * dx + dy * dy).max(1e-3);
        for row in 0..height {
            for column in 0..width {
                let at = row * width + column;
                let covered = cover.values[at];
                if covered <= 0.0 {
                    continue;
                }
                let (x, y) = ((left + column) as f32, (top + row) as f32);
                let along = (((x - start[0]) * dx + (y - start[1]) * dy) / length).clamp(0.0, 1.0);
                let cloud = noise.at(x / size * 3.0, y / size * 3.0);
                let along = (along + 0.35 * cloud).clamp(0.0, 1.0);
                let color: [f32; 3] =
                    std::array::from_fn(|c| wash.color[c] + (wash.end[c] - wash.color[c]) * along);
                let rim = (1.0 - inner.values[at]).clamp(0.0, 1.0);
                let grain = 0.08 * noise.at(x * 0.9, y * 0.9);
                let pigment = wash.strength * (0.82 + 0.3 * cloud + grain) + 0.65 * rim * rim;
                let pigment = covered * pigment.clamp(0.0, 1.0);
                let pixel = &mut self.pixels[(top + row) * self.width + left + column];
                *pixel = std::array::from_fn(|c| {
                    let glazed = pixel[c] * color[c];
                    let mixed = glazed + (color[c] - glazed) * body;
                    pixel[c] + (mixed - pixel[c]) * pigment
                });
            }
        }
    }

    /// The picture, with the grain of paper.
    pub fn finish(self, random: &mut Random) -> RgbImage {
        let noise = Noise::new(random);
        let mut picture = RgbImage::new(self.width as u32, self.height as u32);
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let (fx, fy) = (x as f32, y as f32);
            let paper =
                0.012 * noise.at(fx * 0.35, fy * 0.35) + 0.012 * noise.at(fx * 0.08, fy * 0.08);
            let color = self.pixels[y as usize * self.width + x as usize];
            *pixel =
                Rgb(color.map(|value| ((value + paper) * 255.0).round().clamp(0.0, 255.0) as u8));
        }
        picture
    }
}

/// How much of each pixel of a box lies in a shape (even-odd).
fn cover(shape: &[Point], [left, top]: [usize; 2], width: usize, height: usize) -> Map {
    let mut values = vec![0.0; width * height];
    let mut crossings = Vec::new();
    for row in 0..height * SUBROWS {
        let y = top as f32 + (row as f32 + 0.5) / SUBROWS as f32;
        crossings.clear();
        for (i, a) in shape.iter().enumerate() {
            let b = shape[(i + 1) % shape.len()];
            if (a[1] <= y) != (b[1] <= y) {
                crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) - left as f32);
            }
        }
        crossings.sort_unstable_by(f32::total_cmp);
        let line = &mut values[row / SUBROWS * width..][..width];
        for span in crossings.as_chunks::<2>().0 {
            let [from, to] = span.map(|at| at.clamp(0.0, width as f32));
            for (x, value) in
                line.iter_mut().enumerate().take(to.ceil() as usize).skip(from as usize)
            {
                let inside = (to.min(x as f32 + 1.0) - from.max(x as f32)).max(0.0);
                *value += inside / SUBROWS as f32;
            }
        }
    }
    Map { width, height, values }
}
