//! Libraries of faces: an application has groups, a group has users, a user has faces. Embeddings
//! arrive sealed; the store cannot open them.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use crate::{Millis, Result};

/// Who does something with faces, for the audit that is written in the same transaction.
#[derive(Clone, Debug)]
pub struct Act {
    /// The application.
    pub application: i64,
    /// Number of its key; `None` for tasks and the command line.
    pub key: Option<i64>,
    /// What the request is known by.
    pub request_id: String,
    /// When.
    pub at: Millis,
}

/// A group to create.
#[derive(Clone, Debug)]
pub struct NewFaceGroup {
    /// Identifier, unique for the application.
    pub id: String,
    /// Name for people, unique for the application.
    pub name: Option<String>,
    /// What kind of pictures it holds.
    pub scene: String,
    /// The model of its embeddings.
    pub model: String,
    /// Its key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// Days after which its faces are erased.
    pub retention_days: Option<u32>,
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceGroup {
    /// Row number.
    pub row: i64,
    /// The application that owns it.
    pub application: i64,
    /// Identifier, unique for the application.
    pub id: String,
    /// Name for people.
    pub name: Option<String>,
    /// What kind of pictures it holds.
    pub scene: String,
    /// The model of its embeddings.
    pub model: String,
    /// Its key, wrapped; `None` while it is being cleaned.
    pub wrapped_key: Option<Vec<u8>>,
    /// Days after which its faces are erased.
    pub retention_days: Option<u32>,
    /// Counts the changes of its faces.
    pub revision: i64,
    /// How many users it has.
    pub users: u64,
    /// How many faces it has.
    pub faces: u64,
    /// When it was created.
    pub created_at: Millis,
}

/// A user to create or change; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct NewFaceUser {
    /// Identifier, unique for the group.
    pub id: String,
    /// What the client wants to know of it.
    pub info: Option<String>,
    /// What consent was given, and where that is written.
    pub consent_note: Option<String>,
}

/// A user of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceUser {
    /// Row number.
    pub row: i64,
    /// Row number of its group.
    pub group_row: i64,
    /// Identifier of its group.
    pub group: String,
    /// Identifier, unique for the group.
    pub id: String,
    /// What the client wants to know of it.
    pub info: String,
    /// What consent was given.
    pub consent_note: String,
    /// When it was created.
    pub created_at: Millis,
}

/// A face.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFace {
    /// Row number.
    pub row: i64,
    /// Row number of its group.
    pub group_row: i64,
    /// Row number of its user.
    pub user_row: i64,
    /// Token.
    pub token: String,
    /// Its embedding, sealed.
    pub sealed: Vec<u8>,
    /// Quality of the picture, 0..100.
    pub quality: f64,
    /// Key of the blob with its picture, where that was kept.
    pub image: Option<String>,
    /// When it was added.
    pub created_at: Millis,
}

/// What a new face does to those that its user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceMode {
    /// It joins them; a user that is not there is created.
    Append,
    /// It takes their place; a user that is not there is created.
    Replace,
    /// It takes their place; the user must be there.
    Update,
}

/// A face to add.
#[derive(Clone, Debug)]
pub struct NewFace {
    /// Row number of the group.
    pub group_row: i64,
    /// The user.
    pub user: NewFaceUser,
    /// Token.
    pub token: String,
    /// Its embedding, sealed.
    pub sealed: Vec<u8>,
    /// Quality of the picture, 0..100.
    pub quality: f64,
    /// Key of the blob with its picture.
    pub image: Option<String>,
    /// What becomes of the user's other faces.
    pub mode: FaceMode,
    /// The revision that the group must still have, where that matters.
    pub revision: Option<i64>,
}

/// How many faces there may be.
#[derive(Clone, Copy, Debug)]
pub struct FaceLimits {
    /// Of a user in a group.
    pub user: u64,
    /// In a group.
    pub group: u64,
    /// Of an application.
    pub application: u64,
}

/// A user to copy, its faces sealed for the new group.
#[derive(Clone, Debug)]
pub struct CopiedUser {
    /// The user.
    pub user: FaceUser,
    /// Its faces; `group_row` and `user_row` are those of the source.
    pub faces: Vec<StoredFace>,
}

