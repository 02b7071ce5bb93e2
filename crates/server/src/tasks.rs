//! The workers of asynchronous tasks.
//!
//! A worker claims a task under a lease, does its work like that of a request, writes the result
//! files and ends the task, which charges it. The lease is renewed while the work runs. When the
//! process dies in between, the lease runs out (or another process notices its death) and the task
//! is tried again; it is charged where it ends, by the token of its claim, so never twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, Job};
use safelight_store::{Claiming, KeyKind, LEASE, Millis, Outcome, Task, TaskState};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::admission::Patience;
use crate::app::{App, Stored, now};
use crate::body::Room;
use crate::pipeline::{self, Made, Permits, Ran, Whose};
use crate::publish::{publish, withdraw};
use crate::references;
use crate::resume::Resume;
use crate::sandbox::{Fate, Simulation};
use crate::task_input::{self, TaskInput};
use crate::urls::marked;

/// How often an idle worker looks for tasks that nobody announced: those whose lease is over.
const POLL: Duration = Duration::from_secs(5);
/// How long a task waits for memory before it is put back.
const PATIENCE: Duration = Duration::from_secs(60);
/// How old a task may be that is put back while its files cannot be read or written, or an engine rests.
const OUTAGE: Millis = 15 * 60_000;

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
                process(&app, task, cut.clone(), Turn::First).await
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

async fn claim(app: &App) -> Result<Option<Task>> {
    let any = Claiming::any(now() + LEASE, app.settings.tasks.max_attempts);
    let capacity = app.store.is_shared().then(|| app.work.capacity().bytes);
    let claiming = Claiming { services: claimed(app), capacity, ..any };
    app.store.claim_task(&claiming, now()).await.or_internal("claiming a task")
}

/// The paths of the services whose tasks are claimed; `None` for all. Where others may have the model that
/// this process lacks, the task is left to them. What needs an engine that rests waits for it, and keeps
/// nothing else waiting.
fn claimed(app: &App) -> Option<Vec<String>> {
    let shared = app.store.is_shared();
    let rests = |endpoint: &Endpoint| app.engines.rests(endpoint);
    if !shared && !app.endpoints().any(rests) {
        return None;
    }
    let claimed = app.endpoints().filter(|it| !rests(it) && (!shared || is_able(app, it)));
    Some(claimed.map(|endpoint| endpoint.spec().path.to_owned()).collect())
}

/// Whether a service can be done here.
fn is_able(app: &App, endpoint: &Endpoint) -> bool {
    app.missing_models(endpoint).is_empty() && !app.lacks_engine(endpoint)
}

/// The paths of the services that can be done here.
pub(crate) fn abilities(app: &App) -> Vec<String> {
    let able = app.endpoints().filter(|endpoint| is_able(app, endpoint));
    able.map(|endpoint| endpoint.spec().path.to_owned()).collect()
}

/// The token of a task that this worker has.
fn token(task: &Task) -> &str {
    task.claim.as_deref().unwrap_or_default()
}

/// Whether a task comes to a worker, or back after the delay that a sandbox request asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Delayed,
}

/// Why a task did not come to an end.
enum Cut {
    /// There was no room for it, the store failed, or its engine rests: to be tried again after a pause.
    Later(Fault),
    /// The server shuts down.
    Shutdown,
    /// It was stopped: its row says so already.
    Stopped,
    /// A sandbox request asked that it takes longer.
    Delayed(Duration),
    /// A sandbox request asked that nothing is heard of it any more.
    Lost,
}

