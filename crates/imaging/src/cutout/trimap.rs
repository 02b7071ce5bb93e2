//! From a network's mask to a trimap: surely subject, surely background, and the band between, to
//! be worked out from the colours.

use image::GrayImage;

use super::strays::drop_strays;
use crate::components::{components, count_from, folded};

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Background,
    Subject,
    Nothing,
}

impl Known {
    /// Alpha, where it is known.
    pub fn alpha(self) -> Option<f32> {
        match self {
            Self::Background => Some(0.0),
            Self::Subject => Some(1.0),
            Self::Nothing => None,
        }
    }
}

/// A mask without dust and holes, and what it knows.
pub(super) struct Trimap {
    pub mask: GrayImage,
    known: Vec<Known>,
}

/// Below this the mask says background, from [`SUBJECT`] on it says subject.
const BACKGROUND: u8 = 16;
const SUBJECT: u8 = 240;
/// A hole in the subject is real where the mask falls below this.
const HOLE: u8 = 96;
/// What the border of the mask cuts off is filled up to this share of the subject.
const NOTCH: f32 = 0.005;
/// A separate piece is real where the mask reaches this.
const PIECE: u8 = 128;
/// The band's reach beyond the mask's own transition, in mask pixels: along crisp edges, and where
/// the mask is soft over a wide area (hair, fur, blur).
const REACH_CRISP: usize = 2;
const REACH_SOFT: usize = 9;
/// A wide area: this share of the cells within `SOFT_WINDOW` is in transition.
const SOFT_WINDOW: usize = 4;
const SOFT_SHARE: f32 = 0.4;
/// The mask doubts what it holds for subject where it is nowhere sure of background within so many
/// cells each way, and what it holds for background where it is nowhere sure of subject.
const DOUBTED_SUBJECT: usize = 20;
const DOUBTED_BACKGROUND: usize = 10;
/// How much steeper the mask is made there.
const SETTLING: i32 = 8;
/// Where the mask is a ramp, it gets from background to subject within so many cells each way.
const RAMP: usize = 10;

impl Trimap {
    pub fn new(mut mask: GrayImage) -> Self {
        drop_specks(&mut mask);
        drop_strays(&mut mask);
        fill_holes(&mut mask);
        fill_notches(&mut mask);
        settle_doubts(&mut mask);
        let width = mask.width() as usize;
        let transition = transition(&mask);
        let wide = wide(&transition, width);
        let mut band = folded(&transition, width, REACH_CRISP, u8::max);
        for (cell, soft) in band.iter_mut().zip(folded(&wide, width, REACH_SOFT, u8::max)) {
            *cell |= soft;
        }
        let known = band.iter().zip(mask.as_raw()).map(|(&band, &mask)| match (band, mask) {
            (1.., _) => Known::Nothing,
            (_, 128..) => Known::Subject,
            _ => Known::Background,
        });
        let known = known.collect();
        Self { mask, known }
    }

    /// 255 where the mask leads from background to subject, and does not merely doubt.
    pub fn ramp(&self) -> GrayImage {
        let (width, height) = self.mask.dimensions();
        let (low, high) = (
            folded(&self.mask, width as usize, RAMP, u8::min),
            folded(&self.mask, width as usize, RAMP, u8::max),
        );
        let mut ramp = GrayImage::new(width, height);
        for ((ramp, low), high) in ramp.iter_mut().zip(low).zip(high) {
            *ramp = if low <= BACKGROUND && high >= SUBJECT { 255 } else { 0 };
        }
        ramp
    }

    pub fn known(&self, x: usize, y: usize) -> Known {
        self.known[y * self.mask.width() as usize + x]
    }
}

