//! Face beauty, advanced: skin, slimmer face and larger eyes.

use safelight_contract::Code;
use safelight_effects::{Beauty, Retouch, Shape};
use safelight_imaging::Rules;
use safelight_operation::{
    Base64, CpuOperation, Input, Needs, Output, Picture, Result, Spec, Work,
};

use super::beauty;
use crate::image::{bled, encoded};

/// The service.
pub struct FaceBeautyAdvanced;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its five largest faces are beautified.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (1, 1), ..Rules::ORDINARY })]
    image: Picture,
    /// How much lighter the skin is.
    #[scale(0..=100, Code::InvalidSkinWhiteningParameter)]
    #[field(default = 30)]
    whitening: u8,
    /// How much smoother the skin is.
    #[scale(0..=100, Code::InvalidSmoothingParameter)]
    #[field(default = 10)]
    smoothing: u8,
    /// How much slimmer the jaw is.
    #[scale(0..=100, Code::InvalidFaceSlimmingParameter)]
    #[field(default = 70)]
    face_lifting: u8,
    /// How much larger the eyes are.
    #[scale(0..=100, Code::InvalidBigEyesParameter)]
    #[field(default = 70)]
    eye_enlarging: u8,
}

/// The beautified photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency.
    result_image: Base64,
}

/// Faces that are beautified at most.
const MOST_FACES: usize = 5;
/// How far the jaw moves to each side at 100, by the width of the face, and how much larger eyes get.
const SLIM: f32 = 0.06;
const EYES: f32 = 0.25;

impl CpuOperation for FaceBeautyAdvanced {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-beauty-advanced",
        name: "Face Beauty Advanced",
        sign: "portrait_face_beauty_advanced",
        pool: "portrait_facial_beautification_advanced",
        price: 5,
        summary: "Lightens and smooths skin, slims the jaw and enlarges the eyes of the five largest \
                  faces.",
        limitations: beauty::LIMITATIONS,
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = bled(input.image.decode(work)?);
        let kits = beauty::kits(work, &photo.rgb, MOST_FACES, beauty::LEAST_FACE)?;
        let share = |value: u8| f32::from(value) / 100.0;
        let asked = Beauty {
            skin: Retouch {
                smooth: share(input.smoothing),
                lighten: 10.0 * share(input.whitening),
                even: 0.0,
            },
            shape: Shape {
                slim: SLIM * share(input.face_lifting),
                eyes: EYES * share(input.eye_enlarging),
                ..Shape::default()
            },
            ..Beauty::default()
        };
        beauty::apply(work, &mut photo, &kits, &asked)?;
        Ok(Answer { result_image: Base64(encoded(&photo, work)?) })
    }
}
