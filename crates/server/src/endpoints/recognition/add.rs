//! `POST /api/portrait/library/face-add` and `…/face-update`: faces of a user of a group.

use safelight_contract::{Code, Fault};
use safelight_library::{Embedding, score};
use safelight_operation::{
    Context, Input, Memory, Needs, Operation, Output, Picture, Result, Spec, ValueEnum,
};
use safelight_services::liveness::{Control, LIVENESS_CONTROL, SPOOFING_CONTROL};
use safelight_services::recognition::{Checks, QUALITY_CONTROL, RULES, Scene};
use safelight_store::{
    FaceGroup, FaceMode, FacesChanged, NewFace, NewFaceUser, Refused, StoreError,
};
use safelight_vision::face::QualityControl;
use serde_json::Value;

use super::adding::{Adding, not_added};
use super::search::check_scene;
use super::{Face, Location, NEEDS, SPEC, faces, port};
use crate::library::kinds::{Bytes, Id};
use crate::library::scene_of;
use crate::library::{Port, Refusable, Search};

/// Most pictures of a request.
const PICTURES: usize = 4;
/// Most bytes of what is said of a user.
const INFO: usize = 256;
/// How often the same person is looked for where the group was changed meanwhile.
const ATTEMPTS: u32 = 10;

/// The operation that adds.
pub(super) struct FaceAdd;

/// The operation that changes what is there.
pub(super) struct FaceUpdate;

/// How similar a face must be to those of other users to be refused as another entry of one person.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unique {
    /// nobody is refused
    #[value("NONE")]
    None,
    /// from a score of 90 on
    #[value("LOW")]
    Low,
    /// from a score of 80 on
    #[value("NORMAL")]
    Normal,
    /// from a score of 70 on
    #[value("HIGH")]
    High,
}

impl Unique {
    fn least(self) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Low => Some(90.0),
            Self::Normal => Some(80.0),
            Self::High => Some(70.0),
        }
    }
}

const ADDING: &[(&str, FaceMode, &str)] = &[
    ("APPEND", FaceMode::Append, "joins the user's faces"),
    ("REPLACE", FaceMode::Replace, "takes the place of the user's faces"),
];

const UPDATING: &[(&str, FaceMode, &str)] = &[
    ("UPDATE", FaceMode::Update, "takes the place of the faces of a user, who must be there"),
    ("REPLACE", FaceMode::Replace, "the same, and a user who is not there is created"),
];

/// The requests of both operations differ in one word.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident, $modes:ident, $default:expr) => {
        $(#[$doc])*
        #[derive(Input)]
        pub(super) struct $name {
            /// The picture, whose largest face is added; or up to four.
            #[pictures(RULES, 0..=PICTURES)]
            image: Vec<Picture>,
            /// Token of a face instead of pictures.
            #[text(64)]
            image_token: Option<String>,
            /// The group.
            #[kind(Id)]
            group_id: String,
            /// The user, who is created where there is none; letters, digits and `_`.
            #[kind(Id)]
            user_id: String,
            /// What to remember of the user, up to 256 bytes.
            #[kind(Bytes(INFO))]
            user_info: Option<String>,
            /// What consent was given, when, and where that is written; up to 256 bytes.
            #[kind(Bytes(INFO))]
            consent_note: Option<String>,
            /// What becomes of the user's other faces.
            #[choice($modes)]
            #[field(default = $default)]
            action_type: FaceMode,
            /// The scene that the group must be of.
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
            /// Refuses a person who is in the group as another user.
            #[choice]
            #[field(default = Unique::None)]
            unique_person_control: Unique,
            /// Whether the picture is kept too, encrypted; only where the operator allows that.
            #[flag]
            #[field(default = false)]
            store_image: bool,
        }

        impl From<$name> for Order {
            fn from(request: $name) -> Self {
                Self {
                    checks: Checks {
                        quality_control: request.quality_control,
                        quality_score_threshold: request.quality_score_threshold,
                        liveness: request.liveness_control,
                        refuses_synthesis: request.spoofing_control,
                        min_face_size: request.min_face_size,
                        single_face: request.single_face,
                        ..Checks::NONE
                    },
                    images: request.image,
                    token: request.image_token,
                    group_id: request.group_id,
                    user: NewFaceUser {
                        id: request.user_id,
                        info: request.user_info,
                        consent_note: request.consent_note,
                    },
                    mode: request.action_type,
                    scene: request.scene_type,
                    unique: request.unique_person_control,
                    store_image: request.store_image,
                }
            }
        }
    };
}

