//! Exposure: how bright a photo came out.

use safelight_imaging::exposure;
use safelight_operation::{
    CpuOperation, Input, Needs, Output, Picture, Result, Rules, Spec, Work, rounded,
};

/// The service.
pub struct ImageExposureScore;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The score, 0 to 1; higher is brighter. Most well-exposed photos lie between 0.35 and 0.65.
    #[output(path = "data.exposure")]
    exposure: f64,
}

impl CpuOperation for ImageExposureScore {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/rating/image-exposure-score",
        name: "Image Exposure Score",
        sign: "image_image_exposure_score",
        pool: "image_exposure_rating",
        price: 1,
        summary: "Scores a photo's exposure from 0 (black) to 1 (white) by its centre-weighted mean \
                  CIE lightness, a heuristic; 0.5 averages middle gray.",
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::NOTHING;
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = input.image.decode(work)?;
        let score =
            work.stage("exposure", || Ok(exposure::score(&photo.rgb, photo.alpha.as_ref())))?;
        // Six digits: what a float has, and no more than the score means.
        Ok(Answer { exposure: rounded(score, 6) })
    }
}
