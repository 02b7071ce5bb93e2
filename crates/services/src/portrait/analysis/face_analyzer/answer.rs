//! The answer.

use safelight_operation::{Output, rounded};
use safelight_vision::face::Detection;

use super::super::super::classes::Class;
use super::super::super::faces::pixels;
use super::attributes::{Attributes, Typed};

/// The faces.
#[derive(Output)]
pub struct Answer {
    /// Width of the photo, upright.
    pub(super) image_width: u32,
    /// Height of the photo, upright.
    pub(super) image_height: u32,
    pub(super) face_detail_infos: Vec<FaceInfo>,
}

/// One face.
#[derive(Output)]
pub(super) struct FaceInfo {
    face_rect: FaceRect,
    face_detail_attributes_info: AttributesAnswer,
}

/// The box of a face.
#[derive(Output)]
struct FaceRect {
    /// Left edge of the box; below 0 where the face leaves the photo.
    x: i64,
    /// Upper edge of the box; below 0 where the face leaves the photo.
    y: i64,
    /// Width of the box.
    width: i64,
    /// Height of the box.
    height: i64,
}

/// The attributes of a face; 0 for those that were not asked for.
#[derive(Output)]
struct AttributesAnswer {
    /// Age in years by a model, 65 for 65 and older.
    age: u8,
    /// Attractiveness, 0 to 100: a heuristic, 40 % symmetry, 35 % nearness to five neoclassical
    /// canons, 25 % even skin.
    beauty: u8,
    /// Mood: 0 neutral, 1 happy, 2 surprised, 3 angry, 4 sad, 5 disgusted, 6 afraid; the mean of
    /// two models, of which disgust and fear are weak.
    emotion: TypedAnswer<7>,
    eye: Eyes,
    eyebrow: Eyebrows,
    /// 0 male, 1 female: the mean of twelve looks of a model, right for 97 % of those from 15 years
    /// on (UTKFace), less for children.
    gender: TypedAnswer<2>,
    hair: Hair,
    hat: Hat,
    head_pose: HeadPose,
    /// Face mask: 0 none, 1 covering neither chin nor mouth, 2 covers the chin, 3 covers the mouth,
    /// 4 worn correctly: a model says whether, the hidden regions say how.
    mask: TypedAnswer<5>,
    mouth: Mouth,
    /// Whether there is hair on lip or chin, 1 yes: how much darker than the cheeks they are; a
    /// heuristic that deep shadow misleads.
    moustache: TypedAnswer<2>,
    /// 0 upturned, 1 hooked, 2 ordinary, 3 round tip; a heuristic on the depth of the mesh.
    nose: TypedAnswer<4>,
    /// Outline of the face: 0 square, 1 triangular, 2 oval, 3 heart, 4 round; a heuristic on the
    /// mesh.
    shape: TypedAnswer<5>,
    /// Colour of the skin: 0 yellow, 1 brown, 2 black, 3 white, by its typology and hue angles with
    /// the light's colour taken away; a heuristic.
    skin: TypedAnswer<4>,
    /// Strength of the smile, 0 to 100, by MediaPipe's blendshapes.
    smile: u8,
}

/// A class by its number, one of `TYPES`.
#[derive(Output)]
struct TypedAnswer<const TYPES: u8> {
    #[output(name = "type")]
    kind: Class<TYPES>,
    /// How sure that is, 0 to 1.
    probability: f64,
}

/// What is seen of the eyes.
#[derive(Output)]
struct Eyes {
    /// Before the eyes: 0 nothing, 1 glasses, 2 dark glasses, by the share of the parser's glasses
    /// and how dark the lenses are; a heuristic that misses thin rims.
    glass: TypedAnswer<3>,
    /// Whether the eyes are open, 1 yes: the eye aspect ratio against 0.17; a heuristic.
    eye_open: TypedAnswer<2>,
    /// Whether the upper lids have a fold, 1 yes: the mean of both eyes; a heuristic on the shading
    /// between lid and brow, less sure where the photo does not resolve it.
    eyelid_type: TypedAnswer<2>,
    /// Size of the eyes for their face: 0 small, 1 ordinary, 2 large; a heuristic on the mesh.
    eye_size: TypedAnswer<3>,
}

