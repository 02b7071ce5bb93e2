//! Lines: where a draughtsman would put ink. Flow-based difference of Gaussians (Kang, Lee and Chui
//! 2007; Winnemöller, Kyprianidis and Olsen 2012): edges are looked for across the direction of the
//! picture's structure and collected along it, so that lines are long, smooth and of one width.

use image::{GrayImage, Luma, RgbImage};
use rayon::prelude::*;

use crate::color::luma;
use crate::components::components;
use crate::map::Map;

/// How lines are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// About half the width of a line in pixels.
    pub width: f32,
    /// Least contrast that becomes a line, 0 to 1.
    pub threshold: f32,
    /// How suddenly a line begins, large for black and white.
    pub hardness: f32,
    /// How many times its width a line is followed each way.
    pub reach: f32,
}

/// How much the wider Gaussian counts: under 1, so that flat areas stay white.
const BALANCE: f32 = 0.99;
/// How much wider it is.
const WIDER: f32 = 1.6;

impl Pen {
    /// The drawing: 1 is paper, 0 ink.
    pub fn draw(&self, photo: &RgbImage) -> Map {
        let mut edges = self.edges(photo);
        edges.values.iter_mut().for_each(|value| *value = self.ink(*value));
        edges
    }

    /// How much a pixel is the dark side of an edge: the more, the further below 0. What lies above
    /// `-threshold`, and so is paper, need not be exact.
    pub fn edges(&self, photo: &RgbImage) -> Map {
        let gray = Map::of(photo, luma);
        let flow = Flow::of(photo, (self.width * 2.0).round().max(1.0) as usize);
        let across = self.across(&gray, &flow);
        drop(gray);
        self.along(&across, &flow)
    }

    /// What the pen leaves where the edge is so strong: 1 is paper, 0 ink.
    pub fn ink(&self, edge: f32) -> f32 {
        let response = edge + self.threshold;
        if response >= 0.0 { 1.0 } else { (1.0 + (self.hardness * response).tanh()).max(0.0) }
    }

    /// Makes paper of the lines of [`edges`](Self::edges) that have fewer than `smallest` cells.
    pub fn clear_specks(&self, edges: &mut Map, smallest: usize) {
        let (width, height) = (edges.width as u32, edges.height as u32);
        let ink = GrayImage::from_fn(width, height, |x, y| {
            Luma([u8::from(edges.values[(y * width + x) as usize] < -self.threshold)])
        });
        let lines = components(&ink, |value| value > 0).into_iter();
        for speck in lines.filter(|line| line.cells.len() < smallest) {
            speck.cells.iter().for_each(|&at| edges.values[at as usize] = 0.0);
        }
    }

    /// The difference of Gaussians across the flow: below 0 on the dark side of an edge.
    fn across(&self, gray: &Map, flow: &Flow) -> Map {
        let reach = (self.width * WIDER * 2.5).ceil().max(1.0) as i32;
        let taps: Vec<(f32, f32)> = normalised(reach, self.width)
            .into_iter()
            .zip(normalised(reach, self.width * WIDER))
            .zip(-reach..)
            .map(|((narrow, wide), i)| (i as f32, narrow - BALANCE * wide))
            .collect();
        gray.each(|x, y| {
            let [across, down] = flow.at(x, y);
            let (x, y) = (x as f32, y as f32);
            taps.iter()
                .map(|&(i, weight)| weight * gray.between(x - i * down, y + i * across))
                .sum()
        })
    }

    /// The same collected along the flow. Where all that is in reach is paper, its mean is too: there it
    /// stays as it is.
    fn along(&self, across: &Map, flow: &Flow) -> Map {
        let steps = (self.width * self.reach * 2.0).ceil().max(1.0) as i32;
        let weights = normalised(steps, self.width * self.reach);
        // With what lies between cells, and one more, so that edges may be enlarged.
        let reach = steps as usize + 2;
        let lowest = lowest(across, reach).erode(1);
        across.each(|x, y| {
            if lowest.values[y / reach * lowest.width + x / reach] > -self.threshold {
                return across.values[y * across.width + x];
            }
            let mut sum = across.values[y * across.width + x] * weights[steps as usize];
            let mut total = weights[steps as usize];
            for way in [1.0, -1.0] {
                let mut direction = flow.at(x, y).map(|v| v * way);
                let (mut px, mut py) = (x as f32, y as f32);
                for step in 1..=steps {
                    (px, py) = (px + direction[0], py + direction[1]);
                    let inside = px >= 0.0 && py >= 0.0;
                    if !inside || px > (across.width - 1) as f32 || py > (across.height - 1) as f32
                    {
                        break;
                    }
                    let weight = weights[(steps + step) as usize];
                    sum += weight * across.between(px, py);
                    total += weight;
                    // Rounded; both are inside and so not below 0.
                    let next = flow.at((px + 0.5) as i32 as usize, (py + 0.5) as i32 as usize);
                    let same = next[0] * direction[0] + next[1] * direction[1] >= 0.0;
                    direction = if same { next } else { next.map(|v| -v) };
                }
            }
            sum / total
        })
    }
}

