//! The embedded store.

mod accounts;
mod audit;
mod console;
mod faces;
mod files;
mod keyed_requests;
mod ledger;
mod readers;
mod schema;
mod tasks;
#[cfg(test)]
mod tests;
mod uploads;
mod usage;
mod webhooks;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode};
use serde::{Deserialize, Serialize};

use safelight_contract::Fault;

use crate::{
    ApiKey, Application, Attempted, Audit, BlobError, Blobs, Credits, DiskUse, Hold, HoldOutcome,
    HoldRequest, KeyHash, KeyedAnswer, KeyedRequest, Limits, Millis, NewApplication, NewTask,
    NewUpload, Outcome, Pool, Principal, Queue, RequestKey, Result, ResultFile, ServiceState,
    Store, StoreError, Submission, Task, TaskFilter, TaskState, Upload, UploadAdmission,
    UploadDeletion, UploadQuota, UploadedPicture, User, Webhook, WebhookNonce,
};

use readers::Readers;
use writer::Writer;

/// Rows that one transaction of a sweep changes, so that other writers don't wait for all of it.
const SWEEP: u64 = 256;

/// The embedded store: SQLite in WAL mode.
///
/// Point reads run on the calling thread, in microseconds; longer ones and all changes run on
/// threads of their own. Several processes may have the same database open, and see each other's
/// changes at once.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    path: PathBuf,
}

/// How the store keeps what it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What a change survives. Default `process`.
    pub durability: Durability,
}

impl Settings {
    /// [`Sqlite::open_with`] these settings.
    pub fn open_database(&self, path: impl AsRef<Path>) -> Result<Sqlite> {
        Sqlite::open_with(path, self.durability)
    }

    /// [`Blobs::local_with`] these settings.
    pub fn open_files(&self, folder: impl AsRef<Path>) -> Result<Blobs, BlobError> {
        Blobs::local_with(folder, self.durability)
    }
}

/// What a change survives once its call has returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, however sudden. A power cut may lose the last instants, though never
    /// part of a transaction, so that the books stay right (`synchronous = NORMAL`).
    #[default]
    Process,
    /// A power cut too, at the price of a disk flush per transaction (`synchronous = FULL`), and of
    /// one for each file and one for its folder.
    Power,
}

impl Durability {
    fn synchronous(self) -> &'static str {
        match self {
            Self::Process => "NORMAL",
            Self::Power => "FULL",
        }
    }
}

