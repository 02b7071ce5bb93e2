//! The endpoints of libraries of faces that need no model: groups, users, faces, the whole.

pub(crate) mod faces;
pub(crate) mod groups;
pub(crate) mod users;
pub(crate) mod whole;

use safelight_contract::Result;
use safelight_operation::Method;
use safelight_store::Act;

use crate::endpoints::{Asked, Own};
use crate::library;

/// What holds for all of them; the rest remains to be said.
const OWN: Own = Own {
    method: Method::Post,
    path: "",
    sign: "",
    name: "",
    summary: "",
    fields: &[],
    answer: || safelight_operation::Shape::Any,
    reads: false,
};

/// Who acts, while the libraries are not paused.
async fn act(asked: &Asked) -> Result<Act> {
    asked.app.library.check_open().await?;
    let principal = &asked.principal;
    let request = &asked.trace.ids.request_id;
    Ok(library::act(principal.application.id, principal.key, request))
}