request!(Request, ADDING, FaceMode::Append);
request!(UpdateRequest, UPDATING, FaceMode::Update);

/// What is to be added, and how.
struct Order {
    images: Vec<Picture>,
    token: Option<String>,
    group_id: String,
    user: NewFaceUser,
    mode: FaceMode,
    scene: Option<Scene>,
    checks: Checks,
    unique: Unique,
    store_image: bool,
}

#[derive(Output)]
pub(super) struct Answer {
    /// Token of the face, of the first that was added.
    #[output(path = "data.face_token")]
    face_token: String,
    /// Where it lies, where a picture was sent.
    #[output(path = "data.location")]
    location: Option<Location>,
    /// How fit for recognition it is, 0 to 100.
    #[output(path = "data.quality_score")]
    quality_score: f64,
    /// Whether it is likely that of a minor, for whom recognition errs far more often.
    #[output(path = "data.minor_caution")]
    minor_caution: bool,
    /// What became of each picture, where several were sent.
    #[output(path = "data.log")]
    log: Option<Vec<Logged>>,
}

#[derive(Output)]
struct Logged {
    /// Place of the picture, from 0.
    index: usize,
    /// Token of its face, where it was added.
    face_token: Option<String>,
    /// Where its face lies.
    location: Option<Location>,
    /// How fit for recognition its face is.
    quality_score: Option<f64>,
    /// Why it was refused, else: `code` and `message`.
    error_detail: Option<Value>,
}

impl Operation for FaceAdd {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/library/face-add",
        name: "Face Add",
        sign: "portrait_library_face_add",
        pool: "portrait_library_face_add",
        summary: "Adds the largest face of a picture to a user of a group. The embedding is kept, \
                  encrypted; the picture is not, unless operator and caller both ask for it.",
        memory: MEMORY,
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = Request;
    type Output = Answer;

    async fn run(input: Request, context: &Context) -> Result<Answer> {
        Order::from(input).run(context).await
    }
}

impl Operation for FaceUpdate {
    const SPEC: &'static Spec = &Spec {
        path: "/api/portrait/library/face-update",
        name: "Face Update",
        sign: "portrait_library_face_update",
        pool: "portrait_library_face_update",
        summary: "Puts the largest face of a picture in the place of the faces of a user.",
        memory: MEMORY,
        ..SPEC
    };
    const NEEDS: Needs = NEEDS;
    type Input = UpdateRequest;
    type Output = Answer;

    async fn run(input: UpdateRequest, context: &Context) -> Result<Answer> {
        Order::from(input).run(context).await
    }
}

/// A picture that is kept is encrypted in one piece: at most as many bytes again, and its copy.
const MEMORY: Memory = Memory { base: SPEC.memory.base + 2 * RULES.max_bytes, ..SPEC.memory };

impl Order {
    async fn run(self, context: &Context) -> Result<Answer> {
        if !self.images.is_empty() || self.token.is_none() {
            super::check_source(self.images.first(), self.token.as_ref())?;
        }
        let port = port(context).await?;
        let group = self.check(&port).await?;
        let key = port.library.key(&group)?;
        let checks = Checks { scene: Some(scene_of(&group)), ..self.checks };
        let mut sources: Vec<_> = self.images.iter().map(|i| (Some(i.clone()), None)).collect();
        sources.extend(self.token.clone().map(|token| (None, Some(token))));
        let (several, mut mode) = (sources.len() > 1, self.mode);
        let (mut log, mut first, mut refused) = (Vec::new(), None, None);
        for (index, source) in sources.into_iter().enumerate() {
            let adding = Adding {
                port: &port,
                group: &group,
                key: &key,
                user: &self.user,
                mode,
                store_image: self.store_image,
            };
            match self.add(context, &adding, source, checks).await {
                Ok(face) => {
                    log.push(Logged::added(index, &face));
                    // The first takes the place of the old ones, the others join it.
                    mode = FaceMode::Append;
                    first.get_or_insert(face);
                }
                Err(fault) => {
                    log.push(Logged::refused(index, &fault));
                    refused.get_or_insert(fault);
                }
            }
        }
        let missing = || Fault::new(Code::MissingParameters, "image is missing");
        let face = first.ok_or_else(|| refused.unwrap_or_else(missing))?;
        Ok(Answer {
            location: face.location(),
            quality_score: face.known.quality,
            minor_caution: face.known.minor,
            face_token: face.token,
            log: several.then_some(log),
        })
    }

