//! Stubble and short beards taken away.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::shave::{self, Beard};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiBeardRemoval;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The beard of its largest face is taken away.
    #[picture(PORTRAIT)]
    image: Picture,
}

impl CpuOperation for AiBeardRemoval {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-beard-removal",
        name: "AI Beard Removal",
        sign: "portrait_editing_ai_beard_removal",
        pool: "portrait_ai_beard_removal",
        price: 15,
        summary: "Takes stubble and short beards from the largest face; a face without a beard stays as it \
                  is.",
        limitations: "Beards that hang below the chin, and dense dark ones, are refused with \
                      `PROCESSING_FAILURE`: the skin below them would have to be invented.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let kit = painted::largest(work, &photo.rgb)?;
        let found = work.stage("paint", || Ok(shave::paint(&kit, &mut photo.rgb)))?;
        if let Beard::Long(darkness) = found {
            let message = format!(
                "the beard is too long or too dense to take away: it hangs below the chin, or is \
                 darker than the cheek by more than 40 L* ({darkness:.0} found)"
            );
            return Err(Fault::new(Code::ProcessingFailure, message));
        }
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiBeardRemoval {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        painted::by_engine(&input.image, areas::lower_face, &[], work)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}
