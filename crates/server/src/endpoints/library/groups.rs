//! Groups: `POST /api/portrait/library/group-create`, `-update`, `-delete`, `-list`, `-share`.

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Input, Output};
use safelight_services::recognition::Scene;
use safelight_store::{FaceGroup, NewFaceGroup};

use super::{OWN, act};
use crate::app::Stored;
use crate::endpoints::{Asked, Own};
use crate::library::kinds::{Id, Names};
use crate::library::{Refusable, new_group};
use crate::reply::Reply;

/// Most characters of a group's name.
const NAME: usize = 60;
/// Most applications that a group is shared with.
const SHARES: usize = 10;

/// What is said of each.
pub(crate) static CREATE: Own = Own {
    path: "/api/portrait/library/group-create",
    sign: "portrait_library_group_create",
    name: "Create a group of faces",
    summary: "Creates a group, which users and their faces belong to. Its faces are encrypted with a \
              key of its own.",
    fields: NewGroup::FIELDS,
    answer: GroupId::shape,
    ..OWN
};
pub(crate) static UPDATE: Own = Own {
    path: "/api/portrait/library/group-update",
    sign: "portrait_library_group_update",
    name: "Change a group of faces",
    summary: "Changes the name or the retention of a group.",
    fields: ChangedGroup::FIELDS,
    answer: GroupId::shape,
    ..OWN
};
pub(crate) static DELETE: Own = Own {
    path: "/api/portrait/library/group-delete",
    sign: "portrait_library_group_delete",
    name: "Delete a group of faces",
    summary: "Destroys the key of a group at once, so that nothing of it can be opened any more; its \
              rows follow within moments, until when calls on it answer \
              ERROR_CLEANING_USER_GROUP_DATA.",
    fields: OneGroup::FIELDS,
    answer: Deleted::shape,
    ..OWN
};
pub(crate) static LIST: Own = Own {
    path: "/api/portrait/library/group-list",
    sign: "portrait_library_group_list",
    name: "Groups of faces",
    summary: "Lists the groups of the application, by identifier.",
    fields: Page::FIELDS,
    answer: Listed::shape,
    reads: true,
    ..OWN
};
pub(crate) static SHARE: Own = Own {
    path: "/api/portrait/library/group-share",
    sign: "portrait_library_group_share",
    name: "Share a group of faces",
    summary: "Lets other applications of the same owner search a group. They can neither list nor \
              change it. The list replaces the one before; an empty list ends the sharing.",
    fields: Shared::FIELDS,
    answer: Shares::shape,
    ..OWN
};

#[derive(Input)]
struct NewGroup {
    /// Identifier of the group: up to 128 letters, digits and `_`.
    #[kind(Id)]
    group_id: String,
    /// Name for people, unique in the library.
    #[text(NAME)]
    group_name: Option<String>,
    /// What kind of pictures it will hold.
    #[choice]
    #[field(default = Scene::Live)]
    scene_type: Scene,
    /// Days after which faces are erased. Without it, they stay.
    #[integer(1..=3650)]
    retention_days: Option<u32>,
}

#[derive(Input)]
struct ChangedGroup {
    /// Identifier of the group.
    #[kind(Id)]
    group_id: String,
    /// Its new name.
    #[text(NAME)]
    group_name: Option<String>,
    /// Days after which faces are erased, also those that are there.
    #[integer(1..=3650)]
    retention_days: Option<u32>,
}

#[derive(Input)]
struct OneGroup {
    /// Identifier of the group.
    #[kind(Id)]
    group_id: String,
}

/// Part of a listing.
#[derive(Input)]
pub(super) struct Page {
    /// How many to skip.
    #[integer(0..=1_000_000_000)]
    #[field(default = 0)]
    pub start: u32,
    /// How many to list.
    #[integer(1..=1000)]
    #[field(default = 100)]
    pub length: u32,
}

#[derive(Input)]
struct Shared {
    /// Identifier of the group.
    #[kind(Id)]
    group_id: String,
    /// Names of the other applications, up to 10.
    #[kind(Names(SHARES))]
    app_list: Vec<String>,
}

#[derive(Output)]
struct GroupId {
    /// Identifier of the group.
    #[output(path = "data.group_id")]
    group_id: String,
}

