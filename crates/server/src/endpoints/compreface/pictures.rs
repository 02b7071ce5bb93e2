//! The calls with pictures.

use std::collections::HashMap;

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{
    Context, Endpoint, Input, Memory, Needs, Operation, Output, Picture, Spec, ValueEnum, Words,
    rounded,
};
use safelight_services::recognition::{
    Checks, EMBEDDINGS, FURTHER_MODELS, MODELS, Order, RULES, Seen,
};
use safelight_store::FaceMode;
use safelight_vision::face::detection::MOST_FACES;
use serde_json::{Map, Value, json};

use super::Offer;
use super::collection::{Collection, image_id, name_of};
use super::vectors::{Subject, similarity, subjects};
use crate::endpoints::recognition::adding::Adding;
use crate::endpoints::recognition::{Face, port, shown};
use crate::library::Port;

/// Each with the status of its success, and the endpoint of the library that does the same.
pub(super) static OFFERS: &[Offer] = &[
    Offer::new(200, "/api/portrait/recognition/face-search", Endpoint::of::<Recognize>()),
    Offer::new(201, "/api/portrait/library/face-add", Endpoint::of::<AddFace>()),
    Offer::new(200, "/api/portrait/recognition/face-verify", Endpoint::of::<VerifyFace>()),
    Offer::new(200, "/api/portrait/recognition/face-detect", Endpoint::of::<Detect>()),
    Offer::new(200, "/api/portrait/recognition/face-compare", Endpoint::of::<Verify>()),
];

const SPEC: Spec =
    Spec { price: 1, memory: Memory { base: 128 << 20, per_pixel: 4 }, ..Spec::DEFAULT };

/// A picture that is kept is encrypted in one piece.
const ADDING: Memory = Memory { base: SPEC.memory.base + 2 * RULES.max_bytes, ..SPEC.memory };

const NEEDS: Needs = Needs::models(MODELS).on_request(FURTHER_MODELS).with_rows();

/// What is told of a face beside its box.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin {
    Age,
    Gender,
    Mask,
    Pose,
    Landmarks,
    Calculator,
}

const PLUGINS: Words<Plugin> = Words(&[
    ("age", Plugin::Age, "how old it looks"),
    ("gender", Plugin::Gender, "as which gender"),
    ("mask", Plugin::Mask, "whether it wears a mask"),
    ("pose", Plugin::Pose, "which way it looks"),
    ("landmarks", Plugin::Landmarks, "five points"),
    ("calculator", Plugin::Calculator, "its embedding"),
    ("detector", Plugin::Landmarks, "five points"),
]);

/// Whether faces are looked for; a picture is never taken for a face itself.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Detection {
    /// yes
    #[value("true")]
    On,
}

/// The request of each call with one picture.
#[derive(Input)]
pub(super) struct Request {
    /// The picture.
    #[picture(RULES)]
    file: Picture,
    /// Most faces; 0 means all.
    #[integer(0..=1_000_000)]
    #[field(default = 0)]
    limit: usize,
    /// Most subjects for each face.
    #[integer(1..=1000)]
    #[field(default = 1)]
    prediction_count: usize,
    /// Faces that the detector is less sure of are left out.
    #[number(0.0..=1.0)]
    #[field(default = 0.8)]
    det_prob_threshold: f64,
    /// What is told of each face.
    #[kind(PLUGINS)]
    #[field(default = Vec::new())]
    face_plugins: Vec<Plugin>,
    /// Whether to tell which models did it, and how long it took.
    #[flag]
    #[field(default = false)]
    status: bool,
    /// Whether faces are looked for.
    #[choice]
    #[field(default = Detection::On)]
    #[expect(dead_code, reason = "it is checked as it is read")]
    detect_faces: Detection,
    /// The subject that a face is added to.
    #[text(1024)]
    subject: Option<String>,
    /// The face that others are compared with.
    #[text(64)]
    image_id: Option<String>,
}

/// The request of the call with two pictures.
#[derive(Input)]
pub(super) struct Two {
    /// The picture with one face.
    #[picture(RULES)]
    source_image: Picture,
    /// The picture whose faces are compared with it.
    #[picture(RULES)]
    target_image: Picture,
    /// Most faces of the second picture; 0 means all.
    #[integer(0..=1_000_000)]
    #[field(default = 0)]
    limit: usize,
    /// Faces that the detector is less sure of are left out.
    #[number(0.0..=1.0)]
    #[field(default = 0.8)]
    det_prob_threshold: f64,
    /// What is told of each face.
    #[kind(PLUGINS)]
    #[field(default = Vec::new())]
    face_plugins: Vec<Plugin>,
    /// Whether to tell which models did it, and how long it took.
    #[flag]
    #[field(default = false)]
    status: bool,
}

/// What is told of faces, and of how they were found.
struct Telling {
    plugins: Vec<Plugin>,
    status: bool,
    probability: f32,
}

