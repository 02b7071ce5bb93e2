//! This process as one of those at work on the same rows: it says that it lives, renews the leases of
//! its tasks, puts back what dead ones left, and follows the database's clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use safelight_contract::Result;
use safelight_store::{BEAT, DEAD_AFTER, LEASE, Millis, RENEWAL};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::{App, Stored, follow_clock, now};
use crate::tasks;

/// A difference between this machine's clock and the database's that is worth a word.
const SKEW: Duration = Duration::from_secs(5);

/// A message at most this often.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(50);
/// How long to wait before listening again where the connection was lost: at first, and at most.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
const LISTEN_AGAIN_AT_MOST: Duration = Duration::from_secs(60);
/// Beats that are further apart than this are not one after the other.
const GAP: Duration = Duration::from_millis(3 * BEAT as u64);
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

/// Joins the others, and puts back what those left that are known to have ended: where several share
/// the rows, those that have said so. Of the others, [`run`] finds out.
///
/// # Errors
/// When the store fails.
pub(crate) async fn join(app: &App) -> Result<()> {
    set_clock(app).await?;
    beat(app).await?;
    let dead_before = if app.store.is_shared() { 0 } else { now() - DEAD_AFTER };
    recover(app, dead_before).await
}

/// Since when the beats of this process have gone through, one after the other.
#[derive(Default)]
struct Pulse {
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Pulse {
    /// Notes a beat at `at`. Answers whether they went through for so long that others, who reach
    /// the same store, must have been seen in the meantime if they live.
    fn beat(&mut self, went_through: bool, at: Instant) -> bool {
        let gap = self.last.is_none_or(|last| at.duration_since(last) > GAP);
        self.last = went_through.then_some(at);
        if gap || !went_through {
            self.first = self.last;
        }
        let steady = |first| at.duration_since(first) >= Duration::from_millis(DEAD_AFTER as u64);
        self.first.is_some_and(steady)
    }
}

/// Keeps this instance alive until it is dropped: also while the server shuts down, since its work
/// goes on until then.
pub(crate) async fn run(app: Arc<App>) {
    let mut beats = interval(Duration::from_millis(BEAT as u64));
    let mut renewals = interval(Duration::from_millis(RENEWAL as u64));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pulse = Pulse::default();
    let mut burial = JoinSet::new();
    loop {
        // What fails is logged where it fails, and tried again next time.
        tokio::select! {
            _ = beats.tick() => {
                let went_through = beat(&app).await.is_ok();
                if pulse.beat(went_through, Instant::now()) || !app.store.is_shared() {
                    // What many dead requests held takes a while, and this one must be seen to live.
                    while burial.try_join_next().is_some() {}
                    if burial.is_empty() {
                        let app = app.clone();
                        burial.spawn(async move { bury(&app).await });
                    }
                }
                let _ = count(&app).await;
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
    app.store
        .beat(kind, &app.name, version, now())
        .await
        .or_internal("saying that this one lives")?;
    if !app.store.is_shared() {
        return Ok(());
    }
    let (services, capacity) = (tasks::abilities(app), app.work.capacity().bytes);
    app.store.offer(&services, capacity).await.or_internal("saying what this one can do")
}

/// Sets right what the store counts of the requests at work here, also where there are none: the store
/// may count one whose connection was lost.
async fn count(app: &App) -> Result<()> {
    if !app.store.is_shared() {
        return Ok(());
    }
    let counts = app.limits.counts();
    app.store.set_at_work(&counts).await.or_internal("counting the requests at work")
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
        true => recover(app, dead_before).await,
        false => Ok(()),
    }
}

async fn recover(app: &App, dead_before: Millis) -> Result<()> {
    let recovered = app.store.recover(dead_before, now()).await;
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
    let skew = follow_clock(app.store.clock().await.or_internal("asking for the time")?);
    if skew.unsigned_abs() > SKEW.as_millis() as u64 {
        tracing::warn!(skew_ms = skew, "this machine's clock is wrong; the database's is used");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use safelight_store::shaky::Shaky;
    use safelight_store::{Limits, Metered};
    use tempfile::TempDir;

    use super::*;
    use crate::testing;

    /// The state of a process that shares its rows.
    async fn shared(folder: &TempDir) -> (Arc<App>, i64) {
        let (store, _) = Shaky::open(folder.path().join("db")).expect("database");
        testing::app(Arc::new(store), folder).await
    }

    #[test]
    fn only_who_was_there_all_the_time_buries() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pulse = Pulse::default();
        let steady = |pulse: &mut Pulse, seconds: std::ops::Range<u64>| {
            let beats = seconds.step_by(5).map(|second| (second, pulse.beat(true, at(second))));
            beats.filter(|(_, steady)| *steady).map(|(second, _)| second).next()
        };
        assert_eq!(steady(&mut pulse, 0..60), Some(30));
        assert!(!pulse.beat(false, at(60)));
        assert_eq!(steady(&mut pulse, 65..120), Some(95), "the store was away");
        assert_eq!(steady(&mut pulse, 160..220), Some(190), "the process stood still");
    }

    #[tokio::test]
    async fn a_process_that_joins_buries_nobody_but_those_who_left() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = shared(&folder).await;
        let (silent, left) = (app.store.as_another(), app.store.as_another());
        silent.beat("serve", "silent", "1", now() - 2 * DEAD_AFTER).await.expect("beat");
        left.beat("serve", "left", "1", now()).await.expect("beat");
        for (store, id) in [(&silent, "silent"), (&left, "left")] {
            let hold = testing::hold(application, id);
            testing::held(store.hold(&hold, now()).await.expect("store"));
        }
        left.leave().await.expect("left");
        join(&app).await.expect("joined");
        let held = async || app.store.pools(application).await.expect("pools")[0].held;
        assert_eq!(
            held().await,
            safelight_store::Credits::whole(1),
            "the silent one may come back"
        );
        bury(&app).await.expect("buried");
        assert_eq!(held().await, safelight_store::Credits::default());
    }

    #[tokio::test]
    async fn a_beat_forgets_requests_that_nobody_has_at_work() {
        let folder = tempfile::tempdir().expect("folder");
        let (app, application) = shared(&folder).await;
        let limits = Limits { concurrency: Some(1), requests_per_second: None };
        // The connection of the client was lost while this was committed.
        let entered = app.store.enter(application, limits, now()).await;
        assert_eq!(entered, Ok(Metered::Entered));
        assert!(app.enter(application, limits).await.is_err());
        count(&app).await.expect("counted");
        let at_work = app.enter(application, limits).await.expect("there is room");
        count(&app).await.expect("counted");
        assert!(app.enter(application, limits).await.is_err(), "what is at work counts");
        drop(at_work);
    }
}
