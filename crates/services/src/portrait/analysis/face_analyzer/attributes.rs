//! The attributes of one face, in the numbers of the answer.

use safelight_contract::Result;
use safelight_imaging::skin::{Light, Side, Tone, Upright, eyelid};
use safelight_vision::face::traits::{
    Beauty, EyeSize, Eyewear, FaceShape, HairColour, HairLength, HatColour, MaskWear, NoseShape,
    Trait,
};
use safelight_vision::face::{Emotion, Face, Part, Point, Pose, Traits};

/// A group of attributes that a request can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    None,
    Age,
    Beauty,
    Emotion,
    Eye,
    Eyebrow,
    Gender,
    Hair,
    Hat,
    HeadPose,
    Mask,
    Mouth,
    Moustache,
    Nose,
    Shape,
    Skin,
    Smile,
}

impl Group {
    /// Whether it is measured on points, parts and colours, rather than told by a model.
    fn is_measured(self) -> bool {
        use Group::*;
        matches!(
            self,
            Beauty | Eye | Eyebrow | Hair | Hat | Mouth | Moustache | Nose | Shape | Skin
        )
    }
}

pub const GROUPS: &[(&str, Group, &str)] = &[
    ("None", Group::None, "boxes alone"),
    ("Age", Group::Age, "age"),
    ("Beauty", Group::Beauty, "attractiveness by a published formula"),
    ("Emotion", Group::Emotion, "mood"),
    ("Eye", Group::Eye, "glasses, open eyes, eyelids and size of the eyes"),
    ("Eyebrow", Group::Eyebrow, "density, curve and length of the eyebrows"),
    ("Gender", Group::Gender, "gender"),
    ("Hair", Group::Hair, "length, fringe and colour of the hair"),
    ("Hat", Group::Hat, "hat and its colour"),
    ("Headpose", Group::HeadPose, "pitch, yaw and roll"),
    ("Mask", Group::Mask, "mask and how it is worn"),
    ("Mouth", Group::Mouth, "open mouth"),
    ("Moustache", Group::Moustache, "hair on lip or chin"),
    ("Nose", Group::Nose, "shape of the nose"),
    ("Shape", Group::Shape, "shape of the face"),
    ("Skin", Group::Skin, "colour of the skin"),
    ("Smile", Group::Smile, "strength of the smile"),
];

/// A type of the answer with its probability; 0 where it was not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Typed {
    pub kind: u8,
    pub probability: f32,
}

impl Typed {
    /// The place of a trait's class in the answer's list of types.
    fn of<T: Copy + PartialEq>(found: Trait<T>, types: &[(T, u8)]) -> Self {
        let kind =
            types.iter().find(|(class, _)| *class == found.class).map_or(0, |(_, kind)| *kind);
        Self { kind, probability: found.probability }
    }

    fn flag(found: Trait<bool>) -> Self {
        Self::of(found, &[(false, 0), (true, 1)])
    }
}

/// The attributes of a face; 0 for those that were not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attributes {
    pub looked: Looked,
    pub measured: Measured,
}

impl Attributes {
    /// Looks at the groups that are asked for: one half measures while the models of the other run.
    pub fn of(face: &Face, groups: &[Group]) -> Result<Self> {
        if !groups.iter().any(|group| group.is_measured()) {
            return Ok(Self { looked: Looked::of(face, groups)?, ..Self::default() });
        }
        // Both halves read points and parts; whoever found them second would wait for the first.
        face.prepare()?;
        let (looked, measured) =
            rayon::join(|| Looked::of(face, groups), || Measured::of(face, groups));
        Ok(Self { looked: looked?, measured: measured? })
    }
}

/// What models say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    pub age: u8,
    pub emotion: Typed,
    pub gender: Typed,
    pub pose: Pose,
    pub mask: Typed,
    pub smile: u8,
}

impl Looked {
    fn of(face: &Face, groups: &[Group]) -> Result<Self> {
        let mut found = Self::default();
        groups.iter().try_for_each(|&group| found.look(face, group))?;
        Ok(found)
    }

    fn look(&mut self, face: &Face, group: Group) -> Result<()> {
        match group {
            Group::Age => self.age = face.age_and_gender()?.age.round().clamp(0.0, 65.0) as u8,
            Group::Gender => {
                let male = face.age_and_gender()?.male;
                let (kind, probability) = if male >= 0.5 { (0, male) } else { (1, 1.0 - male) };
                self.gender = Typed { kind, probability };
            }
            Group::Emotion => {
                let (mood, probability) = face.emotions()?.likeliest();
                let kind = Emotion::ALL.iter().position(|&other| other == mood);
                self.emotion = Typed { kind: kind.unwrap_or(0) as u8, probability };
            }
            Group::HeadPose => self.pose = face.pose()?,
            Group::Mask => self.mask = Typed::of(MaskWear::of(face)?, &MASKS),
            Group::Smile => {
                self.smile = (face.blendshapes()?.smile() * 100.0).round().clamp(0.0, 100.0) as u8;
            }
            _ => {}
        }
        Ok(())
    }
}

/// What is measured on points, parts and colours.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub beauty: u8,
    pub glass: Typed,
    pub eye_open: Typed,
    pub eyelid: Typed,
    pub eye_size: Typed,
    pub brow_density: Typed,
    pub brow_curve: Typed,
    pub brow_length: Typed,
    pub hair_length: Typed,
    pub bang: Typed,
    pub hair_color: Typed,
    pub hat: Typed,
    pub hat_color: Typed,
    pub mouth_open: Typed,
    pub moustache: Typed,
    pub nose: Typed,
    pub shape: Typed,
    pub skin: Typed,
}

