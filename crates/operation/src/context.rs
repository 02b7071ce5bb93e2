//! What an operation may use while it works. Each capability is handed out only where the operation
//! declares it.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use safelight_contract::{Code, Fault, Result};
use safelight_vision::Vision;

use crate::generator::{Generator, Order};
use crate::moderation::{Moderation, Passage};
use crate::node::Node;
use crate::spec::Needs;
use crate::work::{Cancel, Stage, Stages, Work};

/// A piece of blocking work.
pub type Piece = Box<dyn FnOnce() + Send>;

/// Where blocking work runs.
pub trait Threads: Send + Sync {
    /// Runs `piece` apart from the asynchronous runtime's threads, and completes when it has ended.
    ///
    /// # Errors
    /// `UNKNOWN_ERROR` where it panicked, `AI_SERVICE_FLOW_RESTRICTION` where no worker slot is free.
    fn run(&self, piece: Piece) -> BoxFuture<'static, Result<()>>;
}

/// Runs blocking work at once on the thread that asks for it: for the command line and tests, where
/// nothing else waits for that thread.
pub struct Inline;

impl Threads for Inline {
    fn run(&self, piece: Piece) -> BoxFuture<'static, Result<()>> {
        piece();
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What an operation may use while it works. Clones share everything.
#[derive(Clone)]
pub struct Context {
    vision: Vision,
    cancel: Cancel,
    stages: Stages,
    threads: Arc<dyn Threads>,
    generator: Option<Arc<dyn Generator>>,
    moderation: Option<Arc<dyn Moderation>>,
    rows: Option<Arc<dyn Any + Send + Sync>>,
}

impl Context {
    /// A context with these models, under this order to stop, whose blocking work runs on `threads`.
    pub fn new(vision: Vision, cancel: Cancel, threads: Arc<dyn Threads>) -> Self {
        Self {
            vision,
            cancel,
            stages: Stages::default(),
            threads,
            generator: None,
            moderation: None,
            rows: None,
        }
    }

    /// The same, through which operations reach the rows of an installation for one request. What
    /// `rows` is, whoever runs the operation and the operation agree upon; this crate knows no
    /// storage.
    pub fn with_rows<T: Any + Send + Sync>(self, rows: Arc<T>) -> Self {
        Self { rows: Some(rows), ..self }
    }

    /// The same with no other models than those declared, and with rows only where they are.
    pub(crate) fn restricted_to(self, needs: Needs) -> Self {
        let vision = self.vision.restricted_to(needs.all_models().collect());
        Self { vision, rows: self.rows.filter(|_| needs.rows), ..self }
    }

    /// The rows of the installation.
    ///
    /// # Errors
    /// `SERVICE_INTERNAL_ERROR` where the operation declares none, or nothing of this type is there.
    pub fn rows<T: Any + Send + Sync>(&self) -> Result<Arc<T>> {
        let rows = self.rows.clone().and_then(|rows| rows.downcast::<T>().ok());
        rows.ok_or_else(|| {
            Fault::new(Code::ServiceInternalError, "the operation has no rows to work with")
        })
    }

    /// The same with this engine, if any.
    pub(crate) fn with_generator(self, generator: Option<Arc<dyn Generator>>) -> Self {
        Self { generator, ..self }
    }

    /// The same under this policy for pictures, if any.
    pub(crate) fn with_moderation(self, moderation: Option<Arc<dyn Moderation>>) -> Self {
        Self { moderation, ..self }
    }

    /// An answer whose pictures the operator's policy lets out.
    ///
    /// # Errors
    /// Those of [`Moderation::judge`] and [`Self::cpu`].
    pub(crate) async fn let_out(&self, answer: Node) -> Result<Node> {
        let looks = self.moderation.as_ref().is_some_and(|own| own.looks_at(Passage::Result));
        if !looks || answer.pictures().is_empty() {
            return Ok(answer);
        }
        self.cpu(move |work| work.judge_answer(&answer).map(|()| answer)).await
    }

    /// The engine that makes pictures for this job, where one does.
    pub fn generator(&self) -> Option<&dyn Generator> {
        self.generator.as_deref()
    }

    /// Asks an engine for a picture, as the stage `engine`. No worker slot is held meanwhile.
    ///
    /// # Errors
    /// Those of the engine; those of [`Work::check`].
    pub async fn generate(&self, generator: &dyn Generator, order: Order) -> Result<Bytes> {
        self.cancel.check()?;
        let start = Instant::now();
        let made = generator.generate(order).await;
        self.stages.add(Stage { name: "engine", took: start.elapsed() });
        made
    }

    /// Asks an engine for the classes of a picture, as the stage `engine`. No worker slot is held meanwhile.
    ///
    /// # Errors
    /// Those of the engine; those of [`Work::check`].
    pub async fn classify(
        &self,
        generator: &dyn Generator,
        picture: Bytes,
    ) -> Result<Vec<(String, f32)>> {
        self.cancel.check()?;
        let start = Instant::now();
        let found = generator.classify(picture).await;
        self.stages.add(Stage { name: "engine", took: start.elapsed() });
        found
    }

    /// Runs blocking work: decoding, models, pixels, encoding.
    ///
    /// # Errors
    /// Those of the work; those of [`Threads::run`].
    pub async fn cpu<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Work) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Self { vision, cancel, stages, moderation, .. } = self.clone();
        let work = Work::new(vision, cancel, stages, moderation);
        let slot = Arc::new(Mutex::new(None));
        let outcome = slot.clone();
        let piece: Piece = Box::new(move || {
            let result = run(&work);
            *outcome.lock() = Some(result);
        });
        self.threads.run(piece).await?;
        let result = slot.lock().take();
        result.unwrap_or_else(|| {
            Err(Fault::new(Code::UnknownError, "the work ended without an outcome"))
        })
    }

    /// The stages so far, in the order of their ends.
    pub fn stages(&self) -> Vec<Stage> {
        self.stages.list()
    }
}
