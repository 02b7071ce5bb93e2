//! `POST /api/portrait/recognition/face-search` and `…/face-multi-search`: who the faces of a picture
//! are, of the users of groups.

use safelight_contract::{Code, Fault};
use safelight_operation::{Context, Input, Needs, Operation, Output, Picture, Result, Spec};
use safelight_services::liveness::{Control, LIVENESS_CONTROL, SPOOFING_CONTROL};
use safelight_services::recognition::{Checks, QUALITY_CONTROL, RULES, Scene};
use safelight_store::FaceGroup;
use safelight_vision::face::QualityControl;
use serde_json::Value;

use super::{Face, Location, NEEDS, SPEC, check_source, faces, port};
use crate::library::kinds::Ids;
use crate::library::{Found, Port, Search, scene_of, thresholds};

/// Most groups of a search.
const GROUPS: usize = 10;
/// Most users that a search may be limited to.
const USERS: usize = 20;
/// The score from which on a face counts as that of a user.
const MATCH: f64 = 80.0;
/// The same where a group holds pictures of cameras that watch a place.
const MATCH_WATCHED: f64 = 85.0;

/// The operation for one face.
pub(super) struct FaceSearch;

/// The operation for several faces.
pub(super) struct FaceMultiSearch;

#[derive(Input)]
#[input(check = Request::check)]
pub(super) struct Request {
    /// The picture, whose largest face is looked for.
    #[picture(RULES)]
    image: Option<Picture>,
    /// Token of a face instead of a picture.
    #[text(64)]
    image_token: Option<String>,
    /// The groups to search, up to 10.
    #[kind(Ids(GROUPS, Code::TooManyGroupsInGroupList))]
    #[field(alias = "group_id")]
    group_id_list: Vec<String>,
    /// Most users to answer.
    #[integer(1..=50)]
    #[field(alias = "max_user_num", alias = "Limit", missing = Code::MissingLimitParameter)]
    limit: usize,
    /// Least score of a match. Without it, 80, or 85 where a group is of the scene SURVEILLANCE.
    #[number(0.0..=100.0)]
    match_threshold: Option<f64>,
    /// Only these users, up to 20.
    #[kind(Ids(USERS, Code::TooManyUidsInUidList))]
    #[field(alias = "user_id")]
    user_id_list: Option<Vec<String>>,
    /// The scene that the groups must be of.
    #[choice]
    #[field(alias = "face_type")]
    scene_type: Option<Scene>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    /// Least quality of the face, 0 to 100.
    #[number(0.0..=100.0)]
    #[field(default = 0.0)]
    quality_score_threshold: f64,
    /// Least shorter side of the face, in pixels.
    #[integer(34..=4096)]
    min_face_size: Option<u32>,
    /// Whether a second face in the picture is refused.
    #[flag]
    #[field(default = false)]
    single_face: bool,
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

#[derive(Input)]
#[input(check = MultiRequest::check)]
pub(super) struct MultiRequest {
    /// The picture, whose largest faces are looked for.
    #[picture(RULES)]
    image: Option<Picture>,
    /// Token of a face instead of a picture.
    #[text(64)]
    image_token: Option<String>,
    /// The groups to search, up to 10.
    #[kind(Ids(GROUPS, Code::TooManyGroupsInGroupList))]
    #[field(alias = "group_id")]
    group_id_list: Vec<String>,
    /// Most users to answer for each face.
    #[integer(1..=20)]
    #[field(alias = "max_user_num", alias = "Limit", missing = Code::MissingLimitParameter)]
    limit: usize,
    /// Most faces to look for.
    #[integer(1..=10)]
    #[field(default = 10)]
    max_face_num: usize,
    /// Least score of a match. Without it, 80, or 85 where a group is of the scene SURVEILLANCE.
    #[number(0.0..=100.0)]
    match_threshold: Option<f64>,
    /// Only these users, up to 20.
    #[kind(Ids(USERS, Code::TooManyUidsInUidList))]
    #[field(alias = "user_id")]
    user_id_list: Option<Vec<String>>,
    /// The scene that the groups must be of.
    #[choice]
    #[field(alias = "face_type")]
    scene_type: Option<Scene>,
    #[shared(QUALITY_CONTROL)]
    quality_control: QualityControl,
    /// Least quality of each face, 0 to 100.
    #[number(0.0..=100.0)]
    #[field(default = 0.0)]
    quality_score_threshold: f64,
    /// Least shorter side of the faces, in pixels.
    #[integer(34..=4096)]
    min_face_size: Option<u32>,
    /// Whether a second face in the picture is refused.
    #[flag]
    #[field(default = false)]
    single_face: bool,
    #[shared(LIVENESS_CONTROL)]
    liveness_control: Control,
    #[shared(SPOOFING_CONTROL)]
    spoofing_control: bool,
}

impl MultiRequest {
    fn check(&self) -> Result<()> {
        check_source(self.image.as_ref(), self.image_token.as_ref())
    }
}

/// A user that a search found.
#[derive(Output)]
struct User {
    /// The group.
    group_id: String,
    /// The user.
    user_id: String,
    /// What the client said of it.
    user_info: String,
    /// How similar the user's most similar face is, 0 to 100.
    score: f64,
}

#[derive(Output)]
pub(super) struct Answer {
    /// Token of the face that was looked for.
    #[output(path = "data.face_token")]
    face_token: String,
    /// Where it lies, where a picture was sent.
    #[output(path = "data.location")]
    location: Option<Location>,
    /// The users, the most similar first.
    #[output(path = "data.user_list")]
    user_list: Vec<User>,
    /// The score from which on a face counted as that of a user.
    #[output(path = "data.match_threshold")]
    match_threshold: f64,
    /// The score that each rate of false accepts stands at, for one comparison.
    #[output(path = "data.thresholds")]
    thresholds: Value,
    /// How many faces it was compared with.
    #[output(path = "data.searched")]
    searched: u64,
    /// Whether it is likely that of a minor, for whom recognition errs far more often.
    #[output(path = "data.minor_caution")]
    minor_caution: bool,
}

#[derive(Output)]
pub(super) struct MultiAnswer {
    /// How many faces were looked for.
    #[output(path = "data.face_num")]
    face_num: usize,
    /// The faces.
    #[output(path = "data.face_list")]
    face_list: Vec<Searched>,
    /// The score from which on a face counted as that of a user.
    #[output(path = "data.match_threshold")]
    match_threshold: f64,
    /// The score that each rate of false accepts stands at, for one comparison.
    #[output(path = "data.thresholds")]
    thresholds: Value,
    /// How many faces each was compared with.
    #[output(path = "data.searched")]
    searched: u64,
}

#[derive(Output)]
struct Searched {
    /// Token of the face.
    face_token: String,
    /// Where it lies, where a picture was sent.
    location: Option<Location>,
    /// The users, the most similar first; none where no score reaches the threshold.
    user_list: Vec<User>,
    /// Whether it is likely that of a minor.
    minor_caution: bool,
}

impl Operation for FaceSearch {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/recognition/face-search",
        name: "Face Search",
        sign: "portrait_recognition_face_search",
        pool: "portrait_recognition_face_search",
        summary: "Who the largest face of a picture is, of the users of up to ten groups. Every face \
                  of the groups is compared. Where no score reaches the threshold, the answer is \
                  ERROR_USER_NOT_FOUND.",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        let port = port(context).await?;
        let groups = port.groups(&input.group_id_list).await?;
        check_scene(&groups, input.scene_type)?;
        let threshold = input.match_threshold.unwrap_or_else(|| default_match(&groups));
        let checks = Checks {
            quality_control: input.quality_control,
            quality_score_threshold: input.quality_score_threshold,
            liveness: input.liveness_control,
            refuses_synthesis: input.spoofing_control,
            min_face_size: input.min_face_size,
            single_face: input.single_face,
            scene: largest_scene(&groups),
            ..Checks::NONE
        };
        let source = (input.image, input.image_token);
        let face = faces(context, &port, source, checks, 1).await?.into_iter().next();
        let face =
            face.ok_or_else(|| Fault::new(Code::NoFaceInFile, "no face was found in image"))?;
        let search = Search { groups, only: input.user_id_list, users: input.limit };
        let searched = count(&search.groups);
        let found = port.search(context, face.known.embedding, &search).await?;
        let matching = matching(&found, threshold);
        port.note("face-search", &search.groups, &matching).await?;
        if matching.is_empty() {
            return Err(nobody(&found, searched, threshold));
        }
        port.keep(&face.token, face.known.clone());
        Ok(Answer {
            location: face.location(),
            face_token: face.token,
            user_list: users(&matching),
            match_threshold: threshold,
            thresholds: thresholds(),
            searched,
            minor_caution: face.known.minor,
        })
    }
}

