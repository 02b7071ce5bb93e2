//! Face analyzer: where the faces are, and what up to five of them look like.

mod attributes;
mod fields;

use std::time::Duration;

use safelight_contract::Result;
use safelight_imaging::Rules;
use safelight_vision::face::{Detection, QualityControl};
use serde_json::{Value, json};

use self::attributes::{Attributes, Group};
use super::super::faces::{self, QUALITY_CONTROL, pixels};
use crate::{
    Answer, Choice, Declaration, Defaulted, FileField, Form, Integer, Memory, Mode, Node, Param,
    Service, Upload, Words, Work,
};

/// The service.
pub struct FaceAnalyzer;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo.",
    Rules { max_bytes: 5 * Rules::MB, min: (1, 1), max: (2000, 2000), ..Rules::ORDINARY },
);

static MAX_FACE_NUM: Param<Integer, Defaulted<i64>> = Param {
    name: "max_face_num",
    doc: "How many faces are answered at most, the largest first.",
    kind: Integer(1..=120),
    presence: Defaulted(1),
};

static FACE_ATTRIBUTES_TYPE: Param<Words<Group>, Defaulted<Vec<Group>>> = Param {
    name: "face_attributes_type",
    doc: "Which attributes of the five largest faces are looked at. All others are answered as 0.",
    kind: Words(attributes::GROUPS),
    presence: Defaulted(Vec::new()),
};

static NEED_ROTATE_DETECTION: Param<Choice<bool>, Defaulted<bool>> = Param {
    name: "need_rotate_detection",
    doc: "Whether faces are looked for whichever way up the photo is.",
    kind: Choice(&[("0", false, "upright only"), ("1", true, "all four orientations")]),
    presence: Defaulted(false),
};

/// Attributes are looked at for this many faces.
const MOST_ANALYSED: usize = 5;

/// What a request asks for.
pub struct Input {
    image: Upload,
    most: usize,
    groups: Vec<Group>,
    any_way_up: bool,
    quality_control: QualityControl,
}

/// The faces.
pub struct Output {
    size: (u32, u32),
    faces: Vec<(Detection, Attributes)>,
}

impl Answer for Output {
    fn into_node(self) -> Node {
        let faces = self.faces.iter().map(|(detection, attributes)| {
            let rect = detection.rect;
            Node::Json(json!({
                "face_rect": {
                    "x": pixels(rect.x),
                    "y": pixels(rect.y),
                    "width": pixels(rect.width),
                    "height": pixels(rect.height),
                },
                "face_detail_attributes_info": Value::from(attributes),
            }))
        });
        Node::Object(vec![
            ("image_width", Node::Json(json!(self.size.0))),
            ("image_height", Node::Json(json!(self.size.1))),
            ("face_detail_infos", Node::List(faces.collect())),
        ])
    }
}

impl Service for FaceAnalyzer {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/face-analyzer",
        name: "Face Analyzer",
        sign: "portrait_face_analyzer",
        pool: "portrait_face_analyzer",
        price: 1,
        summary: "Finds up to 120 faces, and says of the five largest what is asked for: age, gender, \
                  mood, pose, smile and mask by models, everything else by heuristics on the points \
                  and parts of the face.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&MAX_FACE_NUM, &FACE_ATTRIBUTES_TYPE, &NEED_ROTATE_DETECTION, &QUALITY_CONTROL],
        answer: fields::FIELDS,
        models: &["yunet"],
        memory: Memory { base: 96 << 20, per_pixel: 4 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input {
            image: IMAGE.read(form)?,
            most: MAX_FACE_NUM.read(form)? as usize,
            groups: FACE_ATTRIBUTES_TYPE.read(form)?,
            any_way_up: NEED_ROTATE_DETECTION.read(form)?,
            quality_control: QUALITY_CONTROL.read(form)?,
        })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?.rgb;
        let found = faces::find(work, &photo, input.any_way_up, input.most)?;
        faces::check(work, &found, input.quality_control)?;
        let analysed = &found[..found.len().min(MOST_ANALYSED)];
        let attributes = work.stage("attributes", || {
            faces::each(analysed, |face| Attributes::of(face, &input.groups))
        })?;
        let rest = std::iter::repeat_with(Attributes::default);
        let detections = found.iter().map(|face| face.detection);
        let faces = detections.zip(attributes.into_iter().chain(rest)).collect();
        Ok(Output { size: photo.dimensions(), faces })
    }
}
