//! How a face moves: the 52 blendshapes that MediaPipe reads from its points, and plain measures of
//! how far eyes and mouth are open.

use safelight_contract::Result;
use safelight_inference::{Models, Tensor};

use super::Mesh;
use crate::model::{mismatch, output};

pub(super) const MODEL: &str = "face_blendshapes";

/// The names of the blendshapes in the model's order; left and right are the person's own.
pub const BLENDSHAPES: [&str; 52] = [
    "_neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
];

/// The points of the mesh that the model takes.
#[rustfmt::skip]
const POINTS: [usize; 146] = [
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52,
    53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91,
    93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195,
    197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295,
    296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356,
    361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389,
    390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475,
    476, 477,
];

/// How strong each movement of a face is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blendshapes {
    /// In the order of [`BLENDSHAPES`], each 0..1.
    pub strengths: [f32; 52],
}

impl Blendshapes {
    /// The strength of a movement; zero for a name that there is not.
    pub fn strength(&self, name: &str) -> f32 {
        let found = BLENDSHAPES.iter().position(|&known| known == name);
        found.map_or(0.0, |index| self.strengths[index])
    }

    /// How much the face smiles, 0..1: the mean of both corners of the mouth.
    pub fn smile(&self) -> f32 {
        (self.strength("mouthSmileLeft") + self.strength("mouthSmileRight")) / 2.0
    }
}

/// The movements of a face. The model sees its points upright, or a head that lies would smile less.
pub(crate) fn blendshapes(models: &Models, mesh: &Mesh) -> Result<Blendshapes> {
    let model = models.get(MODEL)?;
    let (sin, cos) = mesh.angle().sin_cos();
    let upright = |[x, y, _]: [f32; 3]| [cos * x + sin * y, cos * y - sin * x];
    let numbers: Vec<f32> = POINTS.iter().flat_map(|&i| upright(mesh.points[i])).collect();
    let input = Tensor::new([1, POINTS.len(), 2], numbers).map_err(mismatch)?;
    let outputs = model.run(&[("points", &input)])?;
    let scores = output(&outputs, MODEL, "scores", BLENDSHAPES.len())?;
    Ok(Blendshapes { strengths: std::array::from_fn(|i| scores[i].clamp(0.0, 1.0)) })
}

/// The points of an eye: outer corner, two of the upper lid, inner corner, two of the lower lid.
type EyePoints = [usize; 6];
/// The eye on the left of an upright picture.
const LEFT_EYE: EyePoints = [33, 160, 158, 133, 153, 144];
/// The eye on its right.
const RIGHT_EYE: EyePoints = [263, 387, 385, 362, 380, 373];

/// How far open eyes and mouth are, as heights divided by widths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Openness {
    /// The eye on the left of an upright picture: about 0.3 for an open eye, below 0.15 for a closed
    /// one (the eye aspect ratio of Soukupová and Čech 2016).
    pub left_eye: f32,
    /// The eye on its right.
    pub right_eye: f32,
    /// The gap between the lips by the width of the mouth: 0 for closed lips, above 0.1 for a mouth
    /// that is plainly open.
    pub mouth: f32,
}

impl Openness {
    /// Of a mesh.
    pub fn of(mesh: &Mesh) -> Self {
        let distance = |a: usize, b: usize| mesh.point(a).distance(mesh.point(b));
        let eye = |[outer, a, b, inner, c, d]: EyePoints| {
            let width = distance(outer, inner).max(f32::MIN_POSITIVE);
            (distance(a, d) + distance(b, c)) / (2.0 * width)
        };
        let mouth = distance(13, 14) / distance(78, 308).max(f32::MIN_POSITIVE);
        Self { left_eye: eye(LEFT_EYE), right_eye: eye(RIGHT_EYE), mouth }
    }
}