impl Sqlite {
    /// Opens the database at `path`, creates it where there is none (its folder must exist), and
    /// brings its tables up to date. A database of a later release, or of another program, is
    /// refused untouched.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Durability::default())
    }

    /// [`Sqlite::open`] with a choice of what changes survive.
    pub fn open_with(path: impl AsRef<Path>, durability: Durability) -> Result<Self> {
        let path = path.as_ref();
        let db = schema::writer(path, durability)?;
        let (readers, writer) = (Readers::open(path)?, Writer::start(db)?);
        Ok(Self { readers, writer, path: path.to_owned() })
    }

    /// Runs a sweep step by step until one finds less than it may change; answers the sum.
    async fn sweep(
        &self,
        step: fn(&Connection, Millis) -> Result<u64>,
        time: Millis,
    ) -> Result<u64> {
        let mut sum = 0;
        loop {
            let swept = self.writer.run(move |db| step(db, time)).await?;
            sum += swept;
            if swept < SWEEP {
                return Ok(sum);
            }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Turns the breach of a uniqueness rule into a conflict that says what is there.
fn unique(error: rusqlite::Error, conflict: impl FnOnce() -> String) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => StoreError::Conflict(conflict()),
        _ => error.into(),
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn create_user(&self, name: &str, now: Millis) -> Result<User> {
        let name = name.to_owned();
        self.writer.run(move |db| accounts::create_user(db, &name, now)).await
    }

    async fn users(&self) -> Result<Vec<User>> {
        self.readers.slow(accounts::users).await
    }

    async fn lock_user(&self, name: &str, locked: bool) -> Result<()> {
        let name = name.to_owned();
        self.writer.run(move |db| accounts::lock_user(db, &name, locked)).await
    }

    async fn delete_user(&self, name: &str, now: Millis) -> Result<()> {
        let name = name.to_owned();
        self.writer.run(move |db| accounts::delete_user(db, &name, now)).await
    }

    async fn create_application(&self, new: &NewApplication, now: Millis) -> Result<Application> {
        let new = new.clone();
        self.writer.run(move |db| accounts::create_application(db, &new, now)).await
    }

    async fn applications(&self) -> Result<Vec<Application>> {
        self.readers.slow(accounts::applications).await
    }

    async fn application(&self, name: &str) -> Result<Application> {
        let name = name.to_owned();
        self.readers.slow(move |db| accounts::application(db, &name)).await
    }

    async fn set_limits(&self, application: i64, limits: Limits) -> Result<()> {
        self.writer.run(move |db| accounts::set_limits(db, application, limits)).await
    }

    async fn set_service(&self, application: i64, path: &str, state: ServiceState) -> Result<()> {
        let path = path.to_owned();
        self.writer.run(move |db| accounts::set_service(db, application, &path, state)).await
    }

    async fn services(&self, application: i64) -> Result<BTreeMap<String, ServiceState>> {
        self.readers.slow(move |db| accounts::services(db, application)).await
    }

    async fn delete_application(&self, application: i64, now: Millis) -> Result<()> {
        self.writer.run(move |db| accounts::delete_application(db, application, now)).await
    }

    async fn add_key(
        &self,
        application: i64,
        hash: &KeyHash,
        hint: &str,
        now: Millis,
    ) -> Result<ApiKey> {
        let (hash, hint) = (*hash, hint.to_owned());
        self.writer.run(move |db| accounts::add_key(db, application, &hash, &hint, now)).await
    }

    async fn keys(&self, application: i64) -> Result<Vec<ApiKey>> {
        self.readers.slow(move |db| accounts::keys(db, application)).await
    }

    async fn revoke_key(&self, key: i64, now: Millis) -> Result<()> {
        self.writer.run(move |db| accounts::revoke_key(db, key, now)).await
    }

    async fn authenticate(&self, hash: &KeyHash) -> Result<Option<Principal>> {
        self.readers.quick(|db| accounts::authenticate(db, hash))
    }

    async fn add_credits(
        &self,
        application: i64,
        pool: &str,
        amount: Credits,
        now: Millis,
    ) -> Result<Pool> {
        let pool = pool.to_owned();
        self.writer.run(move |db| ledger::add_credits(db, application, &pool, amount, now)).await
    }

    async fn set_balance_warning(
        &self,
        application: i64,
        pool: &str,
        warning: Credits,
    ) -> Result<()> {
        let pool = pool.to_owned();
        self.writer
            .run(move |db| ledger::set_balance_warning(db, application, &pool, warning))
            .await
    }

    async fn pools(&self, application: i64) -> Result<Vec<Pool>> {
        self.readers.quick(|db| ledger::pools(db, application))
    }

    async fn hold(&self, request: &HoldRequest, now: Millis) -> Result<HoldOutcome> {
        let request = request.clone();
        self.writer.run(move |db| ledger::hold(db, &request, false, now)).await
    }

    async fn settle(&self, hold: &Hold, now: Millis) -> Result<bool> {
        let id = hold.id;
        self.writer.run(move |db| ledger::close(db, id, ledger::Closing::Settle, now)).await
    }

    async fn release(&self, hold: &Hold, now: Millis) -> Result<bool> {
        let id = hold.id;
        self.writer.run(move |db| ledger::close(db, id, ledger::Closing::Release, now)).await
    }

    async fn release_stale_holds(&self, now: Millis) -> Result<u64> {
        self.sweep(ledger::release_stale, now).await
    }

    async fn audit(&self) -> Result<Audit> {
        self.readers.slow(audit::audit).await
    }

    async fn submit_task(
        &self,
        task: &NewTask,
        hold: &HoldRequest,
        max_queued: u64,
        now: Millis,
    ) -> Result<Submission> {
        let (task, hold) = (task.clone(), hold.clone());
        self.writer.run(move |db| tasks::submit(db, &task, &hold, max_queued, now)).await
    }

    async fn queue(&self, application: i64) -> Result<Queue> {
        self.readers.quick(|db| tasks::queue(db, application))
    }

    async fn claim_task(
        &self,
        lease_until: Millis,
        max_attempts: u32,
        now: Millis,
    ) -> Result<Option<Task>> {
        // Idle workers ask often: a look is cheaper than a transaction.
        if !self.readers.quick(|db| tasks::is_waiting(db, now))? {
            return Ok(None);
        }
        self.writer.run(move |db| tasks::claim(db, lease_until, max_attempts, now)).await
    }

    async fn finish_task(
        &self,
        id: &str,
        attempt: u32,
        outcome: &Outcome,
        now: Millis,
    ) -> Result<bool> {
        let (id, outcome) = (id.to_owned(), outcome.clone());
        self.writer.run(move |db| tasks::finish(db, &id, attempt, &outcome, now)).await
    }

    async fn park_task(&self, id: &str, attempt: u32) -> Result<bool> {
        let id = id.to_owned();
        self.writer.run(move |db| tasks::park(db, &id, attempt)).await
    }

    async fn cancel_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>> {
        let id = id.to_owned();
        self.writer.run(move |db| tasks::cancel(db, &id, false, now)).await
    }

    async fn revoke_task(&self, id: &str, now: Millis) -> Result<Option<TaskState>> {
        let id = id.to_owned();
        self.writer.run(move |db| tasks::cancel(db, &id, true, now)).await
    }

    async fn task(&self, application: i64, id: &str) -> Result<Option<Task>> {
        self.readers.quick(|db| tasks::task(db, application, id))
    }

    async fn tasks(&self, application: i64, filter: &TaskFilter) -> Result<(u64, Vec<Task>)> {
        let filter = filter.clone();
        self.readers.slow(move |db| tasks::list(db, application, &filter)).await
    }

    async fn open_tasks(&self) -> Result<(u64, u64)> {
        self.readers.quick(tasks::open)
    }

    async fn reclaim_tasks(&self, now: Millis) -> Result<u64> {
        self.sweep(tasks::reclaim, now).await
    }

    async fn recover(&self, now: Millis) -> Result<(u64, u64)> {
        self.writer
            .run(move |db| {
                uploads::fail_orphans(db)?;
                keyed_requests::abandon_orphans(db)?;
                webhooks::requeue(db, now)?;
                Ok((tasks::requeue(db)?, ledger::release_orphans(db, now)?))
            })
            .await
    }

    async fn add_file(&self, file: &ResultFile, disk_budget: u64) -> Result<bool> {
        let file = file.clone();
        self.writer.run(move |db| files::add(db, &file, disk_budget)).await
    }

    async fn file(&self, key: &str) -> Result<Option<ResultFile>> {
        self.readers.quick(|db| files::file(db, key))
    }

    async fn expired_files(&self, now: Millis, limit: u32) -> Result<Vec<String>> {
        self.readers.slow(move |db| files::expired(db, now, limit)).await
    }

    async fn reclaim_file(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.writer.run(move |db| files::reclaim(db, &key)).await
    }

    async fn disk_use(&self) -> Result<DiskUse> {
        self.readers.quick(files::disk_use)
    }

    async fn add_input(
        &self,
        path: &str,
        size: u64,
        disk_budget: u64,
        now: Millis,
    ) -> Result<bool> {
        let path = path.to_owned();
        self.writer.run(move |db| files::add_input(db, &path, size, disk_budget, now)).await
    }

    async fn remove_input(&self, path: &str) -> Result<()> {
        let path = path.to_owned();
        self.writer.run(move |db| files::remove_input(db, &path)).await
    }

    async fn orphaned_inputs(&self, before: Millis, limit: u32) -> Result<Vec<String>> {
        self.readers.slow(move |db| files::orphaned_inputs(db, before, limit)).await
    }

    async fn check(&self) -> Result<()> {
        self.readers.quick(tasks::open)?;
        self.writer.run(|_| Ok(())).await
    }

    async fn forget(&self, before: Millis) -> Result<u64> {
        let mut sum = 0;
        for step in [tasks::forget, files::forget, uploads::forget, webhooks::forget] {
            sum += self.sweep(step, before).await?;
        }
        Ok(sum)
    }

    async fn add_upload(
        &self,
        upload: &NewUpload,
        quota: UploadQuota,
        disk_budget: u64,
        now: Millis,
    ) -> Result<UploadAdmission> {
        let upload = upload.clone();
        self.writer.run(move |db| uploads::add(db, &upload, quota, disk_budget, now)).await
    }

    async fn end_upload(
        &self,
        id: &str,
        outcome: &std::result::Result<UploadedPicture, Fault>,
    ) -> Result<bool> {
        let (id, outcome) = (id.to_owned(), outcome.clone());
        self.writer.run(move |db| uploads::end(db, &id, &outcome)).await
    }

    async fn upload(&self, application: i64, id: &str) -> Result<Option<Upload>> {
        self.readers.quick(|db| uploads::upload(db, application, id))
    }

    async fn delete_upload(&self, application: i64, id: &str) -> Result<UploadDeletion> {
        let id = id.to_owned();
        self.writer.run(move |db| uploads::delete(db, application, &id)).await
    }

    async fn expired_uploads(&self, now: Millis, limit: u32) -> Result<Vec<(i64, String)>> {
        self.readers.slow(move |db| uploads::expired(db, now, limit)).await
    }

    async fn reclaim_upload(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.writer.run(move |db| uploads::reclaim(db, &id)).await
    }

    async fn begin_request(
        &self,
        request: &RequestKey,
        digest: &[u8; 32],
        expires_at: Millis,
        now: Millis,
    ) -> Result<KeyedRequest> {
        let (request, digest) = (request.clone(), *digest);
        self.writer
            .run(move |db| keyed_requests::begin(db, &request, &digest, expires_at, now))
            .await
    }

    async fn answer_request(
        &self,
        request: &RequestKey,
        answer: &KeyedAnswer,
        expires_at: Millis,
    ) -> Result<()> {
        let (request, answer) = (request.clone(), answer.clone());
        self.writer.run(move |db| keyed_requests::answer(db, &request, &answer, expires_at)).await
    }

    async fn abandon_request(&self, request: &RequestKey) -> Result<()> {
        let request = request.clone();
        self.writer.run(move |db| keyed_requests::abandon(db, &request)).await
    }

    async fn forget_requests(&self, now: Millis) -> Result<u64> {
        self.sweep(keyed_requests::forget, now).await
    }

    async fn claim_webhooks(
        &self,
        lease_until: Millis,
        limit: u32,
        now: Millis,
    ) -> Result<Vec<Webhook>> {
        // It is asked for often: a look is cheaper than a transaction.
        if !self.readers.quick(|db| webhooks::is_due(db, now))? {
            return Ok(Vec::new());
        }
        self.writer.run(move |db| webhooks::claim(db, lease_until, limit, now)).await
    }

    async fn webhook_attempted(&self, id: &str, outcome: Attempted, note: &str) -> Result<()> {
        let (id, note) = (id.to_owned(), note.to_owned());
        self.writer.run(move |db| webhooks::attempted(db, &id, outcome, &note)).await
    }

    async fn webhooks(&self, application: i64, limit: u32) -> Result<Vec<Webhook>> {
        self.readers.slow(move |db| webhooks::list(db, application, limit)).await
    }

    async fn add_webhook_secret(
        &self,
        application: i64,
        nonce: &WebhookNonce,
        other_until: Millis,
        now: Millis,
    ) -> Result<()> {
        let nonce = *nonce;
        self.writer
            .run(move |db| webhooks::add_secret(db, application, &nonce, other_until, now))
            .await
    }

    async fn webhook_secrets(&self, application: i64, now: Millis) -> Result<Vec<WebhookNonce>> {
        self.readers.quick(|db| webhooks::secrets(db, application, now))
    }
}
