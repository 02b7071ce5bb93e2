//! The workers of asynchronous tasks.
//!
//! A worker claims a task under a lease, does its work like that of a request, writes the result
//! files and ends the task, which charges it. When the process dies in between, the lease runs out
//! (or the next start puts the task back) and the task is tried again; it is charged where it ends,
//! so never twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, Job};
use safelight_store::{Outcome, Task, TaskState};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::admission::Patience;
use crate::app::{App, Stored, now};
use crate::body::Room;
use crate::pipeline::{self, Made, Permits, Ran};
use crate::publish::{publish, withdraw};
use crate::references;
use crate::task_input;
use crate::urls::marked;

/// How often an idle worker looks for tasks that nobody announced: those whose lease is over.
const POLL: Duration = Duration::from_secs(5);
/// How long a task waits for memory before it is put back.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a lease leaves for reading the input and writing the result.
const MARGIN: Duration = Duration::from_secs(60);

/// Runs the workers. When the server closes they claim nothing more; when `cut` becomes true, what
/// is at work is stopped and put back.
pub(crate) async fn work(app: Arc<App>, cut: watch::Receiver<bool>) {
    let mut workers = JoinSet::new();
    for _ in 0..app.settings.tasks.worker_count() {
        workers.spawn(serve(app.clone(), cut.clone()));
    }
    while workers.join_next().await.is_some() {}
}

async fn serve(app: Arc<App>, cut: watch::Receiver<bool>) {
    let mut closing = app.closing.subscribe();
    while !*closing.borrow_and_update() {
        let idle = match claim(&app).await {
            Ok(Some(task)) => {
                // Others may wait behind it.
                app.task_added.notify_one();
                process(&app, task, cut.clone()).await
            }
            Ok(None) => Some(POLL),
            Err(_) => Some(POLL),
        };
        let Some(pause) = idle else { continue };
        tokio::select! {
            () = app.task_added.notified() => {}
            () = sleep(pause) => {}
            _ = closing.changed() => {}
        }
    }
}

/// The longest that a task may be at work.
fn lease(app: &App) -> Duration {
    // A batch makes tasks of every service.
    let longest = app.endpoints().map(|endpoint| app.deadline(endpoint)).max();
    let longest = longest.unwrap_or_default();
    longest + PATIENCE + MARGIN
}

async fn claim(app: &App) -> Result<Option<Task>> {
    let until = now() + lease(app).as_millis() as i64;
    let task = app.store.claim_task(until, app.settings.tasks.max_attempts, now()).await;
    task.or_internal("claiming a task")
}

/// Why a task did not come to an end.
enum Cut {
    /// There was no room for it, or the store failed: to be tried again after a pause.
    Later(Fault),
    /// The server shuts down.
    Shutdown,
    /// It was stopped: its row says so already.
    Stopped,
}

/// Does a task's work and ends or parks the task. Answers how long to wait before the next one.
async fn process(app: &App, task: Task, mut cut: watch::Receiver<bool>) -> Option<Duration> {
    let ended = tokio::select! {
        ended = attempt(app, &task) => ended,
        _ = cut.wait_for(|cut| *cut) => Err(Cut::Shutdown),
    };
    match ended {
        Ok(()) => None,
        Err(Cut::Later(fault)) => {
            tracing::warn!(task = %task.id, %fault, "a task is put back");
            park(app, &task).await;
            Some(POLL)
        }
        Err(Cut::Shutdown) => {
            park(app, &task).await;
            None
        }
        Err(Cut::Stopped) => {
            // Another worker may have it, whose lease came later; else nobody needs the input.
            if !is_open(app, &task).await.unwrap_or(true) {
                task_input::delete(app, &task.input).await;
            }
            None
        }
    }
}

/// Whether a task has not ended.
async fn is_open(app: &App, task: &Task) -> Result<bool> {
    let current = app.store.task(task.application, &task.id).await.or_internal("reading a task")?;
    let open = [TaskState::Queued, TaskState::Processing];
    Ok(current.is_some_and(|current| open.contains(&current.state)))
}

async fn park(app: &App, task: &Task) {
    if let Err(error) = app.store.park_task(&task.id, task.attempt).await {
        // Its lease runs out, then it is taken again.
        tracing::error!(%error, task = %task.id, "a task could not be put back");
    }
}

async fn attempt(app: &App, task: &Task) -> Result<(), Cut> {
    let Some(endpoint) = app.service(&task.service) else {
        let path = &task.service;
        let fault = Fault::new(Code::AiNotExists, format!("{path} does not exist any more"));
        return finish(app, task, Err(fault)).await;
    };
    let outcome = run(app, endpoint, task).await?;
    app.metrics.count_task(endpoint.spec().path, label(&outcome));
    finish(app, task, outcome).await
}

fn label(outcome: &Result<Ended>) -> &'static str {
    outcome.as_ref().map_or_else(|fault| fault.code().name(), |_| "OK")
}

/// The answer of a task, and the keys of its result files.
struct Ended {
    answer: Value,
    files: Vec<String>,
}

