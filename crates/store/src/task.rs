//! Asynchronous tasks.

use std::str::FromStr;

use async_trait::async_trait;
use safelight_contract::Fault;
use serde_json::Value;

use crate::{Callback, Credits, HoldRequest, Millis, Result};

/// How long the end of a task is kept that no worker ended: one that was cancelled, or that crashed
/// too often. A day, as long as the answers of the API live.
pub const TASK_LIFE: Millis = 24 * 60 * 60 * 1000;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Processing,
    /// Ended well; the answer is there.
    Done,
    /// Ended with a fault.
    Failed,
    /// Revoked while queued.
    Revoked,
    /// Stopped while processing.
    Stopped,
    /// Its life is over, the answer is gone.
    Reclaimed,
}

impl TaskState {
    /// Every state.
    pub const ALL: [TaskState; 7] = [
        Self::Queued,
        Self::Processing,
        Self::Done,
        Self::Failed,
        Self::Revoked,
        Self::Stopped,
        Self::Reclaimed,
    ];

    /// The name in the database and in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Revoked => "revoked",
            Self::Stopped => "stopped",
            Self::Reclaimed => "reclaimed",
        }
    }
}

impl FromStr for TaskState {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| format!("unknown state of a task `{name}`"))
    }
}

/// A task to accept.
#[derive(Clone, Debug, Default)]
pub struct NewTask {
    /// Its id, unguessable.
    pub id: String,
    /// Whose it is.
    pub application: i64,
    /// Path of the service.
    pub service: String,
    /// Id of the submitting request; finds the task too.
    pub request_id: String,
    /// Where its input lies in the blobs.
    pub input: String,
    /// The batch that it was submitted with.
    pub batch: Option<String>,
    /// The uploads that it works on.
    pub uploads: Vec<String>,
    /// Who is told of its end.
    pub callback: Option<Callback>,
    /// Bytes that its work takes.
    pub cost_bytes: u64,
}

/// Which tasks of an application are listed: those that are not reclaimed, newest first.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only those in this state.
    pub state: Option<TaskState>,
    /// Only those of this batch.
    pub batch: Option<String>,
    /// How many to skip.
    pub start: u32,
    /// How many to list.
    pub length: u32,
}

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub application: i64,
    /// Path of the service.
    pub service: String,
    /// Id of the submitting request.
    pub request_id: String,
    /// Where its input lies in the blobs.
    pub input: String,
    /// The batch that it was submitted with.
    pub batch: Option<String>,
    /// Where it stands.
    pub state: TaskState,
    /// How often it was taken.
    pub attempt: u32,
    /// The token of the worker that has it, random for each time that it is taken.
    pub claim: Option<String>,
    /// What a job outside is known by that an earlier attempt started.
    pub resume: Option<String>,
    /// How large its answer is ([`Tasks::task_answer`]).
    pub answer_bytes: u64,
    /// The fault when failed.
    pub fault: Option<Fault>,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

/// Which tasks a worker takes, and for how long.
#[derive(Clone, Debug)]
pub struct Claiming {
    /// When the lease ends, unless it is renewed.
    pub lease_until: Millis,
    /// Times that a task may be taken.
    pub max_attempts: u32,
    /// The services that the worker can do; `None` for all.
    pub services: Option<Vec<String>>,
    /// The most bytes that the work of a task may take; `None` for any.
    pub capacity: Option<u64>,
}

impl Claiming {
    /// Any task, with a lease until then, unless it was taken so many times.
    pub fn any(lease_until: Millis, max_attempts: u32) -> Self {
        Self { lease_until, max_attempts, services: None, capacity: None }
    }
}

/// Tasks that are queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Of all applications.
    pub all: u64,
    /// Of the application in question.
    pub own: u64,
}

impl Queue {
    /// Whether the application may queue one more where `max` may be queued in all: it may take as
    /// many places as it leaves free, so that others always find one. An application that is alone
    /// gets half of the places.
    pub fn has_room(self, max: u64) -> bool {
        self.own < max.saturating_sub(self.all)
    }
}