#[derive(Output)]
struct Deleted {
    /// Identifier of the group.
    #[output(path = "data.group_id")]
    group_id: String,
    /// `cleaning`.
    #[output(path = "data.state")]
    state: &'static str,
}

#[derive(Output)]
struct Shares {
    /// Identifier of the group.
    #[output(path = "data.group_id")]
    group_id: String,
    /// The applications that may search it now.
    #[output(path = "data.app_list")]
    app_list: Vec<String>,
}

#[derive(Output)]
struct Listed {
    /// How many groups there are.
    #[output(path = "data.total")]
    total: u64,
    /// The groups.
    #[output(path = "data.group_list")]
    group_list: Vec<Row>,
}

#[derive(Output)]
struct Row {
    /// Identifier of the group.
    group_id: String,
    /// Its name.
    group_name: Option<String>,
    /// What kind of pictures it holds.
    scene_type: String,
    /// The model of its embeddings.
    model: String,
    /// `ready`, or `cleaning` while its rows are being deleted.
    state: &'static str,
    /// How many users it has.
    user_count: u64,
    /// How many faces it has.
    face_count: u64,
    /// Days after which faces are erased.
    retention_days: Option<u32>,
    /// When it was created, in Unix seconds.
    created_at: i64,
}

impl From<FaceGroup> for Row {
    fn from(group: FaceGroup) -> Self {
        Self {
            group_id: group.id,
            group_name: group.name,
            scene_type: group.scene,
            model: group.model,
            state: if group.wrapped_key.is_some() { "ready" } else { "cleaning" },
            user_count: group.users,
            face_count: group.faces,
            retention_days: group.retention_days,
            created_at: group.created_at / 1000,
        }
    }
}

pub(crate) async fn create(asked: Asked) -> Result<Reply> {
    let request = NewGroup::read(&asked.received.form)?;
    let (act, app) = (act(&asked).await?, &asked.app);
    let new = NewFaceGroup {
        name: request.group_name,
        scene: request.scene_type.word().to_owned(),
        retention_days: request.retention_days,
        ..new_group(&app.library.master, act.application, &request.group_id)?
    };
    let most = app.library.settings.max_groups.into();
    app.store.create_face_group(&act, &new, most).await.or_refused("creating a group")?;
    Reply::of(&asked.trace, GroupId { group_id: request.group_id })
}

pub(crate) async fn update(asked: Asked) -> Result<Reply> {
    let ChangedGroup { group_id, group_name, retention_days } =
        ChangedGroup::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let changed = asked.app.store.change_face_group(&act, &group_id, group_name, retention_days);
    changed.await.or_refused("changing a group")?;
    Reply::of(&asked.trace, GroupId { group_id })
}

pub(crate) async fn delete(asked: Asked) -> Result<Reply> {
    let OneGroup { group_id } = OneGroup::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let deleted = asked.app.store.delete_face_group(&act, &group_id).await;
    deleted.or_refused("deleting a group")?;
    asked.app.library.forget_tokens(act.application);
    // So that a copy of the database files made from now on does not hold the key.
    asked.app.library.scrub().await;
    Reply::of(&asked.trace, Deleted { group_id, state: "cleaning" })
}

pub(crate) async fn list(asked: Asked) -> Result<Reply> {
    let Page { start, length } = Page::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let listed = asked.app.store.face_groups(act.application, start, length).await;
    let (total, groups) = listed.or_internal("listing groups")?;
    let group_list = groups.into_iter().map(Row::from).collect();
    Reply::of(&asked.trace, Listed { total, group_list })
}

pub(crate) async fn share(asked: Asked) -> Result<Reply> {
    let Shared { group_id, app_list } = Shared::read(&asked.received.form)?;
    if let Some(empty) = app_list.iter().position(|name| name.trim().is_empty()) {
        let message = format!("app_list has an empty name at {empty}");
        return Err(Fault::new(Code::ParametersCannotEmpty, message));
    }
    let act = act(&asked).await?;
    let shared = asked.app.store.share_face_group(&act, &group_id, &app_list).await;
    shared.or_refused("sharing a group")?;
    Reply::of(&asked.trace, Shares { group_id, app_list })
}
