//! `GET /api/common/list-async-tasks`: the tasks of the application, newest first.

use safelight_contract::Result;
use safelight_operation::{Input, Method, Output};
use safelight_store::{Task, TaskFilter, TaskState};

use crate::app::Stored;
use crate::endpoints::{Asked, Own};
use crate::reply::Reply;

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Get,
    path: "/api/common/list-async-tasks",
    sign: "common_list_async_tasks",
    name: "Tasks",
    summary: "Lists the tasks of the application whose results are not reclaimed, newest first.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: true,
};

const STATES: &[(&str, TaskState, &str)] = &[
    (TaskState::Queued.name(), TaskState::Queued, "waits for a worker"),
    (TaskState::Processing.name(), TaskState::Processing, "is at work"),
    (TaskState::Done.name(), TaskState::Done, "ended well"),
    (TaskState::Failed.name(), TaskState::Failed, "ended with an error"),
    (TaskState::Revoked.name(), TaskState::Revoked, "was revoked while it waited"),
    (TaskState::Stopped.name(), TaskState::Stopped, "was stopped at work"),
];

#[derive(Input)]
struct Request {
    /// Only tasks in this state.
    #[choice(STATES)]
    state: Option<TaskState>,
    /// Only tasks of this batch.
    #[identifier(64)]
    batch_id: Option<String>,
    /// How many to skip.
    #[integer(0..=1_000_000_000)]
    #[field(default = 0)]
    start: u32,
    /// How many to list.
    #[integer(1..=1000)]
    #[field(default = 100)]
    length: u32,
}

#[derive(Output)]
struct Answer {
    /// How many there are.
    #[output(path = "data.total")]
    total: u64,
    /// The tasks.
    #[output(path = "data.tasks")]
    tasks: Vec<Row>,
}

#[derive(Output)]
struct Row {
    /// Identifier of the task.
    task_id: String,
    /// Path of the service.
    path: String,
    /// Where it stands.
    state: &'static str,
    /// The batch that it was submitted with.
    batch_id: Option<String>,
    /// When it was submitted, in Unix seconds.
    submitted_at: i64,
    /// When it ended, in Unix seconds.
    ended_at: Option<i64>,
    /// The error code of a task that failed.
    code: Option<&'static str>,
}

impl From<Task> for Row {
    fn from(task: Task) -> Self {
        Self {
            task_id: task.id,
            path: task.service,
            state: task.state.name(),
            batch_id: task.batch,
            submitted_at: task.created_at / 1000,
            ended_at: task.ended_at.map(|at| at / 1000),
            code: task.fault.map(|fault| fault.code().name()),
        }
    }
}

pub(crate) async fn handle(asked: Asked) -> Result<Reply> {
    let Request { state, batch_id: batch, start, length } = Request::read(&asked.received.form)?;
    let filter = TaskFilter { state, batch, start, length };
    let listed = asked.app.store.tasks(asked.principal.application.id, &filter).await;
    let (total, tasks) = listed.or_internal("listing the tasks")?;
    Reply::of(&asked.trace, Answer { total, tasks: tasks.into_iter().map(Row::from).collect() })
}