impl Operation for FaceMultiSearch {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/recognition/face-multi-search",
        name: "Face Multi Search",
        sign: "portrait_recognition_face_multi_search",
        pool: "portrait_recognition_face_multi_search",
        summary: "Who the largest faces of a picture are, up to ten, of the users of up to ten groups. \
                  Where none of them matches, the answer is ERROR_USER_NOT_FOUND.",
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = MultiRequest;
    type Output = MultiAnswer;

    async fn run(input: MultiRequest, context: &Context) -> Result<MultiAnswer> {
        let port = port(context).await?;
        let groups = port.groups(&input.group_id_list).await?;
        check_scene(&groups, input.scene_type)?;
        let threshold = input.match_threshold.unwrap_or_else(|| default_match(&groups));
        let checks = Checks {
            quality_control: input.quality_control,
            quality_score_threshold: input.quality_score_threshold,
            liveness: input.liveness_control,
            refuses_synthesis: input.spoofing_control,
            min_face_size: input.min_face_size,
            single_face: input.single_face,
            scene: largest_scene(&groups),
            ..Checks::NONE
        };
        let source = (input.image, input.image_token);
        let shown = faces(context, &port, source, checks, input.max_face_num).await?;
        let search = Search { groups, only: input.user_id_list, users: input.limit };
        let searched = count(&search.groups);
        let (mut all, mut face_list) = (Vec::new(), Vec::with_capacity(shown.len()));
        for face in shown {
            let found = port.search(context, face.known.embedding, &search).await?;
            let matching = matching(&found, threshold);
            face_list.push(searched_face(&port, face, &matching));
            all.push((found, matching));
        }
        let matching: Vec<Found> = all.iter().flat_map(|(_, m)| m.iter().cloned()).collect();
        port.note("face-multi-search", &search.groups, &matching).await?;
        if matching.is_empty() {
            let mut found: Vec<Found> = all.into_iter().flat_map(|(found, _)| found).collect();
            found.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
            return Err(nobody(&found, searched, threshold));
        }
        Ok(MultiAnswer {
            face_num: face_list.len(),
            face_list,
            match_threshold: threshold,
            thresholds: thresholds(),
            searched,
        })
    }
}

