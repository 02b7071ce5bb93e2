//! What Safelight remembers: users, applications and their keys, credits, tasks and result files.
//!
//! Rows live behind the trait [`Store`]; one suite of stories (the module `stories`, behind the
//! feature of that name) holds every implementation to the same behaviour. Files live in [`Blobs`],
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
//! - *Between hold and settle or release:* an open hold. [`Store::recover`] gives it back at the
//!   next start, [`Store::release_stale_holds`] while the process lives on. The caller had no
//!   answer, and pays nothing.
//! - *After settle, before the answer is sent:* a charge. The request is done and cannot be told
//!   from one whose answer was lost on its way; [`Store::settle`] therefore comes last.
//! - *After an input was recorded or written, before its task is submitted:* a row, and perhaps
//!   blobs, without an open task, as are those of tasks that ended and were not tidied: a sweep asks
//!   for [`Store::orphaned_inputs`], and compares [`Blobs::list`] with [`Store::task`].
//! - *While a task is processing:* its row says so, and its hold stays. `recover` queues it again,
//!   a lease that is over hands it to the next worker, and the number of the attempt keeps the one
//!   before from ending it. Its end and its charge are one transaction: it is charged once or not.
//! - *While a file is written:* a half-written file under a name that no key can have.
//!   [`Blobs::remove_partial`] deletes it.
//! - *After [`Store::add_file`], before the file is there:* a row without a blob, under a key that
//!   nobody was told. It counts against the disk budget until it expires; so the row comes first
//!   and the budget is never passed.
//! - *While an expired file is reclaimed:* delete the blob first, then [`Store::reclaim_file`]:
//!   what is cut off is found again by [`Store::expired_files`].

mod account;
mod blobs;
mod console;
mod error;
mod faces;
mod key;
mod keyed_request;
mod ledger;
mod result_file;
mod sqlite;
#[cfg(any(test, feature = "stories"))]
pub mod stories;
mod task;
mod upload;
mod usage;
mod webhook;

use std::collections::BTreeMap;

use async_trait::async_trait;
use safelight_contract::Fault;

pub use account::{Application, Limits, NewApplication, Principal, ServiceState, User};
pub use blobs::{Blob, BlobError, BlobStream, Blobs};
pub use console::{Console, ConsoleAct, ConsoleSession, Transfer};
pub use error::{Result, StoreError};
pub use faces::{
    Act, CopiedUser, ErasedFaces, FaceAudit, FaceChange, FaceGroup, FaceLimits, FaceMode, FaceUser,
    Faces, FacesChanged, NewFace, NewFaceGroup, NewFaceUser, Refused, StoredFace,
};
pub use key::{ApiKey, KeyHash, KeySecret};
pub use keyed_request::{KeyedAnswer, KeyedRequest, RequestKey};
pub use ledger::{Audit, Credits, Hold, HoldOutcome, HoldRequest, Pool};
pub use result_file::{DiskUse, ResultFile};
pub use sqlite::{Durability, Settings, Sqlite};
pub use task::{NewTask, Outcome, Queue, Submission, TASK_LIFE, Task, TaskFilter, TaskState};
pub use upload::{
    NewUpload, Upload, UploadAdmission, UploadDeletion, UploadQuota, UploadState, UploadedPicture,
};
pub use usage::{LATENCY_MS, Latency, NewUsage, UsageFilter, UsageReport, UsageRows, UsageSum};
pub use webhook::{Attempted, Callback, Webhook, WebhookNonce, WebhookState};

/// Unix time in milliseconds, UTC. Times are passed in, so that tests can move the clock.
pub type Millis = i64;

