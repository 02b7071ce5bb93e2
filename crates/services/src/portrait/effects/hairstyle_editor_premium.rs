//! Hairstyle editor, third generation: the colour of the hair, after a word or after another photo.

use safelight_contract::{Code, Fault};
use safelight_operation::{
    CpuOperation, Input, Kind, Needs, Optional, Param, Picture, Result, Spec, Work,
};
use safelight_vision::cutout;
use serde_json::{Value, json};

use super::super::painted::ImageUrl;
use super::hairstyles::{self, COLOURS, PHOTO, Style, Styles};

/// The service.
pub struct HairstyleEditorPremium;

/// What a request asks for.
#[derive(Input)]
#[input(check = something)]
pub struct Request {
    /// The photo. It shows one face, which covers a tenth of it at least.
    #[picture(PHOTO)]
    image: Picture,
    /// A photo with the hairstyle to take over; ignored where `hair_style` is sent, and refused alone, since
    /// this server keeps the cut.
    #[picture(PHOTO)]
    image_template: Option<Picture>,
    #[shared(HAIR_STYLE)]
    hair_style: Option<Style>,
    /// The colour of the hair.
    #[kind(Colours)]
    #[field(default = ORIGINAL)]
    color: &'static str,
}

static HAIR_STYLE: Param<Styles, Optional> = Param {
    name: "hair_style",
    aliases: &[],
    doc: "The style of the hair; counts before `image_template`, and is needed where that is not sent. This \
          server keeps the cut, which is `original`.",
    kind: Styles,
    presence: Optional,
};

const ORIGINAL: &str = "original";
const REFERENCE: &str = "reference";

/// The name of a colour, or where it comes from.
struct Colours;

impl Kind for Colours {
    type Value = &'static str;

    fn parse(&self, name: &str, text: &str) -> Result<&'static str> {
        hairstyles::colour_named(name, text, &all())
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "enum": all() })
    }

    fn show(&self, value: &&'static str) -> Value {
        json!(value)
    }
}

fn all() -> Vec<&'static str> {
    [ORIGINAL, REFERENCE].into_iter().chain(COLOURS.iter().copied()).collect()
}

fn something(input: &Request) -> Result<()> {
    match (input.hair_style, &input.image_template) {
        (None, None) => Err(Fault::new(
            Code::MissingParameters,
            "hair_style and image_template are missing, one of them is needed",
        )),
        _ => Ok(()),
    }
}

impl CpuOperation for HairstyleEditorPremium {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/hairstyle-editor-premium",
        name: "Hairstyle Changer Premium",
        sign: "portrait_hairstyle_editor_premium",
        pool: "portrait_hairstyle_editing_premium",
        price: 15,
        summary: "Colours the hair of one person in one of 21 colours, or in that of another photo.",
        ..hairstyles::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS);
    type Input = Request;
    type Output = ImageUrl;

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let Some(style) = input.hair_style else {
            let message = "the style of image_template needs an engine that is not here; send \
                           hair_style `original` to take over its colour alone";
            return Err(Fault::new(Code::AiNotExists, message));
        };
        style.native()?;
        let mut photo = input.image.decode(work)?;
        match (input.color, &input.image_template) {
            (ORIGINAL, _) => hairstyles::one_face(work, &photo).map(drop)?,
            (REFERENCE, Some(template)) => {
                let template = template.decode(work)?;
                let colour = hairstyles::own_colour(work, &template, "image_template")?;
                hairstyles::colour_as(work, &mut photo, colour)?;
            }
            (REFERENCE, None) => {
                let message = "image_template is missing, color is `reference`";
                return Err(Fault::new(Code::MissingParameters, message));
            }
            (word, _) => hairstyles::colour(work, &mut photo, word)?,
        }
        ImageUrl::of(work, &photo)
    }
}