/// Makes up the mask's mind where it doubts over a wide area: no sure background around what it holds
/// for subject rather than not, or no sure subject around what it rather does not. What is half sure
/// there is a part that the network cannot place (a body behind its head, out of focus), not one that
/// shows half of its background, and colours do not settle it either.
fn settle_doubts(mask: &mut GrayImage) {
    let width = mask.width() as usize;
    let low = folded(mask, width, DOUBTED_SUBJECT, u8::min);
    let high = folded(mask, width, DOUBTED_BACKGROUND, u8::max);
    for ((cell, low), high) in mask.iter_mut().zip(low).zip(high) {
        let steep = (i32::from(*cell) - 128) * SETTLING + 128;
        let settled = steep.clamp(0, 255) as u8;
        if low > BACKGROUND {
            *cell = settled.max(*cell);
        }
        if high < SUBJECT {
            *cell = settled.min(*cell);
        }
    }
}

/// 1 where the mask is neither 0 nor 1, or jumps from cell to cell.
fn transition(mask: &GrayImage) -> Vec<u8> {
    const JUMP: u8 = 64;
    let (width, height) = (mask.width() as usize, mask.height() as usize);
    let raw = mask.as_raw();
    let mut out = vec![0; raw.len()];
    for y in 0..height {
        let row = &raw[y * width..][..width];
        let above = &raw[y.saturating_sub(1) * width..][..width];
        let mut left = row[0];
        for (x, cell) in out[y * width..][..width].iter_mut().enumerate() {
            let here = row[x];
            let jump = here.abs_diff(left).max(here.abs_diff(above[x]));
            *cell = u8::from((BACKGROUND..SUBJECT).contains(&here) || jump > JUMP);
            left = here;
        }
    }
    out
}

/// 1 for the cells of `cells` that have many others around them.
fn wide(cells: &[u8], width: usize) -> Vec<u8> {
    let side = 2 * SOFT_WINDOW + 1;
    let least = ((side * side) as f32 * SOFT_SHARE) as u8;
    let count = |sum: u8, cell: u8| sum + cell;
    let sums = folded(cells, width, SOFT_WINDOW, count);
    sums.iter().zip(cells).map(|(&sum, &cell)| u8::from(sum > least) & cell).collect()
}

/// Erases the pieces that the mask is nowhere sure of, and tiny ones beside a large one.
fn drop_specks(mask: &mut GrayImage) {
    const TINY_OF_MASK: f32 = 0.001;
    const TINY_OF_LARGEST: f32 = 0.02;
    let pieces = components(mask, |v| v >= BACKGROUND);
    let largest = pieces.iter().map(|piece| piece.cells.len()).max().unwrap_or(0) as f32;
    let tiny = (TINY_OF_MASK * mask.as_raw().len() as f32).min(TINY_OF_LARGEST * largest) as usize;
    for piece in pieces.iter().filter(|p| p.highest < PIECE || p.cells.len() < tiny) {
        piece.cells.iter().for_each(|&at| mask.as_mut()[at as usize] = 0);
    }
}

/// Closes the places inside the subject where the mask only wavers. A real hole, as between arm and
/// body, falls to (nearly) nothing.
fn fill_holes(mask: &mut GrayImage) {
    for dip in components(mask, |v| (HOLE..SUBJECT).contains(&v)) {
        if dip.lowest_around >= HOLE {
            dip.paint(mask);
        }
    }
}

/// Closes the small places between subject and border of the mask where the mask doubts, but is not
/// sure of background: parts of a subject that leaves the picture. A heuristic; a gap as of an arm
/// that leaves the picture beside the body shows surer background, or more of it.
fn fill_notches(mask: &mut GrayImage) {
    let (width, height) = mask.dimensions();
    let at_border = |&at: &u32| {
        let (x, y) = (at % width, at / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let subject = count_from(mask, SUBJECT);
    for notch in components(mask, |v| v < SUBJECT) {
        let small = notch.cells.len() as f32 <= NOTCH * subject;
        let doubted = |&at: &u32| mask.as_raw()[at as usize] >= BACKGROUND;
        if small && notch.cells.iter().any(at_border) && notch.cells.iter().all(doubted) {
            notch.paint(mask);
        }
    }
}
