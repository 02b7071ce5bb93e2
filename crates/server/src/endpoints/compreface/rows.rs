//! Subjects and faces: what needs no model.

use axum::extract::Request;
use safelight_contract::{Code, Fault};
use safelight_imaging::{Format, probe};
use safelight_library::Embedding;
use safelight_store::{
    CopiedUser, FaceGroup, FaceLimits, FaceMode, FaceUser, NewFace, NewFaceUser, Refused,
    StoreError, StoredFace,
};
use serde_json::{Value, json};

use super::collection::{Collection, GROUP, image_id, name_of};
use super::refusal::Refusal;
use super::{Admitted, Answered, MAX_TEXT, Result};
use crate::app::Stored;
use crate::body::{self, Memory};
use crate::endpoints::library::faces::picture;
use crate::library::{Refusable, act, place_in, refusal};
use crate::reply::internal;

/// Most faces of a page, and most identifiers of a deletion.
const MOST: u64 = 1000;

impl Admitted {
    fn collection(&self) -> Collection {
        let request = &self.trace.ids.request_id;
        let act = act(self.principal.application.id, self.principal.key, request);
        Collection { library: self.app.library.clone(), act }
    }

    /// What the path names.
    fn named(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    fn query(&self, name: &str) -> Option<String> {
        let query = self.request.uri().query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name)?.1.into_owned();
        Some(found).filter(|value| !value.is_empty())
    }

    /// A whole number of the query string.
    fn number(&self, name: &str, default: u64, most: u64) -> Result<u64> {
        let Some(text) = self.query(name) else { return Ok(default) };
        let found = text.parse().ok().filter(|number| *number <= most);
        found.ok_or_else(|| {
            let message = format!(
                "{name} is `{}`, allowed are 0 to {most}",
                safelight_contract::shortened(&text)
            );
            Fault::new(Code::UnsupportedParameterValues, message).into()
        })
    }

    /// The body, which is JSON, and the memory that it counts in.
    async fn json(self) -> Result<(Collection, Value, Option<Memory>)> {
        let collection = self.collection();
        let (app, trace) = (&self.app, &self.trace);
        let application = self.principal.application.id;
        let request: Request = self.request;
        let (text, memory) = body::receive_json(app, trace, application, request).await?;
        if text.len() > MAX_TEXT {
            let message = format!("the body has {} bytes, the limit is {MAX_TEXT}", text.len());
            return Err(Fault::new(Code::ContentTooLong, message).into());
        }
        let value = serde_json::from_slice(&text).map_err(|error| {
            Fault::new(Code::ErrorParameters, format!("the body is not JSON: {error}"))
        })?;
        Ok((collection, value, memory))
    }
}

/// The member `subject` of a body.
fn subject_in(body: &Value) -> Result<&str> {
    let subject = body.get("subject").and_then(Value::as_str);
    let missing = || Fault::new(Code::MissingParameters, "subject is missing in the body");
    Ok(subject.ok_or_else(missing)?)
}

pub(super) async fn subjects(visit: Admitted) -> Result<Answered> {
    let collection = visit.collection();
    let (mut subjects, mut start) = (Vec::new(), 0);
    loop {
        let page = collection.page(start).await?;
        if page.is_empty() {
            subjects.sort_unstable();
            return Answered::ok(&json!({ "subjects": subjects }));
        }
        start += page.len() as u32;
        subjects.extend(page.iter().map(|user| name_of(user).to_owned()));
    }
}

pub(super) async fn add_subject(visit: Admitted) -> Result<Answered> {
    let (collection, body, _memory) = visit.json().await?;
    let subject = subject_in(&body)?;
    let new = collection.new_user(subject)?;
    if collection.find(subject).await?.is_some() {
        return Err(refusal(&Refused::UserExists(subject.to_owned())).into());
    }
    collection.group_or_new().await?;
    let created = collection.library.store.create_face_user(&collection.act, GROUP, &new).await;
    created.or_refused("creating a user")?;
    Answered::json(201, &json!({ "subject": subject }))
}

pub(super) async fn delete_subject(visit: Admitted) -> Result<Answered> {
    let collection = visit.collection();
    let user = collection.subject(visit.named("subject")).await?;
    collection.delete_users(std::slice::from_ref(&user.id)).await?;
    Answered::ok(&json!({ "subject": name_of(&user) }))
}

pub(super) async fn delete_subjects(visit: Admitted) -> Result<Answered> {
    let collection = visit.collection();
    let mut deleted = 0;
    loop {
        let page = collection.page(0).await?;
        if page.is_empty() {
            return Answered::ok(&json!({ "deleted": deleted }));
        }
        let ids: Vec<String> = page.into_iter().map(|user| user.id).collect();
        deleted += collection.delete_users(&ids).await?;
    }
}