/// The lowest value of each square of `side` cells.
fn lowest(map: &Map, side: usize) -> Map {
    let (width, height) = (map.width.div_ceil(side), map.height.div_ceil(side));
    let mut values = vec![f32::INFINITY; width * height];
    for (y, row) in map.values.chunks_exact(map.width.max(1)).enumerate() {
        for (cell, part) in values[y / side * width..].iter_mut().zip(row.chunks(side)) {
            *cell = part.iter().copied().fold(*cell, f32::min);
        }
    }
    Map { width, height, values }
}

/// Weights of a Gaussian from `-reach` to `reach` that sum to 1.
fn normalised(reach: i32, sigma: f32) -> Vec<f32> {
    let weights: Vec<f32> =
        (-reach..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

/// The direction along the picture's structure at every pixel: along edges, not across.
pub(crate) struct Flow {
    width: usize,
    directions: Vec<[f32; 2]>,
}

impl Flow {
    /// From the structure tensor of all channels (Di Zenzo 1986), averaged over squares of
    /// `2 * radius + 1` twice.
    pub fn of(photo: &RgbImage, radius: usize) -> Self {
        let tensor = products(photo).map(|product| product.mean_twice(radius));
        let [xx, xy, yy] = &tensor;
        let cells = xx.values.par_iter().zip(&xy.values).zip(&yy.values).with_min_len(4096);
        let directions = cells.map(|((&xx, &xy), &yy)| {
            let root = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt();
            // The eigenvector of the smaller eigenvalue, from whichever row of the tensor is larger.
            let half = (xx - yy + root) / 2.0;
            let (x, y) = if xx > yy { (-xy, half) } else { ((root + yy - xx) / 2.0, -xy) };
            let length = x.hypot(y);
            if length > 1e-9 { [x / length, y / length] } else { [0.0, 1.0] }
        });
        Self { width: photo.width() as usize, directions: directions.collect() }
    }

    /// The direction at a pixel, of length 1.
    pub fn at(&self, x: usize, y: usize) -> [f32; 2] {
        self.directions[y * self.width + x]
    }
}

/// Products of the gradients (Scharr), each summed over the channels: across by across, across by
/// down, down by down.
fn products(photo: &RgbImage) -> [Map; 3] {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    let pixels = photo.as_chunks::<3>().0;
    let mut planes = [(); 3].map(|()| vec![0.0; width * height]);
    let [xx, xy, yy] = planes.each_mut().map(|plane| plane.par_chunks_exact_mut(width.max(1)));
    xx.zip(xy).zip(yy).enumerate().with_min_len(8).for_each(|(y, ((xx, xy), yy))| {
        let above_and_below = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        let rows = above_and_below.map(|row| &pixels[row * width..][..width]);
        for x in 0..width {
            let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
            for c in 0..3 {
                let window = rows.map(|row| columns.map(|column| f32::from(row[column][c])));
                let [across, down] = scharr(window);
                xx[x] += across * across;
                xy[x] += across * down;
                yy[x] += down * down;
            }
        }
    });
    planes.map(|values| Map { width, height, values })
}

/// The gradient in the middle of three by three values from 0 to 255: across and down.
fn scharr([above, row, below]: [[f32; 3]; 3]) -> [f32; 2] {
    let sides = |a: f32, b: f32, c: f32| (3.0 * a + 10.0 * b + 3.0 * c) / (32.0 * 255.0);
    let column = |x: usize| sides(above[x], row[x], below[x]);
    let line = |values: [f32; 3]| sides(values[0], values[1], values[2]);
    [column(2) - column(0), line(below) - line(above)]
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_1_SQRT_2;

    use image::Rgb;

    use super::*;

    const PEN: Pen = Pen { width: 1.0, threshold: 0.01, hardness: 100.0, reach: 3.0 };

    fn step(at: impl Fn(u32, u32) -> bool) -> RgbImage {
        RgbImage::from_fn(80, 60, |x, y| Rgb([if at(x, y) { 200 } else { 60 }; 3]))
    }

    #[test]
    fn an_edge_becomes_a_thin_line_and_flat_areas_stay_paper() {
        let drawing = PEN.draw(&step(|x, _| x >= 40));
        for y in 5..55 {
            let row = &drawing.values[y * 80..][..80];
            let ink: Vec<_> = (0..80).filter(|&x| row[x] < 0.5).collect();
            assert!((1..=4).contains(&ink.len()), "{ink:?}");
            assert!(ink.iter().all(|x| (36..=41).contains(x)), "{ink:?}");
        }
    }

    #[test]
    fn the_flow_runs_along_edges() {
        for (edge, wanted) in [
            (step(|x, _| x >= 40), [0.0, 1.0]),
            (step(|_, y| y >= 30), [1.0, 0.0]),
            (step(|x, y| x + 30 >= y + 40), [FRAC_1_SQRT_2; 2]),
        ] {
            let [x, y] = Flow::of(&edge, 2).at(40, 30);
            assert!((x * wanted[0] + y * wanted[1]).abs() > 0.99, "{x} {y} for {wanted:?}");
        }
    }

    #[test]
    fn a_higher_threshold_draws_less() {
        let photo = crate::testing::scene(160, 120);
        let ink = |threshold| {
            let drawing = Pen { threshold, ..PEN }.draw(&photo);
            drawing.values.iter().map(|v| 1.0 - v).sum::<f32>()
        };
        assert!(ink(0.005) > ink(0.02) && ink(0.02) > ink(0.06));
    }
}
