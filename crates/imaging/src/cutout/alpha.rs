//! Alpha in the band, from colours: the matting Laplacian of Levin, Lischinski and Weiss, "A
//! Closed-Form Solution to Natural Image Matting" (2008). Within each window of 3 by 3 cells alpha
//! is taken as linear in colour; the mask is a weak prior, strongest where it is sure. Solved from
//! coarse to fine by fitting the windows and averaging them (He, Sun and Tang, "Guided Image
//! Filtering", 2013: one step of filtering alpha by the colours is one Jacobi step), with momentum.
//!
//! Being linear in colour, the answer carries over to every pixel: the coefficients of a cell are
//! applied to the colours of the full photo.

use super::plane::{Plane, Spans, near, rows};
use super::runs::{Columns, load, runs, store};
use crate::lanes::{Lanes, each};

/// Steps on the grid, its half, its quarter and its eighth.
const STEPS: [usize; 4] = [1, 2, 6, 12];
/// Variance that is taken as noise.
const NOISE: f32 = 1e-4;
/// Weight of the mask where it is unsure and where it is sure.
const PRIOR_UNSURE: f32 = 0.002;
const PRIOR_SURE: f32 = 0.02;
/// Length of a step and the share of the step before that is kept.
const STEP: f32 = 1.5;
const MOMENTUM: f32 = 0.5;

/// One resolution of the problem.
pub(super) struct Level {
    pub colours: Plane<3>,
    /// Where alpha is to be found.
    pub band: Spans,
    /// The mask, or what is known; and how freely the colours may overrule it, 0 to 1.
    pub prior: Plane<2>,
    pub alpha: Plane<1>,
}

/// Coefficients for each cell: alpha = red * c0 + green * c1 + blue * c2 + c3.
pub(super) type Coefficients = Plane<4>;

/// How freely the colours may overrule the mask's value `mask` in the band.
pub(super) fn freedom(mask: f32) -> f32 {
    let sure = (2.0 * mask - 1.0).abs();
    1.0 / (1.0 + PRIOR_UNSURE + (PRIOR_SURE - PRIOR_UNSURE) * sure)
}

/// Windows reach one cell, and the coefficients are wanted one cell beyond the band.
const REACH: usize = 2;
/// Cells at the border that are never solved for.
pub(super) const MARGIN: usize = REACH + 1;

/// Solves for alpha at half the resolution of `level`, by way of coarser ones; `level` starts from
/// what was found.
pub(super) fn solve_coarse(level: &mut Level) -> Level {
    start(level, 1)
}

/// Solves for alpha on `level`, which starts from a good guess, and answers the linear model behind
/// it.
pub(super) fn finish(level: &mut Level) -> Coefficients {
    solve(level, 0)
}

fn start(level: &mut Level, depth: usize) -> Level {
    let mut half = level.halved();
    if depth + 1 < STEPS.len() {
        start(&mut half, depth + 1);
    }
    let model = solve(&mut half, depth);
    level.start_from(&model);
    half
}

fn solve(level: &mut Level, depth: usize) -> Coefficients {
    let mut solver = Solver::new(level);
    solver.run(level, STEPS[depth]);
    solver.coefficients(level)
}

impl Level {
    /// The same problem at half the resolution.
    fn halved(&self) -> Self {
        let band = self.band.halved().grown(0, MARGIN);
        let support = band.grown(REACH + 1, 0);
        Self {
            colours: halved(&self.colours, &support),
            prior: halved(&self.prior, &support),
            alpha: halved(&self.alpha, &support),
            band,
        }
    }

    /// The part of `width` by `height` cells from (`x`, `y`) on.
    pub fn cut(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        Self {
            colours: self.colours.cut(x, y, width, height),
            band: self.band.cut(x, y, width, height).grown(0, MARGIN),
            prior: self.prior.cut(x, y, width, height),
            alpha: self.alpha.cut(x, y, width, height),
        }
    }

