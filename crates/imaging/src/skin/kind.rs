//! The type of the skin.

use super::chip::Skin;
use super::extent::Extent;
use super::score::chance;
use super::zone::{Side, Zone};

/// Share of a zone that shines, and how much it varies, from which the zone is oily.
const OILY: (f32, f32) = (0.18, 0.045);
/// Share of the face that looks dry, likewise.
const DRY: (f32, f32) = (0.20, 0.05);

/// The type of a face's skin, as chances that sum to 1. A heuristic on what shines and what is dull:
/// oily where forehead and nose and the cheeks shine, combination where only one of both does, dry
/// where neither shines and scales show, else normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// Oily, dry, normal, combination.
    pub chances: [f32; 4],
}

impl Kind {
    /// The place of the likeliest type in [`Self::chances`].
    pub fn likeliest(&self) -> usize {
        let places = 0..self.chances.len();
        places.max_by(|&a, &b| self.chances[a].total_cmp(&self.chances[b])).unwrap_or(2)
    }
}

/// Tells the type of skin from its oil and its dryness.
pub fn kind(skin: &Skin, oil: &Extent, dry: &Extent) -> Kind {
    let cheeks = Side::BOTH.map(Zone::Cheek);
    let shiny = |zones: &[Zone]| chance(oil.share(&skin.zones(zones)), OILY.0, OILY.1);
    let (middle, sides) = (shiny(&Zone::T_ZONE), shiny(&cheeks));
    let dull = (1.0 - middle) * (1.0 - sides);
    let dry = chance(dry.share(&skin.zones(&Zone::FACE)), DRY.0, DRY.1);
    let both = middle * sides;
    Kind { chances: [both, dull * dry, dull * (1.0 - dry), 1.0 - both - dull] }
}

#[cfg(test)]
mod tests {
    use super::super::oil::oil;
    use super::super::phantom::Phantom;
    use super::super::texture::dryness;
    use super::*;

    fn told(paint: impl Fn(&mut Phantom)) -> (usize, f32) {
        let mut phantom = Phantom::clean();
        paint(&mut phantom);
        let skin = phantom.skin();
        let kind = kind(&skin, &oil(&skin), &dryness(&skin));
        assert!((kind.chances.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{kind:?}");
        assert!(kind.chances.iter().all(|chance| (0.0..=1.0).contains(chance)), "{kind:?}");
        (kind.likeliest(), kind.chances[kind.likeliest()])
    }

    #[test]
    fn types_are_told() {
        let gloss = |phantom: &mut Phantom, zones: &[Zone]| {
            zones.iter().for_each(|&zone| phantom.gloss(zone, 90.0, 0.3));
        };
        let cheeks = Side::BOTH.map(Zone::Cheek);
        assert_eq!(told(|_| ()).0, 2);
        assert_eq!(told(|phantom| gloss(phantom, &Zone::T_ZONE)).0, 3);
        let all = [Zone::T_ZONE, cheeks].concat();
        assert_eq!(told(|phantom| gloss(phantom, &all)).0, 0);
        let scales = |phantom: &mut Phantom| {
            for zone in Zone::FACE {
                phantom.dots(zone, 13.0, 3.2, [-0.2; 3]);
            }
        };
        assert_eq!(told(scales).0, 1);
    }
}
