//! Where the points of a face go for an expression.

use std::sync::LazyLock;

use safelight_imaging::color::smoothstep;
use safelight_vision::face::Mesh;
use safelight_vision::face::pose::Turn;

use super::Expression;
use super::data::{Lip, Push, pushes};
use crate::canonical::{self, COUNT, WIDTH};
use crate::kit::Kit;
use crate::strokes::Place;

/// The lips without their corners.
const UPPER_LIP: [usize; 18] =
    [185, 40, 39, 37, 0, 267, 269, 270, 409, 191, 80, 81, 82, 13, 312, 311, 310, 415];
const LOWER_LIP: [usize; 18] =
    [146, 91, 181, 84, 17, 314, 405, 321, 375, 95, 88, 178, 87, 14, 317, 402, 318, 324];
const CORNERS: [usize; 8] = [61, 76, 62, 78, 291, 306, 292, 308];
/// Between the lips of the canonical face.
const MOUTH: f32 = -0.28;
/// How much of a lip's movement its corners take.
const CORNER_SHARE: f32 = 0.4;
/// Over this distance from the middle a half's movement begins.
const MIDDLE: f32 = 0.03;
/// A jaw's turn at 1, the axis that it turns about, and how much of it the corners of the mouth take.
const JAW_DEGREES: f32 = 14.0;
const JAW_AXIS: f32 = -0.12;
const JAW_CORNERS: f32 = 0.45;

/// The lids of an eye, from its outer to its inner corner: edge of the upper lid, of the lower lid, and
/// two lines above the upper lid.
struct Lids {
    upper: [usize; 7],
    lower: [usize; 7],
    second: [usize; 7],
    third: [usize; 7],
}

/// Those of the person's left and right eye.
const LIDS: [Lids; 2] = [
    Lids {
        upper: [466, 388, 387, 386, 385, 384, 398],
        lower: [249, 390, 373, 374, 380, 381, 382],
        second: [467, 260, 259, 257, 258, 286, 414],
        third: [342, 445, 444, 443, 442, 441, 413],
    },
    Lids {
        upper: [246, 161, 160, 159, 158, 157, 173],
        lower: [7, 163, 144, 145, 153, 154, 155],
        second: [247, 30, 29, 27, 28, 56, 190],
        third: [113, 225, 224, 223, 222, 221, 189],
    },
];
/// How much of the opening each line goes down where the eye closes, and up where it opens.
const CLOSING: [f32; 4] = [0.90, -0.05, 0.58, 0.21];
const OPENING: [f32; 4] = [0.96, -0.05, 0.62, 0.22];

/// The canonical face in `fw`.
static FACE: LazyLock<Vec<[f32; 3]>> =
    LazyLock::new(|| (0..COUNT).map(|i| canonical::place(i).map(|v| v / WIDTH)).collect());

/// By how much each point of the face moves, in pixels of the photo.
pub(super) fn moved(kit: &Kit, expression: &Expression, strength: f32) -> Vec<Place> {
    let turn = Turn::of(&kit.mesh);
    let mut shifts: Vec<Place> = (0..COUNT)
        .map(|index| {
            let shift = pushed(expression, index);
            let jaw = jaw(index, expression.jaw * strength);
            let all: [f32; 3] = std::array::from_fn(|i| shift[i] * strength + jaw[i]);
            let [x, y, _] = turn.applied(all.map(f64::from));
            [x as f32 * kit.fw, -y as f32 * kit.fw]
        })
        .collect();
    for (lids, amount) in LIDS.iter().zip(expression.lids) {
        close(&kit.mesh, lids, amount * strength, &mut shifts);
    }
    shifts
}

/// The sum of all pushes of a point.
fn pushed(expression: &Expression, index: usize) -> [f32; 3] {
    let mut sum = [0.0; 3];
    for &(shape, [left, right]) in &expression.shapes {
        for push in pushes(shape) {
            let at = FACE[index];
            let free = push.lip.map_or(1.0, |lip| share_of(lip, index));
            let mut add = |amount: f32, by: [f32; 3]| {
                (0..3).for_each(|i| sum[i] += by[i] * amount * free);
            };
            if !push.pair {
                add((left + right) / 2.0 * reach(push, at), push.by);
                continue;
            }
            let [x, y, z] = at;
            let [across, up, forward] = push.by;
            add(left * reach(push, at) * smoothstep(-MIDDLE, MIDDLE, x), push.by);
            let other = reach(push, [-x, y, z]) * smoothstep(-MIDDLE, MIDDLE, -x);
            add(right * other, [-across, up, forward]);
        }
    }
    sum
}

/// How much of a push is left at a place.
fn reach(push: &Push, at: [f32; 3]) -> f32 {
    let squared = |from: [f32; 3]| (0..3).map(|i| (at[i] - from[i]).powi(2)).sum::<f32>();
    let near = push.near.iter().map(|&index| squared(FACE[index]));
    let nearest = near.fold(f32::INFINITY, f32::min);
    (-nearest / (2.0 * push.sigma * push.sigma)).exp()
}

/// How much of the movement of one lip a point takes.
fn share_of(lip: Lip, index: usize) -> f32 {
    if CORNERS.contains(&index) {
        return CORNER_SHARE;
    }
    let upper = match (UPPER_LIP.contains(&index), LOWER_LIP.contains(&index)) {
        (true, _) => true,
        (_, true) => false,
        _ => FACE[index][1] >= MOUTH,
    };
    f32::from(upper == (lip == Lip::Upper))
}

/// The way of a point where the jaw opens.
fn jaw(index: usize, amount: f32) -> [f32; 3] {
    let [x, y, z] = FACE[index];
    let ramp = |value: f32| value.clamp(0.0, 1.0);
    let share = if CORNERS.contains(&index) {
        JAW_CORNERS
    } else if UPPER_LIP.contains(&index) {
        0.0
    } else if LOWER_LIP.contains(&index) || (y < MOUTH && x.abs() <= 0.16) {
        1.0
    } else {
        let side = if x.abs() > 0.2 { 0.8 * ramp((-0.12 - y) / 0.25) } else { 0.0 };
        ramp((-0.27 - y) / 0.08).max(side)
    };
    let (sin, cos) = (JAW_DEGREES * amount).to_radians().sin_cos();
    let z = z - JAW_AXIS;
    [0.0, (y * cos - z * sin - y) * share, (y * sin + z * cos - z) * share]
}

/// Adds the way of the lids of one eye.
fn close(mesh: &Mesh, lids: &Lids, amount: f32, shifts: &mut [Place]) {
    let shares = if amount < 0.0 { OPENING } else { CLOSING };
    for (i, (&upper, &lower)) in lids.upper.iter().zip(&lids.lower).enumerate() {
        let (top, bottom) = (mesh.point(upper), mesh.point(lower));
        let gap = [bottom.x - top.x, bottom.y - top.y];
        let lines = [upper, lower, lids.second[i], lids.third[i]];
        for (index, share) in lines.into_iter().zip(shares) {
            (0..2).for_each(|axis| shifts[index][axis] += share * amount * gap[axis]);
        }
    }
}
