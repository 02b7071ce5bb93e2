//! Face key points: boxes, angles and landmarks in schemes of 4, 72, 150 and 201 points.

use std::time::Duration;

use image::RgbImage;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Rules;
use safelight_vision::face::landmarks::{COUNT_72, COUNT_150, POINTS_4, POINTS_201, place};
use safelight_vision::face::{Face, Mesh, Point, QualityControl, Rect};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::faces::{self, QUALITY_CONTROL, pixels};
use crate::answer::rounded;
use crate::{
    Answer, Declaration, Defaulted, Field, FieldKind, FileField, Form, Integer, Memory, Mode, Node,
    Param, Service, Upload, Words, Work,
};

/// The service.
pub struct FaceKeyPoints;

/// The longer and the shorter side of the largest photo.
const LARGEST: (u32, u32) = (1920, 1080);

static IMAGE: FileField = FileField::required(
    "image",
    "The photo, up to 1920 by 1080 pixels, upright or across.",
    Rules { max_bytes: 8 * Rules::MB, min: (1, 1), max: (LARGEST.0, LARGEST.0), ..Rules::ORDINARY },
);

static MAX_FACE_NUM: Param<Integer, Defaulted<i64>> = Param {
    name: "max_face_num",
    doc: "How many faces are answered at most, the largest first.",
    kind: Integer(1..=10),
    presence: Defaulted(1),
};

/// What is answered beside box, probability and angles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extra {
    Age,
    Gender,
    Landmark4,
    Landmark72,
    Landmark150,
    Landmark201,
}

static FACE_FIELD: Param<Words<Extra>, Defaulted<Vec<Extra>>> = Param {
    name: "face_field",
    doc: "What is answered beside token, box, probability and angles.",
    kind: Words(&[
        ("age", Extra::Age, "age"),
        ("gender", Extra::Gender, "gender"),
        ("landmark4", Extra::Landmark4, "eyes, tip of the nose, middle of the mouth"),
        ("landmark72", Extra::Landmark72, "72 points in their order"),
        ("landmark150", Extra::Landmark150, "150 points by name"),
        ("landmark201", Extra::Landmark201, "201 points by name"),
    ]),
    presence: Defaulted(Vec::new()),
};

/// What a request asks for.
pub struct Input {
    image: Upload,
    most: usize,
    extras: Vec<Extra>,
    quality_control: QualityControl,
}

/// The faces.
pub struct Output(Vec<Value>);

impl Answer for Output {
    fn into_node(self) -> Node {
        let result = json!({ "face_num": self.0.len(), "face_list": self.0 });
        Node::Object(vec![("result", Node::Json(result))])
    }
}

const FIELDS: &[Field] = {
    use FieldKind::{Integer, Number, Text};
    const ASKED: &str = "Where asked for. All points and where they lie are in docs/faces.md.";
    &[
        Field::new("result.face_num", Integer, "How many faces are answered."),
        Field::new(
            "result.face_list[].face_token",
            Text,
            "Identifies the face in this photo: the same photo gives the same token.",
        ),
        Field::new("result.face_list[].location.left", Number, "Left edge of the box."),
        Field::new("result.face_list[].location.top", Number, "Upper edge of the box."),
        Field::new("result.face_list[].location.width", Number, "Width of the box."),
        Field::new("result.face_list[].location.height", Number, "Height of the box."),
        Field::new(
            "result.face_list[].location.rotation",
            Integer,
            "How far the face is turned clockwise, -180 to 180 degrees.",
        ),
        Field::new("result.face_list[].face_probability", Number, "How sure that is, 0 to 1."),
        Field::new(
            "result.face_list[].angle.yaw",
            Number,
            "Degrees: negative to the left of the photo, positive to its right.",
        ),
        Field::new(
            "result.face_list[].angle.pitch",
            Number,
            "Degrees: negative up, positive down.",
        ),
        Field::new("result.face_list[].angle.roll", Number, "Degrees: positive clockwise."),
        Field::new("result.face_list[].age", Number, "Age in years by a model; where asked for.")
            .optional(),
        Field::new("result.face_list[].gender.type", Text, "male or female; where asked for.")
            .optional(),
        Field::new("result.face_list[].gender.probability", Number, "How sure that is, 0 to 1.")
            .optional(),
        Field::new("result.face_list[].landmark4[].x", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark4[].y", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark72[].x", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark72[].y", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark150.nose_tip.x", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark150.nose_tip.y", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark201.nose_tip.x", Number, ASKED).optional(),
        Field::new("result.face_list[].landmark201.nose_tip.y", Number, ASKED).optional(),
    ]
};

