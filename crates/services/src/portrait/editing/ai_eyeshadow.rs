//! Eyeshadow.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::shadow::{self, DESIGNS, Design};
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Integer, Kind, Needs, Optional, Param, Picture, Result, Spec, Work,
};
use serde_json::{Value, json};

use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls, SHAPES, Shape};
use crate::generated::{Edit, Generated, areas};

/// The service.
pub struct AiEyeshadow;

/// What a request asks for.
#[derive(Input)]
#[input(check = something)]
pub struct Request {
    /// The photo. The largest face gets the eyeshadow.
    #[picture(PORTRAIT)]
    image: Picture,
    #[shared(EYESHADOW_STYLE)]
    eyeshadow_style: Option<&'static Design>,
    /// A photo of a face that wears the eyeshadow: its colours are read from lid, crease and outer corner.
    #[picture(PORTRAIT)]
    image_template: Option<Picture>,
    /// The shape of the result: the photo is cut around the face.
    #[choice(SHAPES)]
    #[field(default = None)]
    aspect_ratio: Shape,
}

static EYESHADOW_STYLE: Param<Designs, Optional> = Param {
    name: "eyeshadow_style",
    aliases: &[],
    doc: "The number of a design of this server; counts before `image_template`. Needed where that is not \
          sent.",
    kind: Designs,
    presence: Optional,
};

/// The number of a design, counted from 1.
struct Designs;

impl Kind for Designs {
    type Value = &'static Design;

    fn parse(&self, name: &str, text: &str) -> Result<&'static Design> {
        let number = Integer(1..=DESIGNS.len() as u32).parse(name, text)?;
        Ok(&DESIGNS[number as usize - 1])
    }

    fn schema(&self) -> Value {
        json!({ "type": "integer", "minimum": 1, "maximum": DESIGNS.len(), "examples": [1] })
    }

    fn show(&self, value: &&'static Design) -> Value {
        json!(value.name)
    }
}

fn something(input: &Request) -> Result<()> {
    match (input.eyeshadow_style, &input.image_template) {
        (None, None) => Err(Fault::new(
            Code::MissingParameters,
            "eyeshadow_style and image_template are missing, one of them is needed",
        )),
        _ => Ok(()),
    }
}

impl CpuOperation for AiEyeshadow {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/editing/ai-eyeshadow",
        name: "AI Eyeshadow Try-On",
        sign: "portrait_editing_ai_eyeshadow",
        pool: "portrait_ai_eyeshadow",
        price: 15,
        summary: "Paints one of 36 eyeshadows, or the colours of another face's, on the largest face.",
        limitations: "The designs are this server's own. Of a template its colours are taken, not \
                      its lashes and lines; one without plain eyeshadow is refused. An eye that is \
                      hidden or turned away stays as it is; where both are, the request is \
                      refused. A hand before the face is taken for skin.",
        ..LATER
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let kit = painted::largest(work, &photo.rgb)?;
        let read;
        let design = match (input.eyeshadow_style, &input.image_template) {
            (None, Some(template)) => {
                let template = template.decode(work)?.rgb;
                let face = painted::of_template(work, &template, "image_template")?;
                let found = work.stage("read", || Ok(shadow::read(&face, &template)))?;
                let why = "it shows no eyeshadow that differs from the skin";
                read = found.ok_or_else(|| painted::template_fault("image_template", why))?;
                &read
            }
            (style, _) => style.unwrap_or(&DESIGNS[0]),
        };
        let done = work.stage("paint", || Ok(shadow::paint(&kit, &mut photo.rgb, design, 1.0)))?;
        painted::any_eye(done)?;
        if let Some(shape) = input.aspect_ratio {
            photo = painted::cut(&photo, &kit, shape);
        }
        ResultUrls::of(work, &photo)
    }
}

impl Generated for AiEyeshadow {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let (words, references) = match (input.eyeshadow_style, &input.image_template) {
            (None, Some(template)) => {
                ("as in image 2".to_owned(), vec![template.decode(work)?.rgb])
            }
            (style, _) => (style.unwrap_or(&DESIGNS[0]).name.clone(), Vec::new()),
        };
        let photo = input.image.decode(work)?;
        painted::in_area(photo, areas::eyes, &[words], references, work).map(Some)
    }

    fn answer(input: &Request, photos: Vec<Photo>, work: &Work) -> Result<ResultUrls> {
        let Some(shape) = input.aspect_ratio else { return ResultUrls::made(&photos, work) };
        let cut = photos.into_iter().map(|photo| {
            let kit = painted::largest(work, &photo.rgb)?;
            Ok(painted::cut(&photo, &kit, shape))
        });
        ResultUrls::made(&cut.collect::<Result<Vec<_>>>()?, work)
    }
}
