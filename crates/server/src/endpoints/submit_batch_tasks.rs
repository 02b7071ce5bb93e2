//! `POST /api/common/submit-batch-tasks`: several tasks at once, of any services. Each item is
//! accepted or refused by itself.

use axum::extract::Request as HttpRequest;
use bytes::Bytes;
use safelight_contract::{Code, Fault, Result, failure};
use safelight_operation::{Delivery, Fields, Form, Input, Json, Kind, MAX_URL, Method, Output};
use safelight_store::{Callback, Principal};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{self, Entered, task_state};
use crate::body::{self, Memory, Received};
use crate::disk;
use crate::endpoints::service::Caller;
use crate::endpoints::{Call, Own};
use crate::idempotency::{self, Keyed};
use crate::references;
use crate::reply::Reply;
use crate::sandbox::Simulation;
use crate::trace::Trace;
use crate::{urls, webhooks};

/// What is said of it.
pub(crate) static OWN: Own = Own {
    method: Method::Post,
    path: "/api/common/submit-batch-tasks",
    sign: "common_submit_batch_tasks",
    name: "Submit several tasks",
    summary: "Submits up to ten tasks of any services, synchronous ones too. The body is JSON; each \
              item holds the `path` of its service and the service's fields, files as Base64, URL or \
              upload. An item that is refused does not keep the others back.",
    fields: Request::FIELDS,
    answer: Answer::shape,
    reads: false,
};

/// Most items.
const MOST: usize = 10;

/// The items of a batch; they are read one by one.
struct Items;

impl Kind for Items {
    type Value = Vec<Value>;

    fn parse(&self, name: &str, text: &str) -> Result<Vec<Value>> {
        Json::<Vec<Value>>::new().parse(name, text)
    }

    fn schema(&self) -> Value {
        serde_json::json!({
            "type": "array",
            "minItems": 1,
            "maxItems": MOST,
            "items": {
                "type": "object",
                "properties": { "path": { "type": "string" } },
                "required": ["path"],
            },
        })
    }

    fn show(&self, _: &Vec<Value>) -> Value {
        Value::Null
    }
}

/// For the documentation.
#[derive(Input)]
#[expect(dead_code, reason = "the items are read from the body one by one")]
struct Request {
    /// The tasks.
    #[kind(Items)]
    items: Vec<Value>,
    /// Where the end of each task is posted, as a signed webhook.
    #[text(MAX_URL)]
    callback_url: Option<String>,
}

#[derive(Output)]
struct Answer {
    /// Identifier of the batch, which list-async-tasks takes.
    #[output(path = "data.batch_id")]
    batch_id: String,
    /// What became of each item.
    #[output(path = "data.tasks")]
    tasks: Vec<Submitted>,
}

#[derive(Output)]
struct Submitted {
    /// Place of the item, from 0.
    index: u32,
    /// Identifier of its task, where it was accepted.
    task_id: Option<String>,
    /// Why it was refused, else.
    error_detail: Option<Value>,
}

pub(crate) async fn handle(call: Call) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let entered = auth::enter(&app, &trace, request.headers()).await?;
    let Entered { principal, simulation, at_work } = entered;
    let application = principal.application.id;
    disk::check_room(&app, principal.kind).await?;
    let (parts, body) = request.into_parts();
    let (key, base) = (idempotency::key(&principal, &parts.headers)?, urls::base(&app, &parts));
    let request = HttpRequest::from_parts(parts, body);
    let (text, memory) = body::receive_json(&app, &trace, application, request).await?;
    let text = Bytes::from(text);
    let keyed = Keyed::body(key, &text).await?;
    let (shared, traced) = (app.clone(), trace.clone());
    let work = async move {
        let _at_work = at_work;
        let caller = (&principal, simulation);
        submit(&app, &trace, caller, (&text, memory.as_ref()), &base).await
    };
    idempotency::once(&shared, &traced, (application, OWN.path), keyed, work).await
}