/// Renames a subject. Where there is one of the new name, the faces join it.
pub(super) async fn rename_subject(visit: Admitted) -> Result<Answered> {
    let old = visit.named("subject").to_owned();
    let (collection, body, _memory) = visit.json().await?;
    let subject = subject_in(&body)?;
    let new = collection.new_user(subject)?;
    let user = collection.subject(&old).await?;
    let done = Answered::ok(&json!({ "updated": true }));
    if old == subject {
        return done;
    }
    let group = collection.group_or_new().await?;
    loop {
        let faces = collection.faces(&user).await?;
        match collection.find(subject).await? {
            Some(target) => join(&collection, &group, &target, &faces).await?,
            None => copy(&collection, &group, &user, &new, &faces).await?,
        }
        // Where the process ended here, the same call once more ends the work. A face that was
        // added meanwhile goes along in the next round.
        let joined = collection.faces(&collection.subject(subject).await?).await?;
        let kept: Vec<String> = joined.into_iter().filter_map(|face| face.image).collect();
        let tokens: Vec<String> = faces.into_iter().map(|face| face.token).collect();
        if collection.delete_copied(&user, &tokens, &kept).await? {
            return done;
        }
    }
}

/// The embeddings of faces of the group.
fn open(
    collection: &Collection,
    group: &FaceGroup,
    faces: &[StoredFace],
) -> Result<Vec<Embedding>> {
    let key = collection.library.key(group)?;
    let open = |face: &StoredFace| {
        let opened = key.open_embedding(&face.sealed, &place_in(group.row, &face.token));
        opened.map_err(|_| internal("opening a face", &"it was altered").into())
    };
    faces.iter().map(open).collect()
}

/// The limits while a subject and its copy both exist: twice those of the group and of the application.
fn limits(collection: &Collection) -> FaceLimits {
    let limits = collection.library.limits();
    FaceLimits {
        group: limits.group.saturating_mul(2),
        application: limits.application.saturating_mul(2),
        ..limits
    }
}

/// Makes a subject with the faces of another.
async fn copy(
    collection: &Collection,
    group: &FaceGroup,
    user: &FaceUser,
    new: &NewFaceUser,
    faces: &[StoredFace],
) -> Result<()> {
    let info = new.info.clone().unwrap_or_default();
    let copied = CopiedUser {
        user: FaceUser { id: new.id.clone(), info, ..user.clone() },
        faces: faces.to_vec(),
    };
    let (store, limits) = (&collection.library.store, limits(collection));
    let made = store.copy_face_users(&collection.act, group, group, &[copied], limits).await;
    let changed = made.or_refused("renaming a user")?;
    let rows = changed.changes.iter().flat_map(|change| &change.added).map(|(face, _)| *face);
    let added: Vec<_> = rows.zip(open(collection, group, faces)?).collect();
    collection.library.follow(&changed, &added).await;
    Ok(())
}

/// Adds faces to a subject that is there, but those that it has. Where it has no room for all of them,
/// nothing is added.
async fn join(
    collection: &Collection,
    group: &FaceGroup,
    target: &FaceUser,
    faces: &[StoredFace],
) -> Result<()> {
    let (store, limits) = (&collection.library.store, limits(collection));
    let own = collection.faces(target).await?;
    let is_new = |face: &&StoredFace| own.iter().all(|other| other.token != face.token);
    let more = faces.iter().filter(is_new).count() as u64;
    if more > 0 {
        let room = store.check_face_room(group, &target.id, FaceMode::Append, more, limits).await;
        room.or_refused("looking for room")?;
    }
    for (face, embedding) in faces.iter().zip(open(collection, group, faces)?) {
        let new = NewFace {
            group_row: group.row,
            user: NewFaceUser { id: target.id.clone(), ..NewFaceUser::default() },
            token: face.token.clone(),
            sealed: face.sealed.clone(),
            quality: face.quality,
            image: face.image.clone(),
            mode: FaceMode::Append,
            revision: None,
        };
        let changed = match store.add_face(&collection.act, &new, limits).await {
            Ok(changed) => changed,
            Err(StoreError::Refused(Refused::FaceExists(_))) => continue,
            Err(error) => return Err(error).or_refused("joining users").map_err(Refusal::from),
        };
        let rows = changed.changes.iter().flat_map(|change| &change.added);
        let added: Vec<_> = rows.map(|(row, _)| (*row, embedding)).collect();
        collection.library.follow(&changed, &added).await;
    }
    Ok(())
}

fn shown(face: &StoredFace, user: &FaceUser) -> Value {
    json!({ "image_id": image_id(&face.token), "subject": name_of(user) })
}

