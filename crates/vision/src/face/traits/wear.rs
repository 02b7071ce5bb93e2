//! What a face wears: glasses, a hat, a mask.

use safelight_contract::Result;

use super::{Trait, Traits};
use crate::face::quality::Region;
use crate::face::{Face, Part};

/// What is before the eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eyewear {
    /// Nothing.
    None,
    /// Glasses that one sees the eyes through.
    Ordinary,
    /// Dark glasses.
    Sunglasses,
}

/// The colour of a hat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HatColour {
    /// Red, orange or pink.
    Reddish,
    /// Yellow or brown.
    Yellowish,
    /// Blue, green or violet.
    Bluish,
    /// Black or nearly.
    Dark,
    /// Grey or white.
    Grey,
}

/// How a mask is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskWear {
    /// There is none.
    None,
    /// There is one that covers neither chin nor mouth.
    Aside,
    /// It covers the chin alone.
    Chin,
    /// It covers the mouth, not the nose.
    Mouth,
    /// It covers mouth and nose.
    Full,
}

/// Cells of glasses by those of the face, from which a face wears some. Thin rims are missed.
const GLASSES: f32 = 0.03;
/// Cells of a hat by those of the face, from which a head wears one: stray cells on bald heads stay
/// below 0.15.
const HAT: f32 = 0.25;
/// The lightness of lenses by that of the skin, below which they are dark.
const DARK_LENSES: f32 = 0.45;

impl Traits<'_> {
    /// What is before the eyes.
    pub fn eyewear(&self) -> Trait<Eyewear> {
        let share = self.share_of_face(Part::Glasses);
        let worn = Trait::above(share, GLASSES, 0.01);
        if !worn.class {
            return Trait { class: Eyewear::None, probability: worn.probability };
        }
        // Through clear lenses one sees skin.
        let lenses = self.median(|part| part == Part::Glasses);
        let light = lenses.map_or(self.skin[0], |lab| lab[0]);
        let dark = Trait::above(1.0 - light / self.skin[0].max(1.0), 1.0 - DARK_LENSES, 0.06);
        let class = if dark.class { Eyewear::Sunglasses } else { Eyewear::Ordinary };
        Trait { class, probability: worn.probability * dark.probability }
    }

    /// Whether there is a hat.
    pub fn hat(&self) -> Trait<bool> {
        Trait::above(self.share_of_face(Part::Hat), HAT, 0.05)
    }

    /// The colour of the hat; None where there is no hat.
    pub fn hat_colour(&self) -> Option<Trait<HatColour>> {
        let hat = self.median(|part| part == Part::Hat);
        let [light, a, b] = hat.filter(|_| self.hat().class)?;
        let (chroma, hue) = (a.hypot(b), b.atan2(a).to_degrees());
        let classes = [HatColour::Grey, HatColour::Reddish];
        if light < 25.0 && chroma < 15.0 {
            return Some(Trait::graded(light, &[25.0], 5.0, &[HatColour::Dark, HatColour::Grey]));
        }
        let coloured = Trait::graded(chroma, &[12.0], 3.0, &classes);
        let class = match hue {
            _ if coloured.class == HatColour::Grey => HatColour::Grey,
            hue if (-30.0..60.0).contains(&hue) => HatColour::Reddish,
            hue if (60.0..110.0).contains(&hue) => HatColour::Yellowish,
            _ => HatColour::Bluish,
        };
        Some(Trait { class, probability: coloured.probability })
    }
}

impl MaskWear {
    /// How a mask is worn: the model says whether there is one, the occlusion of each region where.
    pub fn of(face: &Face) -> Result<Trait<MaskWear>> {
        let mask = face.mask()?;
        if mask < 0.5 {
            return Ok(Trait { class: MaskWear::None, probability: 1.0 - mask });
        }
        let hidden = face.quality()?.seen;
        let covered = |region: Region| hidden.of_region(region) > 0.5;
        let class = match [Region::Nose, Region::Mouth, Region::Chin].map(covered) {
            [true, true, _] => MaskWear::Full,
            [false, true, _] => MaskWear::Mouth,
            [_, false, true] => MaskWear::Chin,
            _ => MaskWear::Aside,
        };
        Ok(Trait { class, probability: mask })
    }
}
