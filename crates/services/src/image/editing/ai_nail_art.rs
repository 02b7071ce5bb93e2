//! Nail polish by words.

use safelight_effects::describe::NAILS;
use safelight_effects::nails::{Paint, Polish};
use safelight_operation::{CpuOperation, Input, Needs, Picture, Result, Spec, Work};

use super::nails::{self, LIMITATIONS, MODELS};
use crate::portrait::painted::{LATER, PORTRAIT, ResultUrls};

/// The service.
pub struct AiNailArt;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. It shows the back of a hand.
    #[picture(PORTRAIT)]
    image: Picture,
    /// What the manicure is called, such as `French manicure` or `cherry red`. What is longer than 500
    /// characters is cut.
    #[cut(500)]
    nail_name: String,
    /// What it looks like, such as `glossy nude with white tips`, `navy glitter`, `pink ombre`, `matte black
    /// with gold stripes`. English; words that are not known are ignored. What is longer than 1000 characters
    /// is cut.
    #[cut(1000)]
    nail_desc: String,
}

impl CpuOperation for AiNailArt {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/ai-nail-art",
        name: "AI Nail Art",
        sign: "image_editing_ai_nail_art",
        pool: "image_fingernails",
        price: 15,
        summary: "Paints the nails of a hand: colours, French tips, gradients, glitter, stripes and dots.",
        limitations: LIMITATIONS,
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let found = nails::find(work, &photo.rgb, "image")?;
        let words = format!("{}, {}", input.nail_name, input.nail_desc);
        let polish = Polish::described(&NAILS.read(&words));
        nails::paint(work, &mut photo.rgb, &found, &Paint::Polish(polish))?;
        ResultUrls::of(work, &photo)
    }
}
