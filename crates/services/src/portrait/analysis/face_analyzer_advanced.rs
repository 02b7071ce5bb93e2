//! Advanced face analyzer: all faces in parallel lists, with 105 points, attributes and suitability for
//! recognition.

use std::time::Duration;

use safelight_contract::{Code, Fault, Result};
use safelight_imaging::Rules;
use safelight_vision::face::embedding::LENGTH;
use safelight_vision::face::landmarks::{POINTS_105, place};
use safelight_vision::face::quality::Region;
use safelight_vision::face::traits::{Beauty, Eyewear, MaskWear};
use safelight_vision::face::{Face, Mesh, Quality, QualityControl, Traits};
use serde_json::{Map, Value, json};

use super::super::faces::{self, PORTRAIT_MODELS, QUALITY_CONTROL, pixels};
use crate::answer::rounded;
use crate::{
    Answer, Declaration, Field, FieldKind, FileField, Form, Memory, Mode, Node, Service, Upload,
    Work,
};

/// The service.
pub struct FaceAnalyzerAdvanced;

static IMAGE: FileField = FileField::required(
    "image",
    "The photo. Faces of at least 64 pixels count.",
    Rules { max_bytes: 20 * Rules::MB, min: (32, 32), max: (4096, 4096), ..Rules::ORDINARY },
);

/// Faces whose box has a shorter longer side do not count.
const LEAST_FACE: f32 = 64.0;
/// More faces than this are not answered: each costs all models.
const MOST_FACES: usize = 20;

/// What a request asks for.
pub struct Input {
    image: Upload,
    quality_control: QualityControl,
}

/// The names of the lists, and of those in `qualities`.
const LISTS: [&str; 12] = [
    "face_rectangles",
    "face_probability_list",
    "landmarks",
    "pupils",
    "pose_list",
    "age_list",
    "gender_list",
    "expressions",
    "glasses",
    "hat_list",
    "masks",
    "beauty_list",
];
const QUALITIES: [&str; 8] = [
    "score_list",
    "blur_list",
    "fnf_list",
    "glass_list",
    "illu_list",
    "mask_list",
    "noise_list",
    "pose_list",
];

/// What is said of one face, in the order of [`LISTS`] and of [`QUALITIES`].
struct Described {
    lists: [Vec<Value>; 12],
    qualities: [f32; 8],
}

/// The faces.
pub struct Output(Vec<Described>);

impl Answer for Output {
    fn into_node(self) -> Node {
        let mut data = Map::new();
        data.insert("face_count".into(), json!(self.0.len()));
        data.insert("landmark_count".into(), json!(POINTS_105.len()));
        data.insert("dense_feature_length".into(), json!(LENGTH));
        for (index, name) in LISTS.iter().enumerate() {
            let all: Vec<&Value> = self.0.iter().flat_map(|face| &face.lists[index]).collect();
            data.insert((*name).into(), json!(all));
        }
        let qualities = QUALITIES.iter().enumerate().map(|(index, name)| {
            let all: Vec<f64> = self.0.iter().map(|f| rounded(f.qualities[index], 2)).collect();
            ((*name).to_owned(), json!(all))
        });
        data.insert("qualities".into(), Value::Object(qualities.collect()));
        Node::Object(vec![("data", Node::Json(Value::Object(data)))])
    }
}

const FIELDS: &[Field] = {
    use FieldKind::{Integer, Number};
    &[
        Field::new("data.face_count", Integer, "How many faces are answered, up to 20."),
        Field::new("data.face_rectangles[]", Integer, "4 per face: left, top, width, height."),
        Field::new("data.face_probability_list[]", Number, "How sure each face is, 0 to 1."),
        Field::new("data.landmark_count", Integer, "Points per face: 105."),
        Field::new(
            "data.landmarks[]",
            Number,
            "210 per face, x and y: brows 24, eyes 32, nose 6, mouth 34, outline 9; drawn in \
             docs/faces.md.",
        ),
        Field::new(
            "data.pupils[]",
            Number,
            "6 per face: x, y and radius of the iris on the left of the photo, then on its right.",
        ),
        Field::new(
            "data.pose_list[]",
            Number,
            "3 per face, degrees: yaw (positive to the right of the photo), pitch (positive down), roll \
             (positive clockwise).",
        ),
        Field::new("data.age_list[]", Integer, "Age in years by a model, 0 to 100."),
        Field::new("data.gender_list[]", Integer, "0 female, 1 male, by a model."),
        Field::new(
            "data.expressions[]",
            Integer,
            "0 neutral, 1 smiling, by MediaPipe's blendshapes.",
        ),
        Field::new(
            "data.glasses[]",
            Integer,
            "0 none, 1 glasses, 2 dark glasses; a heuristic on the parser that misses thin rims.",
        ),
        Field::new("data.hat_list[]", Integer, "0 no hat, 1 a hat; a heuristic on the parser."),
        Field::new("data.masks[]", Integer, "0 none, 1 worn correctly, 2 worn badly."),
        Field::new(
            "data.beauty_list[]",
            Number,
            "Attractiveness, 0 to 100: a heuristic, 40 % symmetry, 35 % nearness to five neoclassical \
             canons, 25 % even skin.",
        ),
        Field::new(
            "data.dense_feature_length",
            Integer,
            "Length of the recognition vector, which is not answered: 128.",
        ),
        Field::new(
            "data.qualities.score_list[]",
            Number,
            "Fitness for recognition by a model, 0 to 100.",
        ),
        Field::new("data.qualities.blur_list[]", Number, "Sharpness, 0 to 100."),
        Field::new("data.qualities.fnf_list[]", Number, "How sure it is a face, 0 to 100."),
        Field::new("data.qualities.glass_list[]", Number, "How free the eyes are, 0 to 100."),
        Field::new(
            "data.qualities.illu_list[]",
            Number,
            "Light, 0 to 100: full from a mean luma of 100 on the skin, less where the halves of the \
             face differ.",
        ),
        Field::new(
            "data.qualities.mask_list[]",
            Number,
            "How free nose, mouth and chin are, 0 to 100.",
        ),
        Field::new(
            "data.qualities.noise_list[]",
            Number,
            "Freedom from noise, 0 to 100: 0 from a deviation of a tenth of the range.",
        ),
        Field::new(
            "data.qualities.pose_list[]",
            Number,
            "Frontality, 0 to 100: the product of the cosines of the angles.",
        ),
    ]
};

