//! The fold of the upper eyelid.

use super::chip::{Chip, Skin};
use super::line::{eigen, hessian};
use super::score::chance;
use super::zone::Side;
use crate::color::{LINEAR, lightness, luma};
use crate::map::Map;

/// Mesh points of the upper lid's edge and of the lower edge of the brow, inner to outer corner.
const LID: [[usize; 7]; 2] =
    [[173, 157, 158, 159, 160, 161, 246], [398, 384, 385, 386, 387, 388, 466]];
const BROW: [[usize; 7]; 2] = [[55, 65, 65, 52, 52, 53, 53], [285, 295, 295, 282, 282, 283, 283]];
/// The part of the way from lid to brow in which a fold is looked for: beyond the lashes, below the
/// brow.
const FROM: f32 = 0.10;
const TO: f32 = 0.62;
/// Steps along the lid and up from it.
const COLUMNS: usize = 28;
const ROWS: usize = 40;
/// Standard deviation in pixels of the fold looked for, and the answer to a fold of depth 1.
const SCALE: f32 = 3.0;
const RESPONSE: f32 = 0.385;
/// Depth in L* from which a column of the lid has a fold.
const DEPTH: f32 = 3.0;
/// Share of the columns with a fold, at one height, from which a lid is a double one.
const DOUBLE: f32 = 0.5;
/// Height of the fold over the inner third against that over the outer third, above which the fold
/// runs parallel to the lid rather than fanning out from the inner corner.
const PARALLEL: f32 = 0.62;

/// The kind of an upper lid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Without a fold that shows.
    Single,
    /// The fold runs parallel to the lid.
    Parallel,
    /// The fold begins at the inner corner and opens outwards.
    Fan,
}

/// An upper lid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eyelid {
    /// Its kind.
    pub fold: Fold,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
}

/// Looks for the fold of an upper lid: a dark line between lid and brow, and its height above the
/// lid from the inner to the outer corner. A heuristic; shadow, make-up and a lowered gaze mislead
/// it, and glasses hide the fold.
pub fn eyelid(skin: &Skin, side: Side) -> Eyelid {
    let heights = fold(&skin.chip, side);
    let found: Vec<(f32, f32)> = heights
        .iter()
        .enumerate()
        .filter_map(|(i, height)| height.map(|h| ((i as f32 + 0.5) / COLUMNS as f32, h)))
        .collect();
    let mut sorted: Vec<f32> = found.iter().map(|(_, height)| *height).collect();
    let middle = crate::map::percentile(&mut sorted, 0.5);
    // The fold is one line: columns far from the rest have found something else.
    let on_line = |height: f32| (height - middle).abs() < 0.16;
    let line: Vec<_> = found.into_iter().filter(|&(_, height)| on_line(height)).collect();
    let double = chance(line.len() as f32 / COLUMNS as f32, DOUBLE, 0.08);
    if double < 0.5 {
        return Eyelid { fold: Fold::Single, confidence: 1.0 - double };
    }
    let mean = |from: f32, to: f32| {
        let part = line.iter().filter(|(along, _)| (from..to).contains(along));
        let (sum, count) = part.fold((0.0, 0), |(sum, n), (_, height)| (sum + height, n + 1));
        (count > 0).then(|| sum / count as f32)
    };
    // No fold over the inner third: it has met the lid.
    let ratio = mean(0.0, 0.34).unwrap_or(0.0) / mean(0.5, 0.9).unwrap_or(1.0).max(1e-3);
    let parallel = chance(ratio, PARALLEL, 0.1);
    let (fold, sure) =
        if parallel >= 0.5 { (Fold::Parallel, parallel) } else { (Fold::Fan, 1.0 - parallel) };
    Eyelid { fold, confidence: double * sure }
}