/// What became of a task that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// It is queued, and its price held.
    Accepted,
    /// The queue has no room for it; what is in the queue.
    QueueFull(Queue),
    /// No instance that lives can do it, by what they offer.
    NobodyAble,
    /// An upload that it works on is not there any more.
    UploadGone,
    /// The credits were not there: what the service's pool and `common` have.
    NotEnough {
        /// Balance of the service's pool, zero where there is none.
        own: Credits,
        /// Balance of `common`.
        common: Credits,
    },
}

/// How a task ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With an answer that lives until then.
    Done {
        /// The business fields.
        answer: Value,
        /// When answer and files are reclaimed.
        expires_at: Millis,
    },
    /// With a fault.
    Failed {
        /// The fault.
        fault: Fault,
        /// When it is reclaimed.
        expires_at: Millis,
    },
}

/// Asynchronous tasks. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Tasks: Send + Sync + 'static {
    /// Accepts a task and holds its price, in one transaction, unless the queue of at most
    /// `max_queued` has no room for it ([`Queue::has_room`]), no instance can do it where several
    /// are at work, or an upload that it works on is gone.
    /// An id or request id in use is
    /// [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn submit_task(
        &self,
        task: &NewTask,
        hold: &HoldRequest,
        max_queued: u64,
        now: Millis,
    ) -> Result<Submission>;
    /// How many tasks are queued, in all and of an application, each counted up to `most`.
    async fn queue(&self, application: i64, most: u64) -> Result<Queue>;
    /// Takes a task that is queued, or whose worker's lease is over: applications that have fewer
    /// tasks at work come first, those that have as many take turns, and within an application the
    /// oldest task is taken. A task that was taken too often without being ended or parked is failed
    /// instead (`AI_SERVICE_ERROR`), and its hold released.
    async fn claim_task(&self, claiming: &Claiming, now: Millis) -> Result<Option<Task>>;
    /// Renews the leases of these claims; answers those that are still held. A task of the others
    /// was cancelled, or another worker has it.
    async fn renew_tasks(&self, claims: &[String], lease_until: Millis) -> Result<Vec<String>>;
    /// Notes what a job outside is known by that works on a task for the worker with this claim.
    /// `false` when it no longer holds the task.
    async fn set_resume(&self, id: &str, claim: &str, resume: Option<&str>) -> Result<bool>;
    /// Ends a task that this claim holds, and settles (done) or releases (failed) its hold in the
    /// same transaction, which also writes the webhook of whoever is to be told, here and wherever
    /// a task ends. `false`, and nothing done, when the claim no longer holds the task: it holds
    /// it, also past the lease, until the task is claimed again, parked, queued by
    /// [`Instances::recover`](crate::Instances::recover) or cancelled.
    async fn finish_task(
        &self,
        id: &str,
        claim: &str,
        outcome: &Outcome,
        now: Millis,
    ) -> Result<bool>;
    /// Puts a task back that this claim holds, as if it had not been taken: for shutdown.
    async fn park_task(&self, id: &str, claim: &str) -> Result<bool>;
    /// Revokes a queued task or stops a processing one, and releases its hold; answers the new
    /// state, or `None` when it had ended before or is unknown.
    async fn cancel_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>>;
    /// [`Tasks::cancel_task`] where it is queued; a task that a worker has is left alone.
    async fn revoke_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>>;
    /// The task of that id, or submitted with that request id, if it belongs to the application.
    async fn task(&self, application: i64, id: &str) -> Result<Option<Task>>;
    /// The answer of a task of the application, without envelope, if it is done.
    async fn task_answer(&self, application: i64, id: &str) -> Result<Option<Value>>;
    /// How many tasks of an application a filter finds, and those that it lists.
    async fn tasks(&self, application: i64, filter: &TaskFilter) -> Result<(u64, Vec<Task>)>;
    /// Fails tasks that were accepted before `before` and are queued, with this fault, and releases
    /// their holds; answers how many.
    async fn fail_queued(&self, before: Millis, fault: &Fault, now: Millis) -> Result<u64>;
    /// How many tasks are queued and processing.
    async fn open_tasks(&self) -> Result<(u64, u64)>;
    /// Reclaims ended tasks whose life is over: answers and faults go, the ids stay as reclaimed.
    async fn reclaim_tasks(&self, now: Millis) -> Result<u64>;
}