/// Submits the tasks of a body.
async fn submit(
    app: &App,
    trace: &Trace,
    (principal, simulation): (&Principal, Option<Simulation>),
    (text, memory): (&[u8], Option<&Memory>),
    base: &str,
) -> Result<Reply> {
    let (items, form) = read(text)?;
    let callback = webhooks::callback(app, principal.application.id, &form, base).await?;
    let batch_id = format!("b_{}", Uuid::new_v4().simple());
    let batch = Batch { app, trace, principal, simulation, memory, id: &batch_id, callback };
    let mut tasks = Vec::with_capacity(items.len());
    for (index, item) in (0..).zip(items) {
        tasks.push(match batch.submit(item).await {
            Ok(id) => Submitted { index, task_id: Some(id), error_detail: None },
            Err(fault) => {
                let (_, mut envelope) = failure(&trace.ids, &fault, app.edition());
                let detail = envelope["error_detail"].take();
                Submitted { index, task_id: None, error_detail: Some(detail) }
            }
        });
    }
    Reply::of(trace, Answer { batch_id, tasks })
}

/// The items in a body, and its other fields.
///
/// # Errors
/// Those of the body; `MISSING_PARAMETERS`, `PARAMETERS_CANNOT_EMPTY` and
/// `ERROR_BATCH_TASK_LIMIT_EXCEEDED` for the list.
fn read(text: &[u8]) -> Result<(Vec<&RawValue>, Form)> {
    let body = body::object(text, "the body")?;
    let (mut found, mut form) = (None, Form::new());
    body::add_members(Fields::new(&[], Delivery::Async.parameters()), body, &mut form)?;
    body::each(body, &mut |name, value| {
        if name == "items" && found.is_none() {
            found = Some(value);
        }
        Ok(())
    })?;
    let list = found.ok_or_else(|| Fault::new(Code::MissingParameters, "items is missing"))?;
    if !list.get().starts_with('[') {
        return Err(Fault::new(Code::ParameterConversionFailed, "items is not a list"));
    }
    let mut items = Vec::new();
    body::each(list, &mut |_, item| {
        if items.len() == MOST {
            let message = format!("items has more than {MOST} items, which is the limit");
            return Err(Fault::new(Code::BatchTaskLimitExceeded, message));
        }
        items.push(item);
        Ok(())
    })?;
    match items.is_empty() {
        true => Err(Fault::new(Code::ParametersCannotEmpty, "items is an empty list")),
        false => Ok((items, form)),
    }
}

struct Batch<'a> {
    app: &'a App,
    trace: &'a Trace,
    principal: &'a Principal,
    /// That of the body, which others may need before all items are submitted.
    memory: Option<&'a Memory>,
    /// What a sandbox request asks for, each of its tasks alike.
    simulation: Option<Simulation>,
    id: &'a str,
    callback: Option<Callback>,
}

impl Batch<'_> {
    /// Submits the task of one item, and answers its id.
    async fn submit(&self, item: &RawValue) -> Result<String> {
        let Self { app, trace, principal, id, .. } = *self;
        self.memory.map_or(Ok(()), Memory::check)?;
        let simulation = self.simulation.clone();
        let item = body::object(item.get().as_bytes(), "the item")?;
        let path = path(item)?;
        let endpoint = app.service(&path).ok_or_else(|| {
            let shown: String = path.chars().take(120).collect();
            Fault::new(Code::AiNotExists, format!("there is no service at {shown}"))
        })?;
        let state = task_state(app, principal, endpoint)?;
        let (application, fields) = (principal.application.id, endpoint.accepts());
        let mut form = Form::new();
        // The strings that are copied out of the body, in the worst case all of it.
        let memory = app.bodies.open(application);
        let copied = item.get().len() as u64;
        memory.grow(copied, app.settings.limits.queue_wait()).await?;
        body::add_members(fields, item, &mut form)?;
        let received = Received { form, memory: Some(memory) };
        let resolving = references::resolve(app, trace, application, fields, received);
        let received = match self.memory {
            Some(body) => body.unless_revoked(resolving).await?,
            None => resolving.await?,
        };
        let request_id = Uuid::new_v4().hyphenated().to_string().to_uppercase();
        let caller = Caller { app, trace, principal, state, endpoint, simulation, request_id };
        caller.submit(received, Some(id.to_owned()), self.callback.clone()).await
    }
}

/// The path of an item's service.
fn path(item: &RawValue) -> Result<String> {
    let mut found = None;
    body::each(item, &mut |name, value| {
        if name == "path" && found.is_none() {
            found = serde_json::from_str(value.get()).ok();
        }
        Ok(())
    })?;
    found.ok_or_else(|| Fault::new(Code::MissingParameters, "path is missing, or is not a text"))
}
