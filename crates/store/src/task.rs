//! Asynchronous tasks.

use safelight_contract::Fault;
use serde_json::Value;

use crate::Millis;

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

/// A task to accept.
#[derive(Clone, Debug)]
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
