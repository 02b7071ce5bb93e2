//! This process as one of those at work on the same rows: it says that it lives, renews the leases of
//! its tasks, puts back what dead ones left, and follows the database's clock.

use std::sync::Arc;
use std::time::Duration;

use safelight_contract::Result;
use safelight_store::{BEAT, DEAD_AFTER, LEASE, RENEWAL};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::{App, Stored, follow_clock, now};

/// A difference between this machine's clock and the database's that is worth a word.
const SKEW: Duration = Duration::from_secs(5);

/// A message at most this often.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(50);
/// How long after a lost connection it is listened again, at first and at most.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
const LISTEN_AGAIN_AT_MOST: Duration = Duration::from_secs(60);
/// How long the lead in what one process does is taken.
const LEAD: Duration = Duration::from_secs(90);

/// Whether this process does what one does at a time; the only one always does.
pub(crate) async fn leads(app: &App, what: &str) -> bool {
    if !app.store.is_shared() {
        return true;
    }
    let lead = app.store.lead(what, now() + LEAD.as_millis() as i64, now()).await;
    lead.or_internal("taking the lead").unwrap_or(false)
}

/// Joins the others, and puts back what dead ones left.
///
/// # Errors
/// When the store fails.
pub(crate) async fn join(app: &App) -> Result<()> {
    set_clock(app).await?;
    beat(app).await?;
    recover(app).await
}

/// Keeps this instance alive until it is dropped: also while the server shuts down, since its work
/// goes on until then.
pub(crate) async fn run(app: Arc<App>) {
    let mut beats = interval(Duration::from_millis(BEAT as u64));
    let mut renewals = interval(Duration::from_millis(RENEWAL as u64));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut counted = false;
    loop {
        // What fails is logged where it fails, and tried again next time.
        tokio::select! {
            _ = beats.tick() => {
                let _ = beat(&app).await;
                let _ = bury(&app).await;
                counted = count(&app, counted).await.unwrap_or(true);
            }
            _ = renewals.tick() => {
                let _ = set_clock(&app).await;
                let _ = renew(&app).await;
            }
        }
    }
}

async fn beat(app: &App) -> Result<()> {
    let kind = app.role.name();
    let version = env!("CARGO_PKG_VERSION");
    app.store.beat(kind, &app.name, version, now()).await.or_internal("saying that this one lives")
}

/// Sets right what the store counts of the requests at work here. Answers whether there are any.
async fn count(app: &App, counted: bool) -> Result<bool> {
    let counts = app.limits.counts();
    if app.store.is_shared() && (counted || !counts.is_empty()) {
        app.store.set_at_work(&counts).await.or_internal("counting the requests at work")?;
    }
    Ok(!counts.is_empty())
}

/// Tells other processes of tasks that were accepted here, in a message for all of a moment.
pub(crate) async fn announce(app: Arc<App>) {
    while app.store.is_shared() {
        app.announcement.notified().await;
        if let Err(error) = app.store.announce().await {
            // The others look by themselves, though later.
            tracing::warn!(%error, "an accepted task was not announced");
        }
        sleep(ANNOUNCE_EVERY).await;
    }
}

/// Wakes the workers when other processes accept tasks. Whenever the connection is there again, they
/// look at once.
pub(crate) async fn listen(app: Arc<App>) {
    let mut pause = LISTEN_AGAIN;
    while app.store.is_shared() {
        match app.store.listen().await {
            Ok(mut heard) => {
                pause = LISTEN_AGAIN;
                app.task_added.notify_waiters();
                while heard.recv().await.is_some() {
                    app.task_added.notify_one();
                }
            }
            Err(error) => tracing::warn!(%error, "announcements of tasks are not heard"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LISTEN_AGAIN_AT_MOST);
    }
}

/// Puts back what dead instances left, where there are any.
async fn bury(app: &App) -> Result<()> {
    let instances = app.store.instances().await.or_internal("looking for dead instances")?;
    let dead_before = now() - DEAD_AFTER;
    match instances.iter().any(|instance| instance.seen_at < dead_before) {
        true => recover(app).await,
        false => Ok(()),
    }
}

async fn recover(app: &App) -> Result<()> {
    let recovered = app.store.recover(now() - DEAD_AFTER, now()).await;
    let recovered = recovered.or_internal("putting back what a dead process left")?;
    let (tasks, holds) = (recovered.tasks, recovered.holds);
    if tasks + holds > 0 {
        tracing::warn!(tasks, holds, "a process died: its tasks are put back, its holds released");
        app.task_added.notify_waiters();
    }
    Ok(())
}

/// Renews the leases of the tasks at work. What is not ours any more is stopped: it was cancelled,
/// or another worker has it.
async fn renew(app: &App) -> Result<()> {
    let claims = app.running.claims();
    if claims.is_empty() {
        return Ok(());
    }
    let kept =
        app.store.renew_tasks(&claims, now() + LEASE).await.or_internal("renewing leases")?;
    for lost in claims.iter().filter(|claim| !kept.contains(claim)) {
        app.running.stop_claim(lost);
    }
    Ok(())
}

/// Sets this process's clock to the database's where several machines share it.
async fn set_clock(app: &App) -> Result<()> {
    if !app.store.is_shared() {
        return Ok(());
    }
    let started = std::time::Instant::now();
    let theirs = app.store.clock().await.or_internal("asking for the time")?;
    let skew = follow_clock(theirs + started.elapsed().as_millis() as i64 / 2);
    if skew.unsigned_abs() > SKEW.as_millis() as u64 {
        tracing::warn!(skew_ms = skew, "this machine's clock is wrong; the database's is used");
    }
    Ok(())
}
