//! This process as one of those at work on the same rows: it says that it lives, renews the leases of
//! its tasks, puts back what dead ones left, and follows the database's clock.

use std::sync::Arc;
use std::time::Duration;

use safelight_contract::Result;
use safelight_store::{BEAT, DEAD_AFTER, LEASE, RENEWAL};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, Stored, follow_clock, now};

/// A difference between this machine's clock and the database's that is worth a word.
const SKEW: Duration = Duration::from_secs(5);

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
    loop {
        // What fails is logged where it fails, and tried again next time.
        tokio::select! {
            _ = beats.tick() => {
                let _ = beat(&app).await;
                let _ = bury(&app).await;
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
