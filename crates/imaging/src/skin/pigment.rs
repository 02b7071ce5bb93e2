//! Redness and browning over areas.

use super::chip::Skin;
use super::extent::Extent;
use super::zone::Zone;
use crate::map::Map;

/// Standard deviation of the blur that leaves areas and takes away single spots, in pixels.
const SCALE: f32 = 5.0;
/// The part of the skin that has the least of a pigment is what the rest is compared with.
const REFERENCE: f32 = 0.35;
/// Density above the reference at which redness begins, and is at its fullest.
const RED: (f32, f32) = (0.24, 0.75);
/// The same for browning.
const BROWN: (f32, f32) = (0.36, 1.0);

/// Redness: more haemoglobin than the paler third of the same face. A heuristic; a face that is red
/// all over is not told from one of another tone.
pub fn redness(skin: &Skin) -> Extent {
    above(skin, &skin.layers().haemoglobin, RED)
}

/// Browning: more melanin than the paler third of the same face. A heuristic.
pub fn browning(skin: &Skin) -> Extent {
    above(skin, &skin.layers().melanin, BROWN)
}

fn above(skin: &Skin, density: &Map, (from, full): (f32, f32)) -> Extent {
    let mut smooth = density.gaussian(SCALE);
    let reference = smooth.rank_in(&skin.zones(&Zone::FACE), REFERENCE);
    smooth.values.iter_mut().for_each(|value| *value -= reference);
    Extent::between(smooth, &skin.mask, from, full)
}

#[cfg(test)]
mod tests {
    use super::super::layers::{HAEMOGLOBIN, MELANIN};
    use super::super::phantom::Phantom;
    use super::super::zone::Side;
    use super::*;

    #[test]
    fn clean_skin_is_neither_red_nor_brown() {
        let skin = Phantom::clean().skin();
        let face = skin.zones(&Zone::FACE);
        assert!(redness(&skin).share(&face) < 0.01 && browning(&skin).share(&face) < 0.01);
    }

    #[test]
    fn a_red_cheek_is_red_and_more_so_with_strength() {
        let red = |strength: f32| {
            let mut phantom = Phantom::clean();
            phantom.disc(Zone::Cheek(Side::Left), 70.0, 20.0, HAEMOGLOBIN.map(|v| v * strength));
            let skin = phantom.skin();
            let (red, brown) = (redness(&skin), browning(&skin));
            let [left, right] = Side::BOTH.map(|side| skin.zone(Zone::Cheek(side)));
            assert!(red.share(&right) < 0.01 && brown.share(&left) < 0.02);
            (red.share(&left), red.share(&left) * red.strength(&left))
        };
        let ladder = [0.3, 0.5, 0.8].map(red);
        assert!(ladder[0].0 > 0.05 && ladder[2].0 > 0.3, "{ladder:?}");
        assert!(ladder.windows(2).all(|pair| pair[0].1 < pair[1].1), "{ladder:?}");
    }

    #[test]
    fn a_brown_cheek_is_brown_and_more_so_with_strength() {
        let brown = |strength: f32| {
            let mut phantom = Phantom::clean();
            phantom.disc(Zone::Cheek(Side::Right), 70.0, 20.0, MELANIN.map(|v| v * strength));
            let skin = phantom.skin();
            let right = skin.zone(Zone::Cheek(Side::Right));
            assert!(redness(&skin).share(&right) < 0.02);
            let brown = browning(&skin);
            brown.share(&right) * brown.strength(&right)
        };
        let ladder = [0.5, 0.8, 1.2].map(brown);
        assert!(ladder[0] > 0.0 && ladder.windows(2).all(|pair| pair[0] < pair[1]), "{ladder:?}");
    }
}