#[derive(Output)]
pub(super) struct Answer {
    /// The faces.
    #[output(path = "result")]
    result: Value,
    /// Which models did it.
    #[output(path = "plugins_versions")]
    plugins_versions: Option<Value>,
}

#[derive(Output)]
pub(super) struct Added {
    /// The face.
    #[output(path = "image_id")]
    image_id: String,
    /// Its subject.
    #[output(path = "subject")]
    subject: String,
}

impl Request {
    fn telling(&self) -> Telling {
        Telling {
            plugins: self.face_plugins.clone(),
            status: self.status,
            probability: self.det_prob_threshold as f32,
        }
    }
}

impl Two {
    fn telling(&self) -> Telling {
        Telling {
            plugins: self.face_plugins.clone(),
            status: self.status,
            probability: self.det_prob_threshold as f32,
        }
    }
}

impl Telling {
    fn checks(&self, single: bool) -> Checks {
        Checks {
            probability: self.probability,
            single_face: single,
            mask: self.plugins.contains(&Plugin::Mask),
            ..Checks::NONE
        }
    }

    async fn faces(
        &self,
        context: &Context,
        port: &Port,
        picture: Picture,
        limit: usize,
    ) -> Result<Vec<Face>> {
        let most = if limit == 0 { MOST_FACES } else { limit.min(MOST_FACES) };
        shown(context, port, picture, self.checks(false), Order::Size, most).await
    }

    /// The only face of a picture.
    async fn only(&self, context: &Context, port: &Port, picture: Picture) -> Result<Face> {
        let faces = shown(context, port, picture, self.checks(true), Order::Size, 1).await?;
        let none = || Fault::new(Code::NoFaceInFile, "no face was found in the picture");
        faces.into_iter().next().ok_or_else(none)
    }

    /// A face with what is asked of it.
    fn face(&self, face: &Face, context: &Context) -> Map<String, Value> {
        let Some(seen) = &face.seen else { return Map::new() };
        let mut told = Map::from_iter([("box".to_owned(), place(seen))]);
        for plugin in &self.plugins {
            let (name, value) = told_by(*plugin, seen);
            told.insert(name.to_owned(), value);
        }
        if self.status {
            told.insert("execution_time".to_owned(), times(context));
        }
        told
    }

    fn answer(&self, result: Value) -> Answer {
        let versions = json!({
            "detector": "yunet-2023mar",
            "calculator": EMBEDDINGS,
            "age": "face-api",
            "gender": "face-api",
            "mask": "mobilenet-v2",
            "pose": "mediapipe-478",
        });
        Answer { result, plugins_versions: self.status.then_some(versions) }
    }
}

fn place(seen: &Seen) -> Value {
    let [left, top, width, height] = seen.location;
    json!({
        "probability": rounded(seen.probability, 5),
        "x_min": left,
        "y_min": top,
        "x_max": left + width,
        "y_max": top + height,
    })
}

/// Mean error of the age in years, rounded up.
const AGE_ERROR: i64 = 5;

fn told_by(plugin: Plugin, seen: &Seen) -> (&'static str, Value) {
    match plugin {
        Plugin::Age => {
            let age = seen.age.round() as i64;
            ("age", json!({ "low": (age - AGE_ERROR).max(0), "high": age + AGE_ERROR }))
        }
        Plugin::Gender => {
            let (value, sure) = match seen.male >= 0.5 {
                true => ("male", seen.male),
                false => ("female", 1.0 - seen.male),
            };
            ("gender", json!({ "value": value, "probability": rounded(sure, 5) }))
        }
        Plugin::Mask => {
            let masked = seen.mask.unwrap_or_default();
            let (value, sure) = match masked >= 0.5 {
                true => ("with_mask", masked),
                false => ("without_mask", 1.0 - masked),
            };
            ("mask", json!({ "value": value, "probability": rounded(sure, 5) }))
        }
        Plugin::Pose => {
            let pose = seen.pose;
            let [yaw, pitch, roll] = [pose.yaw, pose.pitch, pose.roll].map(|a| rounded(a, 2));
            ("pose", json!({ "yaw": yaw, "pitch": pitch, "roll": roll }))
        }
        Plugin::Landmarks => {
            let points = seen.points.map(|point| [point.x.round() as i64, point.y.round() as i64]);
            ("landmarks", json!(points))
        }
        Plugin::Calculator => ("embedding", json!(seen.embedding.as_slice())),
    }
}

/// Milliseconds of the steps so far, of the whole picture.
fn times(context: &Context) -> Value {
    let mut times: HashMap<&str, f64> = HashMap::new();
    for stage in context.stages() {
        let name = match stage.name {
            "detect" | "people" => "detector",
            "recognise" => "calculator",
            _ => continue,
        };
        *times.entry(name).or_default() += stage.took.as_secs_f64() * 1e3;
    }
    json!(times)
}

/// Who each face of a picture is.
struct Recognize;

