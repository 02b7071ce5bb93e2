//! Hairstyle editor, second generation: the colour of the hair.

use image::GrayImage;
use safelight_imaging::Photo;
use safelight_operation::{
    Code, CpuOperation, Fault, Input, Kind, Mask, Memory, Needs, Output, Param, Picture, Required,
    Result, Spec, Url, Work,
};
use safelight_vision::cutout;
use safelight_vision::face::models;
use serde_json::{Value, json};

use super::hairstyles::{self, COLOURS, PHOTO, Style, Styles};
use crate::generated::{Edit, Generated};
use crate::image::encoded;

/// The service.
pub struct HairstyleEditorPro;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. It shows one face, which covers a tenth of it at least; faces of less than a quarter of its
    /// area may be behind it.
    #[picture(PHOTO)]
    image: Picture,
    /// A picture of the photo's size, white where the hair may change. Without it, all of it may.
    #[mask(PHOTO, of = image)]
    mask: Option<Mask>,
    #[shared(HAIR_STYLE)]
    hair_style: Style,
    /// The colour of the hair.
    #[kind(Colours)]
    #[field(default = "blonde")]
    color: &'static str,
    /// How often the result is listed.
    #[integer(1..=4)]
    #[field(default = 1)]
    image_size: u8,
    /// Read and without effect: the style says whether there is a fringe.
    #[integer(0..=1)]
    #[field(name = "bangs", default = 1)]
    _bangs: u8,
    /// Read and without effect: the whole photo is answered.
    #[integer(1..=2)]
    #[field(name = "mode", default = 1)]
    _mode: u8,
    /// Read and without effect: how far a cut goes is the engine's.
    #[integer(0..=1)]
    #[field(name = "reference", default = 0)]
    _reference: u8,
}

impl Request {
    fn mask(&self, work: &Work) -> Result<Option<GrayImage>> {
        let Some(mask) = &self.mask else { return Ok(None) };
        let mask = mask.decode(work)?;
        if mask.iter().all(|&value| value == 0) {
            let message = "mask is empty: white shows where the hair may change";
            return Err(Fault::new(Code::InvalidFile, message));
        }
        Ok(Some(mask))
    }
}

static HAIR_STYLE: Param<Styles, Required> = Param {
    name: "hair_style",
    aliases: &[],
    doc: "The style of the hair. Every other than `original`, which keeps the cut, needs a generative \
          engine.",
    kind: Styles,
    presence: Required,
};

/// The name of a colour.
struct Colours;

impl Kind for Colours {
    type Value = &'static str;

    fn parse(&self, name: &str, text: &str) -> Result<&'static str> {
        hairstyles::colour_named(name, text, COLOURS)
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "enum": COLOURS })
    }

    fn show(&self, value: &&'static str) -> Value {
        json!(value)
    }
}

/// The changed photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency; for 24 hours.
    #[output(path = "data.images")]
    images: Vec<Url>,
}

impl CpuOperation for HairstyleEditorPro {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/hairstyle-editor-pro",
        name: "Hairstyle Changer Pro",
        sign: "portrait_hairstyle_editor_pro",
        pool: "portrait_hairstyle_editing_pro",
        price: 10,
        summary: "Colours the hair of one person in one of 21 colours; cuts it anew by a generative engine.",
        // The photo as it was, and the mask.
        memory: Memory {
            per_pixel: hairstyles::SPEC.memory.per_pixel + 4,
            ..hairstyles::SPEC.memory
        },
        ..hairstyles::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS).on_request(&[models::EMBEDDING]);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        input.hair_style.native(<Self as CpuOperation>::SPEC.slug())
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mask = input.mask(work)?;
        let mut photo = input.image.decode(work)?;
        let before = mask.is_some().then(|| photo.rgb.clone());
        hairstyles::colour(work, &mut photo, input.color)?;
        if let (Some(mask), Some(before)) = (mask, before) {
            let pixels = photo.rgb.pixels_mut().zip(before.pixels()).zip(mask.iter());
            let kept = pixels.filter(|(_, may_change)| **may_change == 0);
            kept.for_each(|((pixel, before), _)| *pixel = *before);
        }
        answer(&input, &photo, work)
    }
}

impl Generated for HairstyleEditorPro {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let Some(style) = input.hair_style.described() else { return Ok(None) };
        let mut edit = hairstyles::cut(work, &input.image, None, &style, input.color)?;
        if let (Some(own), Some(sent)) = (&mut edit.mask, input.mask(work)?) {
            own.iter_mut().zip(sent.iter()).for_each(|(own, &sent)| *own = sent.min(*own));
            edit.tight = true;
        }
        Ok(Some(edit))
    }

    fn answer(input: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        answer(input, &photos[0], work)
    }
}

/// The one picture, listed as often as was asked for.
fn answer(input: &Request, photo: &Photo, work: &Work) -> Result<Answer> {
    let artifact = encoded(photo, work)?;
    let images = vec![Url(artifact); usize::from(input.image_size)];
    Ok(Answer { images })
}
