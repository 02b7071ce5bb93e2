//! The processes that are at work on one set of rows.

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::mpsc::Receiver;

use crate::{Millis, Result};

/// How often an instance says that it lives.
pub const BEAT: Millis = 5_000;
/// An instance that was not seen for this long is dead.
pub const DEAD_AFTER: Millis = 30_000;
/// How long a task is a worker's without a word from it.
pub const LEASE: Millis = 30_000;
/// How often leases are renewed.
pub const RENEWAL: Millis = 10_000;

/// A process at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// What rows are marked with that it has at work, unguessable.
    pub id: String,
    /// What it does: `serve` or `worker`.
    pub kind: String,
    /// Where it runs, for people.
    pub name: String,
    /// Its release.
    pub version: String,
    /// When it was first seen.
    pub started_at: Millis,
    /// When it was last seen.
    pub seen_at: Millis,
}

/// What dead instances left, and was put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Tasks that are queued again.
    pub tasks: u64,
    /// Holds that were released.
    pub holds: u64,
}

/// The processes that are at work. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Instances: Send + Sync + 'static {
    /// The id of this instance.
    fn instance(&self) -> &str;
    /// Says that this instance lives.
    async fn beat(&self, kind: &str, name: &str, version: &str, now: Millis) -> Result<()>;
    /// Says which services' tasks this instance can do, and the most bytes that the work of one may
    /// take. One that has said nothing is taken to be able to do any.
    async fn offer(&self, services: &[String], capacity: u64) -> Result<()>;
    /// Ends this instance: what it had at work is put back by the next [`Instances::recover`].
    async fn leave(&self) -> Result<()>;
    /// Forgets every instance. For a start that knows that no other process is at work.
    async fn leave_all(&self) -> Result<()>;
    /// Every instance, the oldest first; also dead ones that nobody has cleaned up after.
    async fn instances(&self) -> Result<Vec<Instance>>;
    /// Puts back what instances had at work that were not seen since `dead_before`: queues their
    /// tasks, releases the holds of their requests, fails their uploads that were in transit and
    /// forgets their keyed requests that were in flight. What living instances have at work is
    /// left alone.
    async fn recover(&self, dead_before: Millis, now: Millis) -> Result<Recovered>;
    /// The time of the database, by which leases are judged where several machines are at work.
    async fn clock(&self) -> Result<Millis>;
    /// Takes the lead in something that one instance does at a time, or keeps it: until then, unless
    /// it is kept on. `false` where another instance leads.
    async fn lead(&self, what: &str, until: Millis, now: Millis) -> Result<bool>;
    /// Tells the other instances that something was added, as a hint.
    async fn announce(&self) -> Result<()>;
    /// Hears what others announce, until the connection is lost. Several announcements may come as
    /// one.
    async fn listen(&self) -> Result<Receiver<()>>;
}
