//! Avatar extraction: each head of a photo with its hair and neck.

use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};
use safelight_vision::cutout;
use safelight_vision::heads::HEAD;

use super::heads::{self, Pieces, RULES};
use crate::cutout::{MASK, ReturnForm};

/// The service.
pub struct AvatarExtraction;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo; it shows at least one face.
    #[picture(RULES)]
    image: Picture,
    /// What the result picture shows; without it, the cut-out on transparent ground at the photo's
    /// size.
    #[choice(&[MASK])]
    return_form: Option<ReturnForm>,
}

impl CpuOperation for AvatarExtraction {
    const SPEC: &'static Spec = &Spec {
        path: "/api/cutout/portrait/avatar-extraction",
        name: "Head Extraction",
        sign: "cutout_avatar_extraction",
        pool: "cutout_avatar_extraction",
        price: 1,
        summary: "Cuts out each head of a photo with its hair, hat and neck, the largest face first.",
        limitations: "Up to 20 heads whose face is at least 24 px wide and high and turned to \
                      the camera. Hair that hangs far below the chin is cut off there, and \
                      hair of somebody whose face is not seen may stay where it lies against \
                      the head.",
        memory: Memory { base: cutout::BASE_BYTES, per_pixel: cutout::HEAD_BYTES_PER_PIXEL },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS);
    type Input = Request;
    type Output = Pieces;

    fn run(input: Request, work: &Work) -> Result<Pieces> {
        let photo = input.image.decode(work)?;
        heads::cut_out(&photo, HEAD, input.return_form, "image shows no head with its face", work)
    }
}
