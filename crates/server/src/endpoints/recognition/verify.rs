//! `POST /api/portrait/recognition/face-verify`: whether a face is that of a user.

use safelight_contract::{Code, Fault};
use safelight_operation::{Context, Input, Needs, Operation, Output, Picture, Result, Spec};
use safelight_services::liveness::{Control, LIVENESS_CONTROL, SPOOFING_CONTROL};
use safelight_services::recognition::{Checks, QUALITY_CONTROL, RULES};
use safelight_vision::face::QualityControl;
use serde_json::Value;

use super::search::match_of;
use super::{Location, NEEDS, SPEC, check_source, faces, port};
use crate::library::kinds::Id;
use crate::library::scene_of;
use crate::library::{Search, thresholds};

/// The operation.
pub(super) struct FaceVerify;

#[derive(Input)]
#[input(check = Request::check)]
pub(super) struct Request {
    /// The picture, whose largest face is compared.
    #[picture(RULES)]
    image: Option<Picture>,
    /// Token of a face instead of a picture.
    #[text(64)]
    image_token: Option<String>,
    /// The group.
    #[kind(Id)]
    group_id: String,
    /// The user whose faces it is compared with.
    #[kind(Id)]
    user_id: String,
    /// Least score of a match. Without it, 80, or 85 where the group is of the scene SURVEILLANCE.
    #[number(0.0..=100.0)]
    match_threshold: Option<f64>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    /// Least quality of the face, 0 to 100.
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
        check_source(self.image.as_ref(), self.image_token.as_ref())
    }
}

#[derive(Output)]
pub(super) struct Answer {
    /// Whether the score reaches the threshold.
    #[output(path = "data.match")]
    matches: bool,
    /// How similar the user's most similar face is, 0 to 100.
    #[output(path = "data.score")]
    score: f64,
    /// Token of the user's most similar face; of a shared group it is not told.
    #[output(path = "data.face_token")]
    face_token: Option<String>,
    /// Where the face lies, where a picture was sent.
    #[output(path = "data.location")]
    location: Option<Location>,
    /// The score from which on the face counts as the user's.
    #[output(path = "data.match_threshold")]
    match_threshold: f64,
    /// The score that each rate of false accepts stands at.
    #[output(path = "data.thresholds")]
    thresholds: Value,
    /// Whether it is likely that of a minor, for whom recognition errs far more often.
    #[output(path = "data.minor_caution")]
    minor_caution: bool,
}

impl Operation for FaceVerify {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/recognition/face-verify",
        name: "Face Verify",
        sign: "portrait_recognition_face_verify",
        pool: "portrait_recognition_face_verify",
        summary: "Whether the largest face of a picture is that of a user of a group: the score of the \
                  user's most similar face, and whether it reaches the threshold.",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let groups = port.groups(std::slice::from_ref(&input.group_id)).await?;
        let [group] = groups.as_slice() else {
            return Err(Fault::new(Code::UserGroupNotFound, "there is no such group"));
        };
        let owner = group.application;
        let user = port.user(owner, &group.id, &input.user_id).await?;
        let threshold = input.match_threshold.unwrap_or_else(|| match_of(group));
        let checks = Checks {
            quality_control: input.quality_control,
            quality_score_threshold: input.quality_score_threshold,
            liveness: input.liveness_control,
            refuses_synthesis: input.spoofing_control,
            scene: Some(scene_of(group)),
            ..Checks::NONE
        };
        let source = (input.image, input.image_token);
        let face = faces(context, &port, source, checks, 1).await?.into_iter().next();
        let face =
            face.ok_or_else(|| Fault::new(Code::NoFaceInFile, "no face was found in image"))?;
        let search = Search { groups, only: Some(vec![user.id]), users: 1 };
        let found = port.search(context, face.known.embedding, &search).await?;
        port.note("face-verify", &search.groups, &found).await?;
        let Some(nearest) = found.first() else {
            let message = format!("the user {} has no faces", input.user_id);
            return Err(Fault::new(Code::FaceNotFound, message));
        };
        let face_token = match owner == port.application {
            true => port.token_of(&input.group_id, &input.user_id, nearest.face).await?,
            false => None,
        };
        Ok(Answer {
            matches: nearest.score() >= threshold,
            score: nearest.score(),
            face_token,
            location: face.location(),
            match_threshold: threshold,
            thresholds: thresholds(),
            minor_caution: face.known.minor,
        })
    }
}
