//! Face slimming: a slimmer jaw and a slightly higher chin.

use safelight_effects::{Beauty, Shape};
use safelight_imaging::{Format, Rules};
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::beauty::{self, ImageUrl};

use crate::image::bled;

/// The service.
pub struct SmartFaceSlimming;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo, of faces of at least 64 px. The three largest are slimmed.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 6 * Rules::MB,
        min: (128, 128),
        max: (5000, 5000),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// How far the jaw is slimmed: 1 moves its angle by 4.5 % of the width of the face on each side.
    #[number(0.0..=2.0)]
    #[field(default = 1.0)]
    slim_degree: f64,
}

/// Faces that are slimmed at most.
const MOST_FACES: usize = 3;
const LEAST_FACE: f32 = 64.0;
/// How far the jaw moves to each side, and the chin up, at degree 1, by the width of the face.
const SLIM: f32 = 0.045;
const CHIN_UP: f32 = 0.01;

impl CpuOperation for SmartFaceSlimming {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/smart-face-slimming",
        name: "Face Slimming",
        sign: "portrait_smart_face_slimming",
        pool: "portrait_intelligent_face_slimming",
        price: 5,
        summary: "Slims the jaw of the three largest faces.",
        limitations: beauty::LIMITATIONS,
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = bled(input.image.decode(work)?);
        let kits = beauty::kits(work, &photo.rgb, MOST_FACES, LEAST_FACE)?;
        let degree = input.slim_degree as f32;
        let shape = Shape { slim: SLIM * degree, chin_up: CHIN_UP * degree, ..Shape::default() };
        beauty::apply(work, &mut photo, &kits, &Beauty { shape, ..Beauty::default() })?;
        ImageUrl::of(work, &photo)
    }
}