/// Does a task's work and ends or parks the task. Answers how long to wait before the next one.
async fn process(
    app: &Arc<App>,
    task: Task,
    mut cut: watch::Receiver<bool>,
    turn: Turn,
) -> Option<Duration> {
    let ended = tokio::select! {
        ended = attempt(app, &task, turn) => ended,
        _ = cut.wait_for(|cut| *cut) => Err(Cut::Shutdown),
    };
    match ended {
        Ok(()) => None,
        Err(Cut::Later(fault)) => {
            tracing::warn!(task = %task.id, %fault, "a task is put back");
            park(app, &task).await;
            Some(POLL)
        }
        Err(Cut::Delayed(delay)) => {
            drop(tokio::spawn(resume(app.clone(), task, cut, delay)));
            None
        }
        Err(Cut::Lost) => None,
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

/// Does a task's work after a delay, which keeps no worker.
fn resume(
    app: Arc<App>,
    task: Task,
    mut cut: watch::Receiver<bool>,
    delay: Duration,
) -> BoxFuture<'static, ()> {
    async move {
        // Its lease is renewed meanwhile. Where it is stopped, its next turn finds out.
        let at_work = app.running.enter(&task);
        let is_cut = tokio::select! {
            _ = at_work.unless_stopped(sleep(delay)) => false,
            _ = cut.wait_for(|cut| *cut) => true,
        };
        drop(at_work);
        match is_cut {
            true => park(&app, &task).await,
            false => {
                process(&app, task, cut, Turn::Delayed).await;
            }
        }
    }
    .boxed()
}

/// Whether a task has not ended.
async fn is_open(app: &App, task: &Task) -> Result<bool> {
    let current = app.store.task(task.application, &task.id).await.or_internal("reading a task")?;
    let open = [TaskState::Queued, TaskState::Processing];
    Ok(current.is_some_and(|current| open.contains(&current.state)))
}

async fn park(app: &App, task: &Task) {
    if let Err(error) = app.store.park_task(&task.id, token(task)).await {
        // Its lease runs out, then it is taken again.
        tracing::error!(%error, task = %task.id, "a task could not be put back");
    }
}

async fn attempt(app: &App, task: &Task, turn: Turn) -> Result<(), Cut> {
    let Some(endpoint) = app.service(&task.service) else {
        let path = &task.service;
        let fault = Fault::new(Code::AiNotExists, format!("{path} does not exist any more"));
        return finish(app, task, Err(fault)).await;
    };
    let outcome = run(app, endpoint, task, turn).await?;
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

/// What a task is worked on with.
struct Prepared {
    job: Job,
    permits: Permits,
    /// Number of the key of its request.
    key: Option<i64>,
    simulation: Option<Simulation>,
}

/// Reads the input and waits for room to work; `AI_SERVICE_FLOW_RESTRICTION` when there is none.
async fn prepare(app: &App, endpoint: &'static Endpoint, task: &Task) -> Result<Prepared> {
    let size = task_input::size(app, &task.input).await?;
    let input = app.bodies.open(task.application);
    input.keep()?;
    input.grow(size, PATIENCE).await?;
    let TaskInput { mut form, key, simulation } = task_input::load(app, &task.input).await?;
    let room = Room::for_task(&input, PATIENCE);
    references::follow(app, task.application, endpoint.accepts(), &mut form, &room).await?;
    let kind = if simulation.is_some() { KeyKind::Sandbox } else { KeyKind::Live };
    let (job, _) = pipeline::prepare(app, (task.application, kind), endpoint, form).await?;
    let patience = Patience::Worker(PATIENCE);
    let permits = pipeline::admit(app, task.application, job.cost(), Some(input), patience).await?;
    Ok(Prepared { job, permits, key, simulation })
}

/// What a sandbox request asked for of its task: an inner error fails it.
fn simulated(simulation: Option<Simulation>, turn: Turn) -> Result<Result<()>, Cut> {
    let simulation = simulation.unwrap_or_default();
    if simulation.fate() == Some(Fate::Lost) {
        return Err(Cut::Lost);
    }
    match simulation.task_delay() {
        Some(delay) if turn == Turn::First => Err(Cut::Delayed(delay)),
        _ => Ok(simulation.task_fault().map_or(Ok(()), Err)),
    }
}

/// The work itself. The inner result is the task's, the outer one says that it was cut off.
async fn run(
    app: &App,
    endpoint: &'static Endpoint,
    task: &Task,
    turn: Turn,
) -> Result<Result<Ended>, Cut> {
    let at_work = app.running.enter(task);
    // It may have been stopped before it could be told.
    if !is_open(app, task).await.map_err(Cut::Later)? {
        return Err(Cut::Stopped);
    }
    let Prepared { job, permits, key, simulation } =
        match at_work.unless_stopped(prepare(app, endpoint, task)).await? {
            Ok(prepared) => prepared,
            Err(fault) if fault.code() == Code::AiServiceFlowRestriction => {
                return Err(Cut::Later(fault));
            }
            Err(fault) if is_outage(app, task, &fault, &[Code::FileServiceError]) => {
                return Err(Cut::Later(fault));
            }
            Err(fault) if may_pass(task, &fault) => return Err(Cut::Later(fault)),
            Err(fault) => return Ok(Err(fault)),
        };
    if let Err(fault) = simulated(simulation, turn)? {
        return Ok(Err(fault));
    }
    let started = std::time::Instant::now();
    let spec = endpoint.spec();
    let deadline = app.deadline(endpoint);
    let whose = Whose { application: task.application, key, request_id: &task.request_id };
    let running = pipeline::run(app, whose, job, permits, deadline, marked);
    let running = Resume::of(&app.store, task).scope(running);
    let Ran { outcome, stages, permit } = at_work.unless_stopped(running).await?;
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
        Err(fault) if may_pass(task, &fault) => return Err(Cut::Later(fault)),
        Err(fault) => return Ok(Err(fault)),
    };
    let published = publish(app, task.application, files).await;
    drop(permit);
    match published {
        Ok(files) => Ok(Ok(Ended { answer: Value::Object(fields), files })),
        // Rows are written too, and nothing else is done, so that this is the database.
        Err(fault) if is_outage(app, task, &fault, &PUBLISHING) => Err(Cut::Later(fault)),
        Err(fault) => Ok(Err(fault)),
    }
}

/// What is answered until a model, an engine or a place at one can be had again.
const PASSING: [Code; 2] = [Code::ResourceUnavailable, Code::AiServiceFlowRestriction];

/// Whether a task failed because something cannot be had for now, and is young enough to wait.
fn may_pass(task: &Task, fault: &Fault) -> bool {
    PASSING.contains(&fault.code()) && is_young(task)
}

/// Whether a task is young enough to be tried again.
fn is_young(task: &Task) -> bool {
    now() - task.created_at < OUTAGE
}

/// What publishing fails with where the file store or the database does.
const PUBLISHING: [Code; 2] = [Code::FileServiceError, Code::ServiceInternalError];

/// Whether a task failed because of what is elsewhere, and may be there again soon.
fn is_outage(app: &App, task: &Task, fault: &Fault, codes: &[Code]) -> bool {
    app.store.is_shared() && codes.contains(&fault.code()) && is_young(task)
}

/// The tasks at work in this process, by the tokens of their claims, so that they can be stopped.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<String, Entry>>);

/// A task at work, and what stops it.
struct Entry {
    task: String,
    stop: Arc<Notify>,
}

impl Running {
    /// A task that is at work until what this answers is dropped.
    fn enter(&self, task: &Task) -> AtWork<'_> {
        let stop = Arc::<Notify>::default();
        let claim = token(task).to_owned();
        let entry = Entry { task: task.id.clone(), stop: stop.clone() };
        self.0.lock().insert(claim.clone(), entry);
        AtWork { running: self, claim, stop }
    }

    /// The tokens of the tasks at work.
    pub fn claims(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }

    /// Stops a task at its next stage, if it is at work.
    pub fn stop(&self, id: &str) {
        let running = self.0.lock();
        running.values().filter(|entry| entry.task == id).for_each(|entry| entry.stop.notify_one());
    }

    /// The same, by the token of its claim.
    pub fn stop_claim(&self, claim: &str) {
        if let Some(entry) = self.0.lock().get(claim) {
            entry.stop.notify_one();
        }
    }
}

