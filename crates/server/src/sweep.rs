//! The sweep: removes in the background what is past its life.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use safelight_contract::Result;
use safelight_store::{Millis, TaskState};
use tokio::time::sleep;

use crate::app::{App, Stored, now};
use crate::publish::reclaim;
use crate::reply::internal;
use crate::task_input;

/// How often it comes by.
const EVERY: Duration = Duration::from_secs(60);
/// Files reclaimed at a time.
const BATCH: u32 = 500;
/// How long the ids of deleted files and tasks stay known, to answer that they are reclaimed.
const REMEMBERED: Millis = 30 * 24 * 3_600_000;
/// An input without a task, or a file half written, is orphaned at this age.
const ORPHANED: Millis = 3_600_000;

/// Sweeps again and again, until the server closes.
pub(crate) async fn run(app: Arc<App>) {
    let mut closing = app.closing.subscribe();
    while !*closing.borrow_and_update() {
        // What fails is logged where it fails, and tried again next time.
        let _ = sweep(&app, now()).await;
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = closing.changed() => {}
        }
    }
}

/// One sweep, as of `now`.
pub(crate) async fn sweep(app: &App, now: Millis) -> Result<()> {
    reclaim_files(app, now).await?;
    app.store.reclaim_tasks(now).await.or_internal("reclaiming tasks")?;
    let stale = app.store.release_stale_holds(now).await.or_internal("releasing stale holds")?;
    if stale > 0 {
        tracing::warn!(holds = stale, "stale holds were released");
    }
    app.store.forget(now - REMEMBERED).await.or_internal("forgetting old rows")?;
    remove_orphaned_inputs(app, now - ORPHANED).await?;
    let partial = app.blobs.remove_partial(now - ORPHANED).await;
    partial.map(drop).map_err(|error| internal("removing half-written files", &error))
}

async fn reclaim_files(app: &App, now: Millis) -> Result<()> {
    let mut first = None;
    loop {
        let expired = app.store.expired_files(now, BATCH).await;
        let expired = expired.or_internal("listing expired files")?;
        // The same file again is one that cannot be deleted: that is for the next sweep.
        if expired.is_empty() || expired.first() == first.as_ref() {
            return Ok(());
        }
        for key in &expired {
            reclaim(app, key).await;
        }
        first = expired.into_iter().next();
    }
}

async fn remove_orphaned_inputs(app: &App, before: Millis) -> Result<()> {
    let failed = |error| internal("listing inputs", &error);
    let mut blobs = app.blobs.list(task_input::PREFIX).map_err(failed)?;
    while let Some(blob) = blobs.try_next().await.map_err(failed)? {
        if blob.modified_at < before && is_orphaned(app, &blob.key).await? {
            let deleted = app.blobs.delete(&blob.key).await;
            deleted.map_err(|error| internal("deleting an orphaned input", &error))?;
        }
    }
    Ok(())
}

async fn is_orphaned(app: &App, key: &str) -> Result<bool> {
    let Some((application, id)) = task_input::owner(key) else { return Ok(true) };
    let task = app.store.task(application, id).await.or_internal("reading a task")?;
    let open = |state| matches!(state, TaskState::Queued | TaskState::Processing);
    Ok(!task.is_some_and(|task| open(task.state)))
}