impl Operation for Recognize {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/recognition/recognize",
        name: "CompreFace recognize",
        sign: "compreface_recognize",
        pool: "portrait_recognition_face_search",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let (port, telling) = (port(context).await?, input.telling());
        let faces = telling.faces(context, &port, input.file, input.limit).await?;
        let embeddings: Vec<_> = faces.iter().map(|face| face.known.embedding).collect();
        let found = subjects(context, &port, &embeddings, input.prediction_count).await?;
        let result = faces.iter().zip(found).map(|(face, subjects)| {
            let mut told = telling.face(face, context);
            let subjects: Vec<Value> = subjects.iter().map(Subject::json).collect();
            told.insert("subjects".to_owned(), Value::Array(subjects));
            Value::Object(told)
        });
        Ok(telling.answer(result.collect()))
    }
}

/// Adds the face of a picture to a subject, which is made where there is none.
struct AddFace;

impl Operation for AddFace {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/recognition/faces",
        name: "CompreFace add face",
        sign: "compreface_add_face",
        pool: "portrait_library_face_add",
        memory: ADDING,
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Added;

    async fn run(input: Request, context: &Context) -> Result<Added> {
        let (port, telling) = (port(context).await?, input.telling());
        let missing = || Fault::new(Code::MissingParameters, "subject is missing");
        let subject = input.subject.ok_or_else(missing)?;
        let collection = Collection::of(&port);
        let mut new = collection.new_user(&subject)?;
        if let Some(user) = collection.find(&subject).await? {
            new.id = user.id;
        }
        let group = collection.group_or_new().await?;
        let mut face = telling.only(context, &port, input.file.clone()).await?;
        // The same picture of two subjects is two faces, each with an identifier of its own.
        let own = blake3::hash(format!("{}/{}", face.token, new.id).as_bytes()).to_hex();
        own[..32].clone_into(&mut face.token);
        let key = port.library.key(&group)?;
        let adding = Adding {
            port: &port,
            group: &group,
            key: &key,
            user: &new,
            mode: FaceMode::Append,
            store_image: port.library.settings.store_images,
        };
        match adding.keep(context, Some(input.file), &face).await {
            Err(fault) if fault.code() != Code::FaceAlreadyExists => Err(fault),
            // The same picture again is the same face.
            _ => Ok(Added { image_id: image_id(&face.token), subject }),
        }
    }
}

/// How similar the faces of a picture are to one that was added.
struct VerifyFace;

impl Operation for VerifyFace {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/recognition/faces/{image_id}/verify",
        name: "CompreFace verify face",
        sign: "compreface_verify_face",
        pool: "portrait_recognition_face_verify",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let (port, telling) = (port(context).await?, input.telling());
        let collection = Collection::of(&port);
        let id = input.image_id.unwrap_or_default();
        let unknown = || Fault::new(Code::FaceNotFound, "there is no face of that image_id");
        let (stored, user) = collection.face(&id).await?.ok_or_else(unknown)?;
        let known = port.known(&stored.token).await?;
        let faces = telling.faces(context, &port, input.file, input.limit).await?;
        let result = faces.iter().map(|face| {
            let mut told = telling.face(face, context);
            let similar = similarity(&known.embedding, &face.known.embedding);
            told.insert("similarity".to_owned(), json!(similar));
            told.insert("subject".to_owned(), json!(name_of(&user)));
            Value::Object(told)
        });
        Ok(telling.answer(result.collect()))
    }
}

/// Where the faces of a picture are.
struct Detect;

impl Operation for Detect {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/detection/detect",
        name: "CompreFace detect",
        sign: "compreface_detect",
        pool: "portrait_recognition_face_detect",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let (port, telling) = (port(context).await?, input.telling());
        let faces = telling.faces(context, &port, input.file, input.limit).await?;
        let result = faces.iter().map(|face| Value::Object(telling.face(face, context)));
        Ok(telling.answer(result.collect()))
    }
}

/// How similar the faces of one picture are to the only face of another.
struct Verify;

impl Operation for Verify {
    const SPEC: &'static Spec = &Spec {
        path: "/api/v1/verification/verify",
        name: "CompreFace verify",
        sign: "compreface_verify",
        pool: "portrait_recognition_face_compare",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Two;
    type Output = Answer;

    async fn run(input: Two, context: &Context) -> Result<Answer> {
        let (port, telling) = (port(context).await?, input.telling());
        let source = telling.only(context, &port, input.source_image).await?;
        let faces = telling.faces(context, &port, input.target_image, input.limit).await?;
        let mut matches: Vec<(f64, Value)> = faces
            .iter()
            .map(|face| {
                let similar = similarity(&source.known.embedding, &face.known.embedding);
                let mut told = telling.face(face, context);
                told.insert("similarity".to_owned(), json!(similar));
                (similar, Value::Object(told))
            })
            .collect();
        matches.sort_by(|a, b| b.0.total_cmp(&a.0));
        let matches: Vec<Value> = matches.into_iter().map(|(_, told)| told).collect();
        let source = Value::Object(telling.face(&source, context));
        let result = json!([{ "source_image_face": source, "face_matches": matches }]);
        Ok(telling.answer(result))
    }
}
