//! Asynchronous tasks.

use std::str::FromStr;

use safelight_contract::Fault;
use serde_json::Value;

use crate::{Callback, Credits, Hold, Millis};

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

    fn from_str(name: &str) -> Result<Self, String> {
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
    /// How often it was taken; also the token of the worker that has it.
    pub attempt: u32,
    /// The answer when done, without envelope.
    pub answer: Option<Value>,
    /// The fault when failed.
    pub fault: Option<Fault>,
    /// When it was accepted.
    pub created_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
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
    Accepted(Hold),
    /// The queue has no room for it; what is in the queue.
    QueueFull(Queue),
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
