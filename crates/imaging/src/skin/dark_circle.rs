//! Dark circles: the skin under an eye against the cheek below.

use super::chip::Skin;
use super::score::Severity;
use super::zone::{Side, Zone};

/// What the skin under an eye has more of than the cheek on every face, in densities: it lies in a
/// hollow, and is thin.
const USUAL: [f32; 3] = [0.10, 0.05, 0.10];
/// Excess of melanin, haemoglobin and shade from which a dark circle is mild, moderate and severe.
const LIMITS: [[f32; 3]; 3] = [[0.14, 0.28, 0.48], [0.14, 0.28, 0.48], [0.12, 0.25, 0.45]];
/// With less than this share of the zone seen, nothing is said.
const SEEN: f32 = 0.3;

/// The skin under one eye. A heuristic after the clinical kinds: pigment (brown), vascular (red to
/// violet), structural (shade).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DarkCircle {
    /// Excess of melanin, haemoglobin and shade (natural absorbance) over what is usual.
    pub excess: [f32; 3],
}

impl DarkCircle {
    /// How severe each kind is: pigment, vascular, structural.
    pub fn severities(&self) -> [Severity; 3] {
        std::array::from_fn(|kind| Severity::of(self.excess[kind], LIMITS[kind]))
    }

    /// For each kind its excess over what is mild: 1 where a dark circle begins.
    pub fn ratios(&self) -> [f32; 3] {
        std::array::from_fn(|kind| self.excess[kind].max(0.0) / LIMITS[kind][0])
    }
}

/// Measures the skin under an eye. None where too little of it or of the cheek is seen.
pub fn dark_circle(skin: &Skin, side: Side) -> Option<DarkCircle> {
    let (under, cheek) = (Zone::TearTrough(side), Zone::UpperCheek(side));
    if skin.visible(under) < SEEN || skin.visible(cheek) < SEEN {
        return None;
    }
    let (under, cheek) = (skin.zone(under), skin.zone(cheek));
    let layers = [&skin.layers().melanin, &skin.layers().haemoglobin, &skin.layers().shade];
    let excess = std::array::from_fn(|kind| {
        let median = |mask| layers[kind].rank_in(mask, 0.5);
        median(&under) - median(&cheek) - USUAL[kind]
    });
    Some(DarkCircle { excess })
}

#[cfg(test)]
mod tests {
    use super::super::layers::{HAEMOGLOBIN, MELANIN};
    use super::super::phantom::Phantom;
    use super::*;

    fn painted(color: [f32; 3], strength: f32) -> [Option<DarkCircle>; 2] {
        let mut phantom = Phantom::clean();
        let zone = Zone::TearTrough(Side::Left);
        phantom.disc(zone, 62.0, 30.0, color.map(|value| value * strength));
        let skin = phantom.skin();
        Side::BOTH.map(|side| dark_circle(&skin, side))
    }

    #[test]
    fn clean_skin_has_none() {
        for circle in painted([0.0; 3], 0.0) {
            let circle = circle.expect("seen");
            assert_eq!(circle.severities(), [Severity::None; 3], "{circle:?}");
        }
    }

    #[test]
    fn each_kind_is_told_at_three_strengths() {
        for (kind, color) in [MELANIN, HAEMOGLOBIN, [1.0; 3]].into_iter().enumerate() {
            let wanted = [Severity::Mild, Severity::Moderate, Severity::Severe];
            for (strength, wanted) in [0.27, 0.43, 0.75].into_iter().zip(wanted) {
                let [left, right] = painted(color, strength).map(|circle| circle.expect("seen"));
                let mut expected = [Severity::None; 3];
                expected[kind] = wanted;
                assert_eq!(left.severities(), expected, "{kind} {strength}: {left:?}");
                assert_eq!(right.severities(), [Severity::None; 3]);
            }
        }
    }
}
