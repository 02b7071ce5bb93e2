//! Dryness and roughness: what the fine relief of skin shows.

use super::chip::Skin;
use super::extent::Extent;
use super::line::{eigen, hessian};
use super::oil::oil;
use crate::map::Map;

/// Standard deviations in pixels of the finest and the coarsest grain that counts as relief (0.4 mm
/// to 1.2 mm).
const GRAIN: (f32, f32) = (2.0, 6.0);
/// Over how far relief is averaged, in pixels.
const REACH: usize = 14;
/// Relief (root of the mean square, in L*) at which skin begins to be rough, and is so fully.
const ROUGH: (f32, f32) = (1.5, 4.5);
/// Standard deviation in pixels of a scale of dry skin.
const SCALE: f32 = 2.6;
/// A scale is at least this much lighter than the skin around, in L*.
const SCALE_LIGHT: f32 = 1.2;
/// Of the two bends of a scale the smaller has at least this share of the larger: the ridge between
/// two lines has none.
const ROUND: f32 = 0.3;
/// Mean lightness (L*) of scales over a place at which skin begins to be dry, and is so fully.
const DRY: (f32, f32) = (0.3, 1.4);

/// The relief of the skin: lightness between two grains.
fn relief(skin: &Skin) -> Map {
    let fine = skin.layers().lightness.gaussian(GRAIN.0);
    fine.join(&skin.layers().lightness.gaussian(GRAIN.1), |fine, coarse| fine - coarse)
}

/// How uneven skin is at the grain of 0.4 mm to 1.2 mm. A heuristic; noise and strong compression
/// look rough, and a blurred photo looks smooth.
pub fn roughness(skin: &Skin) -> Extent {
    let mut squares = relief(skin);
    squares.values.iter_mut().for_each(|value| *value *= *value);
    let mut mean = squares.mean(REACH);
    mean.values.iter_mut().for_each(|value| *value = value.max(0.0).sqrt());
    Extent::between(mean, &skin.mask, ROUGH.0, ROUGH.1)
}

/// How dry skin looks: many small light scales, and no shine. A heuristic; water in the skin cannot
/// be seen in a photo.
pub fn dryness(skin: &Skin) -> Extent {
    let blurred = skin.layers().lightness.gaussian(SCALE);
    let scale = |i: usize| {
        let (x, y) = ((i % blurred.width) as isize, (i / blurred.width) as isize);
        let (smaller, larger, _) = eigen(hessian(&blurred, x, y));
        let light = -2.0 * SCALE * SCALE * (larger + smaller);
        let round = smaller < ROUND * larger && larger < 0.0;
        if round && light > SCALE_LIGHT { light } else { 0.0 }
    };
    let values = (0..blurred.values.len()).map(scale).collect();
    let scales = Map { values, ..blurred };
    let dull = scales.mean(REACH).join(&oil(skin).0, |scales, shine| scales * (1.0 - shine));
    Extent::between(dull, &skin.mask, DRY.0, DRY.1)
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::super::zone::{Side, Zone};
    use super::*;

    const CHEEK: Zone = Zone::Cheek(Side::Left);

    fn ladder(paint: impl Fn(&mut Phantom, f32), measure: fn(&Skin) -> Extent) -> Vec<f32> {
        let at = |strength: f32| {
            let mut phantom = Phantom::clean();
            paint(&mut phantom, strength);
            let skin = phantom.skin();
            let extent = measure(&skin);
            let cheek = skin.zone(CHEEK);
            assert!(extent.share(&skin.zone(Zone::Cheek(Side::Right))) < 0.01);
            extent.share(&cheek) * extent.strength(&cheek)
        };
        [0.0, 0.5, 1.0, 2.0].into_iter().map(at).collect()
    }

    #[test]
    fn bumps_are_rough() {
        let found =
            ladder(|phantom, strength| phantom.grain(CHEEK, 0.6 * strength, 4.0), roughness);
        assert!(found[0] < 1e-3 && found[2] > 0.05, "{found:?}");
        assert!(found.is_sorted() && found[1] < found[3], "{found:?}");
    }

    #[test]
    fn scales_are_dry() {
        let paint = |phantom: &mut Phantom, strength: f32| {
            phantom.dots(CHEEK, 13.0, 3.2, [-0.17 * strength; 3]);
        };
        let found = ladder(paint, dryness);
        assert!(found[0] < 1e-3 && found[2] > 0.05, "{found:?}");
        assert!(found.is_sorted() && found[1] < found[3], "{found:?}");
    }

    #[test]
    fn pores_are_not_scales() {
        let mut phantom = Phantom::clean();
        phantom.dots(CHEEK, 16.0, 2.4, [0.1; 3]);
        let skin = phantom.skin();
        assert!(dryness(&skin).share(&skin.zone(CHEEK)) < 0.05);
    }
}
