//! `POST /api/portrait/recognition/face-compare`: how similar two faces are.

use safelight_contract::{Code, Fault};
use safelight_operation::{
    Context, Input, Needs, Operation, Output, Picture, Result, Spec, rounded,
};
use safelight_services::liveness::{Control, LIVENESS_CONTROL, SPOOFING_CONTROL};
use safelight_services::recognition::{Checks, QUALITY_CONTROL, RULES};
use safelight_vision::face::QualityControl;
use serde_json::Value;

use super::{Face, Location, NEEDS, SPEC, faces, port};
use crate::library::kinds::Ids;
use crate::library::{shown, thresholds};

/// The operation.
pub(super) struct FaceCompare;

#[derive(Input)]
#[input(check = Request::check)]
pub(super) struct Request {
    /// The two pictures, of each the largest face; fewer where `image_tokens` names faces.
    #[pictures(RULES, 0..=4)]
    images: Vec<Picture>,
    /// Tokens of faces to compare instead of pictures.
    #[kind(Ids(4, Code::IncorrectFileCount))]
    image_tokens: Option<Vec<String>>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    /// Least quality of each face, 0 to 100.
    #[number(0.0..=100.0)]
    #[field(default = 0.0)]
    quality_score_threshold: f64,
    #[shared(LIVENESS_CONTROL)]
    liveness_control: Control,
    #[shared(SPOOFING_CONTROL)]
    spoofing_control: bool,
}

impl Request {
    fn check(&self) -> Result<()> {
        let count = self.images.len() + self.image_tokens.as_ref().map_or(0, Vec::len);
        match count {
            0 => Err(Fault::new(Code::MissingParameters, "images is missing")),
            2 => Ok(()),
            _ => {
                let message = format!("{count} faces are sent, exactly 2 are compared");
                Err(Fault::new(Code::IncorrectFileCount, message))
            }
        }
    }
}

#[derive(Output)]
pub(super) struct Answer {
    /// How similar the faces are, 0 to 100; see `thresholds`.
    #[output(path = "data.score")]
    score: f64,
    /// Cosine of the angle between the embeddings, -1 to 1.
    #[output(path = "data.cosine")]
    cosine: f64,
    /// The score from which on two faces count as one person, for each rate of false accepts.
    #[output(path = "data.thresholds")]
    thresholds: Value,
    /// Whether one of them is likely that of a minor, for whom recognition errs far more often.
    #[output(path = "data.minor_caution")]
    minor_caution: bool,
    /// The two faces, pictures before tokens.
    #[output(path = "data.face_list")]
    face_list: Vec<Compared>,
}

#[derive(Output)]
struct Compared {
    /// Token of the face.
    face_token: String,
    /// Where it lies, where a picture was sent.
    location: Option<Location>,
    /// How fit for recognition it is, 0 to 100.
    quality_score: f64,
}

impl Operation for FaceCompare {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/recognition/face-compare",
        name: "Face Compare",
        sign: "portrait_recognition_face_compare",
        pool: "portrait_recognition_face_compare",
        summary: "How similar the largest faces of two pictures are, with the rates of false accepts \
                  that thresholds of the score stand for.",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let checks = Checks {
            quality_control: input.quality_control,
            quality_score_threshold: input.quality_score_threshold,
            liveness: input.liveness_control,
            refuses_synthesis: input.spoofing_control,
            ..Checks::NONE
        };
        let mut found: Vec<Face> = Vec::with_capacity(2);
        for image in input.images {
            found.extend(faces(context, &port, (Some(image), None), checks, 1).await?);
        }
        for token in input.image_tokens.into_iter().flatten() {
            found.extend(faces(context, &port, (None, Some(token)), checks, 1).await?);
        }
        let [one, two] = found.as_slice() else {
            return Err(Fault::new(Code::NoFaceInFile, "a picture shows no face"));
        };
        let pairs = one.known.embedding.iter().zip(&two.known.embedding);
        let cosine = pairs.map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0);
        for face in &found {
            port.keep(&face.token, face.known.clone());
        }
        Ok(Answer {
            score: shown(cosine),
            cosine: rounded(cosine, 4),
            thresholds: thresholds(),
            minor_caution: found.iter().any(|face| face.known.minor),
            face_list: found.iter().map(Compared::of).collect(),
        })
    }
}

impl Compared {
    fn of(face: &Face) -> Self {
        Self {
            face_token: face.token.clone(),
            location: face.location(),
            quality_score: face.known.quality,
        }
    }
}
