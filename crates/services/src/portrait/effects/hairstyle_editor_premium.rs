//! Hairstyle editor, third generation: the colour of the hair, after a word or after another photo.

use safelight_contract::{Code, Fault};
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{
    CpuOperation, Input, Kind, Needs, Optional, Param, Picture, Result, Spec, Work, no_engine,
};
use safelight_vision::cutout;
use safelight_vision::face::models;
use serde_json::{Value, json};

use super::super::painted::ImageUrl;
use super::hairstyles::{self, COLOURS, PHOTO, Style, Styles};
use crate::generated::{Edit, Generated};

/// The photos that it takes.
const PREMIUM: Rules = Rules { formats: &[Format::Jpeg, Format::Png, Format::WebP], ..PHOTO };

/// The service.
pub struct HairstyleEditorPremium;

/// What a request asks for.
#[derive(Input)]
#[input(check = something)]
pub struct Request {
    /// The photo. It shows one face, which covers a tenth of it at least; faces of less than a quarter of its
    /// area may be behind it.
    #[picture(PREMIUM)]
    image: Picture,
    /// A photo with the hairstyle to take over, which needs a generative engine; where `hair_style` is sent,
    /// it gives the colour that `color` `reference` asks for, and nothing else.
    #[picture(PREMIUM)]
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
    doc: "The style of the hair; counts before `image_template`, and is needed where that is not sent. Every \
          other than `original`, which keeps the cut, needs a generative engine.",
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
    let message = match (input.hair_style, &input.image_template) {
        (None, None) => "hair_style and image_template are missing, one of them is needed",
        (_, None) if input.color == REFERENCE => "image_template is missing, color is `reference`",
        _ => return Ok(()),
    };
    Err(Fault::new(Code::MissingParameters, message))
}

impl CpuOperation for HairstyleEditorPremium {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/hairstyle-editor-premium",
        name: "Hairstyle Changer Premium",
        sign: "portrait_effects_hairstyle_editor_premium",
        pool: "portrait_hairstyle_editing_premium",
        price: 15,
        summary: "Colours the hair of one person in one of 21 colours, or in that of another photo; cuts it \
                  anew by a generative engine.",
        ..hairstyles::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS).on_request(&[models::EMBEDDING]);
    type Input = Request;
    type Output = ImageUrl;

    fn native(input: &Request) -> Result<()> {
        let Some(style) = input.hair_style else {
            let engine = no_engine(<Self as CpuOperation>::SPEC.slug());
            let message = format!(
                "{}; hair_style `original` takes over the colour of image_template alone",
                engine.message()
            );
            return Err(Fault::new(Code::AiNotExists, message));
        };
        style.native(<Self as CpuOperation>::SPEC.slug())
    }

    fn run(input: Request, work: &Work) -> Result<ImageUrl> {
        let mut photo = input.image.decode(work)?;
        match (input.color, &input.image_template) {
            (ORIGINAL, _) => hairstyles::one_face(work, &photo).map(drop)?,
            (REFERENCE, Some(template)) => {
                let template = template.decode(work)?;
                let colour = hairstyles::own_colour(work, &template, "image_template")?;
                hairstyles::colour_as(work, &mut photo, colour)?;
            }
            (word, _) => hairstyles::colour(work, &mut photo, word)?,
        }
        ImageUrl::of(work, &photo)
    }
}

impl Generated for HairstyleEditorPremium {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let template = input.image_template.as_ref();
        let (style, template) = match input.hair_style {
            None => ("image 1 with the image 2".to_owned(), template),
            Some(style) => match style.described() {
                None => return Ok(None),
                // The template gives the colour alone.
                Some(words) => (words, template.filter(|_| input.color == REFERENCE)),
            },
        };
        hairstyles::cut(work, &input.image, template, &style, input.color).map(Some)
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<ImageUrl> {
        ImageUrl::of(work, &photos[0])
    }
}
