//! Eye bags: a bulge under the eye and the crease below it.

use super::chip::Skin;
use super::zone::Side;

/// Mesh points from the inner to the outer corner: along the lower lid, and on the cheek below the
/// hollow of the eye.
const LID: [[usize; 5]; 2] = [[26, 22, 23, 24, 110], [256, 252, 253, 254, 339]];
const CHEEK: [[usize; 5]; 2] = [[121, 120, 119, 118, 117], [350, 349, 348, 347, 346]];
/// How far beyond the points of the cheek is looked, as a share of the way to them.
const BEYOND: f32 = 0.45;
/// Steps along the lid and down the cheek.
const COLUMNS: usize = 21;
const ROWS: usize = 72;
/// Standard deviation of the blur in pixels: lines are no bags.
const SCALE: f32 = 3.5;
/// Half the height of a crease's surroundings, as a share of the way down.
const REACH: f32 = 0.16;
/// With less than this share of the places on skin, nothing is said.
const SEEN: f32 = 0.5;

/// The skin under one eye.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EyeBag {
    /// How much darker in L* the crease below the bag is than the bag above and the cheek below it, on
    /// the mean over the lid's width.
    pub crease: f32,
}

impl EyeBag {
    /// Crease in L* from which a bag is mild, moderate and severe.
    pub const LIMITS: [f32; 3] = [2.4, 4.5, 7.5];
}

/// Measures the bag under an eye: lightness down from the lid, averaged along it, must fall into a
/// crease and rise again. A heuristic; light straight from the front hides bags. None where too
/// little is seen.
pub fn eye_bag(skin: &Skin, side: Side) -> Option<EyeBag> {
    let blurred = skin.layers().lightness.gaussian(SCALE);
    let at = |points: &[usize; 5], along: f32| {
        let place = along * 4.0;
        let first = (place as usize).min(3);
        let [a, b] = [points[first], points[first + 1]].map(|i| skin.chip.upright.points[i]);
        let way = place - first as f32;
        [a[0] + (b[0] - a[0]) * way, a[1] + (b[1] - a[1]) * way]
    };
    let i = side as usize;
    let (mut sums, mut counts) = ([0.0_f32; ROWS], [0_u32; ROWS]);
    for column in 0..COLUMNS {
        let along = (column as f32 + 0.5) / COLUMNS as f32;
        let (from, to) = (at(&LID[i], along), at(&CHEEK[i], along));
        for row in 0..ROWS {
            let down = (1.0 + BEYOND) * row as f32 / (ROWS - 1) as f32;
            let [x, y] = [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * down);
            let (x, y) = (x.round() as isize, y.round() as isize);
            if skin.mask.has(x, y) {
                sums[row] += blurred.near(x, y);
                counts[row] += 1;
            }
        }
    }
    let seen = counts.iter().sum::<u32>() as f32 / (COLUMNS * ROWS) as f32;
    if seen < SEEN {
        return None;
    }
    let profile: Vec<f32> = sums
        .iter()
        .zip(counts)
        .filter(|&(_, count)| count > COLUMNS as u32 / 3)
        .map(|(sum, count)| sum / count as f32)
        .collect();
    let reach = ((REACH * ROWS as f32) as usize).min(profile.len() / 4).max(1);
    // A crease lies between something lighter above and below: the lower of both counts.
    let crease = (reach..profile.len().saturating_sub(reach)).map(|row| {
        let highest = |rows: &[f32]| rows.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let above = highest(&profile[row - reach..row]);
        let below = highest(&profile[row + 1..=row + reach]);
        above.min(below) - profile[row]
    });
    Some(EyeBag { crease: crease.fold(0.0, f32::max) })
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::super::score::Severity;
    use super::*;

    fn painted(depth: f32) -> [Severity; 2] {
        let mut phantom = Phantom::clean();
        let points = CHEEK[0].map(|i| phantom.chip.upright.points[i]);
        for pair in points.windows(2) {
            // A crease a little above the cheek's points.
            let place = |[x, y]: [f32; 2]| [x, y - 6.0];
            phantom.groove(place(pair[0]), place(pair[1]), 6.0, depth);
        }
        let skin = phantom.skin();
        Side::BOTH.map(|side| {
            let bag = eye_bag(&skin, side).expect("seen");
            Severity::of(bag.crease, EyeBag::LIMITS)
        })
    }

    #[test]
    fn creases_are_bags_by_their_depth() {
        assert_eq!(painted(0.0), [Severity::None; 2]);
        let ladder = [0.16, 0.27, 0.5].map(|depth| {
            let [left, right] = painted(depth);
            assert_eq!(right, Severity::None);
            left
        });
        assert_eq!(ladder, [Severity::Mild, Severity::Moderate, Severity::Severe]);
    }
}
