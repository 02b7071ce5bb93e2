//! How thick the strokes of letters are, to parts of a pixel.

use image::GrayImage;

use super::lines::Piece;
use crate::map::percentile;

/// The picture, and which of its ends is ink.
pub(super) struct Ink<'a> {
    pub gray: &'a GrayImage,
    pub dark: bool,
}

impl Ink<'_> {
    /// How much ink a pixel has, 0 to 255; that of the edge goes on outside.
    fn at(&self, x: i64, y: i64) -> f32 {
        let (width, height) = self.gray.dimensions();
        let x = x.clamp(0, i64::from(width) - 1) as usize;
        let y = y.clamp(0, i64::from(height) - 1) as usize;
        let value = self.gray.as_raw()[y * width as usize + x];
        f32::from(if self.dark { 255 - value } else { value })
    }

    /// The least and the most ink in and closely around a piece.
    fn ends(&self, piece: &Piece) -> [f32; 2] {
        let mut ends = [255.0f32, 0.0f32];
        for y in i64::from(piece.top) - 1..=i64::from(piece.bottom) {
            for x in i64::from(piece.left) - 1..=i64::from(piece.right) {
                let ink = self.at(x, y);
                ends = [ends[0].min(ink), ends[1].max(ink)];
            }
        }
        ends
    }

    /// How much more ink the darkest strokes of letters have than the paper.
    pub fn contrast<'p>(&self, pieces: impl Iterator<Item = &'p Piece>) -> f32 {
        let mut all: Vec<f32> = pieces
            .map(|piece| {
                let [paper, ink] = self.ends(piece);
                ink - paper
            })
            .collect();
        percentile(&mut all, 0.5).max(1.0)
    }

    /// Tells the thickness of the upright strokes of a letter, in the middle half of its height.
    pub fn stems(&self, piece: &Piece, contrast: f32, mut tell: impl FnMut(f32)) {
        let level = self.ends(piece)[0] + contrast / 2.0;
        let [left, right, top, bottom] = sides(piece);
        let quarter = (bottom - top) / 4;
        for y in top + quarter..bottom - quarter {
            runs((left - 1..=right).map(|x| self.at(x, y)), level, &mut tell);
        }
    }

    /// Tells the thickness of its level strokes, in the middle of its width.
    pub fn bars(&self, piece: &Piece, contrast: f32, mut tell: impl FnMut(f32)) {
        let level = self.ends(piece)[0] + contrast / 2.0;
        let [left, right, top, bottom] = sides(piece);
        let fifth = (right - left) / 5;
        for x in left + fifth..right - fifth {
            runs((top - 1..=bottom).map(|y| self.at(x, y)), level, |run| {
                // Along upright strokes.
                if run < 0.6 * piece.height() {
                    tell(run);
                }
            });
        }
    }

    /// Width and height of a point, where it is widest and highest.
    pub fn sides(&self, point: &Piece, contrast: f32) -> Option<[f32; 2]> {
        let [paper, ink] = self.ends(point);
        let level = paper + contrast.min(ink - paper) / 2.0;
        let [left, right, top, bottom] = sides(point);
        let mut longest = [0.0f32; 2];
        for y in top..bottom {
            let row = (left - 2..right + 2).map(|x| self.at(x, y));
            runs(row, level, |run| longest[0] = longest[0].max(run));
        }
        for x in left..right {
            let column = (top - 2..bottom + 2).map(|y| self.at(x, y));
            runs(column, level, |run| longest[1] = longest[1].max(run));
        }
        (longest[0] > 0.5 && longest[1] > 0.5).then_some(longest)
    }
}

/// Left, right, top and bottom.
fn sides(piece: &Piece) -> [i64; 4] {
    [piece.left, piece.right, piece.top, piece.bottom].map(i64::from)
}

/// Tells the lengths of the stretches of values above a level, their ends where the line between two
/// values crosses it. Stretches that reach an end are none.
fn runs(values: impl Iterator<Item = f32>, level: f32, mut tell: impl FnMut(f32)) {
    let mut start = None;
    let mut before = f32::INFINITY;
    for (index, value) in values.enumerate() {
        let crossing = || index as f32 - (value - level) / (value - before);
        if before < level && value >= level {
            start = Some(crossing());
        } else if before >= level
            && value < level
            && let Some(start) = start.take()
        {
            tell(crossing() - start);
        }
        before = value;
    }
}
