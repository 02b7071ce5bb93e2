//! What blocking work has at hand: the models, a clock for its stages, and the order to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use image::RgbImage;
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_imaging::{decode, probe};
use safelight_vision::Vision;

use crate::moderation::{Moderation, Passage};
use crate::node::Node;

/// Tells a running job to stop: because its deadline passed, or because whoever waited is gone.
/// Clones share the order.
#[derive(Clone, Debug)]
pub struct Cancel {
    stopped: Arc<AtomicBool>,
    deadline: Instant,
    allowed: Duration,
}

impl Cancel {
    /// A job that may take `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self { stopped: Arc::default(), deadline: Instant::now() + allowed, allowed }
    }

    /// Orders the job to stop at its next stage.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// When the job must have ended.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// `AI_SERVICE_TIMEOUT` once the deadline has passed, `ERROR_TASK_STOPPED_PROCESSING` once the
    /// job was stopped, nothing before.
    pub fn check(&self) -> Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Fault::new(Code::TaskStoppedProcessing, "the job was stopped"));
        }
        if Instant::now() >= self.deadline {
            let limit = self.allowed.as_secs_f64();
            return Err(Fault::new(
                Code::AiServiceTimeout,
                format!("the work was stopped at its deadline of {limit} s"),
            ));
        }
        Ok(())
    }
}

/// The time one stage of the work took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Name, e.g. `decode`.
    pub name: &'static str,
    /// Wall time.
    pub took: Duration,
}

/// The stages of a request, shared by all that works for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stages(Arc<Mutex<Vec<Stage>>>);

impl Stages {
    pub fn add(&self, stage: Stage) {
        self.0.lock().push(stage);
    }

    pub fn list(&self) -> Vec<Stage> {
        self.0.lock().clone()
    }
}

/// What blocking work has at hand: the models that the operation declares, a clock for its stages,
/// and the order to stop.
pub struct Work {
    /// The models, each behind one typed function.
    pub vision: Vision,
    cancel: Cancel,
    stages: Stages,
    moderation: Option<Arc<dyn Moderation>>,
}

impl Work {
    /// Work with these models under this order to stop and this policy for pictures, whose stages go
    /// into the request's.
    pub(crate) fn new(
        vision: Vision,
        cancel: Cancel,
        stages: Stages,
        moderation: Option<Arc<dyn Moderation>>,
    ) -> Self {
        Self { vision, cancel, stages, moderation }
    }

    /// Shows a picture to the operator's policy, as the stage `moderation`; nothing where there is none.
    ///
    /// # Errors
    /// Those of [`Moderation::judge`] and [`Self::stage`].
    pub fn judge(&self, passage: Passage<'_>, photo: &RgbImage) -> Result<()> {
        match &self.moderation {
            Some(policy) if policy.looks_at(passage) => {
                self.stage("moderation", || policy.judge(passage, photo))
            }
            _ => Ok(()),
        }
    }

    /// Shows every picture of an answer to the operator's policy. The pixels take the place of those
    /// that the files were made of, which are gone by now.
    ///
    /// # Errors
    /// As [`Self::judge`].
    pub(crate) fn judge_answer(&self, answer: &Node) -> Result<()> {
        for artifact in answer.pictures() {
            let header = probe(&artifact.bytes)?;
            self.judge(Passage::Result, &decode(&artifact.bytes, &header)?.rgb)?;
        }
        Ok(())
    }

    /// Runs one named stage and records its time, so that an operation is stopped between its
    /// stages.
    ///
    /// # Errors
    /// Those of [`Self::check`] before the stage starts; those of the stage.
    pub fn stage<T>(&self, name: &'static str, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.cancel.check()?;
        let start = Instant::now();
        let outcome = run();
        self.stages.add(Stage { name, took: start.elapsed() });
        outcome
    }

    /// For long stages: whether to go on.
    ///
    /// # Errors
    /// `ERROR_TASK_STOPPED_PROCESSING` when the job was stopped, `AI_SERVICE_TIMEOUT` when it is out
    /// of time.
    pub fn check(&self) -> Result<()> {
        self.cancel.check()
    }

    /// The stages so far, in order.
    pub fn stages(&self) -> Vec<Stage> {
        self.stages.list()
    }
}
