//! Hairstyle editor, first generation: blonde hair.

use safelight_contract::{Code, Fault};
use safelight_effects::describe::HAIR;
use safelight_effects::hair::HairColour;
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{
    Base64, CpuOperation, Delivery, Input, Integer, Kind, Needs, Output, Picture, Result, Spec,
    Work, no_engine_for,
};
use safelight_vision::cutout;
use safelight_vision::face::models;
use serde_json::{Value, json};

use super::super::painted;
use super::super::{editing, faces};
use super::hairstyles;
use crate::generated::{Edit, Generated, areas};
use crate::image::encoded;

/// The service.
pub struct HairstyleEditor;

/// What a request asks for.
#[derive(Input)]
pub struct Request {
    /// The photo. The hair of its largest face is changed.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp],
        max_bytes: 5 * Rules::MB,
        min: (1, 1),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image_target: Picture,
    /// What is changed. 801, blonde, is made here; the others need a generative engine, the default among
    /// them.
    #[kind(HairTypes)]
    #[field(default = 101)]
    hair_type: u32,
}

/// The numbers of the API, and what they stand for; the first four are those of its first version.
const TYPES: [(u32, &str); 19] = [
    (0, "fringe"),
    (1, "long hair"),
    (2, "fringe and long hair"),
    (3, "more volume"),
    (101, "fringe"),
    (201, "long hair"),
    (301, "fringe and long hair"),
    (401, "more volume, medium"),
    (402, "more volume, light"),
    (403, "more volume, strong"),
    (502, "light curls"),
    (503, "strong curls"),
    (603, "short hair"),
    (BLONDE, "blonde"),
    (901, "straight"),
    (1001, "less oily"),
    (1101, "a filled hairline"),
    (1201, "smoother hair"),
    (1301, "a filled parting"),
];
const BLONDE: u32 = 801;

/// A number of the list.
struct HairTypes;

impl Kind for HairTypes {
    type Value = u32;

    fn parse(&self, name: &str, text: &str) -> Result<u32> {
        let number = Integer(0..=u32::MAX).parse(name, text)?;
        if TYPES.iter().any(|(known, _)| *known == number) {
            return Ok(number);
        }
        let known: Vec<_> = TYPES.iter().map(|(known, _)| known.to_string()).collect();
        let message = format!("{name} is {number}, allowed are {}", known.join(", "));
        Err(Fault::new(Code::UnsupportedParameterValues, message))
    }

    fn schema(&self) -> Value {
        let numbers: Vec<_> = TYPES.iter().map(|(number, _)| *number).collect();
        let meanings: Vec<_> = TYPES.iter().map(|(n, meaning)| format!("{n}: {meaning}")).collect();
        json!({
            "type": "integer",
            "enum": numbers,
            "examples": [BLONDE],
            "description": meanings.join("; "),
        })
    }

    fn show(&self, value: &u32) -> Value {
        json!(value)
    }
}

/// The changed photo.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency.
    #[output(path = "data.image")]
    image: Base64,
}

impl CpuOperation for HairstyleEditor {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/hairstyle-editor",
        name: "Hairstyle Changer",
        sign: "portrait_hairstyle_editor",
        pool: "portrait_hairstyle_editing",
        price: 12,
        summary: "Colours the hair of the largest face blonde; cuts it anew by a generative engine.",
        limitations: "A new cut, curls and filled gaps are a generative engine's: without one every \
                      `hair_type` but 801, the default too, is refused with `ERROR_AI_NOT_EXISTS`, \
                      uncharged. The vendor has switched the service off.",
        delivery: Delivery::Sync,
        ..hairstyles::SPEC
    };
    const NEEDS: Needs = Needs::models(cutout::HEAD_MODELS).on_request(&[models::EMBEDDING]);
    type Input = Request;
    type Output = Answer;

    fn native(input: &Request) -> Result<()> {
        if input.hair_type == BLONDE {
            return Ok(());
        }
        let what =
            format!("hair_type is {}, {BLONDE} colours hair blonde without one", input.hair_type);
        Err(no_engine_for(<Self as CpuOperation>::SPEC.slug(), &what))
    }

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let mut photo = input.image_target.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        let wanted = HairColour::described(&HAIR.read("blonde"));
        editing::colour(work, &mut photo, &kit, &face, &wanted)?;
        Ok(Answer { image: Base64(encoded(&photo, work)?) })
    }
}

impl Generated for HairstyleEditor {
    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let hair_type = input.hair_type;
        let wanted = TYPES.iter().find(|(known, _)| *known == hair_type && hair_type != BLONDE);
        let Some((_, words)) = wanted else { return Ok(None) };
        let photo = input.image_target.decode(work)?;
        let found = faces::find(work, &photo.rgb, false, 1)?;
        let (kit, face) =
            (work.stage("prepare", || painted::prepared(&found[0]))?, found[0].detection);
        drop(found);
        let mask = work.stage("mask", || areas::around_head(work, &photo.rgb, &kit, &face))?;
        let words = vec![(*words).to_owned(), hairstyles::colour_in_words("original")];
        Ok(Some(Edit { face: Some(face), ..Edit::of(photo, Some(mask), words) }))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image: Base64(encoded(&photos[0], work)?) })
    }
}
