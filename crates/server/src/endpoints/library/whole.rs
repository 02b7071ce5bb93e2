//! `POST /api/portrait/library/library-erase`: the whole library of an application goes.

use safelight_contract::{Code, Fault, Result, shortened};
use safelight_operation::{Input, Output};

use super::{OWN, act};
use crate::app::Stored;
use crate::endpoints::{Asked, Own};
use crate::reply::Reply;

/// What is said of it.
pub(crate) static ERASE: Own = Own {
    path: "/api/portrait/library/library-erase",
    sign: "portrait_library_library_erase",
    name: "Erase the library of faces",
    summary: "Destroys the keys of all groups and deletes all users and faces before it answers. On SQLite \
              what was deleted is overwritten, too.",
    fields: Request::FIELDS,
    answer: Erased::shape,
    ..OWN
};

#[derive(Input)]
struct Request {
    /// The name of the application, so that nobody erases by mistake.
    #[text(64)]
    confirm: String,
}

#[derive(Output)]
struct Erased {
    /// How many groups were erased.
    #[output(path = "data.groups")]
    groups: u64,
    /// How many users.
    #[output(path = "data.users")]
    users: u64,
    /// How many faces.
    #[output(path = "data.faces")]
    faces: u64,
}

pub(crate) async fn erase(asked: Asked) -> Result<Reply> {
    let Request { confirm } = Request::read(&asked.received.form)?;
    let act = act(&asked).await?;
    let name = &asked.principal.application.name;
    if confirm != *name {
        let message =
            format!("confirm is `{}`, it must be the application's name", shortened(&confirm));
        return Err(Fault::new(Code::UnsupportedParameterValues, message));
    }
    let erased = asked.app.store.erase_faces(&act).await.or_internal("erasing a library")?;
    asked.app.library.forget_tokens(act.application);
    asked.app.library.clean().await?;
    asked.app.library.scrub().await;
    let safelight_store::ErasedFaces { groups, users, faces } = erased;
    Reply::of(&asked.trace, Erased { groups, users, faces })
}
