//! Face attribute editing: another age or gender, by a generative engine.

use image::RgbImage;
use safelight_contract::{Code, Fault};
use safelight_effects::Kit;
use safelight_imaging::{Format, Photo, Rules};
use safelight_operation::{
    Base64, CpuOperation, Defaulted, Input, Kind, Needs, Optional, Output, Param, Picture, Result,
    Spec, Work, no_engine,
};
use safelight_vision::face::{Face, QualityControl, Rect, models};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::faces::{self, Level};
use super::super::painted::{self, MEMORY};
use crate::generated::{Edit, Generated, areas};
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
    /// What these words say.
    Words(&'static str),
    /// The age that `target` says.
    Age,
    /// The gender that `target` says.
    Gender,
}

const FEMALE: &str = "a woman";
const MALE: &str = "a man";

const ACTIONS: &[(&str, Action, &str)] = &[
    ("TO_OLD", Action::Words("an old person, 75 years old"), "an old person"),
    ("TO_KID", Action::Words("a child, 8 years old"), "a child"),
    ("TO_FEMALE", Action::Words(FEMALE), "a woman"),
    ("TO_MALE", Action::Words(MALE), "a man"),
    ("V2_AGE", Action::Age, "the age of `target`"),
    ("V2_GENDER", Action::Gender, "the gender of `target`"),
];

impl Request {
    /// Who is to be seen.
    fn wanted(&self) -> String {
        let target = self.target.unwrap_or_default();
        match self.action_type {
            Action::Words(words) => words.to_owned(),
            Action::Age => format!("a person {target} years old"),
            Action::Gender => if target == 0 { MALE } else { FEMALE }.to_owned(),
        }
    }
}

fn fitting_target(input: &Request) -> Result<()> {
    let allowed = match input.action_type {
        Action::Age => 1..=85,
        Action::Gender => 0..=1,
        Action::Words(_) => return Ok(()),
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

static QUALITY_CONTROL: Param<Level, Defaulted<QualityControl>> = Param {
    name: "quality_control",
    aliases: &[],
    doc: "How good the photo of the face must be. As the API says: completeness, angles, the occlusion of \
          seven parts, blur and light. Size, compression and fitness for recognition are looked at beyond \
          that, as all services for faces here do. Each has its own error code.",
    kind: Level,
    presence: Defaulted(QualityControl::None),
};

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
            Fault::new(Code::InvalidFaceBoxParameter, message)
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

/// Smaller faces have nothing that an engine could keep.
const LEAST_FACE: f32 = 64.0;
/// A box shows a face that shares this much with it.
const LEAST_SHARED: f32 = 0.5;

impl CpuOperation for FaceAttributeEditing {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/effects/face-attribute-editing",
        name: "Age & Gender Swap",
        sign: "portrait_face_attribute_editing",
        pool: "portrait_face_attribute_editing",
        price: 8,
        summary: "Shows a person at another age or as of another gender, by a generative engine.",
        limitations: "The head is the engine's; without one the service answers `ERROR_AI_NOT_EXISTS`. \
                      Outside the head nothing changes.",
        memory: MEMORY,
        ..Spec::DEFAULT
    };
    const NEEDS: Needs =
        Needs::models(painted::MODELS).on_request(&[models::MASK, models::FITNESS]);
    type Input = Request;
    type Output = Answer;

    fn run(_: Request, _: &Work) -> Result<Answer> {
        Err(no_engine(<Self as CpuOperation>::SPEC.slug()))
    }
}

impl Generated for FaceAttributeEditing {
    const REQUIRED: bool = true;

    fn asked(input: &Request, work: &Work) -> Result<Option<Edit>> {
        let photo = input.image.decode(work)?;
        let kit = prepared(work, &photo.rgb, input)?;
        let mask = work.stage("mask", || areas::head(&kit))?;
        Ok(Some(Edit::of(photo, Some(mask), vec![input.wanted()])))
    }

    fn answer(_: &Request, photos: Vec<Photo>, work: &Work) -> Result<Answer> {
        Ok(Answer { image: Base64(encoded(&photos[0], work)?) })
    }
}

/// The face that is meant, prepared.
fn prepared(work: &Work, photo: &RgbImage, input: &Request) -> Result<Kit> {
    let found = faces::find(work, photo, false, 120)
        .or_else(|fault| faces::named(fault, input.quality_control, work, photo))?;
    let face = match input.face_location {
        None => &found[0],
        Some(location) => at(&found, location, photo.dimensions())?,
    };
    faces::check(work, std::slice::from_ref(face), input.quality_control)?;
    work.stage("prepare", || {
        faces::kit(face, LEAST_FACE)?;
        painted::prepared(face)
    })
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