    /// Takes over what was found at half the resolution: its linear model, on the finer colours.
    fn start_from(&mut self, model: &Coefficients) {
        let Self { colours, band, prior, alpha } = self;
        rows(alpha, |y, [alpha]| {
            let ([r, g, b], [_, free]) = (colours.row(y), prior.row(y));
            let lines = near(y, model.height).map(|(y, share)| (model.row(y), share));
            for x in band.row(y).iter().cloned().flatten().filter(|&x| free[x] > 0.0) {
                let mut found = 0.0;
                for (column, across) in near(x, model.width) {
                    for (line, down) in &lines {
                        let [c0, c1, c2, c3] = line.map(|row| row[column]);
                        found += across * down * (c0 * r[x] + c1 * g[x] + c2 * b[x] + c3);
                    }
                }
                alpha[x] = found.clamp(0.0, 1.0);
            }
        });
    }
}

fn halved<const N: usize>(fine: &Plane<N>, spans: &Spans) -> Plane<N> {
    let mut half = Plane::new(fine.width / 2, fine.height / 2);
    rows(&mut half, |y, out: [&mut [f32]; N]| {
        let (above, below) = (fine.row(2 * y), fine.row(2 * y + 1));
        for ((out, above), below) in out.into_iter().zip(above).zip(below) {
            for x in spans.row(y).iter().cloned().flatten() {
                let sum = above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1];
                out[x] = sum * 0.25;
            }
        }
    });
    half
}

/// The windows of one level and the state of its iteration.
struct Solver {
    windows: Spans,
    /// Mean colour (3), then the inverse covariance (rr rg rb gg gb bb).
    statistics: Plane<9>,
    fits: Plane<4>,
    before: Plane<1>,
}

impl Solver {
    fn new(level: &Level) -> Self {
        let windows = level.band.grown(REACH, 1);
        let (width, height) = (level.colours.width, level.colours.height);
        let mut statistics = Plane::new(width, height);
        rows(&mut statistics, |y, mut out: [&mut [f32]; 9]| {
            if windows.row(y).is_empty() {
                return;
            }
            let lines = around(y).map(|y| level.colours.row(y));
            for x in runs(windows.row(y)) {
                let moments = Columns::moments(lines, x);
                for (out, lanes) in out.iter_mut().zip(&precision(&moments.means())) {
                    store(out, x, lanes);
                }
            }
        });
        let (fits, before) = (Plane::new(width, height), level.alpha.clone());
        Self { windows, statistics, fits, before }
    }

    fn run(&mut self, level: &mut Level, steps: usize) {
        for _ in 0..steps {
            self.fit(level);
            self.step(level);
            std::mem::swap(&mut self.before, &mut level.alpha);
        }
    }

    /// Fits each window's linear model to the present alpha.
    fn fit(&mut self, level: &Level) {
        let Self { windows, statistics, fits, .. } = self;
        rows(fits, |y, mut out: [&mut [f32]; 4]| {
            if windows.row(y).is_empty() {
                return;
            }
            let statistics = statistics.row(y);
            let lines = around(y).map(|y| (level.alpha.row(y)[0], level.colours.row(y)));
            for x in runs(windows.row(y)) {
                let means = Columns::products(lines, x).means();
                let model = linear(&means, &statistics.map(|row| load(row, x)));
                for (out, lanes) in out.iter_mut().zip(&model) {
                    store(out, x, lanes);
                }
            }
        });
    }

    /// Takes one step towards what the windows say of each cell.
    fn step(&mut self, level: &Level) {
        let Self { fits, before, .. } = self;
        rows(before, |y, [out]| {
            if level.band.row(y).is_empty() {
                return;
            }
            let ([r, g, b], [target, free]) = (level.colours.row(y), level.prior.row(y));
            let [now] = level.alpha.row(y);
            let lines = around(y).map(|y| fits.row(y));
            for x in runs(level.band.row(y)) {
                let [r, g, b, target] = [r, g, b, target].map(|row| load(row, x));
                let [free, now, before] = [free, now, &*out].map(|row| load(row, x));
                let [a0, a1, a2, a3] = Columns::of(lines, x).means();
                let next = each(|i| {
                    let fitted = a0[i] * r[i] + a1[i] * g[i] + a2[i] * b[i] + a3[i];
                    let wanted = target[i] + free[i] * (fitted - target[i]);
                    now[i] + STEP * (wanted - now[i]) + MOMENTUM * (now[i] - before[i])
                });
                store(out, x, &next);
            }
        });
    }