/// For each column along the lid how high its fold lies, as a share of the way to the brow.
fn fold(chip: &Chip, side: Side) -> Vec<Option<f32>> {
    let i = side as usize;
    let at = |points: &[usize; 7], along: f32| {
        let place = along * 6.0;
        let first = (place as usize).min(5);
        let [a, b] = [points[first], points[first + 1]].map(|i| chip.points[i]);
        let way = place - first as f32;
        [a[0] + (b[0] - a[0]) * way, a[1] + (b[1] - a[1]) * way]
    };
    let (blurred, [left, top]) = around(chip, &[LID[i], BROW[i]].concat());
    let column = |column: usize| {
        let along = (column as f32 + 0.5) / COLUMNS as f32;
        let (lid, brow) = (at(&LID[i], along), at(&BROW[i], along));
        let depth = |row: usize| {
            let up = FROM + (TO - FROM) * row as f32 / (ROWS - 1) as f32;
            let [x, y] = [0, 1].map(|axis| lid[axis] + (brow[axis] - lid[axis]) * up);
            let (x, y) = (x.round() as isize - left, y.round() as isize - top);
            let (across, along, direction) = eigen(hessian(&blurred, x, y));
            // Lies, rather than stands: within 45 degrees of the picture's rows.
            let lies = direction.sin().abs() > std::f32::consts::FRAC_1_SQRT_2;
            let ridge = lies && along < 0.5 * across;
            (if ridge { SCALE * SCALE * across / RESPONSE } else { 0.0 }, up)
        };
        let best = (0..ROWS).map(depth).max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|&(depth, _)| depth >= DEPTH).map(|(_, up)| up)
    };
    (0..COLUMNS).map(column).collect()
}

/// Blurred lightness of the chip around some points, and where its first pixel lies.
fn around(chip: &Chip, points: &[usize]) -> (Map, [isize; 2]) {
    let bounds = |axis: usize, length: u32| {
        let values = points.iter().map(|&i| chip.points[i][axis]);
        let low = values.clone().fold(f32::INFINITY, f32::min) - 20.0;
        let high = values.fold(f32::NEG_INFINITY, f32::max) + 20.0;
        let cut = |value: f32| value.clamp(0.0, length as f32 - 1.0) as u32;
        (cut(low), cut(high) + 1)
    };
    let (left, right) = bounds(0, chip.image.width());
    let (top, bottom) = bounds(1, chip.image.height());
    let values = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))).map(|(x, y)| {
        let pixel = chip.image.get_pixel(x, y).0;
        lightness(luma(pixel.map(|value| LINEAR[usize::from(value)]))) * 100.0
    });
    let map = Map {
        width: (right - left) as usize,
        height: (bottom - top) as usize,
        values: values.collect(),
    };
    (map.gaussian(SCALE), [left as isize, top as isize])
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::*;

    /// A fold whose height goes from `inner` to `outer`, as shares of the way to the brow.
    fn painted(inner: f32, outer: f32, depth: f32) -> [Eyelid; 2] {
        let mut phantom = Phantom::clean();
        let points: Vec<_> = (0..7)
            .map(|i| {
                let (lid, brow) = (phantom.chip.points[LID[0][i]], phantom.chip.points[BROW[0][i]]);
                let up = inner + (outer - inner) * i as f32 / 6.0;
                [0, 1].map(|axis| lid[axis] + (brow[axis] - lid[axis]) * up)
            })
            .collect();
        points.windows(2).for_each(|pair| phantom.groove(pair[0], pair[1], 3.0, depth));
        let skin = phantom.skin();
        Side::BOTH.map(|side| eyelid(&skin, side))
    }

    #[test]
    fn folds_are_told_by_their_course() {
        let [left, right] = painted(0.3, 0.3, 0.5);
        assert_eq!((left.fold, right.fold), (Fold::Parallel, Fold::Single));
        assert!(left.confidence > 0.5 && right.confidence > 0.8);
        let [left, _] = painted(0.12, 0.38, 0.5);
        assert_eq!(left.fold, Fold::Fan);
        let [left, _] = painted(0.3, 0.3, 0.05);
        assert_eq!(left.fold, Fold::Single);
    }
}
