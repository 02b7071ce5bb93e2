//! Running a job: on a thread of its own, under its permits, until its deadline.

use safelight_contract::{Code, Fault, Result};
use safelight_services::{Cancel, Cost, Job, Node, Stage, Work};
use tokio::time::timeout_at;

use crate::admission::{Load, Patience, Permit};
use crate::app::App;

/// What a job may take, and what of its input lies in memory meanwhile.
pub(crate) struct Permits {
    /// For the work.
    pub work: Permit,
    /// For the input's files.
    pub input: Option<Permit>,
}

/// How a job ended.
pub(crate) struct Executed<T> {
    pub outcome: Result<T>,
    pub stages: Vec<Stage>,
    /// The permit for the work, to be kept for the result; gone when the job did not end in time.
    pub permit: Option<Permit>,
}

/// What a job of this cost takes at the gate.
pub(crate) fn load(cost: Cost) -> Load {
    Load { bytes: cost.bytes, pixels: cost.pixels, slots: 1 }
}

/// Waits for room to work.
pub(crate) async fn admit(app: &App, cost: Cost, patience: Patience) -> Result<Permit> {
    app.work.acquire(load(cost), patience).await
}

/// Runs `job`, then `finish` with what it made, on the same thread. At the deadline the answer is
/// `AI_SERVICE_TIMEOUT` at once, while the job stops at its next stage and keeps its permits until
/// then; the same holds when the returned future is dropped.
pub(crate) async fn execute<T: Send + 'static>(
    app: &App,
    job: Job,
    permits: Permits,
    cancel: Cancel,
    finish: impl FnOnce(Node) -> Result<T> + Send + 'static,
) -> Executed<T> {
    let vision = app.vision.clone();
    let stop = StopOnDrop(cancel.clone());
    let deadline = cancel.deadline();
    let running = app.jobs.run(move || {
        let Permits { work: permit, input } = permits;
        let work = Work::new(&vision, cancel);
        let outcome = job.run(&work).and_then(|node| work.stage("finish", || finish(node)));
        drop(input);
        (outcome, work.stages(), permit)
    });
    let ended = timeout_at(deadline.into(), running).await;
    drop(stop);
    let fault = match ended {
        Ok(Ok((outcome, stages, permit))) => {
            return Executed { outcome, stages, permit: Some(permit) };
        }
        Ok(Err(panicked)) => {
            tracing::error!(panic = %panicked.0, "a job panicked");
            Fault::new(Code::UnknownError, "the work ended with an unexpected error")
        }
        Err(_) => Fault::new(Code::AiServiceTimeout, "the work was stopped at its deadline"),
    };
    Executed { outcome: Err(fault), stages: Vec::new(), permit: None }
}

/// Orders a job to stop when nobody waits for it any more. Harmless after its end.
struct StopOnDrop(Cancel);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
