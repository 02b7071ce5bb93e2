//! What Safelight remembers: users, applications and their keys, credits, tasks and result files.
//!
//! Rows live behind the trait [`Store`]; a conformance suite (the module `conformance`, behind
//! the feature of that name) holds every implementation to the same behaviour. Files live in [`Blobs`],
//! over `object_store`.
//!
//! # What a crash leaves
//!
//! A call that has returned has happened, also when the process is killed the next instant; a call
//! that has not may have happened whole or not at all. (A power cut is another matter:
//! [`Durability`]. With [`Durability::Power`] a blob and the names of its folders are on the disk
//! when [`Blobs::put`] returns, so before the task, its end or the charge that tells of it commits.)
//! So, wherever the process ends:
//!
//! - *Between hold and settle or release:* an open hold. [`Instances::recover`] gives it back once the
//!   process is known to be dead, [`Ledger::release_stale_holds`] while it lives on. The caller had no
//!   answer, and pays nothing.
//! - *After settle, before the answer is sent:* a charge. The request is done and cannot be told
//!   from one whose answer was lost on its way; [`Ledger::settle`] therefore comes last.
//! - *After an input was recorded or written, before its task is submitted:* a row, and perhaps
//!   blobs, without an open task, as are those of tasks that ended and were not tidied: a sweep asks
//!   for [`Files::orphaned_inputs`], and compares [`Blobs::list`] with [`Tasks::task`].
//! - *While a task is processing:* its row says so, and its hold stays. `recover` queues it again,
//!   a lease that is over hands it to the next worker, and the random token of each claim keeps the
//!   worker before from ending it. Its end and its charge are one transaction: it is charged once or not.
//! - *While a file is written:* a half-written file under a name that no key can have.
//!   [`Blobs::remove_partial`] deletes it.
//! - *After [`Files::add_file`], before the file is there:* a row without a blob, under a key that
//!   nobody was told. It counts against the disk budget until it expires; so the row comes first
//!   and the budget is never passed.
//! - *While an expired file is reclaimed:* delete the blob first, then [`Files::reclaim_file`]:
//!   what is cut off is found again by [`Files::expired_files`].

mod account;
mod agreement;
mod blobs;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod console;
mod error;
mod faces;
mod instance;
mod key;
mod keyed_request;
mod ledger;
mod meter;
mod migrate;
mod open;
mod postgres;
mod result_file;
mod rows;
pub mod secret_file;
#[cfg(any(test, feature = "conformance"))]
pub mod shaky;
mod sql;
mod sqlite;
mod task;
mod upload;
mod usage;
mod webhook;

use async_trait::async_trait;

pub use account::{Accounts, Application, Limits, NewApplication, Principal, ServiceState, User};
pub use agreement::Agreements;
pub use blobs::{Blob, BlobError, BlobStream, Blobs};
pub use console::{Console, ConsoleAct, ConsoleSession, Transfer};
pub use error::{Result, StoreError};
pub use faces::{
    Act, CopiedUser, ErasedFaces, FaceAudit, FaceChange, FaceGroup, FaceLimits, FaceMode, FaceSink,
    FaceUser, Faces, FacesChanged, NewFace, NewFaceGroup, NewFaceUser, Refused, StoredFace,
};
pub use instance::{BEAT, DEAD_AFTER, Instance, Instances, LEASE, RENEWAL, Recovered};
pub use key::{ApiKey, KeyHash, KeyKind, KeySecret, fingerprint};
pub use keyed_request::{KeyedAnswer, KeyedRequest, KeyedRequests, RequestKey};
pub use ledger::{Audit, COMMON_POOL, Credits, Hold, HoldOutcome, HoldRequest, Ledger, Pool};
pub use meter::{Metered, Meters};
pub use migrate::{MovedTable, migrate};
pub use open::{BlobSettings, Durability, Settings};
pub use postgres::Postgres;
pub use result_file::{DiskUse, Files, ResultFile};
pub use sqlite::Sqlite;
pub use task::{
    Claiming, NewTask, Outcome, Queue, Submission, TASK_LIFE, Task, TaskFilter, TaskState, Tasks,
};
pub use upload::{
    NewUpload, Upload, UploadAdmission, UploadDeletion, UploadQuota, UploadState, UploadedPicture,
    Uploads,
};
pub use usage::{LATENCY_MS, Latency, NewUsage, UsageFilter, UsageReport, UsageRows, UsageSum};
pub use webhook::{Attempted, Callback, Webhook, WebhookNonce, WebhookState, Webhooks};

/// Unix time in milliseconds, UTC. Times are passed in, so that tests can move the clock.
pub type Millis = i64;

/// The rows of one installation. Implementations are safe to call from many tasks at once; every
/// method is one transaction, which either happens whole or not at all, also when the process is
/// killed inside it. Sweeps alone ([`Ledger::release_stale_holds`],
/// [`Tasks::reclaim_tasks`], [`Store::forget`], [`Instances::recover`]) may take several, since they can be cut off anywhere and go on later. A change
/// happens even if its future is dropped before it has answered.
#[async_trait]
pub trait Store:
    Accounts
    + Ledger
    + Tasks
    + Files
    + Uploads
    + KeyedRequests
    + Webhooks
    + Faces
    + Instances
    + Agreements
    + Meters
    + Console
    + UsageRows
{
    /// Makes sure that rows can be read and changed at this moment, without changing any.
    async fn check(&self) -> Result<()>;
    /// Forgets reclaimed files and uploads, and tasks and webhooks that ended before `before`.
    async fn forget(&self, before: Millis) -> Result<u64>;
    /// Whether processes on several machines may serve these rows.
    fn is_shared(&self) -> bool;
    /// What the database is and how it is reached, in a few words.
    async fn describe(&self) -> Result<String>;
    /// The same rows, as another process would have them.
    #[cfg(any(test, feature = "conformance"))]
    fn as_another(&self) -> std::sync::Arc<dyn Store>;
}
