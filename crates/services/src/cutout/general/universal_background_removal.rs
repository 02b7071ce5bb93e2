//! Universal background removal: the subject of a photo, whatever it is, on transparent ground.

use safelight_imaging::{Format, Rules};
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;

use super::cut_out;
use crate::cutout::{CROP, CutoutAnswer, MASK, ReturnForm, WHITE, answer};

/// The service.
pub struct UniversalBackgroundRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp, Format::WebP],
        max_bytes: 3 * Rules::MB,
        min: (32, 32),
        max: (2000, 2000),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK, WHITE, CROP])]
    return_form: Option<ReturnForm>,
}

impl CpuOperation for UniversalBackgroundRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/general/universal-background-removal",
        name: "Universal Background Removal",
        sign: "cutout_universal_background_removal",
        pool: "cutout_general_background_removal",
        price: 1,
        summary: "Frees the subject of a photo, whatever it is, from its background.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::MODELS);
    type Input = Request;
    type Output = CutoutAnswer;

    fn run(input: Request, work: &Work) -> Result<CutoutAnswer> {
        answer(&input.image, input.return_form, cut_out, work)
    }
}
