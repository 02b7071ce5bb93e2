//! How wide printed letters are against what is usual, and so how much their picture was stretched.
//!
//! Letters are pieces of ink of like height that stand on common lines, some of them (those with
//! ascenders, and capitals) taller than the others. Their width, pitch, strokes and points, in heights
//! of the small letters, differ from typeface to typeface, but not freely: thin strokes go with small
//! points, narrow letters with narrow pitches. A stretch breaks these rules.

mod courses;
mod lines;
mod strokes;
mod typefaces;

use crate::components::{components, folded};
use crate::glance::Glance;
use crate::map::percentile;
use courses::Course;
use image::{GrayImage, Rgb, RgbImage};
use lines::{Line, Piece};
use strokes::Ink;
use typefaces::Traits;

/// Pixels of what is looked at.
const AREA: f32 = 2e6;
/// What is looked at one after the other, as shares of its sides: strokes that are thicker than twice
/// the reach are found in the smaller picture.
const SCALES: [f32; 2] = [1.0, 0.33];
/// Reach of the neighbourhood whose middle grey parts ink from paper.
const REACH: usize = 12;
/// The least difference of ink and paper.
const LEAST_CONTRAST: u8 = 48;
/// More stretches of ink along rows are a texture.
const MOST_RUNS: usize = 300_000;

/// What must be there for letters to tell anything: lines, small letters in them, and points of i.
const LEAST_LINES: usize = 3;
const LEAST_LETTERS: usize = 30;
const LEAST_POINTS: usize = 5;
/// Tall letters for each small one: fewer are of another script than the Latin.
const TALL: std::ops::RangeInclusive<f32> = 0.15..=1.0;
/// Points whose aspects differ more than this from quarter to quarter, as a logarithm, are specks.
const MOST_SPREAD: f32 = 0.25;

/// How much wider the letters of a photo are than those of usual typefaces, as a natural logarithm;
/// usual ones differ by some 0.11. `None` where there are not lines of Latin letters enough, dark or light
/// ones, or where they may be seen at a slant.
pub fn widening(photo: &RgbImage) -> Option<f32> {
    let mut best: Option<Text> = None;
    for share in SCALES {
        let gray = luma(&Glance::of(photo, AREA, share).picture);
        let marks = marks(&gray);
        for mark in [DARK, LIGHT] {
            let found = Text::read(&Ink { gray: &gray, dark: mark == DARK }, &marks, mark);
            let more = |text: &Text| best.as_ref().is_none_or(|best| text.small > best.small);
            if let Some(text) = found.filter(more) {
                best = Some(text);
            }
        }
    }
    best?.widening()
}

pub(crate) fn luma(photo: &RgbImage) -> GrayImage {
    let light = |Rgb(channels): &Rgb<u8>| {
        let [r, g, b] = channels.map(u32::from);
        ((r * 77 + g * 150 + b * 29) >> 8) as u8
    };
    let cells = photo.pixels().map(light).collect();
    GrayImage::from_raw(photo.width(), photo.height(), cells).expect("a value for each pixel")
}

const DARK: u8 = 1;
const LIGHT: u8 = 2;

/// Which pixels are darker or lighter than the middle of the ends of their neighbourhood (Bernsen 1986).
fn marks(gray: &GrayImage) -> GrayImage {
    let (width, height) = gray.dimensions();
    let darkest = folded(gray.as_raw(), width as usize, REACH, u8::min);
    let lightest = folded(gray.as_raw(), width as usize, REACH, u8::max);
    let ends = darkest.iter().zip(&lightest);
    let cells = gray.iter().zip(ends).map(|(&value, (&low, &high))| {
        if high - low < LEAST_CONTRAST {
            0
        } else if value < low.midpoint(high) {
            DARK
        } else {
            LIGHT
        }
    });
    GrayImage::from_raw(width, height, cells.collect()).expect("a value for each pixel")
}

/// How many stretches of this mark the rows have.
fn runs(marks: &GrayImage, mark: u8) -> usize {
    let row_of = marks.width().max(1) as usize;
    let starts = |row: &[u8]| row.windows(2).filter(|w| w[0] != mark && w[1] == mark).count();
    marks.chunks_exact(row_of).map(starts).sum()
}

/// The lines of letters of a picture, taken together.
#[derive(Debug, Default)]
struct Text {
    /// Letters as high as most, and those that are taller.
    small: usize,
    tall: usize,
    courses: Vec<Course>,
    /// Long side of the picture.
    side: f32,
    /// Of each letter, stroke or point, in heights of the small letters.
    widths: Vec<f32>,
    pitches: Vec<f32>,
    ascents: Vec<f32>,
    stems: Vec<f32>,
    bars: Vec<f32>,
    points: [Vec<f32>; 2],
}

impl Text {
    fn read(ink: &Ink, marks: &GrayImage, mark: u8) -> Option<Self> {
        if runs(marks, mark) > MOST_RUNS {
            return None;
        }
        let of = |cells: &[u32]| Piece::of(cells, marks.width());
        let pieces: Vec<Piece> =
            components(marks, |value| value == mark).iter().map(|c| of(&c.cells)).collect();
        let side = marks.width().max(marks.height()) as f32;
        let mut text = Self { side, ..Self::default() };
        for line in lines::lines(&pieces)? {
            text.add(ink, &pieces, &line);
        }
        (courses::rows(&text.courses) >= LEAST_LINES).then_some(text)
    }

    fn add(&mut self, ink: &Ink, pieces: &[Piece], line: &Line) {
        let unit = line.height;
        let contrast = ink.contrast(line.small.iter().map(|&i| &pieces[i]));
        for piece in line.small.iter().map(|&i| &pieces[i]) {
            self.widths.push(piece.width() / unit);
            let (stems, bars) = (&mut self.stems, &mut self.bars);
            ink.stems(piece, contrast, |stem| stems.push(stem / unit));
            ink.bars(piece, contrast, |bar| bars.push(bar / unit));
        }
        for &point in &line.points {
            if let Some(sides) = ink.sides(&pieces[point], contrast) {
                (0..2).for_each(|i| self.points[i].push(sides[i] / unit));
            }
        }
        self.small += line.small.len();
        self.tall += line.tall.len();
        self.ascents.extend(line.tall.iter().map(|&i| pieces[i].height() / unit));
        self.pitches.extend(line.pitches(pieces).map(|pitch| pitch / unit));
        self.courses.push(Course::of(line, pieces));
    }

    fn widening(mut self) -> Option<f32> {
        let mut aspects: Vec<f32> =
            self.points[0].iter().zip(&self.points[1]).map(|(w, h)| (w / h).ln()).collect();
        let spread = percentile(&mut aspects, 0.75) - percentile(&mut aspects, 0.25);
        let enough = self.small >= LEAST_LETTERS
            && aspects.len() >= LEAST_POINTS
            && spread <= MOST_SPREAD
            && TALL.contains(&(self.tall as f32 / self.small as f32));
        if !enough || courses::slanting(&self.courses, self.side) {
            return None;
        }
        let traits = Traits([
            percentile(&mut self.widths, 0.5),
            percentile(&mut self.pitches, 0.5),
            // Strokes that are met at a slant, and bows, are longer than they are thick.
            percentile(&mut self.stems, 0.4),
            percentile(&mut self.bars, 0.4),
            percentile(&mut self.ascents, 0.5),
            percentile(&mut self.points[0], 0.5),
            percentile(&mut self.points[1], 0.5),
        ]);
        traits.widening()
    }
}

#[cfg(test)]
mod tests;
