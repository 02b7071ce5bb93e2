//! Colours of subject and background where the two are mixed, after Germer, Uelwer, Conrad and
//! Harmeling, "Fast Multi-Level Foreground Estimation" (2020). Colours of cells that are surely one
//! or the other travel over a pyramid into the band; there each cell takes what its neighbours
//! have, corrected so that the mixture gives the colour that is seen.

use super::plane::{Plane, Spans, near, rows};

/// Subject's colour (0..3) and how sure it is (3), background's colour (4..7) and how sure (7).
pub(super) type Layers = Plane<8>;

/// Colours of both layers in `spans`, from the colours seen and alpha. All colours of one layer are
/// carried everywhere; no correction yet.
pub(super) fn spread(colours: &Plane<3>, alpha: &Plane<1>, spans: &Spans) -> Layers {
    let mut levels = vec![(spans.clone(), known(colours, alpha, spans))];
    while let Some((spans, finer)) = levels.last()
        && finer.width.min(finer.height) >= 4
    {
        let spans = spans.halved();
        let coarser = halved(finer, &spans);
        levels.push((spans, coarser));
    }
    // Colours must get everywhere: a place that none reached would keep what is seen there, and two that
    // were reached from different sides would meet in a seam.
    let (spans, coarsest) = &mut levels.last_mut().expect("there is the finest");
    let mean = mean(coarsest, spans);
    fill(coarsest, &mean, (0, 0), spans);
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

/// The mean of all cells by how sure they are, as a picture of one cell.
fn mean(level: &Layers, spans: &Spans) -> Layers {
    let mut sums = [0.0; 8];
    for y in 0..level.height {
        let row = level.row(y);
        for x in spans.row(y).iter().cloned().flatten() {
            for layer in [0, 4] {
                let sure = row[layer + 3][x];
                (0..3).for_each(|c| sums[layer + c] += sure * row[layer + c][x]);
                sums[layer + 3] += sure;
            }
        }
    }
    let mut one = Plane::new(1, 1);
    rows(&mut one, |_, out: [&mut [f32]; 8]| {
        for (c, out) in out.into_iter().enumerate() {
            let sure = sums[c / 4 * 4 + 3];
            out[0] = if c % 4 == 3 { sure.min(1.0) } else { sums[c] / sure.max(1e-6) };
        }
    });
    one
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A red piece above and a blue one far below, with nothing sure between.
    #[test]
    fn colours_get_everywhere_and_meet_without_a_seam() {
        let (width, height) = (64, 512);
        let (mut colours, mut alpha) = (Plane::<3>::new(width, height), Plane::new(width, height));
        rows(&mut colours, |y, [red, _, blue]| {
            let row = if y < height / 2 { red } else { blue };
            row[..width].fill(1.0);
        });
        rows(&mut alpha, |y, [alpha]: [&mut [f32]; 1]| {
            alpha[..width].fill(if (8..height - 8).contains(&y) { 0.5 } else { 1.0 });
        });
        let layers = spread(&colours, &alpha, &Spans::of(width, height, 0, |_, _| true));
        let red = |y: usize| layers.row(y)[0][width / 2];
        assert!((0..height).all(|y| layers.row(y)[3][width / 2] > 0.0), "no colour came here");
        assert!(red(12) > 0.9 && red(height - 12) < 0.1);
        let steepest = (1..height).map(|y| (red(y) - red(y - 1)).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.1, "a seam of {steepest}");
    }
}
