//! `POST /api/common/delete-file`: deletes an upload before its life is over.

use safelight_contract::Result;
use safelight_operation::{Input, Method, Output};

use crate::endpoints::{Asked, Own};
use crate::reply::Reply;
use crate::uploads;

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Post,
    path: "/api/common/delete-file",
    sign: "common_delete_file",
    name: "Delete an upload",
    summary: "Deletes an upload, unless a task that has not ended works on it.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

#[derive(Input)]
struct Request {
    /// Identifier of the file.
    #[identifier(64)]
    file_id: String,
}

#[derive(Output)]
struct Answer {
    /// Identifier of the file.
    #[output(path = "data.file_id")]
    file_id: String,
}

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    let Request { file_id } = Request::read(&asked.received.form)?;
    let application = asked.principal.application.id;
    uploads::delete(&asked.app, application, "file_id", &file_id).await?;
    Reply::of(&asked.trace, Answer { file_id })
}
