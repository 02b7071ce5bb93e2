//! Red lip gloss.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::lips::{self, RED_GLOSS};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, ImageUrl, LATER, LIPS, MODELS};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiRedLipGloss;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The lips of its largest face are painted.
    #[picture(LIPS)]
    image: Picture,
}

impl CpuOperation for AiRedLipGloss {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/ai-red-lip-gloss",
        name: "AI Red Lip Gloss",
        sign: "portrait_effects_ai_red_lip_gloss",
        pool: "portrait_ai_sexy_red_lip_gloss",
        price: 8,
        summary: "Paints the lips of the largest face with a glossy red lipstick; teeth and skin stay \
                  clean.",
        limitations: "The shade is fixed; `lips-color-changer` paints others. A hand before a part \
                      of the lips is painted on. In dim light the colour may be too bright; in coloured \
                      light it does not take the light's.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = input.image.decode(work)?;
        let kit = painted::largest(work, &photo.rgb)?;
        if !lips::are_seen(&kit) {
            return Err(Fault::new(Code::NoRecognitionTargetDetected, "the lips are hidden"));
        }
        work.stage("paint", || {
            lips::paint(&kit, &mut photo.rgb, &RED_GLOSS);
            Ok(())
        })?;
        ImageUrl::of(work, &photo)
    }
}

impl Generated for AiRedLipGloss {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        painted::by_engine(&input.image, areas::lips, &[], work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ImageUrl> {
        ImageUrl::of(work, &photos[0])
    }
}
