//! Users: `POST /api/portrait/library/user-create`, `-update`, `-get`, `-list`, `-copy`, `-delete`,
//! `-export`.

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Input, Output};
use safelight_store::{Act, CopiedUser, FaceGroup, FaceUser, FacesChanged, NewFaceUser};

use super::{OWN, act};
use crate::app::Stored;
use crate::endpoints::{Asked, Own};
use crate::library::kinds::{ALL, Bytes, Id, IdOrAll, Ids};
use crate::library::transfer::encode;
use crate::library::{Refusable, place_in, refusal};
use crate::reply::{Reply, internal};

/// Most bytes of what is said of a user.
const INFO: usize = 256;
/// Most users of a request.
const USERS: usize = 20;
/// Entries of the audit that are exported with a user.
const AUDIT: u32 = 10_000;
/// How often a copy starts again where the source was changed meanwhile.
const ATTEMPTS: u32 = 3;

/// What is said of each.
pub(crate) static CREATE: Own = Own {
    path: "/api/portrait/library/user-create",
    sign: "portrait_library_user_create",
    name: "Create a user of a group of faces",
    summary: "Creates a user, whose faces can then be added. Adding a face creates its user too.",
    fields: NewUser::FIELDS,
    answer: UserId::shape,
    ..OWN
};
pub(crate) static UPDATE: Own = Own {
    path: "/api/portrait/library/user-update",
    sign: "portrait_library_user_update",
    name: "Change a user of a group of faces",
    summary: "Changes what is remembered of a user.",
    fields: NewUser::FIELDS,
    answer: UserId::shape,
    ..OWN
};
pub(crate) static GET: Own = Own {
    path: "/api/portrait/library/user-get",
    sign: "portrait_library_user_get",
    name: "A user of groups of faces",
    summary: "What is remembered of a user, in one group or in every group.",
    fields: OneUser::FIELDS,
    answer: Users::shape,
    reads: true,
    ..OWN
};
pub(crate) static LIST: Own = Own {
    path: "/api/portrait/library/user-list",
    sign: "portrait_library_user_list",
    name: "Users of a group of faces",
    summary: "Lists the users of a group, by identifier.",
    fields: Listing::FIELDS,
    answer: Listed::shape,
    reads: true,
    ..OWN
};
pub(crate) static COPY: Own = Own {
    path: "/api/portrait/library/user-copy",
    sign: "portrait_library_user_copy",
    name: "Copy users to another group of faces",
    summary: "Copies users with their faces to another group of the same scene. Pictures that were kept \
              are not copied.",
    fields: Copy::FIELDS,
    answer: Copied::shape,
    ..OWN
};
pub(crate) static DELETE: Own = Own {
    path: "/api/portrait/library/user-delete",
    sign: "portrait_library_user_delete",
    name: "Delete users of groups of faces",
    summary: "Deletes users with their faces: from one group, or from every group.",
    fields: Deletion::FIELDS,
    answer: Deleted::shape,
    ..OWN
};
pub(crate) static EXPORT: Own = Own {
    path: "/api/portrait/library/user-export",
    sign: "portrait_library_user_export",
    name: "All that is kept of a user of faces",
    summary: "All that is kept of a person: in every group the user, the faces with their embeddings, \
              the consent, and what was done with them. For requests of access.",
    fields: Export::FIELDS,
    answer: Exported::shape,
    reads: true,
    ..OWN
};

#[derive(Input)]
struct NewUser {
    /// The group.
    #[kind(Id)]
    group_id: String,
    /// Identifier of the user: up to 128 letters, digits and `_`.
    #[kind(Id)]
    user_id: String,
    /// What to remember of the user, up to 256 bytes.
    #[kind(Bytes(INFO))]
    user_info: Option<String>,
    /// What consent was given, when, and where that is written; up to 256 bytes.
    #[kind(Bytes(INFO))]
    consent_note: Option<String>,
}

#[derive(Input)]
struct OneUser {
    /// The user.
    #[kind(Id)]
    user_id: String,
    /// The group. Without it, or with `@ALL`, every group.
    #[kind(IdOrAll)]
    group_id: Option<String>,
}

#[derive(Input)]
struct Listing {
    /// The group.
    #[kind(Id)]
    group_id: String,
    /// How many to skip.
    #[integer(0..=1_000_000_000)]
    #[field(default = 0)]
    start: u32,
    /// How many to list.
    #[integer(1..=1000)]
    #[field(default = 100)]
    length: u32,
}

#[derive(Input)]
struct Copy {
    /// The group that users are copied from.
    #[kind(Id)]
    src_group_id: String,
    /// The group that they are copied to.
    #[kind(Id)]
    dst_group_id: String,
    /// The users, up to 20.
    #[kind(Ids(USERS, Code::TooManyUidsInUidList))]
    #[field(alias = "user_id")]
    user_id_list: Vec<String>,
}

