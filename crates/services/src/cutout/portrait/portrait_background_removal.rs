//! Portrait background removal: the people of a photo with what they wear and hold.

use safelight_imaging::{Format, Rules};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{CROP, CutoutAnswer, MASK, ReturnForm, WHITE, answer};

/// The service.
pub struct PortraitBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows at least one person.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (1, 1),
        max: (2000, 2000),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK, WHITE, CROP])]
    return_form: Option<ReturnForm>,
}

impl CpuOperation for PortraitBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/portrait/portrait-background-removal",
        name: "Human Background Removal",
        sign: "cutout_portrait_background_removal",
        pool: "cutout_human_body_background_removal",
        price: 1,
        summary: "Frees the people of a photo, with what they wear and hold, from their background, bystanders included.",
        limitations: "A person is recognised by a face or by joints of a body; who turns away, is cut off at the shoulders and small in the photo may be missed.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::PEOPLE_MODELS);
    type Input = Request;
    type Output = CutoutAnswer;

    fn run(input: Request, work: &Work) -> Result<CutoutAnswer> {
        answer(&input.image, input.return_form, cut_out, work)
    }
}
