//! Eyeshadow.

use image::imageops;
use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_effects::makeup::shadow::{self, DESIGNS, Design};
use safelight_imaging::Photo;
use safelight_operation::{
    CpuOperation, Input, Integer, Kind, Needs, Optional, Param, Picture, Result, Spec, Work,
};
use serde_json::{Value, json};

use super::super::painted::{self, LATER, MODELS, PORTRAIT, ResultUrls};

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

/// Width to height; the photo's own without.
type Shape = Option<(u32, u32)>;

const SHAPES: &[(&str, Shape, &str)] = &[
    ("auto", None, "the whole photo"),
    ("1:1", Some((1, 1)), "square"),
    ("3:4", Some((3, 4)), "upright"),
    ("4:3", Some((4, 3)), "lying"),
    ("9:16", Some((9, 16)), "upright"),
    ("16:9", Some((16, 9)), "lying"),
];

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
        limitations: "The designs are this server's own. Of a template its colours are taken, not its \
                      lashes and lines; one without plain eyeshadow is refused. An eye that is hidden or \
                      turned away stays as it is; where both are, the request is refused.",
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
            photo = cut(&photo, &kit, shape);
        }
        ResultUrls::of(work, &photo)
    }
}

/// The largest part of the photo of a shape that has the face in its middle, as far as the photo reaches.
fn cut(photo: &Photo, kit: &Kit, (across, down): (u32, u32)) -> Photo {
    let (width, height) = photo.rgb.dimensions();
    let scale = (f64::from(width) / f64::from(across)).min(f64::from(height) / f64::from(down));
    let side = |part: u32, most: u32| ((f64::from(part) * scale).round() as u32).clamp(1, most);
    let (cut_width, cut_height) = (side(across, width), side(down, height));
    let middle = kit.mesh.rect().centre();
    let start = |middle: f32, length: u32, all: u32| {
        (middle - length as f32 / 2.0).round().clamp(0.0, (all - length) as f32) as u32
    };
    let (x, y) = (start(middle.x, cut_width, width), start(middle.y, cut_height, height));
    Photo {
        rgb: imageops::crop_imm(&photo.rgb, x, y, cut_width, cut_height).to_image(),
        alpha: photo
            .alpha
            .as_ref()
            .map(|alpha| imageops::crop_imm(alpha, x, y, cut_width, cut_height).to_image()),
    }
}
