//! Attractiveness by a formula. There is no model with usable terms, and taste is no measure: this is a
//! heuristic, published here so that everybody can see what it rewards.
//!
//! `100 * (0.40 * symmetry + 0.35 * proportion + 0.25 * skin)`, each part 0..1:
//!
//! - symmetry: 1 at no, 0 at 8 % of the face's width of mean difference between both halves of the
//!   mesh, turned to look into the camera;
//! - proportion: how near five neoclassical canons are met (Farkas et al. 1985): the eyes one eye
//!   apart, the nose as wide as that, the mouth one and a half noses wide, brows to nose as long as
//!   nose to chin, the face 1.3 times as long as broad; 1 at no, 0 at 40 % of mean deviation;
//! - skin: how even the lightness of each cheek is, shading included: the middle half of it within 4
//!   units of L* is 1, within 30 is 0.

use super::Traits;
use crate::face::pose::Turn;
use crate::face::quality::Region;

/// Points of the mesh that mirror each other.
const PAIRS: [[usize; 2]; 14] = [
    [33, 263],
    [133, 362],
    [70, 300],
    [105, 334],
    [107, 336],
    [61, 291],
    [50, 280],
    [234, 454],
    [172, 397],
    [129, 358],
    [58, 288],
    [149, 378],
    [103, 332],
    [205, 425],
];
/// Points on the line that they are mirrored at.
const MIDDLE: [usize; 6] = [10, 151, 168, 4, 0, 152];

/// What the formula is made of, each part 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beauty {
    /// How alike both halves are.
    pub symmetry: f32,
    /// How near the canons are met.
    pub proportion: f32,
    /// How even the skin of the cheeks is.
    pub skin: f32,
}

impl Beauty {
    /// Of a face.
    pub fn of(traits: &Traits) -> Self {
        let fall = |value: f32, worst: f32| (1.0 - value / worst).clamp(0.0, 1.0);
        Self {
            symmetry: fall(asymmetry(traits), 0.08),
            proportion: fall(deviation(traits), 0.40),
            skin: fall(spread(traits) - 4.0, 26.0),
        }
    }

    /// Attractiveness, 0..100, by the formula of this module; a heuristic.
    pub fn score(&self) -> f32 {
        100.0 * (0.40 * self.symmetry + 0.35 * self.proportion + 0.25 * self.skin)
    }
}

fn places(traits: &Traits) -> impl Fn(usize) -> [f32; 3] {
    let turn = Turn::of(traits.mesh);
    move |index| {
        let [x, y, z] = traits.mesh.points[index].map(f64::from);
        turn.undone([x, -y, -z]).map(|value| value as f32)
    }
}

/// Mean distance of points to the mirror image of their partners, by the width of the face.
fn asymmetry(traits: &Traits) -> f32 {
    let place = places(traits);
    let middle = MIDDLE.iter().map(|&i| place(i)[0]).sum::<f32>() / MIDDLE.len() as f32;
    let width = (place(454)[0] - place(234)[0]).abs().max(f32::MIN_POSITIVE);
    let apart = PAIRS.iter().map(|&[a, b]| {
        let (a, b) = (place(a), place(b));
        (a[0] + b[0] - 2.0 * middle).hypot(a[1] - b[1])
    });
    apart.sum::<f32>() / PAIRS.len() as f32 / width
}

/// Mean relative deviation from the canons.
fn deviation(traits: &Traits) -> f32 {
    let place = places(traits);
    let across = |a: usize, b: usize| (place(a)[0] - place(b)[0]).abs().max(f32::MIN_POSITIVE);
    let down = |a: usize, b: usize| (place(a)[1] - place(b)[1]).abs().max(f32::MIN_POSITIVE);
    let eye = (across(33, 133) + across(362, 263)) / 2.0;
    let (gap, nose, mouth) = (across(133, 362), across(129, 358), across(61, 291));
    let ratios = [
        gap / eye,
        nose / gap,
        mouth / (1.5 * nose),
        down(9, 2) / down(2, 152),
        down(10, 152) / across(234, 454) / 1.3,
    ];
    ratios.iter().map(|ratio| (ratio - 1.0).abs().min(1.0)).sum::<f32>() / ratios.len() as f32
}

/// Mean spread of L* within the cheeks: between the quarters of what lies in each.
fn spread(traits: &Traits) -> f32 {
    let spreads = [Region::LeftCheek, Region::RightCheek].map(|region| {
        let mut lights = traits.lights(region.points());
        lights.sort_by(f32::total_cmp);
        let at = |share: f32| lights.get((lights.len() as f32 * share) as usize).copied();
        at(0.75).zip(at(0.25)).map_or(7.0, |(high, low)| high - low)
    });
    (spreads[0] + spreads[1]) / 2.0
}