impl Measured {
    fn of(face: &Face, groups: &[Group]) -> Result<Self> {
        let (mut found, traits) = (Self::default(), Traits::of(face)?);
        groups.iter().try_for_each(|&group| found.measure(face, &traits, group))?;
        Ok(found)
    }

    fn measure(&mut self, face: &Face, traits: &Traits, group: Group) -> Result<()> {
        match group {
            Group::Beauty => {
                self.beauty = Beauty::of(traits).score().round().clamp(0.0, 100.0) as u8
            }
            Group::Eye => {
                self.glass = Typed::of(traits.eyewear(), &EYEWEAR);
                self.eye_open = Typed::flag(traits.eyes_open());
                self.eye_size = Typed::of(traits.eye_size(), &EYE_SIZES);
                self.eyelid = lids(face)?;
            }
            Group::Eyebrow => {
                let brows = traits.brows();
                self.brow_density = Typed::flag(brows.thick);
                self.brow_curve = Typed::flag(brows.curved);
                self.brow_length = Typed::flag(brows.long);
            }
            Group::Hair => {
                let hair = traits.hair();
                self.hair_length = Typed::of(hair.length, &HAIR_LENGTHS);
                self.bang = Typed::flag(hair.fringe);
                self.hair_color = Typed::of(hair.colour, &HAIR_COLOURS);
            }
            Group::Hat => {
                self.hat = Typed::flag(traits.hat());
                let probability = self.hat.probability;
                let colour = traits.hat_colour().map(|found| Typed::of(found, &HAT_COLOURS));
                self.hat_color = colour.unwrap_or(Typed { kind: 0, probability });
            }
            Group::Mouth => self.mouth_open = Typed::flag(traits.mouth_open()),
            Group::Moustache => self.moustache = Typed::flag(traits.facial_hair()),
            Group::Nose => self.nose = Typed::of(traits.nose_shape(), &NOSES),
            Group::Shape => self.shape = Typed::of(traits.face_shape(), &SHAPES),
            Group::Skin => self.skin = colour(tone(face)?),
            _ => {}
        }
        Ok(())
    }
}

const EYEWEAR: [(Eyewear, u8); 3] =
    [(Eyewear::None, 0), (Eyewear::Ordinary, 1), (Eyewear::Sunglasses, 2)];
const EYE_SIZES: [(EyeSize, u8); 3] =
    [(EyeSize::Small, 0), (EyeSize::Ordinary, 1), (EyeSize::Large, 2)];
const HAIR_LENGTHS: [(HairLength, u8); 4] =
    [(HairLength::Bald, 0), (HairLength::Short, 1), (HairLength::Medium, 2), (HairLength::Long, 3)];
const HAIR_COLOURS: [(HairColour, u8); 4] =
    [(HairColour::Black, 0), (HairColour::Blond, 1), (HairColour::Brown, 2), (HairColour::Grey, 3)];
const HAT_COLOURS: [(HatColour, u8); 5] = [
    (HatColour::Reddish, 1),
    (HatColour::Yellowish, 2),
    (HatColour::Bluish, 3),
    (HatColour::Dark, 4),
    (HatColour::Grey, 5),
];
const MASKS: [(MaskWear, u8); 5] = [
    (MaskWear::None, 0),
    (MaskWear::Aside, 1),
    (MaskWear::Chin, 2),
    (MaskWear::Mouth, 3),
    (MaskWear::Full, 4),
];
const NOSES: [(NoseShape, u8); 4] = [
    (NoseShape::Upturned, 0),
    (NoseShape::Hooked, 1),
    (NoseShape::Ordinary, 2),
    (NoseShape::RoundTip, 3),
];
const SHAPES: [(FaceShape, u8); 5] = [
    (FaceShape::Square, 0),
    (FaceShape::Triangular, 1),
    (FaceShape::Oval, 2),
    (FaceShape::Heart, 3),
    (FaceShape::Round, 4),
];

/// A face brought upright; None where it has no extent.
fn upright(face: &Face) -> Result<Option<Upright>> {
    Ok(Upright::of(face.photo().dimensions(), &face.mesh()?.points))
}

/// Whether the upper lids have a fold: the mean of both eyes.
fn lids(face: &Face) -> Result<Typed> {
    let Some(upright) = upright(face)? else { return Ok(Typed::default()) };
    let folded = Side::BOTH.map(|side| eyelid(face.photo(), &upright, side).folded);
    let folded = (folded[0] + folded[1]) / 2.0;
    let kind = u8::from(folded >= 0.5);
    Ok(Typed { kind, probability: folded.max(1.0 - folded) })
}

/// The tone of the skin; None where none is seen.
fn tone(face: &Face) -> Result<Option<Tone>> {
    let (Some(upright), parsing) = (upright(face)?, face.parsing()?) else { return Ok(None) };
    let light = Light::estimate(face.photo(), &upright);
    let is_skin =
        |[x, y]: [f32; 2]| matches!(parsing.part(Point { x, y }), Part::Skin | Part::Nose);
    Ok(Tone::at_a_glance(face.photo(), &upright, light, is_skin))
}

/// Typology angles between very light, light, intermediate, brown and black skin.
const TONES: [f32; 4] = [50.0, 28.0, 10.0, -30.0];
/// Light skin with a hue angle above this is called yellow; very light skin never.
const YELLOW: f32 = 62.0;

fn colour(tone: Option<Tone>) -> Typed {
    let Some(tone) = tone else { return Typed { kind: 3, probability: 0.25 } };
    let (class, probability) = tone.class(&TONES);
    let kind = match class {
        0 => 3,
        1 if tone.hue_angle() <= YELLOW => 3,
        1 | 2 => 0,
        3 => 1,
        _ => 2,
    };
    Typed { kind, probability }
}