impl Service for FaceKeyPoints {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/face-key-points",
        name: "Facial Key Points",
        sign: "portrait_facial_keypoints",
        pool: "portrait_facial_keypoints",
        price: 2,
        summary: "Boxes, angles and up to 201 named points of up to ten faces.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&MAX_FACE_NUM, &FACE_FIELD, &QUALITY_CONTROL],
        answer: FIELDS,
        models: &["yunet", "face_mesh"],
        memory: Memory { base: 64 << 20, per_pixel: 4 },
    };

    fn read(form: &Form) -> Result<Input> {
        let image = IMAGE.read(form)?;
        let header = image.header();
        let shorter = header.width.min(header.height);
        if shorter > LARGEST.1 {
            let message = format!(
                "image has {} x {} pixels, up to {} x {} are allowed",
                header.width, header.height, LARGEST.0, LARGEST.1
            );
            return Err(Fault::new(Code::FileResolutionExceedsLimits, message));
        }
        Ok(Input {
            image,
            most: MAX_FACE_NUM.read(form)? as usize,
            extras: FACE_FIELD.read(form)?,
            quality_control: QUALITY_CONTROL.read(form)?,
        })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?.rgb;
        let found = faces::find(work, &photo, false, input.most)?;
        faces::check(work, &found, input.quality_control)?;
        let seal = Sha256::digest(photo.as_raw());
        work.stage("landmarks", || {
            faces::each(&found, |face| describe(face, &seal, &input.extras)).map(Output)
        })
    }
}

/// One face of the answer; `seal` stands for the photo.
fn describe(face: &Face, seal: &[u8], extras: &[Extra]) -> Result<Value> {
    let (Rect { x, y, width, height }, pose, mesh) =
        (face.detection.rect, face.pose()?, face.mesh()?);
    let mut answer = json!({
        "face_token": token(face.photo(), &face.detection.rect, seal),
        "location": {
            "left": rounded(x, 2),
            "top": rounded(y, 2),
            "width": rounded(width, 2),
            "height": rounded(height, 2),
            "rotation": pixels(pose.roll),
        },
        "face_probability": rounded(face.detection.score, 4),
        "angle": {
            "yaw": rounded(pose.yaw, 2),
            "pitch": rounded(pose.pitch, 2),
            "roll": rounded(pose.roll, 2),
        },
    });
    for extra in extras {
        let (name, value) = match extra {
            Extra::Age => ("age", json!(rounded(face.age_and_gender()?.age, 1))),
            Extra::Gender => ("gender", gender(face.age_and_gender()?.male)),
            Extra::Landmark4 => {
                let points = POINTS_4.iter().map(|blend| point(place(mesh, blend)));
                ("landmark4", Value::Array(points.collect()))
            }
            Extra::Landmark72 => {
                let points = POINTS_201[..COUNT_72].iter().map(|(_, b)| point(place(mesh, b)));
                ("landmark72", Value::Array(points.collect()))
            }
            Extra::Landmark150 => ("landmark150", named(mesh, COUNT_150)),
            Extra::Landmark201 => ("landmark201", named(mesh, POINTS_201.len())),
        };
        answer[name] = value;
    }
    Ok(answer)
}

fn point(place: Point) -> Value {
    json!({ "x": rounded(place.x, 2), "y": rounded(place.y, 2) })
}

fn named(mesh: &Mesh, count: usize) -> Value {
    let points = POINTS_201[..count].iter();
    let points = points.map(|(name, blend)| ((*name).to_owned(), point(place(mesh, blend))));
    Value::Object(points.collect::<Map<_, _>>())
}

fn gender(male: f32) -> Value {
    let (kind, probability) = if male >= 0.5 { ("male", male) } else { ("female", 1.0 - male) };
    json!({ "type": kind, "probability": rounded(probability, 4) })
}

/// 32 hexadecimal digits that follow from the photo and the place of the face.
fn token(photo: &RgbImage, rect: &Rect, seal: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(seal);
    for number in [photo.width(), photo.height()] {
        hash.update(number.to_le_bytes());
    }
    for side in [rect.x, rect.y, rect.width, rect.height] {
        hash.update(pixels(side).to_le_bytes());
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
