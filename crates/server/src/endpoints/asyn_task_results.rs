//! `GET /api/image/asyn-task-results`: the older way to ask for a task, by the request id of its
//! submission. Clients of the cartoon generator still use it. The path is misspelt in the contract.

use safelight_contract::{Code, Fault, Result, shortened};
use safelight_store::{Task, TaskState};
use serde_json::{Map, Value, json};

use crate::admission::Patience;
use crate::auth::authenticate;
use crate::endpoints::query_async_task_result::{answer, find, reclaimed};
use crate::endpoints::{Call, required};
use crate::reply::Reply;
use crate::urls;

/// Where it is.
pub(crate) const PATH: &str = "/api/image/asyn-task-results";

/// The documented values of `type`. Which one is sent makes no difference.
const TYPES: [&str; 2] = ["GENERATE_CARTOONIZED_IMAGE", "HD_COLOUR_MIGRATION"];

pub(crate) async fn handle(call: Call) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let (parts, _) = request.into_parts();
    let principal = authenticate(&app, &trace, &parts.headers).await?;
    let id = required(&parts, "job_id")?;
    let kind = required(&parts, "type")?;
    if !TYPES.contains(&kind.as_str()) {
        let shown = shortened(&kind);
        let allowed = TYPES.join(", ");
        return Err(Fault::new(
            Code::UnsupportedParameterValues,
            format!("type is `{shown}`, allowed are {allowed}"),
        ));
    }
    let task = find(&app, principal.application.id, "job_id", &id).await?;
    if task.state == TaskState::Reclaimed {
        return Err(reclaimed(&app));
    }
    let status = status(&task, app.settings.tasks.max_attempts);
    let mut data = Map::from_iter([("status".to_owned(), json!(status))]);
    let patience = Patience::Client(app.settings.limits.queue_wait());
    let (answer, _permit) = answer(&app, &task, patience).await?;
    if let Some(answer) = answer {
        add_urls(&mut data, answer, &urls::base(&app, &parts));
    }
    Reply::new(&trace, Map::from_iter([("data".to_owned(), Value::Object(data))]))
}

fn status(task: &Task, max_attempts: u32) -> &'static str {
    let code = task.fault.as_ref().map(Fault::code);
    match (task.state, code) {
        (TaskState::Queued, _) => "QUEUING",
        (TaskState::Processing, _) => "PROCESSING",
        (TaskState::Done, _) => "PROCESS_SUCCESS",
        (TaskState::Failed, Some(Code::AiServiceTimeout)) => "TIMEOUT_FAILED",
        (TaskState::Failed, Some(Code::AiServiceError)) if task.attempt >= max_attempts => {
            "LIMIT_RETRY_FAILED"
        }
        _ => "PROCESS_FAILED",
    }
}

fn add_urls(data: &mut Map<String, Value>, mut answer: Value, base: &str) {
    let urls = urls::resolve(&mut answer, base);
    if let Some(first) = urls.first() {
        data.insert("result_url".to_owned(), json!(first));
    }
    data.insert("image_list".to_owned(), json!(urls));
}