struct AtWork<'a> {
    running: &'a Running,
    claim: String,
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
        self.running.0.lock().remove(&self.claim);
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
    let ended = app.store.finish_task(&task.id, token(task), &outcome, now()).await;
    match ended.or_internal("ending a task") {
        Ok(true) => {
            app.webhook_added.notify_one();
            count(app, task, &outcome).await;
        }
        // It was revoked or stopped, or another worker has it: nobody will ask for these files.
        Ok(false) => {
            withdraw(app, &files).await;
            return Err(Cut::Stopped);
        }
        // It may have ended all the same, with these files in its answer. If not, they expire unused.
        Err(fault) => return Err(Cut::Later(fault)),
    }
    task_input::delete(app, &task.input).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use safelight_operation::{Artifact, Node};
    use safelight_store::shaky::Shaky;
    use safelight_store::{NewTask, Submission};

    use super::*;
    use crate::publish::separate;
    use crate::testing;
    use crate::urls::blob_key;

    #[tokio::test]
    async fn files_of_a_task_that_may_have_ended_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let (store, shaking) = Shaky::open(folder.path().join("db")).expect("database");
        let (app, application) = testing::app(Arc::new(store), &folder).await;
        let new = NewTask {
            id: "T".to_owned(),
            application,
            service: "/api/x".to_owned(),
            request_id: "R".to_owned(),
            input: "inputs/T".to_owned(),
            ..NewTask::default()
        };
        let hold = testing::hold(application, "R");
        let submitted = app.store.submit_task(&new, &hold, 9, now()).await;
        assert!(matches!(submitted, Ok(Submission::Accepted)), "{submitted:?}");
        let claiming = Claiming::any(now() + LEASE, 3);
        let task = app.store.claim_task(&claiming, now()).await.expect("store").expect("a task");
        let ended = async || {
            let picture = Artifact::picture(vec![1; 10], safelight_imaging::Format::Png);
            let answer = Node::Object(vec![("data", Node::Url(picture))]);
            let (fields, files) = separate(answer, marked).expect("an object");
            let files = publish(&app, application, files).await.expect("written");
            Ended { answer: Value::Object(fields), files }
        };
        let first = ended().await;
        let file = blob_key(&first.files[0]);
        shaking.lose_commits(1);
        shaking.go_away(1);
        // Whether it hears of the end or not.
        let _ = finish(&app, &task, Ok(first)).await;
        let found = app.store.task(application, "T").await.expect("store").expect("a task");
        assert_eq!(found.state, TaskState::Done, "its answer names the file");
        assert!(app.blobs.head(&file).await.is_ok());
        // What surely is not the task's answer goes.
        let stopped = Task { claim: Some("another".to_owned()), ..task };
        let second = ended().await;
        let file = blob_key(&second.files[0]);
        let late = finish(&app, &stopped, Ok(second)).await;
        assert!(matches!(late, Err(Cut::Stopped)), "the input may be another worker's");
        assert!(app.blobs.head(&file).await.is_err());
    }
}