impl Service for FaceAnalyzerAdvanced {
    type Input = Input;
    type Output = Output;

    const DECLARATION: &'static Declaration = &Declaration {
        path: "/api/portrait/analysis/face-analyzer-advanced",
        name: "Face Analyzer Advanced",
        sign: "portrait_face_analyzer_advanced",
        pool: "portrait_face_analyzer_advanced",
        price: 1,
        summary: "All faces from 64 pixels, up to 20: box, 105 points, irises, pose, age, gender, smile, \
                  glasses, hat, mask, a beauty heuristic and how fit each is for recognition.",
        mode: Mode::Sync,
        deadline: Duration::from_secs(25),
        files: &[&IMAGE],
        params: &[&QUALITY_CONTROL],
        answer: FIELDS,
        models: PORTRAIT_MODELS,
        memory: Memory { base: 128 << 20, per_pixel: 4 },
    };

    fn read(form: &Form) -> Result<Input> {
        Ok(Input { image: IMAGE.read(form)?, quality_control: QUALITY_CONTROL.read(form)? })
    }

    fn run(input: Input, work: &Work) -> Result<Output> {
        let photo = input.image.decode(work)?.rgb;
        let mut found = faces::find(work, &photo, false, MOST_FACES)?;
        let side = |face: &Face| face.detection.rect.longer_side();
        let largest = found.iter().map(side).fold(0.0, f32::max);
        found.retain(|face| side(face) >= LEAST_FACE);
        if found.is_empty() {
            let message = format!(
                "the largest face in image has {largest:.0} pixels, at least {LEAST_FACE} are needed"
            );
            return Err(Fault::new(Code::SmallFaceSize, message));
        }
        faces::check(work, &found, input.quality_control)?;
        work.stage("attributes", || faces::each(&found, describe).map(Output))
    }
}

fn describe(face: &Face) -> Result<Described> {
    let (mesh, pose, quality, traits) =
        (face.mesh()?, face.pose()?, face.quality()?, Traits::of(face)?);
    let (rect, person) = (face.detection.rect, face.age_and_gender()?);
    let glasses = match traits.eyewear().class {
        Eyewear::None => 0,
        Eyewear::Ordinary => 1,
        Eyewear::Sunglasses => 2,
    };
    let mask = match MaskWear::of(face)?.class {
        MaskWear::None => 0,
        MaskWear::Full => 1,
        _ => 2,
    };
    let number = |value: f32| json!(rounded(value, 2));
    let points = POINTS_105.iter().map(|blend| place(mesh, blend));
    Ok(Described {
        lists: [
            [rect.x, rect.y, rect.width, rect.height].map(|v| json!(pixels(v))).to_vec(),
            vec![number(face.detection.score)],
            points.flat_map(|point| [number(point.x), number(point.y)]).collect(),
            [468, 473].into_iter().flat_map(|iris| pupil(mesh, iris).map(number)).collect(),
            [pose.yaw, pose.pitch, pose.roll].map(number).to_vec(),
            vec![json!(pixels(person.age.clamp(0.0, 100.0)))],
            vec![json!(u8::from(person.male >= 0.5))],
            vec![json!(u8::from(face.blendshapes()?.smile() > 0.5))],
            vec![json!(glasses)],
            vec![json!(u8::from(traits.hat().class))],
            vec![json!(mask)],
            vec![number(Beauty::of(&traits).score())],
        ],
        qualities: qualities(face, quality),
    })
}

/// x, y and radius of an iris, whose middle is a point of the mesh and whose ring the next four.
fn pupil(mesh: &Mesh, iris: usize) -> [f32; 3] {
    let middle = mesh.point(iris);
    let radius = (1..=4).map(|i| mesh.point(iris + i).distance(middle)).sum::<f32>() / 4.0;
    [middle.x, middle.y, radius]
}

/// In the order of [`QUALITIES`], each 0..100.
fn qualities(face: &Face, quality: &Quality) -> [f32; 8] {
    let hidden = |regions: &[Region]| {
        regions.iter().map(|&r| quality.occlusion.of_region(r)).fold(0.0, f32::max)
    };
    let pose = quality.pose;
    let frontal = [pose.yaw, pose.pitch, pose.roll].map(|angle| angle.to_radians().cos().max(0.0));
    let light = (quality.illumination / 100.0).min(1.0) * (1.0 - quality.unevenness / 2.0);
    [
        // Sharp portraits reach 0.9.
        quality.fitness / 0.9,
        1.0 - quality.blur,
        quality.presence.min(face.detection.score / 0.9),
        1.0 - hidden(&[Region::LeftEye, Region::RightEye]),
        light,
        1.0 - hidden(&[Region::Nose, Region::Mouth, Region::Chin]),
        1.0 - quality.noise * 10.0,
        frontal.iter().product(),
    ]
    .map(|share: f32| share.clamp(0.0, 1.0) * 100.0)
}
