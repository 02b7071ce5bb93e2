//! The fold of the upper eyelid.

use image::RgbImage;

use super::line::{eigen, hessian};
use super::score::chance;
use super::upright::Upright;
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
/// Pixels around lid and brow that are looked at as well: blurring them reaches so far.
const MARGIN: f32 = 20.0;
/// Steps along the lid and up from it.
const COLUMNS: usize = 28;
const ROWS: usize = 40;
/// A ridge is the deepest place among so many steps up and down: what is less is the flank of another,
/// such as the lashes below.
const FLANK: usize = 3;
/// The share of that depth from which a place counts as the ridge itself.
const CREST: f32 = 0.9;
/// Standard deviation in pixels of the fold looked for, and the answer to a fold of depth 1.
const SCALE: f32 = 3.0;
const RESPONSE: f32 = 0.385;
/// Depth in L* from which a column of the lid has a fold, and beyond which deeper is no better.
const DEPTH: f32 = 3.0;
const DEEPEST: f32 = 8.0;
/// Depth that a fold must gain to be followed one step up or down, and the most steps it takes from
/// one column to the next.
const CLIMB: f32 = 0.5;
const STEEPEST: usize = 2;
/// Share of the columns with a fold from which a lid is a double one, and how uncertain that share is.
const DOUBLE: f32 = 0.4;
const UNCERTAIN: f32 = 0.08;
/// Pixels of the frame for one of the photo beyond which a fold is no longer resolved well.
const COARSE: f32 = 4.0;
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
    /// The chance that there is a fold of either kind, 0 to 1.
    pub folded: f32,
}

/// Looks for the fold of an upper lid: the dark line that runs deepest between lid and brow, and its
/// height above the lid from the inner to the outer corner. A heuristic; shadow, make-up and a lowered
/// gaze mislead it, and glasses hide the fold. A mirrored photo has the same lids, and what a small face
/// does not resolve makes it less sure.
pub fn eyelid(photo: &RgbImage, face: &Upright, side: Side) -> Eyelid {
    let line = deepest(&ridges(photo, face, side));
    let share = line.iter().flatten().count() as f32 / COLUMNS as f32;
    let coarse = (face.magnification() / COARSE).max(1.0);
    let folded = chance(share, DOUBLE, UNCERTAIN * coarse);
    if folded < 0.5 {
        return Eyelid { fold: Fold::Single, confidence: 1.0 - folded, folded };
    }
    let mean = |from: f32, to: f32| {
        let along = |column: usize| (column as f32 + 0.5) / COLUMNS as f32;
        let part = line.iter().enumerate().filter(|(i, _)| (from..to).contains(&along(*i)));
        let (sum, count) =
            part.filter_map(|(_, up)| *up).fold((0.0, 0), |(sum, n), up| (sum + up, n + 1));
        (count > 0).then(|| sum / count as f32)
    };
    // No fold over the inner third: it has met the lid.
    let ratio = mean(0.0, 0.34).unwrap_or(0.0) / mean(0.5, 0.9).unwrap_or(1.0).max(1e-3);
    let parallel = chance(ratio, PARALLEL, 0.1);
    let (fold, sure) =
        if parallel >= 0.5 { (Fold::Parallel, parallel) } else { (Fold::Fan, 1.0 - parallel) };
    Eyelid { fold, confidence: folded * sure, folded }
}

/// How high a row lies, as a share of the way from lid to brow.
fn height(row: f32) -> f32 {
    FROM + (TO - FROM) * row / (ROWS - 1) as f32
}

/// For each column along the lid, from the inner corner, the depth in L* of the dark ridges across it,
/// row by row; 0 where there is none.
fn ridges(photo: &RgbImage, face: &Upright, side: Side) -> Vec<[f32; ROWS]> {
    let points = |indices: &[[usize; 7]; 2]| indices[side as usize].map(|i| face.points[i]);
    let (lid, brow) = (points(&LID), points(&BROW));
    let part = face.around(photo, &[lid, brow].concat(), MARGIN, side, 1);
    let [lid, brow] = [lid, brow].map(|points| points.map(|point| part.place(point)));
    let at = |points: &[[f32; 2]; 7], along: f32| {
        let place = along * 6.0;
        let first = (place as usize).min(5);
        let ([a, b], way) = ([points[first], points[first + 1]], place - first as f32);
        [a[0] + (b[0] - a[0]) * way, a[1] + (b[1] - a[1]) * way]
    };
    let blurred = lightness_of(&part.image).gaussian(SCALE);
    let column = |column: usize| {
        let along = (column as f32 + 0.5) / COLUMNS as f32;
        let (lid, brow) = (at(&lid, along), at(&brow, along));
        // Begins and ends so many rows beyond, so that flanks are known for what they are.
        let depths: [f32; ROWS + 2 * FLANK] = std::array::from_fn(|row| {
            let up = height(row as f32 - FLANK as f32);
            let [x, y] = [0, 1].map(|axis| lid[axis] + (brow[axis] - lid[axis]) * up);
            let (x, y) = (x.round() as isize, y.round() as isize);
            let (across, along, direction) = eigen(hessian(&blurred, x, y));
            // Lies, rather than stands: within 45 degrees of the picture's rows.
            let lies = direction.sin().abs() > std::f32::consts::FRAC_1_SQRT_2;
            let ridge = lies && along < 0.5 * across;
            if ridge { SCALE * SCALE * across / RESPONSE } else { 0.0 }
        });
        std::array::from_fn(|row| {
            let around = depths[row..][..=2 * FLANK].iter().copied().fold(0.0, f32::max);
            let depth = depths[row + FLANK];
            if depth >= CREST * around { depth } else { 0.0 }
        })
    };
    (0..COLUMNS).map(column).collect()
}

