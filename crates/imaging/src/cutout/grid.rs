//! The grid that matting works on: blocks of whole pixels, at most [`LONGEST`] of them a side, so
//! that the work grows with the subject's outline and not with the photo.

use image::{GrayImage, RgbImage, imageops};

use super::plane::{Plane, Spans, rows};
use super::trimap::{Known, Trimap};
use crate::cutout::Region;

/// Most cells along the longer side of the region.
const LONGEST: u32 = 800;
/// Cells around the region that repeat its border, so that windows never leave the grid. A multiple
/// of 8, so that three halvings keep the cells aligned.
pub(super) const PAD: usize = 8;

/// Where the cells lie in the photo.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub region: Region,
    /// Pixels a cell, each way.
    pub factor: usize,
    /// Cells of the region.
    pub columns: usize,
    pub rows: usize,
    /// Cells with the padding; multiples of 8.
    pub width: usize,
    pub height: usize,
}

impl Grid {
    pub fn over(region: Region) -> Self {
        let factor = region.width.max(region.height).div_ceil(LONGEST).max(1) as usize;
        let columns = (region.width as usize).div_ceil(factor);
        let rows = (region.height as usize).div_ceil(factor);
        let padded = |cells: usize| (cells + 2 * PAD).next_multiple_of(8);
        Self { region, factor, columns, rows, width: padded(columns), height: padded(rows) }
    }

    /// Column or row of the region that a padded one repeats.
    fn clamped(padded: usize, cells: usize) -> usize {
        padded.saturating_sub(PAD).min(cells - 1)
    }

    /// Mean colours, 0 to 1, of the cells in `spans`.
    pub fn colours(&self, photo: &RgbImage, spans: &Spans) -> Plane<3> {
        let mut plane = Plane::<3>::new(self.width, self.height);
        rows(&mut plane, |y, [red, green, blue]: [&mut [f32]; 3]| {
            for x in spans.row(y).iter().cloned().flatten() {
                let colour = self.cell(photo, x, y);
                (red[x], green[x], blue[x]) = (colour[0], colour[1], colour[2]);
            }
        });
        plane
    }

    fn cell(&self, photo: &RgbImage, x: usize, y: usize) -> [f32; 3] {
        let Region { x: left, y: top, width, height } = self.region;
        let span = |cell: usize, cells: usize, length: u32| {
            let start = Self::clamped(cell, cells) * self.factor;
            start..(start + self.factor).min(length as usize)
        };
        let (xs, ys) = (span(x, self.columns, width), span(y, self.rows, height));
        let mut sums = [0u32; 3];
        for y in ys.clone() {
            let from = ((top as usize + y) * photo.width() as usize + left as usize + xs.start) * 3;
            for pixel in photo.as_raw()[from..from + xs.len() * 3].as_chunks::<3>().0 {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(value);
                }
            }
        }
        let scale = 1.0 / (255.0 * (xs.len() * ys.len()) as f32);
        sums.map(|sum| sum as f32 * scale)
    }

    /// The mask, no finer than the grid.
    pub fn fitting(&self, mask: &GrayImage) -> GrayImage {
        let (width, height) = mask.dimensions();
        let (columns, rows) = (self.columns as u32, self.rows as u32);
        if width <= columns * 3 / 2 && height <= rows * 3 / 2 {
            return mask.clone();
        }
        imageops::thumbnail(mask, width.min(columns), height.min(rows))
    }

    /// What the trimap knows of each cell, row by row.
    pub fn known(&self, trimap: &Trimap) -> Vec<Known> {
        let nearest = |cell: usize, cells: usize, pixels: u32| {
            (2 * Self::clamped(cell, cells) + 1) * pixels as usize / (2 * cells)
        };
        let xs: Vec<usize> =
            (0..self.width).map(|x| nearest(x, self.columns, trimap.mask.width())).collect();
        let mut known = Vec::with_capacity(self.width * self.height);
        for y in 0..self.height {
            let y = nearest(y, self.rows, trimap.mask.height());
            known.extend(xs.iter().map(|&x| trimap.known(x, y)));
        }
        known
    }

    /// The mask, 0 to 1, at the cells' centres in `spans`; bilinear.
    pub fn sampled(&self, mask: &GrayImage, spans: &Spans) -> Plane<1> {
        let xs: Vec<_> = (0..self.width)
            .map(|x| centre(Self::clamped(x, self.columns), self.columns, mask.width()))
            .collect();
        let mut plane = Plane::<1>::new(self.width, self.height);
        rows(&mut plane, |y, [out]: [&mut [f32]; 1]| {
            let (low, high, down) = centre(Self::clamped(y, self.rows), self.rows, mask.height());
            let line =
                |y: usize| &mask.as_raw()[y * mask.width() as usize..][..mask.width() as usize];
            let (above, below) = (line(low), line(high));
            for x in spans.row(y).iter().cloned().flatten() {
                let (left, right, across) = xs[x];
                let mix = |line: &[u8]| {
                    f32::from(line[left]) * (1.0 - across) + f32::from(line[right]) * across
                };
                out[x] = (mix(above) * (1.0 - down) + mix(below) * down) / 255.0;
            }
        });
        plane
    }
}

/// The two of `pixels` samples between which the centre of cell `cell` of `cells` lies, and the
/// share of the second.
fn centre(cell: usize, cells: usize, pixels: u32) -> (usize, usize, f32) {
    let at = (cell as f32 + 0.5) * pixels as f32 / cells as f32 - 0.5;
    let at = at.clamp(0.0, (pixels - 1) as f32);
    let low = at as usize;
    (low, (low + 1).min(pixels as usize - 1), at - low as f32)
}
