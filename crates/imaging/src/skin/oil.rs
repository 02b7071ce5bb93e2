//! Shine of oily skin.

use super::chip::Skin;
use super::extent::Extent;
use crate::color::LINEAR;
use crate::map::Map;

/// Standard deviation of the blur against noise, in pixels.
const SCALE: f32 = 3.0;
/// Mirrored light, as a share of what typical skin of the face reflects, at which skin counts as
/// shiny, and at which it does so fully.
const SHINE: (f32, f32) = (0.2, 0.8);

/// Where skin mirrors the light: the part of its colour that is the light's own rather than the
/// skin's (the dichromatic model of Shafer 1985, with one colour of skin for the whole face). A
/// heuristic: sweat, water and cosmetics shine as oil does, and a soft light hides oil.
pub fn oil(skin: &Skin) -> Extent {
    let gains = skin.light.gains;
    let pixels = skin.chip.image.as_chunks::<3>().0;
    let balanced = |i: usize| -> [f32; 3] {
        std::array::from_fn(|c| LINEAR[usize::from(pixels[i][c])] * gains[c])
    };
    let median = |value: &dyn Fn([f32; 3]) -> f32| {
        let mut values: Vec<f32> = skin.mask.indices().map(|i| value(balanced(i))).collect();
        crate::map::percentile(&mut values, 0.5)
    };
    // Diffuse light of skin is always `blue` parts of blue to one of red.
    let blue = median(&|[r, _, b]| b / r.max(1e-3)).min(0.95);
    let typical = median(&|[r, ..]| r).max(1e-3);
    let mirrored = |i: usize| {
        let [r, _, b] = balanced(i);
        (b - blue * r) / (1.0 - blue) / typical
    };
    let values = (0..pixels.len()).map(mirrored).collect();
    let map = Map { width: skin.mask.width, height: skin.mask.height, values };
    Extent::between(map.gaussian(SCALE), &skin.mask, SHINE.0, SHINE.1)
}

#[cfg(test)]
mod tests {
    use super::super::phantom::Phantom;
    use super::super::zone::Zone;
    use super::*;

    #[test]
    fn gloss_is_oil_and_shade_is_not() {
        let shiny = |strength: f32| {
            let mut phantom = Phantom::clean();
            phantom.gloss(Zone::Forehead, 50.0, strength);
            phantom.disc(Zone::Chin, 60.0, 20.0, [0.4; 3]);
            let skin = phantom.skin();
            let oil = oil(&skin);
            assert!(oil.share(&skin.zone(Zone::Chin)) < 0.01);
            let forehead = skin.zone(Zone::Forehead);
            oil.share(&forehead) * oil.strength(&forehead)
        };
        let ladder = [0.0, 0.15, 0.3, 0.5].map(shiny);
        assert!(ladder[0] < 1e-3 && ladder[1] > 1e-4, "{ladder:?}");
        assert!(ladder.windows(2).all(|pair| pair[0] < pair[1]), "{ladder:?}");
    }
}
