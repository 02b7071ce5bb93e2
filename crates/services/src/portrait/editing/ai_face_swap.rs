//! Face swap: the face of one picture in another.

use std::time::Duration;

use safelight_operation::{
    CpuOperation, Delivery, Input, Needs, Picture, Result, Rules, Spec, Url, Work,
};

use super::super::painted::{ImageUrl, LIPS};
use super::super::swaps::{self, LIMITATIONS, MEMORY, MODELS, Scene};

/// The service.
pub struct AiFaceSwap;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The picture whose face is replaced.
    #[picture(PHOTO)]
    image_target: Picture,
    /// The picture that supplies the face.
    #[picture(PHOTO)]
    image_template: Picture,
}

/// Either picture.
const PHOTO: Rules = Rules { grayscale: false, ..LIPS };
/// What is asked of the face that is replaced.
const SCENE: Scene = Scene { least: 64.0, angles: [20.0, 20.0, 45.0] };

impl CpuOperation for AiFaceSwap {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-face-swap",
        name: "AI Face Swap",
        sign: "portrait_editing_ai_face_swap",
        pool: "portrait_ai_face_swap",
        price: 5,
        summary: "Puts the face of `image_template` into `image_target`, in its light and complexion. Mind \
                  that Merge Portraits names its two files the other way round.",
        limitations: LIMITATIONS,
        delivery: Delivery::Async,
        deadline: Duration::from_secs(60),
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let template = input.image_template.decode(work)?.rgb;
        let giver = swaps::giver(work, &template, "image_template")?;
        let mut photo = input.image_target.decode(work)?;
        let receiver = swaps::scene(work, &photo.rgb, "image_target", SCENE)?;
        swaps::blend(work, (&giver, &template), &receiver, &mut photo, 1.0)?;
        Ok(ImageUrl { image: Url(swaps::marked(work, &mut photo)?) })
    }
}
