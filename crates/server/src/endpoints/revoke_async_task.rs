//! `POST /api/common/revoke-async-task`: takes back a task that waits.

use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Input, Method, Output};
use safelight_store::{Task, TaskState};

use crate::app::{App, Stored, now};
use crate::endpoints::query_async_task_result::{find, reclaimed};
use crate::endpoints::{Asked, Own};
use crate::reply::Reply;
use crate::task_input;

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Post,
    path: "/api/common/revoke-async-task",
    sign: "common_revoke_async_task",
    name: "Revoke a task",
    summary: "Takes back a task that still waits; nothing is charged for it.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

#[derive(Input)]
pub(super) struct Request {
    /// Identifier of the task.
    #[text(200)]
    task_id: String,
}

#[derive(Output)]
pub(super) struct Answer {
    /// Identifier of the task.
    #[output(path = "data.task_id")]
    task_id: String,
    /// What became of it.
    #[output(path = "data.state")]
    state: &'static str,
}

/// Which tasks are ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Those that wait.
    Waiting,
    /// Those that are at work, too.
    Open,
}

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    end(asked, Ends::Waiting).await
}

/// Ends a task that has not ended, and answers what became of it.
pub(super) async fn end(asked: Asked, ends: Ends) -> Result<Reply> {
    let Request { task_id } = Request::read(&asked.received.form)?;
    let (id, state) = end_task(&asked.app, asked.principal.application.id, &task_id, ends).await?;
    Reply::of(&asked.trace, Answer { task_id: id, state: state.name() })
}

/// Ends a task of an application; answers its id and new state.
pub(crate) async fn end_task(
    app: &App,
    application: i64,
    task_id: &str,
    ends: Ends,
) -> Result<(String, TaskState)> {
    let task = find(app, application, "task_id", task_id).await?;
    let ended = match ends {
        Ends::Waiting => app.store.revoke_task(&task.id, now()).await,
        Ends::Open => app.store.cancel_task(&task.id, now()).await,
    };
    let Some(state) = ended.or_internal("ending the task")? else {
        let task = find(app, application, "task_id", task_id).await?;
        return Err(refusal(app, &task));
    };
    app.webhook_added.notify_one();
    match state {
        // Its worker deletes the input.
        TaskState::Stopped => app.running.stop(&task.id),
        _ => task_input::delete(app, &task.input).await,
    }
    Ok((task.id, state))
}

/// Why a task cannot be ended.
fn refusal(app: &App, task: &Task) -> Fault {
    let (code, message) = match task.state {
        TaskState::Revoked => (Code::TaskRevoked, "the task was revoked already".to_owned()),
        TaskState::Stopped => {
            (Code::TaskStoppedProcessing, "the task was stopped already".to_owned())
        }
        TaskState::Reclaimed => return reclaimed(app),
        TaskState::Processing => (
            Code::TaskRevocationFailed,
            "the task is processing; stop-async-task stops it".to_owned(),
        ),
        state => (Code::TaskRevocationFailed, format!("the task is {} already", state.name())),
    };
    Fault::new(code, message)
}