/// The line from column to column along which ridges are deepest in all (dynamic programming): for each
/// column how high it lies, None where it crosses no ridge deep enough.
fn deepest(ridges: &[[f32; ROWS]]) -> Vec<Option<f32>> {
    let mut sums = [0.0_f32; ROWS];
    let mut ways = Vec::with_capacity(ridges.len());
    for depths in ridges {
        // Where the best line to each row comes from.
        let way: [usize; ROWS] = std::array::from_fn(|row| {
            let gain = |from: &usize| sums[*from] - CLIMB * from.abs_diff(row) as f32;
            let near = row.saturating_sub(STEEPEST)..(row + STEEPEST + 1).min(ROWS);
            near.max_by(|a, b| gain(a).total_cmp(&gain(b))).unwrap_or(row)
        });
        sums = std::array::from_fn(|row| {
            let from = way[row];
            sums[from] - CLIMB * from.abs_diff(row) as f32 + depths[row].min(DEEPEST)
        });
        ways.push(way);
    }
    let mut row = (0..ROWS).max_by(|&a, &b| sums[a].total_cmp(&sums[b])).unwrap_or(0);
    let mut line = Vec::with_capacity(ridges.len());
    for (depths, way) in ridges.iter().zip(ways).rev() {
        line.push((depths[row] >= DEPTH).then(|| height(row as f32)));
        row = way[row];
    }
    line.reverse();
    line
}

/// L* of every pixel.
fn lightness_of(picture: &RgbImage) -> Map {
    let pixels = picture.as_chunks::<3>().0.iter();
    let values =
        pixels.map(|pixel| lightness(luma(pixel.map(|value| LINEAR[usize::from(value)]))) * 100.0);
    let (width, height) = picture.dimensions();
    Map { width: width as usize, height: height as usize, values: values.collect() }
}

#[cfg(test)]
mod tests {
    use image::imageops;

    use super::super::chip::Chip;
    use super::super::phantom::Phantom;
    use super::*;

    /// A fold whose height goes from `inner` to `outer`, as shares of the way to the brow.
    fn painted(inner: f32, outer: f32, depth: f32) -> Chip {
        let mut phantom = Phantom::clean();
        let place = |index: usize| phantom.chip.upright.points[index];
        let points: Vec<_> = (0..7)
            .map(|i| {
                let (lid, brow) = (place(LID[0][i]), place(BROW[0][i]));
                let up = inner + (outer - inner) * i as f32 / 6.0;
                [0, 1].map(|axis| lid[axis] + (brow[axis] - lid[axis]) * up)
            })
            .collect();
        points.windows(2).for_each(|pair| phantom.groove(pair[0], pair[1], 3.0, depth));
        phantom.skin().chip
    }

    fn lids(chip: &Chip) -> [Eyelid; 2] {
        Side::BOTH.map(|side| eyelid(&chip.image, &chip.upright, side))
    }

    #[test]
    fn folds_are_told_by_their_course() {
        let [left, right] = lids(&painted(0.3, 0.3, 0.5));
        assert_eq!((left.fold, right.fold), (Fold::Parallel, Fold::Single));
        assert!(left.confidence > 0.5 && right.confidence > 0.8);
        let [left, _] = lids(&painted(0.12, 0.38, 0.5));
        assert_eq!(left.fold, Fold::Fan);
        let [left, _] = lids(&painted(0.3, 0.3, 0.05));
        assert_eq!(left.fold, Fold::Single);
    }

    #[test]
    fn a_mirrored_photo_has_the_same_lids() {
        for (inner, outer) in [(0.3, 0.3), (0.12, 0.38)] {
            let chip = painted(inner, outer, 0.2);
            let mut mirrored = chip.clone();
            imageops::flip_horizontal_in_place(&mut mirrored.image);
            let far = chip.image.width() as f32 - 1.0;
            for [left, right] in [LID, BROW] {
                for (from, to) in left.into_iter().zip(right).chain(right.into_iter().zip(left)) {
                    let [x, y] = chip.upright.points[from];
                    mirrored.upright.points[to] = [far - x, y];
                }
            }
            let (wanted, [right, left]) = (lids(&chip), lids(&mirrored));
            for (wanted, found) in wanted.into_iter().zip([left, right]) {
                assert_eq!(wanted.fold, found.fold);
                assert!(
                    (wanted.confidence - found.confidence).abs() < 0.02,
                    "{wanted:?} {found:?}"
                );
            }
        }
    }
}
