//! Coloured contact lenses.

use safelight_effects::describe::LENSES;
use safelight_effects::makeup::lenses::{self, Lens};
use safelight_imaging::Photo;
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiColoredContacts;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The largest face gets the lenses.
    #[picture(PORTRAIT)]
    image: Picture,
    /// What the lenses are called, such as `sapphire blue` or `hazel`. Blue lenses where neither this nor
    /// `desc` names a colour.
    #[cut(500)]
    name: Option<String>,
    /// What they look like, such as `natural grey with a dark limbal ring` or `violet cat eye`. English;
    /// words that are not known are ignored.
    #[cut(1000)]
    desc: Option<String>,
}

impl CpuOperation for AiColoredContacts {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-colored-contacts",
        name: "AI Colored Contacts",
        sign: "portrait_editing_ai_colored_contacts",
        pool: "portrait_ai_colored_contacts",
        price: 15,
        summary: "Changes the colour of the irises of the largest face to that of contact lenses.",
        limitations: "Faces from 130 px in width show the lens's pattern, smaller ones its colour. An eye \
                      that is closed, hidden or turned away stays as it is; where both are, the request \
                      is refused. A hand before an eye is not always known from skin.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let kit = painted::largest(work, &photo.rgb)?;
        let lens = Lens::described(&LENSES.read(&painted::words(&input.name, &input.desc)));
        let done = work.stage("paint", || Ok(lenses::paint(&kit, &mut photo.rgb, &lens)))?;
        painted::any_eye(done)?;
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiColoredContacts {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        painted::by_engine(
            &input.image,
            areas::irises,
            &[painted::words(&input.name, &input.desc)],
            work,
        )
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        ResultUrls::made(&photos, work)
    }
}