    /// The model of each cell: the mean of the windows', as far as the mask leaves it free.
    fn coefficients(mut self, level: &Level) -> Coefficients {
        self.fit(level);
        let Self { fits, .. } = self;
        let cells = level.band.grown(1, MARGIN - 1);
        let mut out = Plane::new(fits.width, fits.height);
        rows(&mut out, |y, mut out: [&mut [f32]; 4]| {
            // What is not solved for stays as it is.
            out[3].copy_from_slice(level.alpha.row(y)[0]);
            if cells.row(y).is_empty() {
                return;
            }
            let prior = level.prior.row(y);
            let lines = around(y).map(|y| fits.row(y));
            for x in runs(cells.row(y)) {
                let [target, free] = prior.map(|row| load(row, x));
                let mut model = Columns::of(lines, x).means();
                for lanes in &mut model {
                    *lanes = each(|i| free[i] * lanes[i]);
                }
                model[3] = each(|i| model[3][i] + (1.0 - free[i]) * target[i]);
                for (out, lanes) in out.iter_mut().zip(&model) {
                    store(out, x, lanes);
                }
            }
        });
        out
    }
}

fn around(y: usize) -> [usize; 3] {
    [y - 1, y, y + 1]
}

/// From moments to mean and inverse covariance, [`NOISE`] added to the variances.
#[inline(always)]
fn precision(moments: &[Lanes; 9]) -> [Lanes; 9] {
    let [r, g, b, mrr, mrg, mrb, mgg, mgb, mbb] = moments;
    let rr = each(|i| mrr[i] - r[i] * r[i] + NOISE);
    let rg = each(|i| mrg[i] - r[i] * g[i]);
    let rb = each(|i| mrb[i] - r[i] * b[i]);
    let gg = each(|i| mgg[i] - g[i] * g[i] + NOISE);
    let gb = each(|i| mgb[i] - g[i] * b[i]);
    let bb = each(|i| mbb[i] - b[i] * b[i] + NOISE);
    let one = each(|i| gg[i] * bb[i] - gb[i] * gb[i]);
    let two = each(|i| rb[i] * gb[i] - rg[i] * bb[i]);
    let three = each(|i| rg[i] * gb[i] - rb[i] * gg[i]);
    let scale = each(|i| 1.0 / (rr[i] * one[i] + rg[i] * two[i] + rb[i] * three[i]).max(1e-20));
    [
        *r,
        *g,
        *b,
        each(|i| one[i] * scale[i]),
        each(|i| two[i] * scale[i]),
        each(|i| three[i] * scale[i]),
        each(|i| (rr[i] * bb[i] - rb[i] * rb[i]) * scale[i]),
        each(|i| (rg[i] * rb[i] - rr[i] * gb[i]) * scale[i]),
        each(|i| (rr[i] * gg[i] - rg[i] * rg[i]) * scale[i]),
    ]
}

/// The least-squares model of alpha from colour in a window: `means` of alpha and of its products
/// with the colours, `statistics` of the colours.
#[inline(always)]
fn linear(means: &[Lanes; 4], statistics: &[Lanes; 9]) -> [Lanes; 4] {
    let [alpha, pr, pg, pb] = means;
    let [r, g, b, rr, rg, rb, gg, gb, bb] = statistics;
    let cr = each(|i| pr[i] - alpha[i] * r[i]);
    let cg = each(|i| pg[i] - alpha[i] * g[i]);
    let cb = each(|i| pb[i] - alpha[i] * b[i]);
    let a0 = each(|i| rr[i] * cr[i] + rg[i] * cg[i] + rb[i] * cb[i]);
    let a1 = each(|i| rg[i] * cr[i] + gg[i] * cg[i] + gb[i] * cb[i]);
    let a2 = each(|i| rb[i] * cr[i] + gb[i] * cg[i] + bb[i] * cb[i]);
    let rest = each(|i| alpha[i] - a0[i] * r[i] - a1[i] * g[i] - a2[i] * b[i]);
    [a0, a1, a2, rest]
}