fn searched_face(port: &Port, face: Face, matching: &[Found]) -> Searched {
    port.keep(&face.token, face.known.clone());
    Searched {
        location: face.location(),
        user_list: users(matching),
        minor_caution: face.known.minor,
        face_token: face.token,
    }
}

fn matching(found: &[Found], threshold: f64) -> Vec<Found> {
    found.iter().filter(|found| found.score() >= threshold).cloned().collect()
}

fn users(found: &[Found]) -> Vec<User> {
    let user = |found: &Found| User {
        group_id: found.group_id.clone(),
        user_id: found.user_id.clone(),
        user_info: found.user_info.clone(),
        score: found.score(),
    };
    found.iter().map(user).collect()
}

fn count(groups: &[FaceGroup]) -> u64 {
    groups.iter().map(|group| group.faces).sum()
}

/// The fault where nobody matches; `found` is what came nearest.
fn nobody(found: &[Found], searched: u64, threshold: f64) -> Fault {
    let message = match found.first() {
        Some(nearest) => format!(
            "the nearest of {searched} faces has a score of {}, match_threshold is {threshold}",
            nearest.score()
        ),
        None => "the groups have no faces to compare with".to_owned(),
    };
    Fault::new(Code::UserNotFound, message)
}

/// The scene that asks for the largest faces.
fn largest_scene(groups: &[FaceGroup]) -> Option<Scene> {
    let scenes = groups.iter().map(scene_of);
    scenes.max_by(|a, b| a.least_face().total_cmp(&b.least_face()))
}

fn default_match(groups: &[FaceGroup]) -> f64 {
    let watched = groups.iter().any(|group| scene_of(group) == Scene::Surveillance);
    if watched { MATCH_WATCHED } else { MATCH }
}

/// Groups must be of the scene that is asked for.
pub(super) fn check_scene(groups: &[FaceGroup], wanted: Option<Scene>) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    match groups.iter().find(|group| scene_of(group) != wanted) {
        None => Ok(()),
        Some(other) => {
            let (id, scene, word) = (&other.id, &other.scene, wanted.word());
            let message = format!("scene_type is {word}, the group {id} is of {scene}");
            Err(Fault::new(Code::SceneTypeMismatch, message))
        }
    }
}

/// The score from which on a face counts as that of a user of the group.
pub(super) fn match_of(group: &FaceGroup) -> f64 {
    default_match(std::slice::from_ref(group))
}
