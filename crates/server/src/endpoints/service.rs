//! A service of the catalogue: `POST` to its path.

use std::time::Duration;

use axum::extract::Request;
use safelight_contract::{Code, Fault, Result, success};
use safelight_services::{Cancel, Declaration, Entry, Form, Job, Mode};
use safelight_store::{NewTask, Principal, ServiceState};
use serde_json::{Map, json};
use uuid::Uuid;

use crate::admission::{Patience, Permit};
use crate::app::{App, Stored, now};
use crate::auth::{authenticate, service_state};
use crate::body::{self, Received};
use crate::credits::{self, Held};
use crate::endpoints::Call;
use crate::execute::{self, Executed, Permits};
use crate::publish::{publish, separate};
use crate::reply::{Reply, to_json};
use crate::task_input;
use crate::trace::Trace;
use crate::urls;

/// A hold that outlives its request by this much belongs to a process that is gone.
const HOLD_MARGIN: Duration = Duration::from_secs(300);

/// Serves a request to `entry`.
pub(crate) async fn handle(call: Call, entry: &'static Entry) -> Result<Reply> {
    let Call { app, trace, request } = call;
    let declaration = entry.declaration();
    let principal = authenticate(&app, &trace, request.headers()).await?;
    let state = service_state(&app, &principal, declaration)?;
    let limits = principal.application.limits;
    let _at_work = app.limits.enter(principal.application.id, limits, app.default_limits())?;
    let caller = Caller { app: &app, trace: &trace, principal, state, declaration };
    match declaration.mode {
        Mode::Sync => caller.answer(entry, request).await,
        Mode::Async => caller.submit(entry, request).await,
    }
}

/// Who asks for what.
struct Caller<'a> {
    app: &'a App,
    trace: &'a Trace,
    principal: Principal,
    state: ServiceState,
    declaration: &'static Declaration,
}

impl Caller<'_> {
    fn hold_request(&self) -> safelight_store::HoldRequest {
        let limits = &self.app.settings.limits;
        let life = self.declaration.deadline + limits.queue_wait() + HOLD_MARGIN;
        let request_id = &self.trace.ids.request_id;
        credits::request(&self.principal, self.declaration, self.state, request_id, life)
    }

    /// Does the work and answers with the result.
    async fn answer(&self, entry: &'static Entry, request: Request) -> Result<Reply> {
        let (parts, body) = request.into_parts();
        let base = urls::base(self.app, &parts);
        let request = Request::from_parts(parts, body);
        let received = body::receive(self.app, self.trace, self.declaration, request).await?;
        let job = entry.prepare(&received.form)?;
        self.app.work.check(execute::load(job.cost()))?;
        let held = Held::take(self.app, &self.hold_request()).await?;
        match self.work(job, received.permit, base).await {
            Ok(reply) => {
                self.trace.timed("settle", held.settle()).await?;
                Ok(reply)
            }
            Err(fault) => {
                held.release().await;
                Err(fault)
            }
        }
    }

    async fn work(&self, job: Job, input: Option<Permit>, base: String) -> Result<Reply> {
        let patience = Patience::Client(self.app.settings.limits.queue_wait());
        let admission = execute::admit(self.app, job.cost(), patience);
        let work = self.trace.timed("queue", admission).await?;
        let ids = self.trace.ids.clone();
        let finish = move |node| {
            let (fields, files) = separate(node, |key| urls::url(&base, key))?;
            Ok((to_json(&success(&ids, fields))?, files))
        };
        let cancel = Cancel::after(self.declaration.deadline);
        let permits = Permits { work, input };
        let Executed { outcome, stages, permit } =
            execute::execute(self.app, job, permits, cancel, finish).await;
        self.trace.stages(stages);
        let (body, files) = outcome?;
        if !files.is_empty() {
            let publication = publish(self.app, self.principal.application.id, files);
            self.trace.timed("publish", publication).await?;
        }
        let reply = Reply::serialised(body);
        Ok(match permit {
            Some(permit) => reply.holding(permit),
            None => reply,
        })
    }

    /// Accepts a task and answers with its id.
    async fn submit(&self, entry: &'static Entry, request: Request) -> Result<Reply> {
        let app = self.app;
        let Received { form, permit } =
            body::receive(app, self.trace, self.declaration, request).await?;
        let cost = entry.prepare(&form)?.cost();
        app.work.check(execute::load(cost))?;
        self.check_queue().await?;
        let id = Uuid::new_v4().to_string();
        self.trace.timed("store", self.accept(&id, form)).await?;
        drop(permit);
        app.task_added.notify_one();
        Reply::new(
            self.trace,
            Map::from_iter([
                ("task_type".to_owned(), json!("async")),
                ("task_id".to_owned(), json!(id)),
            ]),
        )
    }

    async fn check_queue(&self) -> Result<()> {
        let (queued, _) = self.app.store.open_tasks().await.or_internal("counting the tasks")?;
        let limit = self.app.settings.tasks.max_queued;
        if queued < limit {
            return Ok(());
        }
        Err(Fault::new(
            Code::AiServiceFlowRestriction,
            format!("{queued} tasks wait already, the limit is {limit}"),
        )
        .retry_after(Duration::from_secs(10)))
    }

    async fn accept(&self, id: &str, form: Form) -> Result<()> {
        let app = self.app;
        let application = self.principal.application.id;
        let input = task_input::save(app, application, id, form).await?;
        let hold = self.hold_request();
        let task = NewTask {
            id: id.to_owned(),
            application,
            service: self.declaration.path.to_owned(),
            request_id: self.trace.ids.request_id.clone(),
            input: input.clone(),
        };
        let outcome = app.store.submit_task(&task, &hold, now()).await;
        let accepted = outcome
            .or_internal("accepting the task")
            .and_then(|outcome| credits::held(&hold, outcome));
        if let Err(fault) = accepted {
            task_input::delete(app, &input).await;
            return Err(fault);
        }
        Ok(())
    }
}
