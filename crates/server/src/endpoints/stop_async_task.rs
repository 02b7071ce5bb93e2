//! `POST /api/common/stop-async-task`: ends a task that waits or is at work.

use safelight_contract::Result;
use safelight_operation::{Input, Method, Output};

use crate::endpoints::revoke_async_task::{Answer, Ends, Request, end};
use crate::endpoints::{Asked, Own};
use crate::reply::Reply;

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Post,
    path: "/api/common/stop-async-task",
    sign: "common_stop_async_task",
    name: "Stop a task",
    summary: "Stops a task at its next stage, or takes it back where it still waits; nothing is \
              charged for it.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    end(asked, Ends::Open).await
}
