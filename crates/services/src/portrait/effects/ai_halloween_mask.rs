//! Halloween: face paint.

use safelight_contract::{Code, Fault};
use safelight_effects::face_paint::{self, DESIGNS, Design, Template};
use safelight_operation::{
    CpuOperation, Input, Integer, Kind, Needs, Optional, Param, Picture, Result, Spec, Work,
};
use safelight_vision::face::models;
use serde_json::{Value, json};

use super::super::faces;
use super::super::painted::{self, LATER, PORTRAIT, ResultUrls, SHAPES, Shape};

/// The service.
pub struct AiHalloweenMask;

/// What a request asks for.
#[derive(Input)]
#[input(check = something)]
pub struct Request {
    /// The photo. The largest face is painted.
    #[picture(PORTRAIT)]
    image: Picture,
    #[shared(MASK_STYLE)]
    mask_style: Option<&'static Design>,
    /// A picture of a painted or masked face: what it wears is laid on the face. Ignored where
    /// `mask_style` is sent.
    #[picture(PORTRAIT)]
    image_template: Option<Picture>,
    /// The shape of the result: the photo is cut around the face.
    #[choice(SHAPES)]
    #[field(default = None)]
    aspect_ratio: Shape,
}

static MASK_STYLE: Param<Designs, Optional> = Param {
    name: "mask_style",
    aliases: &[],
    doc: "The number of a design of this server, 17 families in five colourings each: 1 to 5 skull, 6 sugar \
          skull, 11 pumpkin, 16 clown, 21 cat, 26 tiger, 31 vampire, 36 zombie, 41 witch, 46 spider, 51 \
          mummy, 56 wolf, 61 devil, 66 ghost, 71 scarecrow, 76 dragon, 81 masquerade. Counts before \
          `image_template`. Needed where that is not sent.",
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
        json!({ "type": "integer", "minimum": 1, "maximum": DESIGNS.len(), "examples": [6] })
    }

    fn show(&self, value: &&'static Design) -> Value {
        json!(value.name)
    }
}

fn something(input: &Request) -> Result<()> {
    match (input.mask_style, &input.image_template) {
        (None, None) => Err(Fault::new(
            Code::MissingParameters,
            "mask_style and image_template are missing, one of them is needed",
        )),
        _ => Ok(()),
    }
}

/// From this probability on a face wears a mask.
const MASKED: f32 = 0.5;
/// How much of a template covers the face.
const OPACITY: f32 = 0.96;

impl CpuOperation for AiHalloweenMask {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/ai-halloween-mask",
        name: "AI Halloween Mask",
        sign: "portrait_effects_ai_halloween_mask",
        pool: "portrait_ai_halloween_masks",
        price: 15,
        summary: "Paints the largest face for Halloween, with one of 85 designs of face paint or with what \
                  another face wears.",
        limitations: "It is paint, which follows the face, not a mask that stands away from it; \
                      the designs are this server's own. Hair, hats, glasses, eyes and the open \
                      mouth stay free. Of a template the face is taken from the forehead to the \
                      chin; it must show one. Below a face of 130 px fine lines blur. A hand \
                      before the face is taken for skin.",
        ..LATER
    };
    const NEEDS: Needs =
        Needs::models(&[models::DETECTION, models::MESH, models::PARSING, models::MASK]);
    type Input = Request;
    type Output = ResultUrls;

    fn run(input: Request, work: &Work) -> Result<ResultUrls> {
        let mut photo = input.image.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let kit = work.stage("prepare", || {
            let kit = painted::prepared(&found[0])?;
            match found[0].mask()? {
                mask if mask > MASKED => {
                    Err(Fault::new(Code::MouthOcclusionTooHigh, "the face wears a mask"))
                }
                _ => Ok(kit),
            }
        })?;
        drop(found);
        match (input.mask_style, &input.image_template) {
            (None, Some(template)) => {
                let template = template.decode(work)?.rgb;
                let face = painted::of_template(work, &template, "image_template")?;
                let read = Template::read(&face, &template);
                let why = "its face lies outside the picture";
                let read = read.ok_or_else(|| painted::template_fault("image_template", why))?;
                work.stage("paint", || {
                    read.paint(&kit, &mut photo.rgb, OPACITY);
                    Ok(())
                })?;
            }
            (style, _) => {
                let design = style.unwrap_or(&DESIGNS[0]);
                work.stage("paint", || {
                    face_paint::paint(&kit, &mut photo.rgb, design);
                    Ok(())
                })?;
            }
        }
        if let Some(shape) = input.aspect_ratio {
            photo = painted::cut(&photo, &kit, shape);
        }
        ResultUrls::of(work, &photo)
    }
}