/// A page of the faces, of one subject or of all. Those before it are read too.
pub(super) async fn faces(visit: Admitted) -> Result<Answered> {
    let collection = visit.collection();
    let (page, size) = (visit.number("page", 0, 1 << 40)?, visit.number("size", 20, MOST)?);
    let (start, mut seen, mut shown_faces) = (page.saturating_mul(size), 0_u64, Vec::new());
    let mut take = |user: &FaceUser, faces: &[StoredFace]| {
        for face in faces {
            if seen >= start && (shown_faces.len() as u64) < size {
                shown_faces.push(shown(face, user));
            }
            seen += 1;
        }
        shown_faces.len() as u64 == size
    };
    let total = match visit.query("subject") {
        Some(subject) => match collection.find(&subject).await? {
            Some(user) => {
                let faces = collection.faces(&user).await?;
                take(&user, &faces);
                faces.len() as u64
            }
            None => 0,
        },
        None => {
            let mut first = 0;
            'pages: loop {
                let users = collection.page(first).await?;
                if users.is_empty() {
                    break;
                }
                first += users.len() as u32;
                for user in users {
                    if take(&user, &collection.faces(&user).await?) {
                        break 'pages;
                    }
                }
            }
            collection.group().await?.map_or(0, |group| group.faces)
        }
    };
    Answered::ok(&json!({
        "faces": shown_faces,
        "page_number": page,
        "page_size": size,
        "total_pages": if size == 0 { 0 } else { total.div_ceil(size) },
        "total_elements": total,
    }))
}

pub(super) async fn delete_faces_of(visit: Admitted) -> Result<Answered> {
    let collection = visit.collection();
    let mut deleted = 0_u64;
    match visit.query("subject") {
        Some(subject) => {
            let user = collection.subject(&subject).await?;
            deleted += delete_all(&collection, &user).await?;
        }
        None => {
            let mut first = 0;
            loop {
                let users = collection.page(first).await?;
                if users.is_empty() {
                    break;
                }
                first += users.len() as u32;
                for user in &users {
                    deleted += delete_all(&collection, user).await?;
                }
            }
        }
    }
    Answered::ok(&json!({ "deleted": deleted }))
}

/// Deletes the faces of a subject; answers how many there were.
async fn delete_all(collection: &Collection, user: &FaceUser) -> Result<u64> {
    let mut deleted = 0;
    for face in collection.faces(user).await? {
        deleted += u64::from(collection.delete(&face, user).await?);
    }
    Ok(deleted)
}

pub(super) async fn delete_face(visit: Admitted) -> Result<Answered> {
    let (collection, id) = (visit.collection(), visit.named("image_id"));
    let unknown = || refusal(&Refused::FaceNotFound(safelight_contract::shortened(id)));
    let (face, user) = collection.face(id).await?.ok_or_else(unknown)?;
    if !collection.delete(&face, &user).await? {
        return Err(unknown().into());
    }
    Answered::ok(&shown(&face, &user))
}

/// Deletes several faces; answers those that were there.
pub(super) async fn delete_faces(visit: Admitted) -> Result<Answered> {
    let (collection, body, _memory) = visit.json().await?;
    let Some(ids) = body.as_array().filter(|ids| ids.len() as u64 <= MOST) else {
        let message = format!("the body must be a list of up to {MOST} identifiers");
        return Err(Fault::new(Code::ParameterConversionFailed, message).into());
    };
    let mut deleted = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        let Some((face, user)) = collection.face(id).await? else { continue };
        if collection.delete(&face, &user).await? {
            deleted.push(shown(&face, &user));
        }
    }
    Answered::ok(&Value::Array(deleted))
}

/// The picture of a face, as it was sent; nothing where none was kept.
pub(super) async fn image(visit: Admitted) -> Result<Answered> {
    let (collection, id) = (visit.collection(), visit.named("image_id"));
    let unknown = || {
        let shown = safelight_contract::shortened(id);
        Refusal::image_not_found(format!("there is no face {shown}"))
    };
    let (face, user) = collection.face(id).await?.ok_or_else(unknown)?;
    let group = collection.group().await?.ok_or_else(unknown)?;
    let picture = picture(&visit.app, &group, &face).await?.unwrap_or_default();
    let store = &collection.library.store;
    let noted = store.note_face_act(&collection.act, "face-image", GROUP, &user.id, 1).await;
    noted.or_internal("noting who saw a picture")?;
    let kind = match probe(&picture).map(|header| header.format) {
        Ok(Format::Jpeg) => "image/jpeg",
        Ok(Format::Png) => "image/png",
        Ok(Format::Bmp) => "image/bmp",
        Ok(Format::WebP) => "image/webp",
        _ => "application/octet-stream",
    };
    Ok(Answered { status: 200, kind, body: picture.into() })
}
