//! Face attribute editing: another age, as far as lines, folds and gray hair make it.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::hair::{self, HairColour};
use safelight_effects::{Kit, ageing, treatment};
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{
    Base64, CpuOperation, Input, Kind, Memory, Needs, Optional, Output, Param, Picture, Result,
    Spec, Work,
};
use safelight_vision::cutout;
use safelight_vision::face::{Detection, Face, QualityControl, Rect, models};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::editing::matte;
use super::super::faces::{self, QUALITY_CONTROL};
use super::super::painted;
use crate::image::encoded;

/// The service.
pub struct FaceAttributeEditing;

/// What a request asks for.
#[derive(Input)]
#[input(check = fitting_target)]
pub struct Request {
    /// The photo.
    #[picture(Rules {
        formats: &[Format::Jpeg, Format::Png, Format::Bmp],
        max_bytes: 4 * Rules::MB,
        min: (256, 256),
        max: (4096, 4096),
        ..Rules::ORDINARY
    })]
    image: Picture,
    /// What is changed.
    #[choice(ACTIONS)]
    action_type: Action,
    /// The age in years, 1 to 85, where `action_type` is `V2_AGE`; 0 for male and 1 for female where it is
    /// `V2_GENDER`. Needed for both.
    #[integer(0..=85)]
    target: Option<u8>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    #[shared(FACE_LOCATION)]
    face_location: Option<FaceLocation>,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    /// As old as faces get here.
    Old,
    /// The age that `target` says.
    Age,
    /// The gender that `target` says.
    Gender,
    /// What would have to be invented.
    Engine,
}

const ACTIONS: &[(&str, Action, &str)] = &[
    ("TO_OLD", Action::Old, "an old person"),
    ("V2_AGE", Action::Age, "the age of `target`"),
    ("TO_KID", Action::Engine, "a child; needs an engine (`ERROR_AI_NOT_EXISTS`)"),
    ("TO_FEMALE", Action::Engine, "a woman; the same"),
    ("TO_MALE", Action::Engine, "a man; the same"),
    ("V2_GENDER", Action::Gender, "the gender of `target`; the same"),
];

fn fitting_target(input: &Request) -> Result<()> {
    let allowed = match input.action_type {
        Action::Age => 1..=85,
        Action::Gender => 0..=1,
        Action::Old | Action::Engine => return Ok(()),
    };
    let (least, most) = (allowed.start(), allowed.end());
    let Some(target) = input.target else {
        let message = format!("target is missing, action_type needs it from {least} to {most}");
        return Err(Fault::new(Code::MissingParameters, message));
    };
    if allowed.contains(&target) {
        return Ok(());
    }
    let message = format!("target is {target}, allowed are {least} to {most} for this action_type");
    Err(Fault::new(Code::UnsupportedParameterValues, message))
}

static FACE_LOCATION: Param<Location, Optional> = Param {
    name: "face_location",
    aliases: &[],
    doc: "Whose face: a JSON object with `left`, `top`, `width`, `height` in pixels; `rotation` is read \
          and not needed. Without it the largest face.",
    kind: Location,
    presence: Optional,
};

/// A box in the photo.
#[derive(Clone, Copy, Debug, Deserialize)]
struct FaceLocation {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    #[serde(default)]
    rotation: f64,
}

struct Location;

/// The shortest side of a box, in pixels.
const LEAST_SIDE: f64 = 30.0;

impl Kind for Location {
    type Value = FaceLocation;

    fn parse(&self, name: &str, text: &str) -> Result<FaceLocation> {
        let read: FaceLocation = serde_json::from_str(text).map_err(|error| {
            let message = format!("{name} is no place of a face: {error}");
            Fault::new(Code::ParameterConversionFailed, message)
        })?;
        let FaceLocation { left, top, width, height, rotation } = read;
        let finite = [left, top, rotation].into_iter().all(f64::is_finite);
        if finite && [width, height].iter().all(|side| side.is_finite() && *side >= LEAST_SIDE) {
            return Ok(read);
        }
        let message = format!(
            "{name} is {width} by {height} px, both must be {LEAST_SIDE} at least, and all numbers finite"
        );
        Err(Fault::new(Code::InvalidFaceBoxParameter, message))
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "contentMediaType": "application/json" })
    }

    fn show(&self, _: &FaceLocation) -> Value {
        Value::Null
    }
}

/// What a success answers.
#[derive(Output)]
pub struct Answer {
    /// The changed photo, a JPEG; a PNG where the photo has transparency.
    #[output(path = "result.image")]
    image: Base64,
}

/// Faces below this many pixels show no lines.
const LEAST_FACE: f32 = 64.0;
/// The age of `TO_OLD`, and how many years all lines stand for.
const OLD: f32 = 75.0;
const ALL_LINES: f32 = 40.0;
/// How many years a face without its lines looks younger, and the youngest that is shown.
const FRESHER: f32 = 10.0;
const YOUNGEST: f32 = 18.0;
/// Hair turns gray between these ages, as far as this, to this colour.
const GRAY: [f32; 2] = [40.0, 75.0];
const GRAYEST: f32 = 0.85;
const GRAY_HAIR: [f32; 3] = [66.0, 0.5, 3.0];
/// A box shows a face that shares this much with it.
const LEAST_SHARED: f32 = 0.5;