/// A change of a group's faces, for those who keep an index of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceChange {
    /// Row number of the group.
    pub group_row: i64,
    /// The group's revision after it.
    pub revision: i64,
    /// Row numbers of faces that are gone.
    pub removed: Vec<i64>,
    /// Row numbers of faces that came, and of their users, in the order that they were given in.
    pub added: Vec<(i64, i64)>,
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FacesChanged {
    /// Users that are gone, or that came.
    pub users: u64,
    /// Faces that are gone, or that came.
    pub faces: u64,
    /// Keys of the blobs that nothing refers to any more.
    pub images: Vec<String>,
    /// What changed in each group.
    pub changes: Vec<FaceChange>,
}

/// How much of a library was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedFaces {
    /// Groups.
    pub groups: u64,
    /// Users.
    pub users: u64,
    /// Faces.
    pub faces: u64,
}

/// Something that was done with faces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaceAudit {
    /// Row number of the application.
    pub application: i64,
    /// Number of its key.
    pub key: Option<i64>,
    /// When.
    pub at: Millis,
    /// What, e.g. `face-add`.
    pub action: String,
    /// In which groups, with commas between.
    pub group_id: String,
    /// For which users, with commas between; of a search those that it answered.
    pub user_ids: String,
    /// How many faces it was about.
    pub count: u64,
    /// The request.
    pub request_id: String,
}

/// Why a change of a library is refused. Nothing has happened then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such group.
    #[error("there is no group {0}")]
    GroupNotFound(String),
    /// The group is being deleted.
    #[error("the group {0} is being deleted")]
    GroupCleaning(String),
    /// The identifier is in use.
    #[error("there is a group {0} already")]
    GroupExists(String),
    /// The name is in use.
    #[error("another group is named `{0}` already")]
    NameInUse(String),
    /// The application has as many groups as it may.
    #[error("the library has {0} groups, which is the limit")]
    TooManyGroups(u64),
    /// There is no such user.
    #[error("there is no user {0}")]
    UserNotFound(String),
    /// The identifier is in use.
    #[error("the group has a user {0} already")]
    UserExists(String),
    /// The user has no such face.
    #[error("the user has no face {0}")]
    FaceNotFound(String),
    /// The user has this face.
    #[error("the user has the face {0} already")]
    FaceExists(String),
    /// A limit of faces is reached; says which.
    #[error("{0}")]
    Full(String),
    /// The two groups hold different kinds of pictures.
    #[error("the group {0} is of another scene type than the group {1}")]
    SceneMismatch(String, String),
    /// A copy is there already.
    #[error("the group {0} has the user {1} already")]
    AlreadyCopied(String, String),
    /// There is no such application of the same user.
    #[error("there is no other application {0} of the same owner")]
    ApplicationNotFound(String),
    /// The rows changed since they were read; the caller may try again.
    #[error("the group {0} was changed at the same time")]
    Changed(String),
}

/// Takes faces as they are read: how many came before these, and these. It is called once at least, and
/// begins again at 0 where the reading does.
pub type FaceSink = Arc<dyn Fn(usize, Vec<StoredFace>) + Send + Sync>;

