//! A bald head.

use safelight_effects::bald::Bald;
use safelight_effects::complete;
use safelight_operation::{CpuOperation, Input, Memory, Needs, Picture, Result, Spec, Work};

use super::super::painted::{LATER, MEMORY, MODELS, PORTRAIT, ResultUrls};
use super::ai_hair_loss_simulation::{head, refused};

/// The service.
pub struct AiBald;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The hair of its largest head is taken away.
    #[picture(PORTRAIT)]
    image: Picture,
}

impl CpuOperation for AiBald {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-bald",
        name: "AI Bald",
        sign: "portrait_editing_ai_bald",
        pool: "portrait_ai_bald",
        price: 15,
        summary: "Shows the largest head bald, where its hair is short.",
        limitations: "Only hair that lies close to the head can be taken away: both ears and the forehead must be \
                      free, the crown in the picture, and no hair may hang below the jaw or stand far off. \
                      Everything else is refused with `PROCESSING_FAILURE`; no engine is asked for it. \
                      Beside short grey hair a pale rim may stay.",
        memory: Memory { base: MEMORY.base + complete::BASE_BYTES, per_pixel: 16 },
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let (kit, head) = head(work, &photo.rgb)?;
        work.stage("paint", || {
            let bald = Bald::of(&kit, &photo.rgb, &head).map_err(|refusal| refused(&refusal))?;
            bald.paint(&mut photo.rgb, &|| work.check())
        })?;
        ResultUrls::of(work, &photo)
    }
}
