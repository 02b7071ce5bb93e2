//! Square face: a broad, angular jaw.

use std::time::Duration;

use safelight_effects::{Beauty, Shape};
use safelight_imaging::{Format, Rules};
use safelight_operation::{
    CpuOperation, Delivery, Input, Needs, Output, Picture, Result, Spec, Url, Work,
};

use super::beauty;
use crate::image::{bled, encoded};

/// The service.
pub struct AiSquareFaceFilter;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Its faces, up to 32, get a square jaw.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png],
        max_bytes: 5 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
}

/// The changed photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.image")]
    image: Url,
}

impl CpuOperation for AiSquareFaceFilter {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/ai-square-face-filter",
        name: "Square Face Filter",
        sign: "portrait_effects_ai_square_face_filter",
        pool: "portrait_ai_square_face_maker",
        price: 8,
        summary: "Gives every face a broad, angular jaw and a flatter chin.",
        limitations: beauty::LIMITATIONS,
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        memory: beauty::MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(beauty::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = bled(input.image.decode(work)?);
        let kits = beauty::kits(work, &photo.rgb, beauty::MOST_FACES, beauty::LEAST_FACE)?;
        let shape = Shape { square: 1.0, ..Shape::default() };
        beauty::apply(work, &mut photo, &kits, &Beauty { shape, ..Beauty::default() })?;
        Ok(Answer { image: Url(encoded(&photo, work)?) })
    }
}
