//! Composition: how well a photo is framed.

use safelight_imaging::composition::Frame;
use safelight_operation::{
    CpuOperation, Input, Memory, Needs, Output, Picture, Result, Spec, Work, rounded,
};
use safelight_vision::scene;

use crate::image::{SCENE, on_white};

/// The service.
pub struct ImageCompositionAestheticsScoring;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. Transparent parts count as white.
    #[picture(SCENE)]
    image: Picture,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The score, 0 to 5; from 3.8 up counts as good.
    #[output(path = "data.score")]
    score: f64,
}

impl CpuOperation for ImageCompositionAestheticsScoring {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/rating/image-composition-aesthetics-scoring",
        name: "Image Composition Aesthetics Score",
        sign: "image_image_composition_aesthetics_scoring",
        pool: "image_composition_aesthetics_rating",
        price: 1,
        summary: "Scores a photo's composition from 0 to 5 by rules of photography, a heuristic on a \
                  saliency model and a face detector: whole heads and subjects, room above, place near \
                  a third or the middle, size, calm surroundings.",
        // The photo on white.
        memory: Memory { base: scene::BASE_BYTES, per_pixel: 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(scene::MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let photo = on_white(input.image.decode(work)?).rgb;
        let scene = work.stage("scene", || work.vision.scene(&photo))?;
        Ok(Answer { score: rounded(scene.score(&Frame::whole(&photo)), 4) })
    }
}
