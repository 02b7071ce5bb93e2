//! The one connection that writes. Changes queue for a thread of its own, and those that wait
//! together share a transaction, each inside a savepoint: one that fails takes nothing with it, and
//! all of them pay for one commit. Nobody is answered before the commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{Result, StoreError};

/// Most changes in one transaction: bounds how long the first of them waits.
const BATCH: usize = 64;

/// A change on its way: runs on the connection, or learns why it can't.
type Job = Box<dyn FnOnce(Result<&Connection>) -> Applied + Send>;

/// A change that has run and waits for the commit.
struct Applied {
    /// Whether it succeeded, so that its rows stay.
    kept: bool,
    /// Answers whoever waits, given the fate of the transaction.
    reply: Box<dyn FnOnce(Result<()>) + Send>,
}

/// The queue to the writing thread.
pub struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(db: Connection) -> Result<Self> {
        let (jobs, queue) = channel();
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&db, &queue))
            .map_err(|e| StoreError::Database(format!("cannot start the writing thread: {e}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Makes a change. When the caller goes away while it waits, the change is made all the same.
    pub async fn run<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let result = db.and_then(change);
            let kept = result.is_ok();
            // Fails only when nobody waits any more.
            let reply = Box::new(move |fate: Result<()>| drop(sender.send(fate.and(result))));
            Applied { kept, reply }
        });
        let stopped = || StoreError::Database("the writing thread has stopped".into());
        self.jobs.as_ref().ok_or_else(stopped)?.send(job).map_err(|_| stopped())?;
        receiver.await.map_err(|_| StoreError::Database("the change was abandoned".into()))?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Ends the queue; the thread makes what still waits in it and closes the connection.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(db: &Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut batch = VecDeque::from([first]);
        batch.extend(queue.try_iter().take(BATCH - 1));
        while !batch.is_empty() {
            commit(db, &mut batch);
        }
    }
}

/// Runs changes of the batch in one transaction; all of them, unless one breaks it.
fn commit(db: &Connection, batch: &mut VecDeque<Job>) {
    if let Err(error) = execute(db, "BEGIN IMMEDIATE") {
        roll_back(db);
        for job in batch.drain(..) {
            (job(Err(error.clone())).reply)(Ok(()));
        }
        return;
    }
    let mut waiting = Vec::with_capacity(batch.len());
    while let Some(job) = batch.pop_front() {
        let Err(error) = apply(db, job, &mut waiting) else { continue };
        // SQLite gave the whole transaction up, as it does when the disk is full.
        let lost = waiting.iter().filter(|applied| applied.kept).count();
        tracing::error!(%error, lost, "a transaction was rolled back");
        roll_back(db);
        return answer(waiting, &Err(error));
    }
    let fate = execute(db, "COMMIT");
    roll_back(db);
    answer(waiting, &fate);
}

/// Makes sure that no transaction is open.
fn roll_back(db: &Connection) {
    if !db.is_autocommit()
        && let Err(error) = execute(db, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction cannot be rolled back");
    }
}

/// Runs one change inside a savepoint. An error means that the transaction is lost.
fn apply(db: &Connection, job: Job, waiting: &mut Vec<Applied>) -> Result<()> {
    if let Err(error) = execute(db, "SAVEPOINT change") {
        waiting.push(job(Err(error.clone())));
        return Err(error);
    }
    // A panic costs its own change only; its caller sees the change abandoned.
    let applied = catch_unwind(AssertUnwindSafe(|| job(Ok(db)))).ok();
    let kept = applied.as_ref().is_some_and(|applied| applied.kept);
    match applied {
        Some(applied) => waiting.push(applied),
        None => tracing::error!("a change of the store panicked"),
    }
    // Without a transaction nothing of it is left, even where it thinks it succeeded.
    if db.is_autocommit() {
        return Err(StoreError::Database("the transaction was rolled back".into()));
    }
    if !kept {
        execute(db, "ROLLBACK TO change")?;
    }
    execute(db, "RELEASE change")
}

/// Tells those who wait; a change that failed on its own says so, whatever became of the others.
fn answer(waiting: Vec<Applied>, fate: &Result<()>) {
    for applied in waiting {
        (applied.reply)(if applied.kept { fate.clone() } else { Ok(()) });
    }
}

fn execute(db: &Connection, sql: &str) -> Result<()> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
