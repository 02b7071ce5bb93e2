//! An operation of the catalogue, at its path.

use std::time::Duration;

use axum::extract::Request;
use safelight_contract::{Code, Fault, Result, success};
use safelight_operation::{Cost, Delivery, Endpoint, Form, Job, Spec, TASK_TYPE};
use safelight_store::{Callback, HoldRequest, NewTask, Principal, Queue, ServiceState, Submission};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::admission::{Patience, Permit};
use crate::app::{App, Stored, now};
use crate::auth::{self, Entered, service_state, task_state};
use crate::body::{self, Memory, Received};
use crate::credits::{self, Held};
use crate::disk;
use crate::endpoints::Call;
use crate::idempotency::{self, Keyed};
use crate::pipeline::{self, Made, Permits, Ran, Whose};
use crate::publish::{publish, withdraw};
use crate::references;
use crate::reply::{Reply, internal, to_json};
use crate::sandbox::Simulation;
use crate::task_input::{self, TaskInput};
use crate::trace::Trace;
use crate::{uploads, urls, webhooks};

/// A hold that outlives its request by this much belongs to a process that is gone.
const HOLD_MARGIN: Duration = Duration::from_secs(300);

/// Serves a request to `endpoint`.
pub(crate) async fn handle(call: Call, endpoint: &'static Endpoint) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let entered = auth::enter(&app, &trace, request.headers()).await?;
    let Entered { principal, simulation, at_work } = entered;
    let state = match endpoint.spec().delivery {
        Delivery::Async => task_state(&app, &principal, endpoint)?,
        Delivery::Sync | Delivery::Either { .. } => service_state(&app, &principal, endpoint)?,
    };
    disk::check(&app, endpoint, principal.kind).await?;
    let (parts, body) = request.into_parts();
    let base = urls::base(&app, &parts);
    let (application, fields) = (principal.application.id, endpoint.accepts());
    let key = idempotency::key(&principal, &parts.headers)?;
    let request = Request::from_parts(parts, body);
    let Received { form, memory } =
        body::receive(&app, &trace, application, fields, request).await?;
    let (keyed, form) = Keyed::form(key, form).await?;
    let received = Received { form, memory };
    let place = (application, endpoint.spec().path);
    let (shared, traced) = (app.clone(), trace.clone());
    let work = async move {
        let _at_work = at_work;
        let request_id = trace.ids.request_id.clone();
        let caller = Caller {
            app: &app,
            trace: &trace,
            principal: &principal,
            state,
            endpoint,
            simulation,
            request_id,
        };
        let received = references::resolve(&app, &trace, application, fields, received).await?;
        match is_later(endpoint.spec().delivery, &received.form)? {
            false => caller.answer(received, base).await,
            true => caller.accepted(received, &base).await,
        }
    };
    idempotency::once(&shared, &traced, place, keyed, work).await
}

/// Whether the answer comes later, as a task.
fn is_later(delivery: Delivery, form: &Form) -> Result<bool> {
    match delivery {
        Delivery::Sync => Ok(false),
        Delivery::Async => Ok(true),
        Delivery::Either { default_async } => Ok(TASK_TYPE.read(form)?.unwrap_or(default_async)),
    }
}

/// Who asks for what.
pub(super) struct Caller<'a> {
    pub app: &'a App,
    pub trace: &'a Trace,
    pub principal: &'a Principal,
    pub state: ServiceState,
    pub endpoint: &'static Endpoint,
    /// What a sandbox request asks for.
    pub simulation: Option<Simulation>,
    /// What the hold and the task are known by, each once.
    pub request_id: String,
}