#[derive(Input)]
struct Deletion {
    /// The users, up to 20.
    #[kind(Ids(USERS, Code::TooManyUidsInUidList))]
    #[field(alias = "user_id")]
    user_id_list: Vec<String>,
    /// The group. Without it, they are deleted from every group.
    #[kind(IdOrAll)]
    group_id: Option<String>,
}

#[derive(Input)]
struct Export {
    /// The user.
    #[kind(Id)]
    user_id: String,
}

#[derive(Output)]
struct UserId {
    /// Identifier of the user.
    #[output(path = "data.user_id")]
    user_id: String,
}

#[derive(Output)]
struct Users {
    /// The user in each group.
    #[output(path = "data.user_list")]
    user_list: Vec<User>,
}

#[derive(Output)]
struct User {
    /// The group.
    group_id: String,
    /// The user.
    user_id: String,
    /// What is remembered of the user.
    user_info: String,
    /// What consent was given.
    consent_note: String,
    /// When the user was created, in Unix seconds.
    created_at: i64,
}

impl From<FaceUser> for User {
    fn from(user: FaceUser) -> Self {
        Self {
            group_id: user.group,
            user_id: user.id,
            user_info: user.info,
            consent_note: user.consent_note,
            created_at: user.created_at / 1000,
        }
    }
}

#[derive(Output)]
struct Listed {
    /// How many users the group has.
    #[output(path = "data.total")]
    total: u64,
    /// Their identifiers.
    #[output(path = "data.user_id_list")]
    user_id_list: Vec<String>,
}

#[derive(Output)]
struct Copied {
    /// How many users were copied.
    #[output(path = "data.copied")]
    copied: u64,
    /// How many faces.
    #[output(path = "data.faces")]
    faces: u64,
}

#[derive(Output)]
struct Deleted {
    /// How many users were deleted, each group counted.
    #[output(path = "data.deleted")]
    deleted: u64,
    /// How many faces.
    #[output(path = "data.faces")]
    faces: u64,
}

#[derive(Output)]
struct Exported {
    /// The user in each group.
    #[output(path = "data.user_list")]
    user_list: Vec<User>,
    /// The faces.
    #[output(path = "data.face_list")]
    face_list: Vec<Face>,
    /// What was done with the faces of users of this identifier, the newest first.
    #[output(path = "data.audit")]
    audit: Vec<Entry>,
}

#[derive(Output)]
struct Face {
    /// The group.
    group_id: String,
    /// Token of the face.
    face_token: String,
    /// How fit for recognition it is, 0 to 100.
    quality_score: f64,
    /// When it was added, in Unix seconds.
    ctime: i64,
    /// Its embedding: 128 little-endian numbers of 32 bits, in Base64.
    embedding: String,
    /// Whether its picture is kept, which face-image answers.
    image_stored: bool,
}

#[derive(Output)]
struct Entry {
    /// What was done.
    action: String,
    /// When, in Unix seconds.
    at: i64,
    /// In which groups, with commas between.
    group_id: String,
    /// The request.
    request_id: String,
}

impl From<NewUser> for NewFaceUser {
    fn from(user: NewUser) -> Self {
        Self { id: user.user_id, info: user.user_info, consent_note: user.consent_note }
    }
}

pub(crate) async fn create(asked: Asked) -> Result<Reply> {
    let request = NewUser::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let group = request.group_id.clone();
    let there = asked.app.store.face_group(act.application, &group, false).await;
    there.or_refused("reading a group")?;
    asked.app.library.settings.check_consent(request.consent_note.as_deref())?;
    let user = NewFaceUser::from(request);
    let created = asked.app.store.create_face_user(&act, &group, &user).await;
    created.or_refused("creating a user")?;
    Reply::of(&asked.trace, UserId { user_id: user.id })
}

pub(crate) async fn update(asked: Asked) -> Result<Reply> {
    let request = NewUser::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let group = request.group_id.clone();
    let user = NewFaceUser::from(request);
    let changed = asked.app.store.change_face_user(&act, &group, &user).await;
    changed.or_refused("changing a user")?;
    Reply::of(&asked.trace, UserId { user_id: user.id })
}

pub(crate) async fn get(asked: Asked) -> Result<Reply> {
    let OneUser { user_id, group_id } = OneUser::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let group = group_id.as_deref().filter(|group| *group != ALL);
    let users = asked.app.store.face_user(act.application, group, &user_id).await;
    let users = users.or_refused("reading a user")?;
    Reply::of(&asked.trace, Users { user_list: users.into_iter().map(User::from).collect() })
}

pub(crate) async fn list(asked: Asked) -> Result<Reply> {
    let Listing { group_id, start, length } = Listing::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let listed = asked.app.store.face_users(act.application, &group_id, start, length).await;
    let (total, user_id_list) = listed.or_refused("listing users")?;
    Reply::of(&asked.trace, Listed { total, user_id_list })
}

