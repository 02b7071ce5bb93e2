//! `GET /api/common/query-file`: where an upload stands.

use safelight_contract::Result;
use safelight_operation::{Input, Method, Output};

use crate::endpoints::upload_file::{Answer, told};
use crate::endpoints::{Asked, Own};
use crate::reply::Reply;
use crate::uploads;

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Get,
    path: "/api/common/query-file",
    sign: "common_query_file",
    name: "State of an upload",
    summary: "Tells what an upload is and how long it lives; of one that could not be fetched, why.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: true,
};

#[derive(Input)]
struct Request {
    /// Identifier of the file.
    #[identifier(64)]
    file_id: String,
}

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    let Request { file_id } = Request::read(&asked.received.form)?;
    let application = asked.principal.application.id;
    let upload = uploads::find(&asked.app, application, "file_id", &file_id).await?;
    Reply::of(&asked.trace, told(upload)?)
}
