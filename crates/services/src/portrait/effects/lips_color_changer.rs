//! Lipstick in given colours on given faces.

use safelight_contract::{Code, Fault};
use safelight_effects::makeup::lips::{self, Lipstick};
use safelight_imaging::{Rules, lab_of};
use safelight_operation::{
    Base64, CpuOperation, Input, Kind, Needs, Output, Param, Picture, Required, Result, Spec, Work,
};
use safelight_vision::face::{Face, Rect};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::faces;
use super::super::painted::{self, MEMORY, MODELS};
use crate::image::encoded;

/// The service.
pub struct LipsColorChanger;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo.
    #[picture(Rules { max_bytes: 5 * Rules::MB, min: (1, 1), max: (2000, 2000), ..Rules::ORDINARY })]
    image: Picture,
    #[shared(LIP_COLOR_INFOS)]
    lip_color_infos: Vec<LipColor>,
}

/// The changed photo.
#[derive(Output)]
pub struct Answer {
    /// The photo with painted lips, a JPEG; a PNG where the photo has transparency.
    result_image: Base64,
}

static LIP_COLOR_INFOS: Param<LipColors, Required> = Param {
    name: "lip_color_infos",
    aliases: &[],
    doc: "The lipsticks, a JSON array of 1 to 3 objects: `rgba` with `r`, `g`, `b` from 0 to 255 and `a`, \
          the opacity, from 0 to 100; `face_rect` with `x`, `y`, `width`, `height` in pixels says whose \
          lips, without it those of the largest face.",
    kind: LipColors,
    presence: Required,
};

/// One lipstick.
#[derive(Clone, Debug, Deserialize)]
struct LipColor {
    rgba: Rgba,
    face_rect: Option<FaceRect>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Rgba {
    r: f64,
    g: f64,
    b: f64,
    #[serde(default = "opaque")]
    a: f64,
}

fn opaque() -> f64 {
    100.0
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct FaceRect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// A list of lipsticks.
struct LipColors;

/// Lipsticks of a request at most.
const MOST: usize = 3;

impl Kind for LipColors {
    type Value = Vec<LipColor>;

    fn parse(&self, name: &str, text: &str) -> Result<Vec<LipColor>> {
        let list: Vec<LipColor> = serde_json::from_str(text).map_err(|error| {
            let message = format!("{name} is no list of lip colours: {error}");
            Fault::new(Code::ParameterConversionFailed, message)
        })?;
        if !(1..=MOST).contains(&list.len()) {
            let message = format!("{name} has {} items, allowed are 1 to {MOST}", list.len());
            return Err(Fault::new(Code::UnsupportedParameterValues, message));
        }
        for (index, LipColor { rgba, face_rect }) in list.iter().enumerate() {
            let numbers = [
                ("r", rgba.r, 255.0),
                ("g", rgba.g, 255.0),
                ("b", rgba.b, 255.0),
                ("a", rgba.a, 100.0),
            ];
            for (part, value, most) in numbers {
                if !(0.0..=most).contains(&value) {
                    let message =
                        format!("{name}[{index}].rgba.{part} is {value}, allowed are 0 to {most}");
                    return Err(Fault::new(Code::UnsupportedParameterValues, message));
                }
            }
            if let Some(FaceRect { width, height, .. }) = face_rect.filter(|rect| !rect.is_usable())
            {
                let message = format!(
                    "{name}[{index}].face_rect is {width} by {height} px, both must be above 0 and \
                     finite"
                );
                return Err(Fault::new(Code::InvalidFaceBoxParameter, message));
            }
        }
        Ok(list)
    }

    fn schema(&self) -> Value {
        json!({
            "type": "string",
            "contentMediaType": "application/json",
            "examples": [r#"[{"rgba":{"r":176,"g":22,"b":43,"a":80}}]"#],
        })
    }

    fn show(&self, _: &Vec<LipColor>) -> Value {
        Value::Null
    }
}

impl FaceRect {
    fn is_usable(&self) -> bool {
        let sides = [self.width, self.height];
        [self.x, self.y].into_iter().chain(sides).all(f64::is_finite)
            && sides.iter().all(|&side| side > 0.0)
    }

    fn rect(&self) -> Rect {
        let [x, y, width, height] =
            [self.x, self.y, self.width, self.height].map(|value| value as f32);
        Rect { x, y, width, height }
    }
}

/// Boxes that overlap a face's by less than this show another.
const LEAST_OVERLAP: f32 = 0.3;
/// Faces among which those of the boxes are looked for.
const MOST_FACES: usize = 120;

impl CpuOperation for LipsColorChanger {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/lips-color-changer",
        name: "Lips Color Changer",
        sign: "portrait_lips_color_changer",
        pool: "portrait_lips_color_changer",
        price: 2,
        summary: "Paints the lips of up to three faces in given colours; teeth and skin stay clean, light \
                  on the lips stays.",
        limitations: "Lips that a hand or a mask hides for the most part are refused; a hand \
                      before a part of them is painted on. In dim light the colour may be too bright; \
                      in coloured light it does not take the light's.",
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image.decode(work)?;
        let kits = {
            let found = faces::find(work, &photo.rgb, false, MOST_FACES)?;
            work.stage("prepare", || {
                input
                    .lip_color_infos
                    .iter()
                    .map(|info| kit(&found, info))
                    .collect::<Result<Vec<_>>>()
            })?
        };
        work.stage("paint", || {
            for (info, kit) in input.lip_color_infos.iter().zip(&kits) {
                let Rgba { r, g, b, a } = info.rgba;
                let colour = lab_of([r, g, b].map(|value| value.round() as u8));
                let lipstick = Lipstick { colour, opacity: a as f32 / 100.0, gloss: 0.0 };
                lips::paint(kit, &mut photo.rgb, &lipstick);
            }
            Ok(())
        })?;
        Ok(Answer { result_image: Base64(encoded(&photo, work)?) })
    }
}

/// The face that a lipstick is for, prepared: `ERROR_INVALID_FACE_BOX_PARAMETER` where its box shows
/// none, `ERROR_NO_RECOGNITION_TARGET_DETECTED` where the lips are hidden.
fn kit(found: &[Face], info: &LipColor) -> Result<safelight_effects::Kit> {
    let face = match info.face_rect {
        None => &found[0],
        Some(wanted) => {
            let wanted = wanted.rect();
            let overlap = |face: &Face| face.detection.rect.overlap(&wanted);
            let best = found.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
            best.filter(|face| overlap(face) >= LEAST_OVERLAP).ok_or_else(|| {
                let Rect { x, y, width, height } = wanted;
                Fault::new(
                    Code::InvalidFaceBoxParameter,
                    format!(
                        "face_rect {width:.0} by {height:.0} px at {x:.0}, {y:.0} overlaps no face by \
                         {LEAST_OVERLAP} or more"
                    ),
                )
            })?
        }
    };
    let kit = painted::prepared(face)?;
    if !lips::are_seen(&kit) {
        return Err(Fault::new(Code::NoRecognitionTargetDetected, "the lips are hidden"));
    }
    Ok(kit)
}
