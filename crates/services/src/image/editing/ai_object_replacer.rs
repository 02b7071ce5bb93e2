//! Objects replaced by others.

use safelight_imaging::Photo;
use safelight_operation::{
    Base64, CpuOperation, Input, Mask, Memory, Needs, Output, Picture, Result, Spec, Work,
    no_engine_for,
};

use super::removal::{self, MODELS};
use super::{CANVAS, seed};
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct AiObjectReplacer;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(CANVAS)]
    image: Picture,
    /// An opaque 8-bit PNG of the photo's size in gray values, without a colour profile: white where
    /// something is replaced, at most 70 % of the photo.
    #[mask(CANVAS, of = image)]
    mask: Mask,
    /// What shall be there instead, in English; an engine makes it. Without it, what the mask shows is removed,
    /// which needs no engine.
    #[cut(2000)]
    custom_prompt: Option<String>,
    /// Sampling steps of the engine.
    #[integer(1..=1000)]
    #[field(default = 25)]
    steps: u32,
    /// How closely the engine follows the prompt.
    #[number(1.0..=20.0)]
    #[field(default = 5.0)]
    scale: f64,
    /// Another number gives another result; -1 draws one.
    #[integer(-1..=4_294_967_295)]
    #[field(default = -1)]
    seed: i64,
}

impl Request {
    fn prompt(&self) -> Option<&str> {
        self.custom_prompt.as_deref().map(str::trim).filter(|prompt| !prompt.is_empty())
    }
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, the only element: a JPEG; a PNG where the photo has transparency.
    #[output(path = "data.binary_data_base64")]
    binary_data_base64: [Base64; 1],
}

impl CpuOperation for AiObjectReplacer {
    const SPEC: &'static Spec = &Spec {
        path: "/api/image/editing/ai-object-replacer",
        name: "AI Object Replacer",
        sign: "image_ai_object_replacer",
        pool: "image_ai_object_replacer",
        price: 25,
        summary: "Replaces what a mask shows by what words say, by a generative engine; without words it \
                  removes it.",
        limitations: "Requests with `custom_prompt` need a generative engine and answer \
                      `ERROR_AI_NOT_EXISTS` without one. Outside the mask no bit of the photo changes. \
                      Removal is that of `remove-objects`: surfaces go on, nothing is understood. A \
                      mask that covers more than 70 % of the photo is refused (`ERROR_INVALID_FILE`).",
        memory: Memory { base: removal::MEMORY.base, per_pixel: removal::MEMORY.per_pixel + 1 },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        match input.prompt() {
            Some(_) => {
                Err(no_engine_for(<Self as CpuOperation>::SPEC.slug(), "custom_prompt is sent"))
            }
            None => Ok(()),
        }
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        removal::check_strictly(&input.mask, work)?;
        let mut photo = input.image.decode(work)?;
        let mask = input.mask.decode(work)?;
        let growth = removal::usual_growth(&photo);
        let options =
            safelight_effects::complete::Options { seed: seed(input.seed), ..Default::default() };
        removal::remove(&mut photo, &mask, growth, &options, work)?;
        Ok(Answer { binary_data_base64: [Base64(encoded(&photo, work)?)] })
    }
}

impl Generated for AiObjectReplacer {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let Some(prompt) = input.prompt() else { return Ok(None) };
        removal::check_strictly(&input.mask, work)?;
        let photo = input.image.decode(work)?;
        let mask = input.mask.decode(work)?;
        removal::check_share(&mask)?;
        Ok(Some(Edit {
            tight: true,
            steps: Some(input.steps),
            scale: Some(input.scale as f32),
            seed: seed(input.seed),
            ..Edit::of(photo, Some(mask), vec![prompt.to_owned()])
        }))
    }

    fn answer(_: &Request, mut photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        let photo = photos.remove(0);
        Ok(Answer { binary_data_base64: [Base64(encoded(&photo, work)?)] })
    }
}
