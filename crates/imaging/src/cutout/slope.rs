//! How steep an edge was found. Where it is nowhere steep, the subject is out of focus or colours
//! told nothing: what a linear model leaves is no haze then, and the mask's own ramp from background
//! to subject, where it has one, is the better answer. A heuristic.

use super::alpha::Level;
use super::plane::{Plane, Spans, rows};

/// Cells around whose steepest place counts.
const AROUND: usize = 4;
/// From here on an edge is in focus, and has all the haze.
const SOFT: f32 = 0.5;
const CRISP: f32 = 0.9;
/// Up to here the mask's ramp stands for alpha, and from here on it does not.
const FLAT: f32 = 0.15;
const STEEP: f32 = 0.7;

/// The most that alpha changes over two cells near each of the cells in `spans`, 0 to some 1.4.
pub(super) fn steepest(level: &Level, spans: &Spans) -> Plane<1> {
    let (width, height) = (level.alpha.width, level.alpha.height);
    let mut slopes = Plane::<1>::new(width, height);
    rows(&mut slopes, |y, [out]| {
        let lines = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        let [above, here, below] = lines.map(|y| level.alpha.row(y)[0]);
        for x in spans.row(y).iter().cloned().flatten() {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            let (across, down) = (here[right] - here[left], below[x] - above[x]);
            out[x] = (across * across + down * down).sqrt();
        }
    });
    let mut across = Plane::<1>::new(width, height);
    rows(&mut across, |y, [out]| {
        let [row] = slopes.row(y);
        for span in spans.row(y) {
            for shift in span.start..=span.start + 2 * AROUND {
                // At the left border the first cells have no neighbours so far away.
                let without = AROUND.saturating_sub(shift).min(span.len());
                let others = &row[shift.saturating_sub(AROUND).min(width)..width];
                raise(&mut out[span.start + without..span.end], others);
            }
        }
    });
    let mut steepest = Plane::<1>::new(width, height);
    rows(&mut steepest, |y, [out]| {
        for [row] in (y.saturating_sub(AROUND)..(y + AROUND + 1).min(height)).map(|y| across.row(y))
        {
            for span in spans.row(y) {
                raise(&mut out[span.clone()], &row[span.clone()]);
            }
        }
    });
    steepest
}

/// Raises each value to the other at its place, where there is one.
fn raise(values: &mut [f32], others: &[f32]) {
    for (value, &other) in values.iter_mut().zip(others) {
        *value = if other > *value { other } else { *value };
    }
}

/// The share of the haze that alpha has where the edge is this steep, 0 to 1.
pub(super) fn haze(steepest: f32) -> f32 {
    ((steepest - SOFT) / (CRISP - SOFT)).clamp(0.0, 1.0)
}

/// How much the mask's ramp counts where the edge is this steep, 0 to 1.
pub(super) fn ramp(steepest: f32) -> f32 {
    ((STEEP - steepest) / (STEEP - FLAT)).clamp(0.0, 1.0)
}