pub(crate) async fn delete(asked: Asked) -> Result<Reply> {
    let Deletion { user_id_list, group_id } = Deletion::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let group = group_id.as_deref().filter(|group| *group != ALL);
    let deleted = asked.app.store.delete_face_users(&act, group, &user_id_list).await;
    let deleted = deleted.or_refused("deleting users")?;
    asked.app.library.follow(&deleted, &[]).await;
    // Tokens in memory may show the same people.
    asked.app.library.forget_tokens(act.application);
    Reply::of(&asked.trace, Deleted { deleted: deleted.users, faces: deleted.faces })
}

pub(crate) async fn copy(asked: Asked) -> Result<Reply> {
    let request = Copy::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let (store, library) = (&asked.app.store, &asked.app.library);
    for attempt in 1..=ATTEMPTS {
        let group = async |id: &str| {
            store.face_group(act.application, id, false).await.or_refused("reading a group")
        };
        let (from, to) = (group(&request.src_group_id).await?, group(&request.dst_group_id).await?);
        let (users, added) = read_copies(&asked, &act, &request, &from, &to).await?;
        let copied = store.copy_face_users(&act, &from, &to, &users, library.limits()).await;
        let copied = match copied {
            Err(safelight_store::StoreError::Refused(safelight_store::Refused::Changed(_)))
                if attempt < ATTEMPTS =>
            {
                continue;
            }
            copied => copied.or_refused("copying users")?,
        };
        let rows = copied.changes.iter().flat_map(|change| &change.added);
        let added: Vec<_> =
            rows.zip(added).map(|((face, _), embedding)| (*face, embedding)).collect();
        library.follow(&copied, &added).await;
        let FacesChanged { users, faces, .. } = copied;
        return Reply::of(&asked.trace, Copied { copied: users, faces });
    }
    let message = "the group is changed all the time, it cannot be copied from now";
    Err(Fault::new(Code::TaskConflict, message))
}

/// The users with their faces sealed for the new group, and the embeddings in the order of the faces.
async fn read_copies(
    asked: &Asked,
    act: &Act,
    request: &Copy,
    from: &FaceGroup,
    to: &FaceGroup,
) -> Result<(Vec<CopiedUser>, Vec<safelight_library::Embedding>)> {
    let (store, library) = (&asked.app.store, &asked.app.library);
    let (mut users, mut embeddings) = (Vec::new(), Vec::new());
    let (old, new) = (library.key(from)?, library.key(to)?);
    for id in &request.user_id_list {
        let user = store.face_user(act.application, Some(&from.id), id).await;
        let user = user.or_refused("reading a user")?.into_iter().next();
        let user =
            user.ok_or_else(|| refusal(&safelight_store::Refused::UserNotFound(id.clone())))?;
        if from.scene != to.scene || from.model != to.model {
            let scenes = safelight_store::Refused::SceneMismatch(from.id.clone(), to.id.clone());
            return Err(refusal(&scenes));
        }
        let faces = store.faces(act.application, &from.id, id).await;
        let mut faces = faces.or_refused("reading faces")?;
        for face in &mut faces {
            let embedding = old.open_embedding(&face.sealed, &place_in(from.row, &face.token));
            let embedding = embedding.map_err(|_| internal("opening a face", &"it was altered"))?;
            let sealed = new.seal_embedding(&embedding, &place_in(to.row, &face.token));
            face.sealed = sealed.map_err(|error| internal("encrypting a face", &error))?;
            face.image = None;
            embeddings.push(embedding);
        }
        users.push(CopiedUser { user, faces });
    }
    Ok((users, embeddings))
}

pub(crate) async fn export(asked: Asked) -> Result<Reply> {
    let Export { user_id } = Export::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let (store, library) = (&asked.app.store, &asked.app.library);
    let users = store.face_user(act.application, None, &user_id).await;
    let users = users.or_refused("reading a user")?;
    let mut face_list = Vec::new();
    for user in &users {
        let group = store.face_group(act.application, &user.group, false).await;
        let group = group.or_refused("reading a group")?;
        let key = library.key(&group)?;
        let faces = store.faces(act.application, &user.group, &user_id).await;
        for face in faces.or_refused("reading faces")? {
            let embedding = key.open_embedding(&face.sealed, &place_in(group.row, &face.token));
            let embedding = embedding.map_err(|_| internal("opening a face", &"it was altered"))?;
            face_list.push(Face {
                group_id: user.group.clone(),
                face_token: face.token,
                quality_score: face.quality,
                ctime: face.created_at / 1000,
                embedding: encode(&embedding),
                image_stored: face.image.is_some(),
            });
        }
    }
    let count = face_list.len() as u64;
    let noted = store.note_face_act(&act, "user-export", ALL, &user_id, count).await;
    noted.or_internal("noting an export")?;
    let entries = store.face_audit(act.application, Some(&user_id), AUDIT).await;
    let audit = entries.or_internal("reading the audit")?.into_iter().map(|entry| Entry {
        action: entry.action,
        at: entry.at / 1000,
        group_id: entry.group_id,
        request_id: entry.request_id,
    });
    let audit = audit.collect();
    let user_list = users.into_iter().map(User::from).collect();
    Reply::of(&asked.trace, Exported { user_list, face_list, audit })
}
