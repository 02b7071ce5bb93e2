//! Background removal for large photos: up to 10,000 px a side, as an asynchronous task.

use std::time::Duration;

use safelight_imaging::Rules;
use safelight_operation::{
    CpuOperation, Delivery, Input, Memory, Needs, Picture, Result, Spec, Work,
};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{CutoutAnswer, answer, fine};

/// The service.
pub struct HdUniversalBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules { max_bytes: 40 * Rules::MB, min: (32, 32), max: (10_000, 10_000), ..Rules::ORDINARY })]
    image: Picture,
}

impl CpuOperation for HdUniversalBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/general/hd-universal-background-removal",
        name: "HD Universal Background Removal",
        sign: "cutout_general_hd_universal_background_removal",
        pool: "cutout_hd_general_background_removal",
        price: 2,
        summary: "Frees the subject of a large photo, up to 10,000 px a side, from its background, with \
                  thin parts such as spokes, straps and whiskers.",
        limitations: "Thin parts are looked for in photos of 1 megapixel and more, at 12 megapixels at \
                      most, where the ground is smooth. Hairs gain most and straps little; between the spokes \
                      of a wheel the ground may stay.",
        delivery: Delivery::Async,
        deadline: Duration::from_secs(240),
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HD_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::MODELS);
    type Input = Request;
    type Output = CutoutAnswer;

    fn run(input: Request, work: &Work) -> Result<CutoutAnswer> {
        answer(&input.image, None, |photo, work| fine(photo, cut_out, work), work)
    }
}