impl Caller<'_> {
    fn spec(&self) -> &'static Spec {
        self.endpoint.spec()
    }

    fn application(&self) -> i64 {
        self.principal.application.id
    }

    fn hold_request(&self, units: u32) -> HoldRequest {
        let limits = &self.app.settings.limits;
        let life = self.app.deadline(self.endpoint) + limits.queue_wait() + HOLD_MARGIN;
        let Self { principal, state, request_id, .. } = self;
        credits::request(principal, self.spec(), *state, units, request_id, life)
    }

    /// Does the work and answers with the result.
    async fn answer(&self, received: Received, base: String) -> Result<Reply> {
        let (fields, permit) = self.done(received, base).await?;
        let reply = Reply::serialised(self.envelope(fields).await?);
        Ok(match permit {
            Some(permit) => reply.holding(permit),
            None => reply,
        })
    }

    /// Does the work and charges it; answers the business fields, and the permit for the memory that
    /// they take. The price is held once there is room to work, so that a request that finds none
    /// writes nothing.
    pub async fn done(
        &self,
        received: Received,
        base: String,
    ) -> Result<(Map<String, Value>, Option<Permit>)> {
        let Received { form, memory } = received;
        let simulation = self.simulation.as_ref();
        simulation.map_or(Ok(()), Simulation::check_sync)?;
        let (job, form) = self.prepare(form).await?;
        drop(form);
        self.app.work.check(pipeline::load(job.cost()))?;
        let permits = self.admit(job.cost(), memory).await?;
        let hold = self.hold_request(job.units());
        let held = Held::take(self.app, &hold).await?;
        let running = pipeline::run(
            self.app,
            Whose {
                application: self.application(),
                key: self.principal.key,
                request_id: &self.request_id,
            },
            job,
            permits,
            self.app.deadline(self.endpoint),
            move |key| urls::url(&base, key),
        );
        let Ran { outcome, stages, permit } = running.await;
        self.trace.stages(stages);
        match self.publish(outcome).await {
            Ok((fields, keys)) => {
                if let Err(fault) = self.trace.timed("settle", held.settle()).await {
                    withdraw(self.app, &keys).await;
                    return Err(fault);
                }
                self.trace.charged(hold.amount);
                Ok((fields, permit))
            }
            Err(fault) => {
                held.release().await;
                Err(fault)
            }
        }
    }

    async fn prepare(&self, form: Form) -> Result<(Job, Form)> {
        let whose = (self.application(), self.principal.kind);
        pipeline::prepare(self.app, whose, self.endpoint, form).await
    }

    async fn admit(&self, cost: Cost, input: Option<Memory>) -> Result<Permits> {
        let patience = Patience::Client(self.app.settings.limits.queue_wait());
        let admission = pipeline::admit(self.app, self.application(), cost, input, patience);
        self.trace.timed("queue", admission).await
    }

    /// Writes the result files; answers the business fields and the keys of the files.
    async fn publish(&self, outcome: Result<Made>) -> Result<(Map<String, Value>, Vec<String>)> {
        let Made { fields, files } = outcome?;
        if files.is_empty() {
            return Ok((fields, Vec::new()));
        }
        let publication = publish(self.app, self.application(), files);
        Ok((fields, self.trace.timed("publish", publication).await?))
    }

    /// The answer's bytes. They are made on a thread of the jobs, since pictures in Base64 take a
    /// while; the job's permit still counts its slot.
    async fn envelope(&self, fields: Map<String, Value>) -> Result<bytes::Bytes> {
        let ids = self.trace.ids.clone();
        let made = self.app.jobs.run(move || to_json(&success(&ids, fields))).await;
        made.unwrap_or_else(|panicked| Err(internal("the answer", &panicked.0)))
    }

    /// Accepts a task and answers with its id.
    async fn accepted(&self, received: Received, base: &str) -> Result<Reply> {
        let callback =
            webhooks::callback(self.app, self.application(), &received.form, base).await?;
        let id = self.submit(received, None, callback).await?;
        Reply::new(
            self.trace,
            Map::from_iter([
                ("task_type".to_owned(), json!("async")),
                ("task_id".to_owned(), json!(id)),
            ]),
        )
    }

    /// Accepts a task, as one of a batch or alone; answers its id.
    pub async fn submit(
        &self,
        received: Received,
        batch: Option<String>,
        callback: Option<Callback>,
    ) -> Result<String> {
        let app = self.app;
        let Received { form, memory } = received;
        let (job, form) = self.prepare(form).await?;
        // Where others may do it, the store knows whether they can.
        if !app.store.is_shared() {
            app.work.check(pipeline::load(job.cost()))?;
        }
        self.check_queue().await?;
        let task = NewTask {
            id: Uuid::new_v4().to_string(),
            application: self.application(),
            service: self.spec().path.to_owned(),
            request_id: self.request_id.clone(),
            input: String::new(),
            batch,
            uploads: references::uploads_of(&form),
            callback,
            cost_bytes: job.cost().bytes,
        };
        let id = task.id.clone();
        self.trace.timed("store", self.accept(task, form, job.units())).await?;
        drop((job, memory));
        app.task_was_added();
        Ok(id)
    }

    /// Refuses what the queue has no room for before its input is stored. The store looks again
    /// when it accepts the task.
    async fn check_queue(&self) -> Result<()> {
        let limit = self.app.settings.tasks.max_queued;
        let queue = self.app.store.queue(self.application(), limit).await;
        let queue = queue.or_internal("counting the tasks")?;
        if queue.has_room(limit) { Ok(()) } else { Err(queue_full(queue, limit)) }
    }

    async fn accept(&self, task: NewTask, form: Form, units: u32) -> Result<()> {
        let app = self.app;
        let named = references::names_of_uploads(self.endpoint.accepts(), &form);
        let (key, simulation) = (self.principal.key, self.simulation.clone());
        let input = TaskInput { form, key, simulation };
        let input = task_input::save(app, task.application, &task.id, input).await?;
        let hold = self.hold_request(units);
        let task = NewTask { input: input.clone(), ..task };
        let limit = app.settings.tasks.max_queued;
        let outcome = app.store.submit_task(&task, &hold, limit, now()).await;
        let outcome = outcome.or_internal("accepting the task");
        let accepted = outcome.and_then(|outcome| match outcome {
            Submission::Accepted => Ok(()),
            Submission::QueueFull(queue) => Err(queue_full(queue, limit)),
            Submission::NobodyAble => Err(nobody_able(&task.service)),
            Submission::UploadGone => Err(uploads::reclaimed(&named)),
            Submission::NotEnough { own, common } => Err(credits::not_enough(&hold, own, common)),
        });
        if let Err(fault) = accepted {
            task_input::delete(app, &input).await;
            return Err(fault);
        }
        Ok(())
    }
}

fn nobody_able(path: &str) -> Fault {
    Fault::new(
        Code::ResourceUnavailable,
        format!(
            "no process at work on these tasks can do {path}: each lacks a model, an engine or the \
             memory for it"
        ),
    )
    .retry_after(Duration::from_secs(30))
}

fn queue_full(Queue { all, own }: Queue, limit: u64) -> Fault {
    Fault::new(
        Code::AiServiceFlowRestriction,
        format!(
            "{all} tasks wait already, {own} of them of this application; the limit is {limit} in \
             all, and an application may take as many places as it leaves free"
        ),
    )
    .retry_after(Duration::from_secs(10))
}
