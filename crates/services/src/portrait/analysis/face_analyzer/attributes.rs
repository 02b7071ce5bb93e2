//! The attributes of one face, in the numbers of the answer.

use safelight_contract::Result;
use safelight_imaging::skin::{Chip, Fold, Light, Side, Skin, Tone, eyelid};
use safelight_vision::face::traits::{
    Beauty, EyeSize, Eyewear, FaceShape, HairColour, HairLength, HatColour, MaskWear, NoseShape,
    Trait,
};
use safelight_vision::face::{Emotion, Face, Part, Point, Pose, Traits};
use serde_json::{Value, json};

use super::super::super::faces::pixels;
use crate::answer::rounded;

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
struct Typed {
    kind: u8,
    probability: f32,
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

impl From<Typed> for Value {
    fn from(typed: Typed) -> Self {
        json!({ "type": typed.kind, "probability": rounded(typed.probability, 4) })
    }
}

/// The attributes of a face; 0 for those that were not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes {
    age: u8,
    beauty: u8,
    emotion: Typed,
    glass: Typed,
    eye_open: Typed,
    eyelid: Typed,
    eye_size: Typed,
    brow_density: Typed,
    brow_curve: Typed,
    brow_length: Typed,
    gender: Typed,
    hair_length: Typed,
    bang: Typed,
    hair_color: Typed,
    hat: Typed,
    hat_color: Typed,
    pose: Pose,
    mask: Typed,
    mouth_open: Typed,
    moustache: Typed,
    nose: Typed,
    shape: Typed,
    skin: Typed,
    smile: u8,
}

impl Attributes {
    /// Looks at the groups that are asked for.
    pub fn of(face: &Face, groups: &[Group]) -> Result<Self> {
        let mut found = Self::default();
        if !groups.iter().any(|group| matches!(group, Group::Eye | Group::Skin)) {
            found.look_and_measure(face, groups)?;
            return Ok(found);
        }
        // Both halves read these; whoever found them second would wait for the first.
        face.parsing()?;
        face.mesh()?;
        let (skin, others) = rayon::join(|| skin_of(face), || found.look_and_measure(face, groups));
        let (skin, ()) = (skin?, others?);
        if groups.contains(&Group::Eye) {
            found.eyelid = skin.as_ref().map_or(Typed::default(), lids);
        }
        if groups.contains(&Group::Skin) {
            found.skin = colour(skin.as_ref().and_then(Tone::of));
        }
        Ok(found)
    }

    /// All but lids and skin.
    fn look_and_measure(&mut self, face: &Face, groups: &[Group]) -> Result<()> {
        for &group in groups {
            self.look(face, group)?;
        }
        let measured = groups.iter().any(|group| {
            use Group::*;
            matches!(
                group,
                Beauty | Eye | Eyebrow | Hair | Hat | Mask | Mouth | Moustache | Nose | Shape
            )
        });
        if measured {
            let traits = Traits::of(face)?;
            for &group in groups {
                self.measure(&traits, group)?;
            }
        }
        Ok(())
    }

    /// What models say.
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
            Group::Smile => {
                self.smile = (face.blendshapes()?.smile() * 100.0).round().clamp(0.0, 100.0) as u8;
            }
            _ => {}
        }
        Ok(())
    }

    /// What is measured on points, parts and colours.
    fn measure(&mut self, traits: &Traits, group: Group) -> Result<()> {
        match group {
            Group::Beauty => {
                self.beauty = Beauty::of(traits).score().round().clamp(0.0, 100.0) as u8
            }
            Group::Eye => {
                self.glass = Typed::of(traits.eyewear(), &EYEWEAR);
                self.eye_open = Typed::flag(traits.eyes_open());
                self.eye_size = Typed::of(traits.eye_size(), &EYE_SIZES);
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
            Group::Mask => self.mask = Typed::of(traits.mask_wear()?, &MASKS),
            Group::Mouth => self.mouth_open = Typed::flag(traits.mouth_open()),
            Group::Moustache => self.moustache = Typed::flag(traits.facial_hair()),
            Group::Nose => self.nose = Typed::of(traits.nose_shape(), &NOSES),
            Group::Shape => self.shape = Typed::of(traits.face_shape(), &SHAPES),
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

/// The skin of a face prepared for measuring; None where the face has no extent.
fn skin_of(face: &Face) -> Result<Option<Skin>> {
    let parsing = face.parsing()?;
    let Some(chip) = Chip::cut(face.photo(), &face.mesh()?.points) else { return Ok(None) };
    let light = Light::estimate(face.photo(), &chip);
    let is_skin =
        |[x, y]: [f32; 2]| matches!(parsing.part(Point { x, y }), Part::Skin | Part::Nose);
    Ok(Some(chip.skin(light, is_skin)))
}

/// Whether the upper lids have a fold: the mean of both eyes.
fn lids(skin: &Skin) -> Typed {
    let folded = Side::BOTH.map(|side| {
        let lid = eyelid(skin, side);
        if lid.fold == Fold::Single { 1.0 - lid.confidence } else { lid.confidence }
    });
    let folded = (folded[0] + folded[1]) / 2.0;
    let kind = u8::from(folded >= 0.5);
    Typed { kind, probability: folded.max(1.0 - folded) }
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

impl From<&Attributes> for Value {
    fn from(a: &Attributes) -> Self {
        // Poses beyond 30 degrees are answered as 30.
        let turned = |angle: f32| pixels(angle.clamp(-30.0, 30.0));
        json!({
            "age": a.age,
            "beauty": a.beauty,
            "emotion": Value::from(a.emotion),
            "eye": {
                "glass": Value::from(a.glass),
                "eye_open": Value::from(a.eye_open),
                "eyelid_type": Value::from(a.eyelid),
                "eye_size": Value::from(a.eye_size),
            },
            "eyebrow": {
                "eyebrow_density": Value::from(a.brow_density),
                "eyebrow_curve": Value::from(a.brow_curve),
                "eyebrow_length": Value::from(a.brow_length),
            },
            "gender": Value::from(a.gender),
            "hair": {
                "length": Value::from(a.hair_length),
                "bang": Value::from(a.bang),
                "color": Value::from(a.hair_color),
            },
            "hat": { "style": Value::from(a.hat), "color": Value::from(a.hat_color) },
            "head_pose": {
                "pitch": turned(a.pose.pitch),
                "yaw": turned(a.pose.yaw),
                "roll": pixels(a.pose.roll),
            },
            "mask": Value::from(a.mask),
            "mouth": { "mouth_open": Value::from(a.mouth_open) },
            "moustache": Value::from(a.moustache),
            "nose": Value::from(a.nose),
            "shape": Value::from(a.shape),
            "skin": Value::from(a.skin),
            "smile": a.smile,
        })
    }
}
