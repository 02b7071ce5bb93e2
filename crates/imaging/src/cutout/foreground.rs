//! Colours of subject and background where the two are mixed, after Germer, Uelwer, Conrad and
//! Harmeling, "Fast Multi-Level Foreground Estimation" (2020). Colours of cells that are surely one
//! or the other travel over a pyramid into the band; there each cell takes what its neighbours
//! have, corrected so that the mixture gives the colour that is seen.

use super::plane::{Plane, Spans, near, rows};

/// Subject's colour (0..3) and how sure it is (3), background's colour (4..7) and how sure (7).
pub(super) type Layers = Plane<8>;

/// Levels of the pyramid; colours travel at least 2 to this many cells.
const LEVELS: usize = 7;

/// Colours of both layers in `spans`, from the colours seen and alpha. All colours of one layer are
/// carried everywhere; no correction yet.
pub(super) fn spread(colours: &Plane<3>, alpha: &Plane<1>, spans: &Spans) -> Layers {
    let mut levels = vec![(spans.clone(), known(colours, alpha, spans))];
    while levels.len() < LEVELS {
        let (spans, finer) = &levels[levels.len() - 1];
        if finer.width.min(finer.height) < 4 {
            break;
        }
        let spans = spans.halved();
        let coarser = halved(finer, &spans);
        levels.push((spans, coarser));
    }
    for level in (1..levels.len()).rev() {
        let (finer, coarser) = levels.split_at_mut(level);
        let (spans, finer) = &mut finer[level - 1];
        fill(finer, &coarser[0].1, (0, 0), spans);
    }
    levels.swap_remove(0).1
}

/// Colours of both layers in `spans` of a part of the grid that begins at cell `at`, from the
/// colours seen, alpha, and what was [`spread`] at half the resolution over all of the grid.
pub(super) fn estimate(
    colours: &Plane<3>,
    alpha: &Plane<1>,
    coarse: &Layers,
    at: (usize, usize),
    spans: &Spans,
) -> Layers {
    let mut layers = known(colours, alpha, spans);
    fill(&mut layers, coarse, at, spans);
    layers
}

/// What can be read off: a cell that is nearly all subject shows its colour.
fn known(colours: &Plane<3>, alpha: &Plane<1>, spans: &Spans) -> Layers {
    const LEAST: f32 = 0.75;
    let trust = |share: f32| {
        let trust = ((share - LEAST) / (1.0 - LEAST)).clamp(0.0, 1.0);
        trust * trust
    };
    let mut layers = Plane::new(colours.width, colours.height);
    rows(&mut layers, |y, out: [&mut [f32]; 8]| {
        let (colours, [alpha]) = (colours.row(y), alpha.row(y));
        for span in spans.row(y).iter().cloned() {
            for (c, row) in colours.iter().enumerate() {
                out[c][span.clone()].copy_from_slice(&row[span.clone()]);
                out[4 + c][span.clone()].copy_from_slice(&row[span.clone()]);
            }
            for x in span {
                out[3][x] = trust(alpha[x]);
                out[7][x] = trust(1.0 - alpha[x]);
            }
        }
    });
    layers
}

/// Means of four cells by how sure they are.
fn halved(fine: &Layers, spans: &Spans) -> Layers {
    let mut half = Plane::new(fine.width / 2, fine.height / 2);
    rows(&mut half, |y, out: [&mut [f32]; 8]| {
        let lines = [fine.row(2 * y), fine.row(2 * y + 1)];
        for x in spans.row(y).iter().cloned().flatten() {
            for layer in [0, 4] {
                let four = [(0, 2 * x), (0, 2 * x + 1), (1, 2 * x), (1, 2 * x + 1)]
                    .map(|(line, x): (usize, usize)| (lines[line], x));
                let sure: f32 = four.iter().map(|(line, x)| line[layer + 3][*x]).sum();
                let scale = 1.0 / sure.max(1e-6);
                for c in layer..layer + 3 {
                    let sum: f32 =
                        four.iter().map(|(line, x)| line[layer + 3][*x] * line[c][*x]).sum();
                    out[c][x] = sum * scale;
                }
                out[layer + 3][x] = sure.min(1.0);
            }
        }
    });
    half
}

/// Completes `fine`, which begins at cell `at` of twice the resolution of `coarse`, where it is not
/// sure, from the four nearest cells.
fn fill(fine: &mut Layers, coarse: &Layers, at: (usize, usize), spans: &Spans) {
    rows(fine, |y, out: [&mut [f32]; 8]| {
        let lines = near(y + at.1, coarse.height).map(|(y, share)| (coarse.row(y), share));
        for x in spans.row(y).iter().cloned().flatten() {
            let columns = near(x + at.0, coarse.width);
            for layer in [0, 4] {
                let own = out[layer + 3][x];
                if own >= 1.0 {
                    continue;
                }
                let mut sums = [1e-9; 4];
                for (line, down) in &lines {
                    for (x, across) in columns {
                        let share = line[layer + 3][x] * down * across;
                        sums[3] += share;
                        (0..3).for_each(|c| sums[c] += share * line[layer + c][x]);
                    }
                }
                if sums[3] > 1e-6 {
                    let scale = (1.0 - own) / sums[3];
                    for c in 0..3 {
                        out[layer + c][x] = own * out[layer + c][x] + scale * sums[c];
                    }
                    out[layer + 3][x] = own.max(sums[3].min(1.0));
                }
            }
        }
    });
}