/// What is seen of the eyebrows.
#[derive(Output)]
struct Eyebrows {
    /// 0 sparse, 1 thick: how much darker than skin they are; a heuristic.
    eyebrow_density: TypedAnswer<2>,
    /// 0 straight, 1 curved: the rise of the upper edge; a heuristic on the mesh.
    eyebrow_curve: TypedAnswer<2>,
    /// 0 short, 1 long, by the width of the eye; a heuristic on the mesh.
    eyebrow_length: TypedAnswer<2>,
}

/// What is seen of the hair.
#[derive(Output)]
struct Hair {
    /// 0 bald, 1 short, 2 medium, 3 long, by how far down hair reaches beside the face; a
    /// heuristic. 4 (tied up) is never told.
    length: TypedAnswer<4>,
    /// Whether hair covers the forehead, 1 yes; a heuristic on the parser.
    bang: TypedAnswer<2>,
    /// 0 black, 1 blond, 2 brown, 3 grey or white, by the median colour of the parser's hair; a
    /// heuristic.
    color: TypedAnswer<4>,
}

/// What is seen of a hat.
#[derive(Output)]
struct Hat {
    /// 0 none, 1 ordinary, by the share of the parser's hat; helmets and security caps are not told
    /// from other hats.
    style: TypedAnswer<2>,
    /// 0 no hat, 1 reddish, 2 yellowish, 3 bluish, 4 dark, 5 grey or white, by its median colour; a
    /// heuristic. 6 (mixed) is never told.
    color: TypedAnswer<6>,
}

/// What is seen of the mouth.
#[derive(Output)]
struct Mouth {
    /// Whether the mouth is open, 1 yes: the gap between the lips against 0.08 of their width; a
    /// heuristic.
    mouth_open: TypedAnswer<2>,
}

/// Which way a face looks.
#[derive(Output)]
struct HeadPose {
    /// Degrees, -30 to 30: negative up, positive down.
    pitch: i64,
    /// Degrees, -30 to 30: negative to the left of the photo, positive to its right.
    yaw: i64,
    /// Degrees, -180 to 180: positive clockwise.
    roll: i64,
}

impl<const TYPES: u8> From<Typed> for TypedAnswer<TYPES> {
    fn from(Typed { kind, probability }: Typed) -> Self {
        Self { kind: Class(kind), probability: rounded(probability, 4) }
    }
}

impl FaceInfo {
    pub fn of(detection: &Detection, attributes: Attributes) -> Self {
        let rect = detection.rect;
        Self {
            face_rect: FaceRect {
                x: pixels(rect.x),
                y: pixels(rect.y),
                width: pixels(rect.width),
                height: pixels(rect.height),
            },
            face_detail_attributes_info: attributes.into(),
        }
    }
}

impl From<Attributes> for AttributesAnswer {
    fn from(Attributes { looked, measured }: Attributes) -> Self {
        // Poses beyond 30 degrees are answered as 30.
        let turned = |angle: f32| pixels(angle.clamp(-30.0, 30.0));
        Self {
            age: looked.age,
            beauty: measured.beauty,
            emotion: looked.emotion.into(),
            eye: Eyes {
                glass: measured.glass.into(),
                eye_open: measured.eye_open.into(),
                eyelid_type: measured.eyelid.into(),
                eye_size: measured.eye_size.into(),
            },
            eyebrow: Eyebrows {
                eyebrow_density: measured.brow_density.into(),
                eyebrow_curve: measured.brow_curve.into(),
                eyebrow_length: measured.brow_length.into(),
            },
            gender: looked.gender.into(),
            hair: Hair {
                length: measured.hair_length.into(),
                bang: measured.bang.into(),
                color: measured.hair_color.into(),
            },
            hat: Hat { style: measured.hat.into(), color: measured.hat_color.into() },
            head_pose: HeadPose {
                pitch: turned(looked.pose.pitch),
                yaw: turned(looked.pose.yaw),
                roll: pixels(looked.pose.roll),
            },
            mask: looked.mask.into(),
            mouth: Mouth { mouth_open: measured.mouth_open.into() },
            moustache: measured.moustache.into(),
            nose: measured.nose.into(),
            shape: measured.shape.into(),
            skin: measured.skin.into(),
            smile: looked.smile,
        }
    }
}
