//! The band where alpha is to be found: as the trimap leaves it open, then as narrow as what was
//! found on a coarser grid leaves it.

use image::RgbImage;

use super::alpha::{self, Level};
use super::grid::Grid;
use super::plane::{Plane, Spans, rows};
use super::trimap::{Known, Trimap};

/// Cells around the band that the band's colours are taken from.
pub(super) const SUPPORT: usize = 6;
/// Gaps of the band in a row that are worked on as well: cheaper than starting anew.
const GAP: usize = 4;
/// Alpha this close to 0 or 1 all around is decided.
const DECIDED: f32 = 0.05;

/// The problem as the mask poses it, and the mask itself at the cells that it needs, 0 to 1.
pub(super) fn posed(
    photo: &RgbImage,
    grid: &Grid,
    trimap: &Trimap,
    known: &[Known],
) -> (Level, Plane<1>) {
    let (width, height) = (grid.width, grid.height);
    let band = of(known, width, height);
    let support = band.grown(SUPPORT, 0);
    let colours = grid.colours(photo, &support);
    let mask = grid.sampled(&trimap.mask, &support);
    let mut alpha = Plane::<1>::new(width, height);
    let mut prior = Plane::<2>::new(width, height);
    rows(&mut prior, |y, [target, free]: [&mut [f32]; 2]| {
        for x in support.row(y).iter().cloned().flatten() {
            let guess = mask.row(y)[0][x];
            let known = known[y * width + x].alpha();
            target[x] = known.unwrap_or(guess);
            free[x] = if known.is_none() { alpha::freedom(guess) } else { 0.0 };
        }
    });
    rows(&mut alpha, |y, [alpha]: [&mut [f32]; 1]| alpha.copy_from_slice(prior.row(y)[0]));
    (Level { colours, band, prior, alpha }, mask)
}

/// Takes what is all but decided on `half` for known: the band of the finest grid, the costliest,
/// then follows the edge that was found and no longer the mask's.
pub(super) fn narrow(known: &mut [Known], level: &mut Level, half: &Level) {
    let (width, height) = (level.alpha.width, level.alpha.height);
    let decided = decided(half);
    for (y, row) in known.chunks_exact_mut(width).enumerate() {
        let from = &decided[y / 2 * half.alpha.width..][..half.alpha.width];
        for (x, known) in row.iter_mut().enumerate().filter(|(_, known)| **known == Known::Nothing)
        {
            *known = from[x / 2];
        }
    }
    let Level { band, prior, alpha, .. } = level;
    rows(alpha, |y, [alpha]| {
        for x in band.row(y).iter().cloned().flatten() {
            alpha[x] = known[y * width + x].alpha().unwrap_or(alpha[x]);
        }
    });
    rows(prior, |y, [target, free]| {
        for x in band.row(y).iter().cloned().flatten() {
            if let Some(value) = known[y * width + x].alpha() {
                (target[x], free[x]) = (value, 0.0);
            }
        }
    });
    *band = of(known, width, height);
}

/// What each cell of a solved level says of the cells that it covers.
fn decided(level: &Level) -> Vec<Known> {
    let (width, height) = (level.alpha.width, level.alpha.height);
    let mut decided = vec![Known::Nothing; width * height];
    for y in alpha::MARGIN..height.saturating_sub(alpha::MARGIN) {
        let lines = [y - 1, y, y + 1].map(|y| level.alpha.row(y)[0]);
        for x in level.band.row(y).iter().cloned().flatten() {
            let all = |holds: fn(f32) -> bool| {
                lines.iter().all(|line| line[x - 1..x + 2].iter().all(|&alpha| holds(alpha)))
            };
            if all(|alpha| alpha < DECIDED) {
                decided[y * width + x] = Known::Background;
            } else if all(|alpha| alpha > 1.0 - DECIDED) {
                decided[y * width + x] = Known::Subject;
            }
        }
    }
    decided
}

fn of(known: &[Known], width: usize, height: usize) -> Spans {
    let unknown = |x: usize, y: usize| known[y * width + x] == Known::Nothing;
    Spans::of(width, height, GAP, unknown).grown(0, alpha::MARGIN)
}
