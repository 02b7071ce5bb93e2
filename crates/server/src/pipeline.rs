//! One job's way through the server, whether a request or a task brings it: prepare, admit, run,
//! publish. Between admission and the run a request holds its price, and after the publication it
//! is charged; a task is charged when it ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{
    Cancel, Context, Cost, Endpoint, Form, Job, Lane, Piece, Stage, Threads,
};
use safelight_store::KeyKind;
use serde_json::{Map, Value};
use tokio::time::timeout_at;

use crate::admission::{Gate, Load, Patience, Permit};
use crate::app::App;
use crate::body::Memory;
use crate::jobs::{Jobs, Panicked};
use crate::library::Port;
use crate::publish::{NewFile, separate};
use crate::reply::apart;

/// How long blocking work of a job that has no worker slot waits for one.
const SLOT_WAIT: Duration = Duration::from_secs(60);

/// What a job may take, and what of its input lies in memory meanwhile.
pub(crate) struct Permits {
    /// For the work.
    pub work: Permit,
    /// For the input's files.
    pub input: Option<Memory>,
}

/// How a job ended.
pub(crate) struct Ran {
    pub outcome: Result<Made>,
    pub stages: Vec<Stage>,
    /// The permit for the work, to be kept for the result; gone when the job did not end in time.
    pub permit: Option<Permit>,
}

/// What a job made: its answer, and the result files that the answer refers to.
pub(crate) struct Made {
    pub fields: Map<String, Value>,
    pub files: Vec<NewFile>,
}

/// Reads and checks a form, apart from the asynchronous runtime's threads: the headers of large files
/// take a while. Says who makes the pictures, where engines can; in a sandbox, the job answers a sample.
/// Gives the form back.
pub(crate) async fn prepare(
    app: &App,
    (application, kind): (i64, KeyKind),
    endpoint: &'static Endpoint,
    form: Form,
) -> Result<(Job, Form)> {
    let read = move || match kind {
        KeyKind::Live => endpoint.prepare(&form).map(|job| (job, form)),
        KeyKind::Sandbox => endpoint.prepare_sample(&form).map(|job| (job, form)),
    };
    let (job, form) = apart("reading the request", read).await?;
    if kind == KeyKind::Sandbox {
        return Ok((job, form));
    }
    let (job, form) = moderated(app, application, endpoint, job, form).await?;
    match app.generator(application, endpoint, job.needs_engine()).await? {
        Some(generator) => Ok((job.made_by(generator), form)),
        None => Ok((job.natively()?, form)),
    }
}

/// Refuses forbidden words, and puts the pictures of the job under the operator's policy.
async fn moderated(
    app: &App,
    application: i64,
    endpoint: &'static Endpoint,
    job: Job,
    form: Form,
) -> Result<(Job, Form)> {
    let policy = &app.moderation;
    let names = match policy.has_exceptions() {
        true => app.names(application).await?,
        false => Vec::new(),
    };
    let rules = policy.rules(&names);
    policy.judge_texts(rules, endpoint, &form)?;
    match policy.judge(rules, endpoint) {
        Some(judge) => Ok((job.under(judge), form)),
        None => Ok((job, form)),
    }
}

/// What a job of this cost takes at the gate.
pub(crate) fn load(cost: Cost) -> Load {
    let slots = match cost.lane {
        Lane::Cpu => 1,
        Lane::None => 0,
    };
    Load { bytes: cost.bytes, pixels: cost.pixels, slots }
}

/// Waits for room to work for an application, and puts the input's memory out of others' reach.
pub(crate) async fn admit(
    app: &App,
    application: i64,
    cost: Cost,
    input: Option<Memory>,
    patience: Patience,
) -> Result<Permits> {
    let admission = app.work.acquire(application, load(cost), patience);
    let Some(input) = input else { return Ok(Permits { work: admission.await?, input: None }) };
    let work = input.unless_revoked(admission).await?;
    input.keep()?;
    Ok(Permits { work, input: Some(input) })
}

/// Whose work is done.
#[derive(Clone, Copy)]
pub(crate) struct Whose<'a> {
    pub application: i64,
    /// Number of the key of the request, where one was used.
    pub key: Option<i64>,
    pub request_id: &'a str,
}

