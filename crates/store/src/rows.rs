//! The rows of an installation, over whichever database holds them.
//!
//! Each file has one concern: the methods of its trait, then the statements, which both databases
//! understand ([`crate::sql`]).
//!
//! # The order of locks
//!
//! Other processes change rows at the same time, in PostgreSQL inside transactions that see what
//! others have committed meanwhile. So that no change is made on what another one is changing, and
//! no two wait for each other:
//!
//! 1. A change that reads what belongs to an application before it writes names the application
//!    ([`Lock`]). The database locks it before the change begins; a change locks one application at
//!    most.
//! 2. A change that takes whatever waits (a claim, a sweep) passes over rows that another one is
//!    changing, and changes nothing but those rows.
//! 3. The row of `disk`, which all files share, comes last.
//!
//! Whatever a change of no application does, it does in statements that name in their `WHERE` what
//! must still hold. Where the database finds two changes waiting for each other all the same, it
//! ends one, which is then made again.

mod accounts;
mod agreements;
mod audit;
mod console;
mod faces;
mod files;
mod instances;
mod keyed_requests;
mod ledger;
mod meters;
mod tasks;
mod uploads;
mod usage;
mod webhooks;

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::sleep;
use uuid::Uuid;

use crate::sql::{Connection, unique};
use crate::{Millis, Result, Store, StoreError};

/// Rows that one transaction of a sweep changes, so that other writers don't wait for all of it.
const SWEEP: u64 = 256;

/// A number as a column can hold it: the largest one where it is larger.
fn saturated(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How long the fate of a change is asked for while the database cannot be reached: as long as a
/// server takes to start again after a crash.
const FATE: Duration = Duration::from_secs(40);
/// How long after a failure it is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The application that a change is about, which no other change is about at the same time.
#[derive(Clone, Debug)]
pub enum Lock {
    /// None: the statements of the change are right whatever happens between them.
    Nothing,
    /// This one.
    Application(i64),
    /// That of the task of this id.
    OfTask(String),
    /// That of the hold of this number.
    OfHold(i64),
    /// That of the upload of this id.
    OfUpload(String),
}

/// What runs changes and reads.
pub trait Database: Send + Sync + 'static {
    /// Makes a change: whole, or not at all where it fails. It may be made again where it failed for
    /// a cause that passes, and is made even if the future is dropped.
    fn write<T: Send + 'static>(
        &self,
        lock: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Runs a read of few rows.
    fn quick<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Runs a longer read, all of which sees one state of the database.
    fn slow<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Folds what was logged into the database, so that what was deleted is in neither.
    fn scrub(&self) -> impl Future<Output = Result<()>> + Send;

    /// The time of the database.
    fn clock(&self) -> impl Future<Output = Result<Millis>> + Send;

    /// Whether several processes may serve these rows.
    fn is_shared(&self) -> bool;

    /// What it is and how it is reached, in a few words.
    fn describe(&self) -> impl Future<Output = Result<String>> + Send;

    /// Tells the other processes that something was added.
    fn announce(&self) -> impl Future<Output = Result<()>> + Send {
        ready(Ok(()))
    }

    /// Hears what others announce, until the connection is lost.
    fn listen(&self) -> impl Future<Output = Result<Receiver<()>>> + Send {
        ready(Ok(channel(1).1))
    }
}

/// The store over a database, as one of the processes at work on it.
pub struct Rows<D> {
    pub(crate) database: Arc<D>,
    /// What rows are marked with that this process has at work.
    instance: String,
}

impl<D: Database> Rows<D> {
    pub(crate) fn over(database: Arc<D>) -> Self {
        Self { database, instance: Uuid::new_v4().to_string() }
    }

    /// The same rows, as another process would have them.
    pub fn another(&self) -> Self {
        Self::over(self.database.clone())
    }

    async fn write<T: Send + 'static>(
        &self,
        lock: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.database.write(lock, change).await
    }

    /// A change of which `look` can tell whether it was made, for where a connection was lost while
    /// its commit was on the way.
    async fn write_once<T: Send + 'static>(
        &self,
        lock: Lock,
        change: impl Fn(&Connection<'_>) -> Result<T> + Clone + Send + Sync + 'static,
        look: impl Fn(&Connection<'_>) -> Result<Option<T>> + Clone + Send + Sync + 'static,
    ) -> Result<T> {
        let mut unknown = false;
        loop {
            let written = self.write(lock.clone(), change.clone()).await;
            let is_lost = matches!(written, Err(StoreError::Lost(_)));
            if !is_lost && !unknown {
                return written;
            }
            if let Some(made) = self.fate(&look).await? {
                return Ok(made);
            }
            // The look went through, so the database is there again.
            if !is_lost {
                return written;
            }
            unknown = true;
        }
    }

    /// Looks until the database answers.
    async fn fate<T: Send + 'static>(
        &self,
        look: &(impl Fn(&Connection<'_>) -> Result<T> + Clone + Send + Sync + 'static),
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            match self.quick(look.clone()).await {
                Err(StoreError::Lost(_)) if start.elapsed() < FATE => sleep(ASK_AGAIN).await,
                found => return found,
            }
        }
    }

    async fn quick<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.database.quick(read).await
    }

    async fn slow<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.database.slow(read).await
    }

    /// Runs a sweep step by step until one finds less than it may change; answers the sum.
    async fn sweep(
        &self,
        step: fn(&Connection<'_>, Millis) -> Result<u64>,
        time: Millis,
    ) -> Result<u64> {
        let mut sum = 0;
        loop {
            let swept = self.write(Lock::Nothing, move |db| step(db, time)).await?;
            sum += swept;
            if swept < SWEEP {
                return Ok(sum);
            }
        }
    }
}

#[async_trait]
impl<D: Database> Store for Rows<D> {
    async fn check(&self) -> Result<()> {
        self.quick(tasks::open).await?;
        self.write(Lock::Nothing, |_| Ok(())).await
    }

    async fn forget(&self, before: Millis) -> Result<u64> {
        let mut sum = 0;
        for step in [tasks::forget, files::forget, uploads::forget, webhooks::forget] {
            sum += self.sweep(step, before).await?;
        }
        Ok(sum)
    }

    fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    async fn describe(&self) -> Result<String> {
        self.database.describe().await
    }

    #[cfg(any(test, feature = "conformance"))]
    fn as_another(&self) -> Arc<dyn Store> {
        Arc::new(self.another())
    }
}
