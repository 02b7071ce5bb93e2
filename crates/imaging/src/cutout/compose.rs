//! From the grid to the photo's own resolution: alpha and the subject's colours for every pixel.

use std::ops::Range;

use image::{GrayImage, RgbImage};
use rayon::prelude::*;

use super::alpha::{self, Coefficients, Level};
use super::foreground::{self, Layers};
use super::grid::{Grid, PAD};
use super::plane::Plane;
use super::slope;
use super::trimap::Known;

/// Cells that are solved for at once, so that the work stays in the cache.
const TILE: (usize, usize) = (128, 64);
/// Cells around them that are solved for with them and thrown away.
const HALO: usize = 8;
/// Cells around the band whose colours count.
const SUPPORT: usize = 4;

/// The problem and what is known of its solution at half the resolution.
pub(super) struct Problem {
    pub grid: Grid,
    pub known: Vec<Known>,
    pub level: Level,
    /// The mask and how far it is a ramp.
    pub ramp: Plane<2>,
    pub coarse: Layers,
}

/// What is interpolated for each pixel: the linear model of alpha (0..4), the subject's colour
/// (4..7), the background's colour (7..10), the haze (10), the mask (11) and how much it counts (12);
/// the rest fills a vector.
type Node = [f32; NODE];
const NODE: usize = 16;

/// Alpha this close to 0 and 1 along crisp edges is taken as such: the haze that a linear model leaves.
const HAZE: f32 = 0.05;

impl Problem {
    /// Alpha of every pixel of the photo; the photo's colours become the subject's.
    pub fn render(&self, photo: &mut RgbImage) -> GrayImage {
        let (width, region) = (photo.width() as usize, self.grid.region);
        let mut alpha = GrayImage::new(photo.width(), photo.height());
        let first = region.y as usize * width;
        let mut pixels = &mut photo.as_mut()[first * 3..];
        let mut matte = &mut alpha.as_mut()[first..];
        let mut strips = Vec::new();
        for top in (0..self.grid.height).step_by(TILE.1) {
            let rows = self.pixels(top, TILE.1, region.height);
            let (own, rest) = std::mem::take(&mut pixels).split_at_mut(rows.len() * width * 3);
            pixels = rest;
            let (own_matte, rest) = std::mem::take(&mut matte).split_at_mut(rows.len() * width);
            matte = rest;
            strips.push((top, rows, own, own_matte));
        }
        strips.into_par_iter().for_each(|(top, rows, pixels, matte)| {
            for left in (0..self.grid.width).step_by(TILE.0) {
                let columns = self.pixels(left, TILE.0, region.width);
                let tile = self.tile(left, top);
                let strip = pixels.chunks_exact_mut(width * 3).zip(matte.chunks_exact_mut(width));
                for (y, (pixels, matte)) in rows.clone().zip(strip) {
                    let pixels = &mut pixels.as_chunks_mut().0[region.x as usize..];
                    self.row(y, &columns, pixels, &mut matte[region.x as usize..], &tile);
                }
            }
        });
        alpha
    }

    /// The pixels of the region that lie beyond the centre of cell `first` and up to the centre of
    /// the cell `count` later.
    fn pixels(&self, first: usize, count: usize, length: u32) -> Range<usize> {
        let factor = self.grid.factor;
        let start = |cell: usize| match cell.checked_sub(PAD) {
            Some(cell) => (cell * factor + factor / 2).min(length as usize),
            None => 0,
        };
        start(first)..start(first + count)
    }

    /// Solves the tile whose first cell is (`left`, `top`); nothing where all is known.
    fn tile(&self, left: usize, top: usize) -> Option<Tile> {
        let range = |first: usize, size: usize, cells: usize| {
            first.saturating_sub(HALO)..(first + size + HALO).min(cells)
        };
        let columns = range(left, TILE.0, self.grid.width);
        let rows = range(top, TILE.1, self.grid.height);
        let (x, y) = (columns.start, rows.start);
        let mut level = self.level.cut(x, y, columns.len(), rows.len());
        if level.band.is_empty() {
            return None;
        }
        let coefficients = alpha::finish(&mut level);
        let support = level.band.grown(SUPPORT, 0);
        let layers =
            foreground::estimate(&level.colours, &level.alpha, &self.coarse, (x, y), &support);
        let steepest = slope::steepest(&level, &support);
        Some(Tile { x, y, coefficients, layers, steepest })
    }

