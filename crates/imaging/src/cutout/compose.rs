//! From the grid to the photo's own resolution: alpha and the subject's colours for every pixel.

use std::ops::Range;

use image::{GrayImage, RgbImage};
use rayon::prelude::*;

use super::alpha::{self, Coefficients, Level};
use super::foreground::{self, Layers};
use super::grid::{Grid, PAD};
use super::pixel::Node;
use super::plane::Plane;
use super::slope;
use super::trimap::Known;
use crate::cutout::Region;

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
    /// The mask and how far it is a ramp, 0 to 1.
    pub mask: Plane<1>,
    pub ramp: Plane<1>,
    pub coarse: Layers,
}

impl Problem {
    /// Alpha of every pixel of the photo; the photo's colours become the subject's.
    pub fn render(&self, photo: &mut RgbImage) -> GrayImage {
        let (width, region) = (photo.width() as usize, self.grid.region);
        let mut alpha = GrayImage::new(photo.width(), photo.height());
        let first = region.y as usize * width;
        let mut pixels = &mut photo.as_mut().as_chunks_mut().0[first..];
        let mut matte = &mut alpha.as_mut()[first..];
        let mut strips = Vec::new();
        for top in (0..self.grid.height).step_by(TILE.1) {
            let rows = self.pixels(top, TILE.1, region.height);
            let own = ..rows.len() * width;
            let pixels = pixels.split_off_mut(own).expect("the region lies in the photo");
            let matte = matte.split_off_mut(own).expect("alpha is as large as the photo");
            strips.push((top, Strip { first: rows.start, width, pixels, matte }));
        }
        strips.into_par_iter().for_each(|(top, mut strip)| {
            for left in (0..self.grid.width).step_by(TILE.0) {
                let columns = left..(left + TILE.0).min(self.grid.width - 1);
                let tile = self.tile(left, top);
                for above in top..(top + TILE.1).min(self.grid.height - 1) {
                    for (known, run) in self.runs(above, columns.clone()) {
                        self.paint(known, above, run, &tile, &mut strip);
                    }
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

    /// How far pixel `at` is on the way from the centre of `cell` to the next one, 0 to 1.
    #[inline(always)]
    fn share(&self, at: usize, cell: usize) -> f32 {
        let factor = self.grid.factor;
        // Twice the distance.
        let twice = 2 * (at + PAD * factor - cell * factor) + 1 - factor;
        twice as f32 * (0.5 / factor as f32)
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

    /// Runs of columns from which on to the next one, and from row `above` on to the next one, the
    /// same is known.
    fn runs(&self, above: usize, columns: Range<usize>) -> Vec<(Known, Range<usize>)> {
        let width = self.grid.width;
        let [one, two] = [above, above + 1].map(|y| &self.known[y * width..][..width]);
        let mut runs: Vec<(Known, Range<usize>)> = Vec::new();
        for x in columns {
            let same = [one[x + 1], two[x], two[x + 1]].iter().all(|&known| known == one[x]);
            let known = if same { one[x] } else { Known::Nothing };
            match runs.last_mut() {
                Some((last, run)) if *last == known => run.end = x + 1,
                _ => runs.push((known, x..x + 1)),
            }
        }
        runs
    }

    /// Paints the pixels between row `above` of the grid and the next one, in a run of columns of which
    /// the same is `known`.
    fn paint(
        &self,
        known: Known,
        above: usize,
        run: Range<usize>,
        tile: &Option<Tile>,
        strip: &mut Strip,
    ) {
        let Region { x: left, width, height, .. } = self.grid.region;
        // None in the padding.
        let lines = self.pixels(above, 1, height);
        match (known, tile) {
            _ if lines.is_empty() => {}
            (Known::Subject, _) => {
                let columns = self.pixels(run.start, run.len(), width);
                lines.for_each(|y| strip.row(y, left).1[columns.clone()].fill(255));
            }
            (Known::Nothing, Some(tile)) => {
                let [upper, lower] =
                    [above, above + 1].map(|y| self.nodes(tile, y, run.start..run.end + 1));
                for y in lines {
                    let down = self.share(y, above);
                    let nodes = upper.iter().zip(&lower).map(|(one, other)| one.mixed(other, down));
                    self.blend(nodes, run.clone(), strip.row(y, left));
                }
            }
            (Known::Background, _) | (Known::Nothing, None) => {}
        }
    }

    /// Paints a row of pixels in a run of columns, from the nodes at these and the next one.
    fn blend(
        &self,
        mut nodes: impl Iterator<Item = Node>,
        run: Range<usize>,
        (pixels, matte): (&mut [[u8; 3]], &mut [u8]),
    ) {
        let Some(mut one) = nodes.next() else { return };
        for (column, two) in run.zip(nodes) {
            for x in self.pixels(column, 1, self.grid.region.width) {
                let node = one.mixed(&two, self.share(x, column));
                (pixels[x], matte[x]) = node.pixel(pixels[x]);
            }
            one = two;
        }
    }

    /// The nodes of row `y` of the grid in `columns` of a tile.
    fn nodes(&self, tile: &Tile, y: usize, columns: Range<usize>) -> Vec<Node> {
        let ([mask], [ramp]) = (self.mask.row(y), self.ramp.row(y));
        let y = y - tile.y;
        let (model, layers) = (tile.coefficients.row(y), tile.layers.row(y));
        let [r, g, b, _, back_r, back_g, back_b, _] = layers;
        let [steepest] = tile.steepest.row(y);
        columns
            .map(|at| {
                let x = at - tile.x;
                Node::new(
                    model.map(|row| row[x]),
                    [r, g, b].map(|row| row[x]),
                    [back_r, back_g, back_b].map(|row| row[x]),
                    slope::haze(steepest[x]),
                    mask[at],
                    ramp[at] * slope::ramp(steepest[x]),
                )
            })
            .collect()
    }
}

/// Rows of a photo, from row `first` of the region on.
struct Strip<'a> {
    first: usize,
    width: usize,
    pixels: &'a mut [[u8; 3]],
    matte: &'a mut [u8],
}

impl Strip<'_> {
    /// Row `y` of the region, from column `left` of the photo on.
    fn row(&mut self, y: usize, left: u32) -> (&mut [[u8; 3]], &mut [u8]) {
        let from = (y - self.first) * self.width;
        let row = from + left as usize..from + self.width;
        (&mut self.pixels[row.clone()], &mut self.matte[row])
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