/// Runs `job` for a request of an application, and puts what `reference` makes of their keys in the place of
/// result files. At the deadline the answer is `AI_SERVICE_TIMEOUT` at once, while blocking work
/// stops at its next stage and keeps the permits until then; the same holds when the returned future
/// is dropped.
pub(crate) async fn run(
    app: &App,
    whose: Whose<'_>,
    job: Job,
    permits: Permits,
    deadline: Duration,
    reference: impl Fn(&str) -> String + Send + 'static,
) -> Ran {
    let application = whose.application;
    let cancel = Cancel::after(deadline);
    let stop = StopOnDrop(cancel.clone());
    let end = cancel.deadline();
    let has_slot = job.cost().lane == Lane::Cpu;
    let permits = Arc::new(permits);
    let threads = JobThreads {
        jobs: app.jobs.clone(),
        slots: (!has_slot).then(|| (app.work.clone(), application)),
        permits: permits.clone(),
    };
    let rows = Port {
        library: app.library.clone(),
        application,
        key: whose.key,
        request_id: whose.request_id.to_owned(),
    };
    let context = Context::new(app.vision.clone(), cancel, Arc::new(threads));
    let context = context.with_rows(Arc::new(rows));
    let working = async {
        let node = job.run(context.clone()).await?;
        let separated = context.cpu(move |work| work.stage("finish", || separate(node, reference)));
        let (fields, files) = separated.await?;
        check_size(size_of(&fields), app.settings.limits.max_answer_bytes)?;
        Ok(Made { fields, files })
    };
    let ended = timeout_at(end.into(), AssertUnwindSafe(working).catch_unwind()).await;
    drop(stop);
    let outcome = match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(unexpected(&Panicked::new(&*panic))),
        Err(_) => Err(Fault::new(Code::AiServiceTimeout, "the work was stopped at its deadline")),
    };
    let stages = context.stages();
    drop(context);
    let permit = Arc::into_inner(permits).map(|Permits { work, input }| {
        drop(input);
        work
    });
    Ran { outcome, stages, permit }
}

/// Refuses an answer that is too large.
pub(crate) fn check_size(bytes: u64, most: u64) -> Result<()> {
    if bytes <= most {
        return Ok(());
    }
    let message = format!("the answer has about {bytes} bytes, the limit of this server is {most}");
    Err(Fault::new(Code::ResponseBodyTooLarge, message))
}

/// How many bytes a value takes as JSON, but for what has to be escaped.
fn size(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len() as u64,
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(items) => items.iter().map(|item| size(item) + 1).sum::<u64>() + 2,
        Value::Object(fields) => size_of(fields) + 2,
    }
}

fn size_of(fields: &Map<String, Value>) -> u64 {
    fields.iter().map(|(name, value)| name.len() as u64 + 4 + size(value)).sum()
}

fn unexpected(panicked: &Panicked) -> Fault {
    tracing::error!(panic = %panicked.0, "a job panicked");
    Fault::new(Code::UnknownError, "the work ended with an unexpected error")
}

/// The threads of the jobs, for the blocking work of one job. Each piece keeps the job's permits
/// until it ends, also when nobody waits for it any more.
struct JobThreads {
    jobs: Arc<Jobs>,
    /// Where a piece takes a worker slot, and for which application, where the job holds none.
    slots: Option<(Arc<Gate>, i64)>,
    permits: Arc<Permits>,
}

impl Threads for JobThreads {
    fn run(&self, piece: Piece) -> BoxFuture<'static, Result<()>> {
        let (jobs, slots, permits) = (self.jobs.clone(), self.slots.clone(), self.permits.clone());
        async move {
            let slot = match slots {
                None => None,
                Some((gate, application)) => {
                    let need = Load { bytes: 0, pixels: 0, slots: 1 };
                    Some(gate.acquire(application, need, Patience::Admitted(SLOT_WAIT)).await?)
                }
            };
            let ran = jobs.run(move || {
                piece();
                drop((permits, slot));
            });
            ran.await.map_err(|panicked| unexpected(&panicked))
        }
        .boxed()
    }
}

/// Orders a job to stop when nobody waits for it any more. Harmless after its end.
struct StopOnDrop(Cancel);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