/// The rows of libraries of faces. Refusals are [`StoreError::Refused`](crate::StoreError::Refused).
#[async_trait]
pub trait Faces: Send + Sync + 'static {
    /// Creates a group, of which the application may have `most`.
    async fn create_face_group(&self, act: &Act, new: &NewFaceGroup, most: u64) -> Result<()>;
    /// Changes what is given.
    async fn change_face_group(
        &self,
        act: &Act,
        id: &str,
        name: Option<String>,
        retention_days: Option<u32>,
    ) -> Result<()>;
    /// Destroys the key of a group in the transaction that marks it as being cleaned.
    async fn delete_face_group(&self, act: &Act, id: &str) -> Result<()>;
    /// A group of the application, or one that is shared with it where `shared` allows that.
    async fn face_group(&self, application: i64, id: &str, shared: bool) -> Result<FaceGroup>;
    /// How many groups an application has, and some of them, by identifier.
    async fn face_groups(
        &self,
        application: i64,
        start: u32,
        length: u32,
    ) -> Result<(u64, Vec<FaceGroup>)>;
    /// Lets these applications of the same owner search a group, and no others.
    async fn share_face_group(&self, act: &Act, id: &str, with: &[String]) -> Result<()>;

    /// Creates a user of a group.
    async fn create_face_user(&self, act: &Act, group: &str, new: &NewFaceUser) -> Result<()>;
    /// Changes what is given of a user.
    async fn change_face_user(&self, act: &Act, group: &str, new: &NewFaceUser) -> Result<()>;
    /// The users of that identifier: in a group, or in every group of the application.
    async fn face_user(
        &self,
        application: i64,
        group: Option<&str>,
        user: &str,
    ) -> Result<Vec<FaceUser>>;
    /// The users of these row numbers; those that are gone are left out.
    async fn face_users_in(&self, rows: &[i64]) -> Result<Vec<FaceUser>>;
    /// The row numbers of these users of a group; those that are not there are left out.
    async fn face_user_rows(&self, group_row: i64, users: &[String]) -> Result<Vec<i64>>;
    /// How many users a group has, and some of their identifiers.
    async fn face_users(
        &self,
        application: i64,
        group: &str,
        start: u32,
        length: u32,
    ) -> Result<(u64, Vec<String>)>;
    /// Deletes users with their faces, from a group or from every group of the application.
    async fn delete_face_users(
        &self,
        act: &Act,
        group: Option<&str>,
        users: &[String],
    ) -> Result<FacesChanged>;
    /// Deletes a user whose faces all are among these tokens; `None`, and nothing done, where it has
    /// another.
    async fn delete_copied_user(
        &self,
        act: &Act,
        group: &str,
        user: &str,
        tokens: &[String],
    ) -> Result<Option<FacesChanged>>;
    /// Adds users of the group `from`, at that revision, to the group `to`.
    async fn copy_face_users(
        &self,
        act: &Act,
        from: &FaceGroup,
        to: &FaceGroup,
        users: &[CopiedUser],
        limits: FaceLimits,
    ) -> Result<FacesChanged>;

    /// Whether faces of a user could be added, so many of them.
    async fn check_face_room(
        &self,
        group: &FaceGroup,
        user: &str,
        mode: FaceMode,
        faces: u64,
        limits: FaceLimits,
    ) -> Result<()>;
    /// Adds a face.
    async fn add_face(&self, act: &Act, new: &NewFace, limits: FaceLimits) -> Result<FacesChanged>;
    /// Deletes a face.
    async fn delete_face(
        &self,
        act: &Act,
        group: &str,
        user: &str,
        token: &str,
    ) -> Result<FacesChanged>;
    /// The faces of a user, oldest first.
    async fn faces(&self, application: i64, group: &str, user: &str) -> Result<Vec<StoredFace>>;
    /// A face of the application by its token.
    async fn face_of_token(&self, application: i64, token: &str) -> Result<Option<StoredFace>>;
    /// Whether a face has the picture of this key.
    async fn has_face_image(&self, image: &str) -> Result<bool>;
    /// Reads every face of a group in one state of the database, oldest first, `at_once` at a time; answers
    /// the group's revision in that state.
    async fn read_group_faces(&self, group_row: i64, at_once: u32, sink: FaceSink) -> Result<i64>;
    /// The group of that row number, where it is there and not being cleaned.
    async fn face_group_at(&self, row: i64) -> Result<Option<FaceGroup>>;
    /// Those of these row numbers whose groups are there and not being cleaned.
    async fn ready_face_groups(&self, rows: &[i64]) -> Result<Vec<i64>>;

    /// Notes something that was done and changed nothing.
    async fn note_face_act(
        &self,
        act: &Act,
        action: &str,
        groups: &str,
        users: &str,
        count: u64,
    ) -> Result<()>;
    /// What was done with the faces of an application, the newest first; of one user where given.
    async fn face_audit(
        &self,
        application: i64,
        user: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FaceAudit>>;
    /// Destroys the keys of all groups of an application; the rows go with [`Faces::clean_faces`].
    async fn erase_faces(&self, act: &Act) -> Result<ErasedFaces>;
    /// One step of a sweep: deletes rows of groups that are being cleaned, and faces past their
    /// retention. Nothing changed means that there is nothing left to do.
    async fn clean_faces(&self, now: Millis) -> Result<FacesChanged>;
    /// Forgets what was done before `before`.
    async fn forget_face_audit(&self, before: Millis) -> Result<u64>;
    /// Notes until `expires_at` that a session of action liveness was used; `false` where it was used
    /// before.
    async fn use_liveness_session(&self, nonce: &[u8; 8], expires_at: Millis) -> Result<bool>;
    /// Forgets the used sessions that have ended.
    async fn forget_liveness_sessions(&self, now: Millis) -> Result<u64>;
    /// Folds the log into the database and empties it, so that what was deleted is in neither.
    async fn scrub(&self) -> Result<()>;
    /// Pauses the libraries of all applications, or ends the pause.
    async fn pause_faces(&self, paused: bool) -> Result<()>;
    /// Whether they are paused.
    async fn faces_paused(&self) -> Result<bool>;
}
