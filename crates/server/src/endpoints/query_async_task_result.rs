//! `GET /api/common/query-async-task-result`: where a task stands, and its result.
//!
//! A task that waits is reported as 1, processing, like one that a worker has: several clients take
//! every status but 1 and 2 for a failure.

use safelight_contract::{Code, Fault, Result, shortened};
use safelight_store::{Task, TaskState};
use serde_json::{Map, Value, json};

use crate::admission::{Load, Patience, Permit};
use crate::app::{App, Stored, now};
use crate::auth::authenticate;
use crate::endpoints::{Call, required};
use crate::reply::Reply;
use crate::urls;

/// Where it is.
pub(crate) const PATH: &str = "/api/common/query-async-task-result";

const PROCESSING: u8 = 1;
const DONE: u8 = 2;

/// Answers of more bytes are read under a permit; what is smaller is not worth a place in a queue.
const LARGE: u64 = 256 << 10;
/// Copies of an answer that lie in memory together: the row's, the parsed one and the text.
const COPIES: u64 = 4;

pub(crate) async fn handle(call: Call) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let (parts, _) = request.into_parts();
    let principal = authenticate(&app, &trace, &parts.headers).await?;
    let id = required(&parts, "task_id")?;
    let task = find(&app, principal.application.id, "task_id", &id).await?;
    if trace.signed_in().is_some() && task.state == TaskState::Done {
        let charge = app.store.charge(&task.request_id).await.or_internal("looking up a charge")?;
        trace.task_charged(charge.unwrap_or_default());
    }
    let patience = Patience::Client(app.settings.limits.queue_wait());
    let (answer, permit) = answer(&app, &task, patience).await?;
    let reply = Reply::new(&trace, polled(&app, &task, answer, &urls::base(&app, &parts))?)?;
    Ok(match permit {
        Some(permit) => reply.holding(permit),
        None => reply,
    })
}

/// The answer of a task that is done, read under a permit for its memory where it is large.
///
/// # Errors
/// `AI_SERVICE_FLOW_RESTRICTION` where there is no room for it.
pub(crate) async fn answer(
    app: &App,
    task: &Task,
    patience: Patience,
) -> Result<(Option<Value>, Option<Permit>)> {
    if task.state != TaskState::Done {
        return Ok((None, None));
    }
    let permit = match task.answer_bytes > LARGE {
        true => {
            let load = Load::bytes(task.answer_bytes.saturating_mul(COPIES));
            Some(app.work.acquire(task.application, load, patience).await?)
        }
        false => None,
    };
    let answer = app.store.task_answer(task.application, &task.id).await;
    Ok((answer.or_internal("reading an answer")?, permit))
}

/// What is answered to who asks for a task with this answer; URLs start with `base`.
pub(crate) fn polled(
    app: &App,
    task: &Task,
    answer: Option<Value>,
    base: &str,
) -> Result<Map<String, Value>> {
    match task.state {
        TaskState::Queued | TaskState::Processing => Ok(pending()),
        TaskState::Done => done(answer.unwrap_or_default(), base),
        TaskState::Failed => Err(task.fault.clone().unwrap_or_else(|| {
            Fault::new(Code::UnknownError, "the task failed without saying why")
        })),
        TaskState::Revoked => {
            Err(Fault::new(Code::TaskRevoked, "the task was revoked before its start"))
        }
        TaskState::Stopped => {
            Err(Fault::new(Code::TaskStoppedProcessing, "the task was stopped at work"))
        }
        TaskState::Reclaimed => Err(reclaimed(app)),
    }
}

/// The task of the application with this id; what `name` says is the parameter that named it.
pub(super) async fn find(app: &App, application: i64, name: &str, id: &str) -> Result<Task> {
    let task = app.store.task(application, id).await.or_internal("reading the task")?;
    let task = task.ok_or_else(|| {
        let shown = shortened(id);
        Fault::new(Code::ResourceNotFound, format!("{name} `{shown}` is no task of yours"))
    })?;
    // The sweep may not have come by yet.
    let over = |ended: i64| ended + app.settings.results.ttl_millis() <= now();
    if task.ended_at.is_some_and(over) {
        return Err(reclaimed(app));
    }
    Ok(task)
}

pub(super) fn reclaimed(app: &App) -> Fault {
    let hours = app.settings.results.ttl_hours;
    Fault::new(
        Code::ResourceReclaimed,
        format!("the task ended more than {hours} hours ago, its result is deleted"),
    )
}

fn pending() -> Map<String, Value> {
    Map::from_iter([("task_status".to_owned(), json!(PROCESSING))])
}

/// The answer at top level, the status beside it and, for clients that look there alone, in `data`, which
/// answers without one get for it.
fn done(mut answer: Value, base: &str) -> Result<Map<String, Value>> {
    urls::resolve(&mut answer, base);
    let Value::Object(mut fields) = answer else {
        return Err(Fault::new(Code::ServiceInternalError, "the task's answer is lost"));
    };
    if let Value::Object(data) = fields.entry("data").or_insert_with(|| json!({})) {
        data.insert("task_status".to_owned(), json!(DONE));
    }
    fields.insert("task_status".to_owned(), json!(DONE));
    Ok(fields)
}