/// Reads the input and waits for room to work; `AI_SERVICE_FLOW_RESTRICTION` when there is none.
async fn prepare(app: &App, endpoint: &'static Endpoint, task: &Task) -> Result<(Job, Permits)> {
    let size = task_input::size(app, &task.input).await?;
    let input = app.bodies.open(task.application);
    input.keep()?;
    input.grow(size, PATIENCE).await?;
    let mut form = task_input::load(app, &task.input).await?;
    let room = Room::for_task(&input, PATIENCE);
    references::follow(app, task.application, endpoint.accepts(), &mut form, &room).await?;
    let (job, _) = pipeline::prepare(app, task.application, endpoint, form).await?;
    let patience = Patience::Worker(PATIENCE);
    let permits = pipeline::admit(app, task.application, job.cost(), Some(input), patience).await?;
    Ok((job, permits))
}

/// The work itself. The inner result is the task's, the outer one says that it was cut off.
async fn run(app: &App, endpoint: &'static Endpoint, task: &Task) -> Result<Result<Ended>, Cut> {
    let at_work = app.running.enter(&task.id);
    // It may have been stopped before it could be told.
    if !is_open(app, task).await.map_err(Cut::Later)? {
        return Err(Cut::Stopped);
    }
    let (job, permits) = match at_work.unless_stopped(prepare(app, endpoint, task)).await? {
        Ok(prepared) => prepared,
        Err(fault) if fault.code() == Code::AiServiceFlowRestriction => {
            return Err(Cut::Later(fault));
        }
        Err(fault) => return Ok(Err(fault)),
    };
    let started = std::time::Instant::now();
    let spec = endpoint.spec();
    let deadline = app.deadline(endpoint);
    let place = (task.application, task.request_id.as_str());
    let running = pipeline::run(app, place, job, permits, deadline, marked);
    let Ran { outcome, stages, permit } = at_work.unless_stopped(running).await?;
    drop(at_work);
    for stage in stages {
        app.metrics.observe(spec.path, stage.name, stage.took);
    }
    tracing::info!(
        target: "safelight::task",
        task = %task.id,
        request_id = %task.request_id,
        application = task.application,
        service = %task.service,
        attempt = task.attempt,
        work_ms = started.elapsed().as_secs_f64() * 1e3,
        code = outcome.as_ref().err().map_or("", |fault| fault.code().name()),
    );
    let Made { fields, files } = match outcome {
        Ok(made) => made,
        Err(fault) => return Ok(Err(fault)),
    };
    let published = publish(app, task.application, files).await;
    drop(permit);
    Ok(published.map(|files| Ended { answer: Value::Object(fields), files }))
}

/// The tasks at work in this process, so that they can be stopped.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<String, Arc<Notify>>>);

impl Running {
    /// A task that is at work until what this answers is dropped.
    fn enter(&self, id: &str) -> AtWork<'_> {
        let stop = Arc::<Notify>::default();
        self.0.lock().insert(id.to_owned(), stop.clone());
        AtWork { running: self, id: id.to_owned(), stop }
    }

    /// Stops a task at its next stage, if it is at work.
    pub fn stop(&self, id: &str) {
        if let Some(stop) = self.0.lock().get(id) {
            stop.notify_one();
        }
    }
}

struct AtWork<'a> {
    running: &'a Running,
    id: String,
    stop: Arc<Notify>,
}

impl AtWork<'_> {
    /// Does `work` unless the task is stopped first.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop.notified() => Err(Cut::Stopped),
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.running.0.lock().remove(&self.id);
    }
}

/// Counts the end of a task.
async fn count(app: &App, task: &Task, outcome: &Outcome) {
    let Task { application, service, request_id, .. } = task;
    match outcome {
        Outcome::Done { .. } => {
            if let Ok(Some(amount)) = app.store.charge(request_id).await {
                app.usage.charged(*application, service, amount);
            }
        }
        Outcome::Failed { fault, .. } => {
            app.usage.task_failed(*application, service, fault.code().name());
        }
    }
}

async fn finish(app: &App, task: &Task, outcome: Result<Ended>) -> Result<(), Cut> {
    let expires_at = now() + app.settings.results.ttl_millis();
    let (outcome, files) = match outcome {
        Ok(Ended { answer, files }) => (Outcome::Done { answer, expires_at }, files),
        Err(fault) => (Outcome::Failed { fault, expires_at }, Vec::new()),
    };
    let ended = app.store.finish_task(&task.id, task.attempt, &outcome, now()).await;
    match ended.or_internal("ending a task") {
        Ok(true) => {
            app.webhook_added.notify_one();
            count(app, task, &outcome).await;
        }
        // It was revoked or stopped, or another worker has it: nobody will ask for these files.
        Ok(false) => withdraw(app, &files).await,
        Err(fault) => {
            withdraw(app, &files).await;
            return Err(Cut::Later(fault));
        }
    }
    task_input::delete(app, &task.input).await;
    Ok(())
}