    /// Renders the `columns` of row `y` of the region.
    fn row(
        &self,
        y: usize,
        columns: &Range<usize>,
        pixels: &mut [[u8; 3]],
        matte: &mut [u8],
        tile: &Option<Tile>,
    ) {
        let factor = self.grid.factor;
        let (above, down) = self.place(y);
        let known = |x: usize| {
            let of = |y: usize| self.known[y * self.grid.width + x];
            let (one, two) = (of(above), of(above + 1));
            if one == two { one } else { Known::Nothing }
        };
        let mut last: Option<(usize, Node)> = None;
        let mut x = columns.start;
        while x < columns.end {
            // Pixels up to `end` lie between the centres of the same two columns of cells.
            let (left, _) = self.place(x);
            let end = ((left + 1 - PAD) * factor + factor / 2).clamp(x + 1, columns.end);
            match (known(left), known(left + 1), tile) {
                (Known::Subject, Known::Subject, _) => matte[x..end].fill(255),
                (Known::Background, Known::Background, _) | (_, _, None) => {}
                (_, _, Some(tile)) => {
                    let one = match last {
                        Some((column, node)) if column == left => node,
                        _ => tile.node(&self.ramp, left, above, down),
                    };
                    let two = tile.node(&self.ramp, left + 1, above, down);
                    for x in x..end {
                        let node = mix(&one, &two, self.place(x).1);
                        matte[x] = pixel(&node, &mut pixels[x]);
                    }
                    last = Some((left + 1, two));
                }
            }
            x = end;
        }
    }

    /// The cell whose centre lies at or before pixel `at`, and how far on towards the next one.
    #[inline(always)]
    fn place(&self, at: usize) -> (usize, f32) {
        // Twice the distance from the centre of the first padded cell.
        let twice = 2 * (at + PAD * self.grid.factor) + 1 - self.grid.factor;
        let cell = twice / (2 * self.grid.factor);
        let rest = twice - cell * 2 * self.grid.factor;
        (cell, rest as f32 / (2 * self.grid.factor) as f32)
    }
}

/// A solved part of the grid, from cell (`x`, `y`) on.
struct Tile {
    x: usize,
    y: usize,
    coefficients: Coefficients,
    layers: Layers,
    steepest: Plane<1>,
}

impl Tile {
    fn node(&self, ramp: &Plane<2>, x: usize, above: usize, down: f32) -> Node {
        let read = |y: usize| {
            let [mask, share] = ramp.row(y).map(|row| row[x]);
            let (x, y) = (x - self.x, y - self.y);
            let (model, layers) = (self.coefficients.row(y), self.layers.row(y));
            let mut node = [0.0; NODE];
            (0..4).for_each(|c| node[c] = model[c][x]);
            (0..3).for_each(|c| node[4 + c] = layers[c][x] * 255.0);
            (0..3).for_each(|c| node[7 + c] = layers[4 + c][x] * 255.0);
            let steepest = self.steepest.row(y)[0][x];
            node[10] = HAZE * slope::haze(steepest);
            (node[11], node[12]) = (mask, share * slope::ramp(steepest));
            node
        };
        if down == 0.0 { read(above) } else { mix(&read(above), &read(above + 1), down) }
    }
}

#[inline(always)]
fn mix(one: &Node, two: &Node, share: f32) -> Node {
    let mut node = [0.0; NODE];
    for c in 0..NODE {
        node[c] = one[c] + share * (two[c] - one[c]);
    }
    node
}

/// Alpha of one pixel; its colour becomes the subject's.
#[inline(always)]
fn pixel(node: &Node, colour: &mut [u8; 3]) -> u8 {
    let seen = colour.map(f32::from);
    let linear = (node[0] * seen[0] + node[1] * seen[1] + node[2] * seen[2]) / 255.0 + node[3];
    let [haze, mask, ramp] = [node[10], node[11], node[12]];
    let linear = ((linear - haze) / (1.0 - 2.0 * haze)).clamp(0.0, 1.0);
    if linear >= 1.0 && ramp <= 0.0 {
        return 255;
    }
    let alpha = decide(node, seen, linear);
    let alpha = alpha + ramp * (mask - alpha);
    let scale = alpha / (0.02 + alpha * alpha + (1.0 - alpha) * (1.0 - alpha));
    for c in 0..3 {
        let (subject, background) = (node[4 + c], node[7 + c]);
        let short = seen[c] - alpha * subject - (1.0 - alpha) * background;
        colour[c] = (subject + scale * short + 0.5).clamp(0.0, 255.0) as u8;
    }
    (alpha * 255.0 + 0.5) as u8
}

/// Where the linear model is undecided: how far the colour seen lies on the way from the
/// background's colour to the subject's, as far as these two differ and it does lie between them.
#[inline(always)]
fn decide(node: &Node, seen: [f32; 3], linear: f32) -> f32 {
    let (mut apart, mut along, mut off) = (0.0, 0.0, 0.0);
    for c in 0..3 {
        let (way, step) = (node[4 + c] - node[7 + c], seen[c] - node[7 + c]);
        apart += way * way;
        along += way * step;
        off += step * step;
    }
    let share = (along / (apart + 1.0)).clamp(0.0, 1.0);
    let off = (off - 2.0 * share * along + share * share * apart).max(0.0);
    let trust = apart / (apart + APART * APART) * (OFF * OFF) / (OFF * OFF + off);
    let undecided = 1.0 - (2.0 * linear - 1.0).powi(4);
    linear + undecided * trust * (share - linear)
}

/// Colours this far apart (0 to 255) tell subject from background as well as not.
const APART: f32 = 40.0;
/// A colour this far off the way from one to the other tells half as much.
const OFF: f32 = 30.0;