/// The rows of one installation. Implementations are safe to call from many tasks at once; every
/// method is one transaction, which either happens whole or not at all, also when the process is
/// killed inside it. Sweeps alone ([`Store::release_stale_holds`], [`Store::reclaim_tasks`],
/// [`Store::forget`]) may take several, since they can be cut off anywhere and go on later. A change
/// happens even if its future is dropped before it has answered.
#[async_trait]
pub trait Store: Faces + Console + UsageRows + Send + Sync + 'static {
    // Users and applications.

    /// Creates a user. A name in use is [`StoreError::Conflict`].
    async fn create_user(&self, name: &str, now: Millis) -> Result<User>;
    /// Every user that is not deleted, by name.
    async fn users(&self) -> Result<Vec<User>>;
    /// Locks or unlocks a user. Unknown is [`StoreError::NotFound`], here and below.
    async fn lock_user(&self, name: &str, locked: bool) -> Result<()>;
    /// Deletes a user. The applications stay, their keys answer that the user is gone.
    async fn delete_user(&self, name: &str, now: Millis) -> Result<()>;

    /// Creates an application of a user, with a pool `common` of zero credits and, where `key` is
    /// given, with that key. A name that the user has in use is [`StoreError::Conflict`].
    async fn create_application(&self, new: &NewApplication, now: Millis) -> Result<Application>;
    /// Every application that is not deleted, by user and name.
    async fn applications(&self) -> Result<Vec<Application>>;
    /// The application of that name; where two users have one, `user/name` tells them apart and
    /// the bare name is [`StoreError::Conflict`].
    async fn application(&self, name: &str) -> Result<Application>;
    /// Changes the limits.
    async fn set_limits(&self, application: i64, limits: Limits) -> Result<()>;
    /// Switches a service on or off for an application, or overrides its price.
    async fn set_service(&self, application: i64, path: &str, state: ServiceState) -> Result<()>;
    /// Services, by path, whose state for an application is not the default.
    async fn services(&self, application: i64) -> Result<BTreeMap<String, ServiceState>>;
    /// Deletes an application: its keys stop working, queued tasks are revoked, processing ones
    /// stopped, and every open hold is released.
    async fn delete_application(&self, application: i64, now: Millis) -> Result<()>;

    /// Adds a key to an application; the key itself is never stored.
    async fn add_key(
        &self,
        application: i64,
        hash: &KeyHash,
        hint: &str,
        now: Millis,
    ) -> Result<ApiKey>;
    /// The keys of an application that are not revoked.
    async fn keys(&self, application: i64) -> Result<Vec<ApiKey>>;
    /// Revokes one key, by its number; one that is revoked already does not exist.
    async fn revoke_key(&self, key: i64, now: Millis) -> Result<()>;
    /// Who a key belongs to; `None` when it is unknown, revoked, or its application is deleted.
    /// This is on the path of every request and must take microseconds.
    async fn authenticate(&self, hash: &KeyHash) -> Result<Option<Principal>>;

    // Credits.

    /// Adds credits to a pool, which is created where it is new. `amount` may be negative to take
    /// credits back, but never below zero: that is [`StoreError::Conflict`]. What is taken back
    /// still counts as bought, and is no top-up.
    async fn add_credits(
        &self,
        application: i64,
        pool: &str,
        amount: Credits,
        now: Millis,
    ) -> Result<Pool>;
    /// Sets the balance below which a pool's `balance_warning` speaks.
    async fn set_balance_warning(
        &self,
        application: i64,
        pool: &str,
        warning: Credits,
    ) -> Result<()>;
    /// The pools of an application, `common` first.
    async fn pools(&self, application: i64) -> Result<Vec<Pool>>;
    /// Sets credits aside for a request: from the service's pool where it holds the price, else
    /// from `common`, else nothing happens and the outcome says what is there. A request that holds
    /// or held credits already is [`StoreError::Conflict`].
    async fn hold(&self, request: &HoldRequest, now: Millis) -> Result<HoldOutcome>;
    /// Charges a hold. `false` when it was settled or released before.
    async fn settle(&self, hold: &Hold, now: Millis) -> Result<bool>;
    /// Gives a hold back. `false` when it was settled or released before.
    async fn release(&self, hold: &Hold, now: Millis) -> Result<bool>;
    /// Gives back every hold of no task whose time is over; answers how many.
    async fn release_stale_holds(&self, now: Millis) -> Result<u64>;
    /// Checks the books: every transfer balances, every balance is the sum of its transfers.
    async fn audit(&self) -> Result<Audit>;

    // Tasks.

    /// Accepts a task and holds its price, in one transaction, unless the queue of at most
    /// `max_queued` has no room for it ([`Queue::has_room`]) or an upload that it works on is gone.
    /// An id or request id in use is
    /// [`StoreError::Conflict`].
    async fn submit_task(
        &self,
        task: &NewTask,
        hold: &HoldRequest,
        max_queued: u64,
        now: Millis,
    ) -> Result<Submission>;
    /// How many tasks are queued, in all and of an application.
    async fn queue(&self, application: i64) -> Result<Queue>;
    /// Takes a task that is queued, or whose worker's lease is over, until `lease_until`:
    /// applications that have fewer tasks at work come first, those that have as many take turns,
    /// and within an application the oldest task is taken. A task that was taken `max_attempts` times without being ended or parked is failed instead
    /// (`AI_SERVICE_ERROR`), and its hold released.
    async fn claim_task(
        &self,
        lease_until: Millis,
        max_attempts: u32,
        now: Millis,
    ) -> Result<Option<Task>>;
    /// Ends a task that this attempt holds, and settles (done) or releases (failed) its hold in the
    /// same transaction, which also writes the webhook of whoever is to be told, here and wherever
    /// a task ends. `false`, and nothing done, when the attempt no longer holds the task: it
    /// holds it, also past the lease, until the task is claimed again, parked, queued by
    /// [`Store::recover`] or cancelled.
    async fn finish_task(
        &self,
        id: &str,
        attempt: u32,
        outcome: &Outcome,
        now: Millis,
    ) -> Result<bool>;
    /// Puts a task back that this attempt holds, as if it had not been taken: for shutdown.
    async fn park_task(&self, id: &str, attempt: u32) -> Result<bool>;
    /// Revokes a queued task or stops a processing one, and releases its hold; answers the new
    /// state, or `None` when it had ended before or is unknown.
    async fn cancel_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>>;
    /// [`Store::cancel_task`] where it is queued; a task that a worker has is left alone.
    async fn revoke_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>>;
    /// The task of that id, or submitted with that request id, if it belongs to the application.
    async fn task(&self, application: i64, id: &str) -> Result<Option<Task>>;
    /// How many tasks of an application a filter finds, and those that it lists.
    async fn tasks(&self, application: i64, filter: &TaskFilter) -> Result<(u64, Vec<Task>)>;
    /// How many tasks are queued and processing.
    async fn open_tasks(&self) -> Result<(u64, u64)>;
    /// Reclaims ended tasks whose life is over: answers and faults go, the ids stay as reclaimed.
    async fn reclaim_tasks(&self, now: Millis) -> Result<u64>;
    /// After a start with no other process at work: queues the tasks that were processing, and
    /// releases every hold of no task. Answers how many of each. Also fails the uploads that were in
    /// transit, forgets the keyed requests that were in flight, and queues the webhooks that were
    /// being posted.
    async fn recover(&self, now: Millis) -> Result<(u64, u64)>;

    // Result files.

    /// Records a file, unless that would take the sum of all files and inputs over `disk_budget`
    /// bytes: `false`, and nothing recorded.
    async fn add_file(&self, file: &ResultFile, disk_budget: u64) -> Result<bool>;
    /// The file of that key, also when reclaimed.
    async fn file(&self, key: &str) -> Result<Option<ResultFile>>;
    /// Keys of up to `limit` files whose life is over and which are not reclaimed.
    async fn expired_files(&self, now: Millis, limit: u32) -> Result<Vec<String>>;
    /// Marks a file reclaimed; the key stays known.
    async fn reclaim_file(&self, key: &str) -> Result<()>;
    // Inputs of tasks, and what lies on the disk.

    /// Records the input of a task that is about to be written to the blobs under `path`, unless
    /// that would take the sum of all files and inputs over `disk_budget` bytes: `false`, and
    /// nothing recorded. A path in use is [`StoreError::Conflict`].
    async fn add_input(&self, path: &str, size: u64, disk_budget: u64, now: Millis)
    -> Result<bool>;
    /// Forgets an input whose blobs are deleted; an unknown one is fine.
    async fn remove_input(&self, path: &str) -> Result<()>;
    /// Paths of up to `limit` inputs that were recorded before `before` and have no open task,
    /// oldest first.
    async fn orphaned_inputs(&self, before: Millis, limit: u32) -> Result<Vec<String>>;
    /// Bytes of the files that are not reclaimed, and of the inputs.
    async fn disk_use(&self) -> Result<DiskUse>;
    /// Makes sure that rows can be read and changed at this moment, without changing any.
    async fn check(&self) -> Result<()>;
    /// Forgets reclaimed files and uploads, and tasks and webhooks that ended before `before`.
    async fn forget(&self, before: Millis) -> Result<u64>;

    // Uploads.

    /// Records an upload as in transit, unless the application's quota or the disk budget has no
    /// room for it.
    async fn add_upload(
        &self,
        upload: &NewUpload,
        quota: UploadQuota,
        disk_budget: u64,
        now: Millis,
    ) -> Result<UploadAdmission>;
    /// Ends the transit of an upload: its bytes are there, or they did not come. `false` when it
    /// was not in transit any more.
    async fn end_upload(
        &self,
        id: &str,
        outcome: &std::result::Result<UploadedPicture, Fault>,
    ) -> Result<bool>;
    /// The upload of that id, if it belongs to the application.
    async fn upload(&self, application: i64, id: &str) -> Result<Option<Upload>>;
    /// Reclaims an upload of an application, unless a task that has not ended works on it.
    async fn delete_upload(&self, application: i64, id: &str) -> Result<UploadDeletion>;
    /// Application and id of up to `limit` uploads whose life is over and on which no task works
    /// that has not ended.
    async fn expired_uploads(&self, now: Millis, limit: u32) -> Result<Vec<(i64, String)>>;
    /// Marks an upload reclaimed; its id stays known.
    async fn reclaim_upload(&self, id: &str) -> Result<()>;

    // Requests with an idempotency key.

    /// Records a request as in flight until `expires_at`, where its key is new; else says what is
    /// known of it.
    async fn begin_request(
        &self,
        request: &RequestKey,
        digest: &[u8; 32],
        expires_at: Millis,
        now: Millis,
    ) -> Result<KeyedRequest>;
    /// Keeps the answer of a request until `expires_at`.
    async fn answer_request(
        &self,
        request: &RequestKey,
        answer: &KeyedAnswer,
        expires_at: Millis,
    ) -> Result<()>;
    /// Forgets a request that is in flight, so that it may come again.
    async fn abandon_request(&self, request: &RequestKey) -> Result<()>;
    /// Forgets the requests whose time is over.
    async fn forget_requests(&self, now: Millis) -> Result<u64>;

    // Webhooks.

    /// Takes up to `limit` webhooks that are due; each is due again at `lease_until`, unless
    /// [`Store::webhook_attempted`] says otherwise by then. Counts an attempt.
    async fn claim_webhooks(
        &self,
        lease_until: Millis,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Webhook>>;
    /// Says how an attempt to deliver a webhook went, with a note for people.
    async fn webhook_attempted(&self, id: &str, outcome: Attempted, note: &str) -> Result<()>;
    /// The newest webhooks of an application.
    async fn webhooks(&self, application: i64, limit: u32) -> Result<Vec<Webhook>>;
    /// Adds what a secret of an application's webhooks is derived from. The one before stays valid
    /// until `other_until`, older ones do not.
    async fn add_webhook_secret(
        &self,
        application: i64,
        nonce: &WebhookNonce,
        other_until: Millis,
        now: Millis,
    ) -> Result<()>;
    /// What the valid secrets of an application's webhooks are derived from, the newest first.
    async fn webhook_secrets(&self, application: i64, now: Millis) -> Result<Vec<WebhookNonce>>;
}
