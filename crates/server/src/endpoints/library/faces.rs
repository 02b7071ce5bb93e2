//! Faces of a user: `POST /api/portrait/library/face-list`, `face-delete`, `face-image`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Input, Output};
use safelight_store::{FaceGroup, Refused, StoredFace};

use super::{OWN, act};
use crate::app::{App, Stored};
use crate::endpoints::{Asked, Own};
use crate::library::kinds::Id;
use crate::library::{Refusable, place_in, refusal};
use crate::reply::Reply;

/// What is said of each.
pub(crate) static LIST: Own = Own {
    path: "/api/portrait/library/face-list",
    sign: "portrait_library_face_list",
    name: "Faces of a user",
    summary: "Lists the faces of a user of a group, the oldest first.",
    fields: OneUser::FIELDS,
    answer: Listed::shape,
    reads: true,
    ..OWN
};
pub(crate) static DELETE: Own = Own {
    path: "/api/portrait/library/face-delete",
    sign: "portrait_library_face_delete",
    name: "Delete a face",
    summary: "Deletes a face of a user of a group.",
    fields: OneFace::FIELDS,
    answer: Token::shape,
    ..OWN
};
pub(crate) static IMAGE: Own = Own {
    path: "/api/portrait/library/face-image",
    sign: "portrait_library_face_image",
    name: "The picture of a face",
    summary: "The picture that a face was added with, where it was kept.",
    fields: OneFace::FIELDS,
    answer: Image::shape,
    reads: true,
    ..OWN
};

#[derive(Input)]
struct OneUser {
    /// The group.
    #[kind(Id)]
    group_id: String,
    /// The user.
    #[kind(Id)]
    user_id: String,
}

#[derive(Input)]
struct OneFace {
    /// The group.
    #[kind(Id)]
    group_id: String,
    /// The user.
    #[kind(Id)]
    user_id: String,
    /// Token of the face.
    #[kind(Id)]
    face_token: String,
}

#[derive(Output)]
struct Listed {
    /// The faces.
    #[output(path = "data.face_list")]
    face_list: Vec<Row>,
}

#[derive(Output)]
struct Row {
    /// Token of the face.
    face_token: String,
    /// When it was added, in Unix seconds.
    ctime: i64,
    /// How fit for recognition it is, 0 to 100.
    quality_score: f64,
    /// Whether its picture is kept.
    image_stored: bool,
}

#[derive(Output)]
struct Token {
    /// Token of the face.
    #[output(path = "data.face_token")]
    face_token: String,
}

#[derive(Output)]
struct Image {
    /// The picture as it was sent, in Base64.
    #[output(path = "data.image")]
    image: String,
}

pub(crate) async fn list(asked: Asked) -> Result<Reply> {
    let OneUser { group_id, user_id } = OneUser::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let faces = asked.app.store.faces(act.application, &group_id, &user_id).await;
    let faces = faces.or_refused("listing faces")?.into_iter().map(|face| Row {
        face_token: face.token,
        ctime: face.created_at / 1000,
        quality_score: face.quality,
        image_stored: face.image.is_some(),
    });
    Reply::of(&asked.trace, Listed { face_list: faces.collect() })
}

pub(crate) async fn delete(asked: Asked) -> Result<Reply> {
    let OneFace { group_id, user_id, face_token } = OneFace::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let deleted = asked.app.store.delete_face(&act, &group_id, &user_id, &face_token).await;
    let deleted = deleted.or_refused("deleting a face")?;
    asked.app.library.follow(&deleted, &[]).await;
    asked.app.library.forget_token(act.application, &face_token);
    Reply::of(&asked.trace, Token { face_token })
}

pub(crate) async fn image(asked: Asked) -> Result<Reply> {
    let OneFace { group_id, user_id, face_token } = OneFace::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let store = &asked.app.store;
    let group = store.face_group(act.application, &group_id, false).await;
    let group = group.or_refused("reading a group")?;
    let faces = store.faces(act.application, &group_id, &user_id).await;
    let faces = faces.or_refused("reading faces")?;
    let face = faces.into_iter().find(|face| face.token == face_token);
    let face = face.ok_or_else(|| refusal(&Refused::FaceNotFound(face_token.clone())))?;
    let kept_none = || Fault::new(Code::ContentNotFound, "no picture of the face was kept");
    let picture = picture(&asked.app, &group, &face).await?.ok_or_else(kept_none)?;
    let noted = store.note_face_act(&act, "face-image", &group_id, &user_id, 1).await;
    noted.or_internal("noting who saw a picture")?;
    Reply::of(&asked.trace, Image { image: BASE64_STANDARD.encode(picture) })
}

/// The picture of a face, where one was kept.
///
/// # Errors
/// `ERROR_GET_FACE_IMAGE_FAILED`.
pub(crate) async fn picture(
    app: &App,
    group: &FaceGroup,
    face: &StoredFace,
) -> Result<Option<Vec<u8>>> {
    let Some(blob) = &face.image else { return Ok(None) };
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the picture of a face cannot be read");
        Fault::new(Code::GetFaceImageFailed, "the picture of the face cannot be read")
    };
    let sealed = app.blobs.get(blob).await.map_err(|error| unreadable(&error))?;
    let place = place_in(group.row, &face.token);
    let picture = app.library.key(group)?.open(&sealed, &place);
    picture.map(Some).map_err(|_| unreadable(&"it was altered"))
}
