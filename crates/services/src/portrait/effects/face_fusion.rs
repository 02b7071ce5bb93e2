//! Face fusion: a face blended into another picture, as far as is asked.

use safelight_operation::{
    Base64, CpuOperation, Input, Needs, Output, Picture, Result, Rules, Spec, Work,
};

use super::super::swaps::{self, LIMITATIONS, MEMORY, MODELS, Scene};

/// The service.
pub struct FaceFusion;

/// Either picture.
const PHOTO: Rules =
    Rules { max_bytes: 4 * Rules::MB, max: (4096, 4096), grayscale: false, ..Rules::ORDINARY };

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture of the face that is blended in.
    #[picture(Rules { min: (128, 128), ..PHOTO })]
    image_target: Picture,
    /// The picture that receives the face; its own must have 200 px and look into the camera.
    #[picture(Rules { min: (200, 200), ..PHOTO })]
    image_template: Picture,
    /// How much of the face of `image_target` is seen: 0 keeps that of `image_template`.
    #[number(0.0..=1.0)]
    #[field(default = 0.7)]
    source_similarity: f64,
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The changed picture, a JPEG; a PNG where it has transparency.
    #[output(path = "data.image")]
    image: Base64,
}

/// What is asked of the face that is replaced.
const SCENE: Scene = Scene { least: 200.0, angles: [10.0, 20.0, 30.0] };

impl CpuOperation for FaceFusion {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-fusion",
        name: "Merge Portraits",
        sign: "portrait_face_fusion",
        pool: "portrait_face_fusion",
        price: 8,
        summary: "Blends the face of `image_target` into `image_template`, whose face fails with \
                  `ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW` where it is small, turned or blurred. Mind that \
                  AI Face Swap names its two files the other way round.",
        limitations: LIMITATIONS,
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let target = input.image_target.decode(work)?.rgb;
        let giver = swaps::giver(work, &target, "image_target")?;
        let mut photo = input.image_template.decode(work)?;
        let receiver = swaps::scene(work, &photo.rgb, "image_template", SCENE)?;
        let similarity = input.source_similarity as f32;
        swaps::blend(work, (&giver, &target), &receiver, &mut photo, similarity)?;
        Ok(Answer { image: Base64(swaps::marked(work, &mut photo)?) })
    }
}
