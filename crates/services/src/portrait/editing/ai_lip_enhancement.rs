//! Fuller lips.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::{fuller, lips};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, ImageUrl, LATER, LIPS, MODELS};
use crate::generated::{Edit, Generated, areas};
use crate::image::bled;

/// The service.
pub struct AiLipEnhancement;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The lips of its largest face are made fuller.
    #[picture(LIPS)]
    image: Picture,
}

impl CpuOperation for AiLipEnhancement {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-lip-enhancement",
        name: "AI Lip Enhancement",
        sign: "portrait_editing_ai_lip_enhancement",
        pool: "portrait_ai_lip_flip",
        price: 8,
        summary: "Makes the lips of the largest face fuller: their outline moves outwards, the opening \
                  of the mouth stays.",
        limitations: "The amount is fixed: about a tenth of the height of the lips on each side.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = bled(input.image.decode(work)?);
        let kit = painted::largest(work, &photo.rgb)?;
        if !lips::are_seen(&kit) {
            return Err(Fault::new(Code::NoRecognitionTargetDetected, "the lips are hidden"));
        }
        work.stage("paint", || {
            fuller::paint(&kit, &mut photo.rgb, 1.0);
            Ok(())
        })?;
        ImageUrl::of(work, &photo)
    }
}

impl Generated for AiLipEnhancement {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        painted::by_engine(&input.image, areas::lips, &[], work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ImageUrl> {
        ImageUrl::of(work, &photos[0])
    }
}