impl CpuOperation for FaceAttributeEditing {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-attribute-editing",
        name: "Age & Gender Swap",
        sign: "portrait_face_attribute_editing",
        pool: "portrait_face_attribute_editing",
        price: 8,
        summary: "Makes a face older: lines, folds, what sags, gray hair and brows; or up to ten years \
                  fresher. Children's faces and another gender need an engine (`ERROR_AI_NOT_EXISTS`).",
        limitations: "Ages are counted from what the face looks like, which errs by about four years. An \
                      older face has the lines that faces get, not those that this one would get; hair \
                      keeps its cut. A target more than ten years below the face's age, or below 18, is \
                      refused with `ERROR_AI_NOT_EXISTS`.",
        memory: Memory {
            base: treatment::BASE_BYTES + cutout::BASE_BYTES + (96 << 20),
            per_pixel: 11 + cutout::HEAD_BYTES_PER_PIXEL,
        },
        ..Spec::DEFAULT
    };
    const NEEDS: Needs = Needs::models(MODELS).on_request(&[models::MASK, models::FITNESS]);
    type Input = Request;
    type Output = Answer;

    fn run(input: Request, work: &Work) -> Result<Answer> {
        let wanted = match input.action_type {
            Action::Old => OLD,
            Action::Age => f32::from(input.target.unwrap_or_default()),
            Action::Gender | Action::Engine => {
                return Err(needs_engine("another gender, or a child's face"));
            }
        };
        if wanted < YOUNGEST {
            return Err(needs_engine("a child's face"));
        }
        let mut photo = input.image.decode(work)?;
        let (kit, face, age) = prepared(work, &photo.rgb, &input)?;
        change(work, &mut photo, (&kit, &face), age, wanted)?;
        Ok(Answer { image: Base64(encoded(&photo, work)?) })
    }
}

/// The models of a head, and that of age.
const MODELS: &[&str] = &["yunet", "centerface", "face_mesh", "face_parsing", "u2net", models::AGE];

fn needs_engine(what: &str) -> Fault {
    let message = format!("{what} needs an engine that is not here");
    Fault::new(Code::AiNotExists, message)
}

/// The face that is meant, prepared, and how old it looks.
fn prepared(work: &Work, photo: &RgbImage, input: &Request) -> Result<(Kit, Detection, f32)> {
    let found = faces::find(work, photo, false, 120)?;
    let face = match input.face_location {
        None => &found[0],
        Some(location) => at(&found, location, photo.dimensions())?,
    };
    faces::check(work, std::slice::from_ref(face), input.quality_control)?;
    let kit = work.stage("prepare", || {
        faces::kit(face, LEAST_FACE)?;
        painted::prepared(face)
    })?;
    let age = work.stage("age", || face.age_and_gender())?.age;
    Ok((kit, face.detection, age))
}

/// The face in a box.
fn at<'a, 'b>(
    found: &'a [Face<'b>],
    location: FaceLocation,
    (width, height): (u32, u32),
) -> Result<&'a Face<'b>> {
    let [x, y, w, h] =
        [location.left, location.top, location.width, location.height].map(|value| value as f32);
    let wanted = Rect { x, y, width: w, height: h };
    let fail = |why: &str| {
        let message = format!("face_location {w:.0} by {h:.0} px at {x:.0}, {y:.0} {why}");
        Err(Fault::new(Code::InvalidFaceBoxParameter, message))
    };
    let frame = Rect { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
    if wanted.common(&frame).area() < wanted.area() - 1.0 {
        return fail(&format!("leaves the photo of {width} by {height} px"));
    }
    let overlap = |face: &&Face| face.detection.rect.overlap(&wanted);
    let best = found.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    match best.filter(|face| face.detection.rect.shared(&wanted) >= LEAST_SHARED) {
        Some(face) => Ok(face),
        None => fail("shows no face"),
    }
}

/// Changes the age of a face from what it looks to what is wanted.
fn change(
    work: &Work,
    photo: &mut Photo,
    (kit, face): (&Kit, &Detection),
    age: f32,
    wanted: f32,
) -> Result<()> {
    let years = wanted - age;
    if years < -FRESHER - 0.5 {
        let message = format!(
            "the face looks {age:.0} years old, which target {wanted:.0} is {:.0} below",
            -years
        );
        return Err(Fault::new(
            Code::AiNotExists,
            format!("{message}; more than {FRESHER:.0} need an engine that is not here"),
        ));
    }
    if years < 0.0 {
        let amount = (-years / FRESHER).min(1.0);
        let proceed = || work.check();
        return work.stage("refresh", || ageing::fresher(kit, &mut photo.rgb, amount, &proceed));
    }
    let gray = ((wanted - GRAY[0]) / (GRAY[1] - GRAY[0])).clamp(0.0, 1.0) * GRAYEST;
    if gray > 0.0 && years > 2.0 {
        if let Some((cutout, region)) = matte(work, photo, face)? {
            work.stage("gray", || {
                if hair::amount(&cutout, kit) >= hair::LEAST_HAIR {
                    let colour = HairColour { strength: gray, ..HairColour::all(GRAY_HAIR) };
                    hair::paint(&mut photo.rgb, kit, &cutout, region, &colour);
                }
                Ok(())
            })?;
        }
    }
    work.stage("age the face", || {
        ageing::older(kit, &mut photo.rgb, (years / ALL_LINES).clamp(0.0, 1.0));
        Ok(())
    })
}
