//! Eyelashes.

use safelight_effects::describe::LASHES;
use safelight_effects::makeup::lashes::{self, Lashes};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiEyelashes;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The largest face gets the lashes.
    #[picture(PORTRAIT)]
    image: Picture,
    /// What the lashes are called, such as `volume`, `cat eye` or `wispy`. Natural lashes where neither
    /// this nor `desc` says anything.
    #[cut(500)]
    name: Option<String>,
    /// What they look like, such as `long and curled with lower lashes`. English; words that are not known
    /// are ignored.
    #[cut(1000)]
    desc: Option<String>,
}

impl CpuOperation for AiEyelashes {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-eyelashes",
        name: "AI Eyelashes",
        sign: "portrait_editing_ai_eyelashes",
        pool: "portrait_ai_eyelashes",
        price: 15,
        summary: "Draws eyelashes and a fine liner on the largest face: length, density, curl, wing and \
                  clusters as described.",
        limitations: "Faces from 130 px in width show single lashes. Lashes that are there stay below. An \
                      eye that is hidden or turned away stays as it is; where both are, the request is \
                      refused. A hand before an eye is not always known from skin.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let kit = painted::largest(work, &photo.rgb)?;
        let set = Lashes::described(&LASHES.read(&painted::words(&input.name, &input.desc)));
        let done = work.stage("paint", || Ok(lashes::paint(&kit, &mut photo.rgb, &set)))?;
        painted::any_eye(done)?;
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiEyelashes {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        painted::by_engine(
            &input.image,
            areas::eyes,
            &[painted::words(&input.name, &input.desc)],
            work,
        )
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}
