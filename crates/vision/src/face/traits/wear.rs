//! What a face wears: glasses, a hat, a mask.

use safelight_contract::Result;

use super::{Trait, Traits};
use crate::face::parsing::SIDE;
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

/// Share of glasses in the rings around both eyes, from which a face wears some. Thin rims are missed.
const GLASSES: f32 = 0.25;
/// Points around each eye, from the fold of the upper lid to the rim of the lower.
const EYE_RINGS: [&[usize]; 2] = [
    &[226, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25],
    &[446, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255],
];
/// Cells of a hat by those of the face, from which a head wears one: stray cells on bald heads stay
/// below 0.15.
const HAT: f32 = 0.25;
/// The lightness of lenses by that of the skin, below which they are dark.
const DARK_LENSES: f32 = 0.45;

impl Traits<'_> {
    /// What is before the eyes.
    pub fn eyewear(&self) -> Trait<Eyewear> {
        // Dark masks and their edges pass for glasses below the eyes.
        let share = EYE_RINGS.map(|ring| self.share_in(ring, &[Part::Glasses]));
        let worn = Trait::above((share[0] + share[1]) / 2.0, GLASSES, 0.08);
        if !worn.class {
            return Trait { class: Eyewear::None, probability: worn.probability };
        }
        // Through clear lenses one sees skin.
        let rings = EYE_RINGS.map(|ring| self.hull(ring));
        let cells = rings.iter().flat_map(|ring| ring.cells(SIDE));
        let lenses = cells.filter(|&(x, y)| self.parsing.label(x, y) == Part::Glasses);
        let light = self.median_of(lenses).map_or(self.skin[0], |lab| lab[0]);
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

/// The tip of the nose, whose part is the nose where it shows.
const NOSE_TIP: [usize; 8] = [49, 198, 4, 420, 279, 327, 2, 98];
const LEAST_NOSE: f32 = 0.5;
/// Share of lips and mouth in the outline of the mouth, from which it shows.
const LEAST_MOUTH: f32 = 0.3;
/// A mask is likelier by this where the parser finds no mouth and neither mouth nor chin have the colour of
/// the face: the model knows few dark masks.
const CLOTHED: f32 = 0.3;

impl MaskWear {
    /// How a mask is worn: the model says whether there is one, with the parser's and the colours' word for
    /// those that it is not sure of; the parts that show say where it ends. What does not surely show is
    /// covered.
    pub fn of(face: &Face) -> Result<Trait<MaskWear>> {
        let (traits, seen) = (Traits::of(face)?, face.quality()?.seen);
        let hidden = |region: Region, most: f32| seen.of_region(region) > most;
        let lips = [Part::Mouth, Part::UpperLip, Part::LowerLip];
        let nose =
            traits.share_in(&NOSE_TIP, &[Part::Nose]) > LEAST_NOSE && !hidden(Region::Nose, 0.5);
        let mouth = traits.share_in(Region::Mouth.points(), &lips) > LEAST_MOUTH
            && !hidden(Region::Mouth, 0.5);
        let clothed = !mouth && hidden(Region::Mouth, 0.8) && hidden(Region::Chin, 0.5);
        let mask = (face.mask()? + if clothed { CLOTHED } else { 0.0 }).min(1.0);
        let class = match (nose, mouth) {
            _ if mask < 0.5 => {
                return Ok(Trait { class: MaskWear::None, probability: 1.0 - mask });
            }
            (false, false) => MaskWear::Full,
            (true, false) => MaskWear::Mouth,
            _ if hidden(Region::Chin, 0.5) => MaskWear::Chin,
            _ => MaskWear::Aside,
        };
        Ok(Trait { class, probability: mask })
    }
}