    /// What can be told before a picture is decoded.
    async fn check(&self, port: &Port) -> Result<FaceGroup> {
        let group = port.own_group(&self.group_id).await?;
        // Of a user who is not there, nothing else is worth telling.
        if self.mode == FaceMode::Update {
            let room = port.room(&group, &self.user.id, self.mode).await;
            room.or_refused("looking for the user")?;
        }
        check_scene(std::slice::from_ref(&group), self.scene)?;
        let settings = &port.library.settings;
        if self.store_image && !settings.store_images {
            let message = "store_image is true, but the operator keeps no pictures \
                           (library.store_images)";
            return Err(Fault::new(Code::ImageStorageNotSupported, message));
        }
        if self.store_image && self.token.is_some() {
            let message = "store_image is true, but image_token names a face without its picture";
            return Err(Fault::new(Code::UnsupportedParameterValues, message));
        }
        settings.check_consent(self.user.consent_note.as_deref())?;
        let room = port.room(&group, &self.user.id, self.mode).await;
        room.or_refused("looking for room").map(|()| group)
    }

    /// Looks at one source and adds its face.
    async fn add(
        &self,
        context: &Context,
        adding: &Adding<'_>,
        source: (Option<Picture>, Option<String>),
        checks: Checks,
    ) -> Result<Face> {
        let picture = source.0.clone();
        let face = faces(context, adding.port, source, checks, 1).await?.into_iter().next();
        let face =
            face.ok_or_else(|| Fault::new(Code::NoFaceInFile, "no face was found in image"))?;
        let Some(least) = self.unique.least() else {
            adding.keep(context, picture, &face).await?;
            return Ok(face);
        };
        let mut new = adding.sealed(context, picture, &face).await?;
        let embedding = &face.known.embedding;
        let added = self.add_unique(context, adding.port, &mut new, embedding, least).await;
        adding.kept(added, new.image, &face).await?;
        Ok(face)
    }

    /// Adds a face to the group as it was searched for the same person.
    async fn add_unique(
        &self,
        context: &Context,
        port: &Port,
        new: &mut NewFace,
        embedding: &Embedding,
        least: f64,
    ) -> Result<FacesChanged> {
        for _ in 0..ATTEMPTS {
            let group = port.own_group(&self.group_id).await?;
            new.revision = Some(group.revision);
            self.check_unique(context, port, group, embedding, least).await?;
            match port.add(new).await {
                Err(StoreError::Refused(Refused::Changed(_))) => {}
                added => return added.map_err(not_added),
            }
        }
        let message = "the group changes too fast to be searched for the same person";
        Err(Fault::new(Code::TaskConflict, message))
    }

    async fn check_unique(
        &self,
        context: &Context,
        port: &Port,
        group: FaceGroup,
        embedding: &Embedding,
        least: f64,
    ) -> Result<()> {
        let search = Search { groups: vec![group], only: None, users: 2 };
        let found = port.search(context, *embedding, &search).await?;
        let same = found.iter().find(|found| {
            found.user_id != self.user.id && score::of_cosine(found.cosine.into()) >= least
        });
        let Some(same) = same else { return Ok(()) };
        let (user, score) = (&same.user_id, same.score());
        let message = format!(
            "the user {user} of the group has a face with a score of {score}, unique_person_control \
             refuses from {least} on"
        );
        Err(Fault::new(Code::FaceAlreadyExists, message))
    }
}

impl Logged {
    fn added(index: usize, face: &Face) -> Self {
        Self {
            index,
            face_token: Some(face.token.clone()),
            location: face.location(),
            quality_score: Some(face.known.quality),
            error_detail: None,
        }
    }

    fn refused(index: usize, fault: &Fault) -> Self {
        let detail = serde_json::json!({ "code": fault.code().name(), "message": fault.message() });
        Self {
            index,
            face_token: None,
            location: None,
            quality_score: None,
            error_detail: Some(detail),
        }
    }
}
