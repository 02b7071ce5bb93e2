//! `POST /api/portrait/recognition/face-detect`: the faces of a picture, each with a token.

use safelight_operation::{
    Context, Input, Needs, Operation, Output, Picture, Result, Spec, ValueEnum, rounded,
};
use safelight_services::recognition::{Checks, Order, RULES};

use super::{Face, Location, NEEDS, SPEC, port, shown};

/// The operation.
pub(super) struct FaceDetect;

/// Which faces come first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// the largest
    #[value("0")]
    Size,
    /// the nearest to the middle of the picture
    #[value("1")]
    Middle,
}

#[derive(Input)]
pub(super) struct Request {
    /// The picture.
    #[picture(RULES)]
    image: Picture,
    /// Most faces.
    #[integer(1..=120)]
    #[field(default = 1)]
    max_face_num: usize,
    /// Which faces come first.
    #[choice]
    #[field(default = Sort::Size)]
    face_sort_type: Sort,
}

#[derive(Output)]
pub(super) struct Answer {
    /// How many faces are answered.
    #[output(path = "data.face_num")]
    face_num: usize,
    /// The faces.
    #[output(path = "data.face_list")]
    face_list: Vec<Detected>,
}

#[derive(Output)]
struct Detected {
    /// Stands for the face in later requests, for `library.token_life_seconds`.
    face_token: String,
    /// Where it lies.
    location: Option<Location>,
    /// How sure the detector is, 0 to 1.
    face_probability: f64,
    /// Which way it looks, in degrees.
    angle: Angle,
    /// How fit for recognition it is, 0 to 100.
    quality_score: f64,
    /// Whether it is likely that of a minor, for whom recognition errs far more often.
    minor_caution: bool,
}

#[derive(Output)]
struct Angle {
    /// Positive to the right of the picture.
    yaw: f64,
    /// Positive down.
    pitch: f64,
    /// Positive clockwise.
    roll: f64,
}

impl Operation for FaceDetect {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/recognition/face-detect",
        name: "Face Detect",
        sign: "portrait_recognition_face_detect",
        pool: "portrait_recognition_face_detect",
        summary: "The faces of a picture, each with its box, pose, quality, and a token that stands for \
                  it in later requests.",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let order = match input.face_sort_type {
            Sort::Size => Order::Size,
            Sort::Middle => Order::Middle,
        };
        let faces =
            shown(context, &port, input.image, Checks::NONE, order, input.max_face_num).await?;
        for face in &faces {
            port.keep(&face.token, face.known.clone());
        }
        let face_list: Vec<_> = faces.iter().map(Detected::of).collect();
        Ok(Answer { face_num: face_list.len(), face_list })
    }
}

impl Detected {
    fn of(face: &Face) -> Self {
        let pose = face.seen.as_ref().map(|seen| seen.pose).unwrap_or_default();
        let probability = face.seen.as_ref().map_or(0.0, |seen| seen.probability);
        let number = |value: f32| rounded(value, 2);
        Self {
            face_token: face.token.clone(),
            location: face.location(),
            face_probability: number(probability),
            angle: Angle {
                yaw: number(pose.yaw),
                pitch: number(pose.pitch),
                roll: number(pose.roll),
            },
            quality_score: face.known.quality,
            minor_caution: face.known.minor,
        }
    }
}
