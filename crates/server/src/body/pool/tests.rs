use std::pin::Pin;
use std::task::Poll;

use futures_util::poll;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use safelight_contract::Code;

use super::*;

const LATER: Duration = Duration::from_secs(60);

type Growing = Pin<Box<dyn Future<Output = Result<()>>>>;

/// A body that wants to grow.
fn grow(memory: &Arc<Memory>, more: u64) -> Growing {
    let memory = memory.clone();
    Box::pin(async move { memory.unless_revoked(memory.grow(more, LATER)).await })
}

async fn at_once(memory: &Arc<Memory>, more: u64) {
    assert!(matches!(poll!(grow(memory, more)), Poll::Ready(Ok(()))));
}

async fn is_revoked(memory: &Memory) -> bool {
    let forever = std::future::pending::<Result<()>>();
    let mut guarded = Box::pin(memory.unless_revoked(forever));
    poll!(guarded.as_mut()).is_ready()
}

fn open(pool: &Arc<Pool>, application: i64) -> Arc<Memory> {
    Arc::new(pool.open(application))
}

#[tokio::test]
async fn slow_bodies_hold_what_came_of_them() {
    let pool = Pool::new(100, 0);
    let slow: Vec<_> = (0..45).map(|_| open(&pool, 1)).collect();
    for memory in &slow {
        at_once(memory, 1).await;
    }
    let other = open(&pool, 2);
    at_once(&other, 50).await;
    assert_eq!(pool.occupancy(), (95, 0));
    drop(slow);
    other.shrink_to(20);
    assert_eq!(pool.occupancy(), (20, 0));
}

#[tokio::test]
async fn who_holds_most_gives_way() {
    let pool = Pool::new(100, 8);
    let (first, second) = (open(&pool, 1), open(&pool, 1));
    at_once(&first, 50).await;
    at_once(&second, 50).await;
    let other = open(&pool, 2);
    let mut growing = grow(&other, 30);
    assert!(poll!(growing.as_mut()).is_pending());
    assert!(!is_revoked(&first).await && is_revoked(&second).await, "the newest gives way");
    let refused = second.grow(1, LATER).await.expect_err("it must end");
    assert_eq!(refused.code(), Code::AiServiceFlowRestriction);
    assert!(second.keep().is_err(), "nor does its work begin");
    assert!(second.check().is_err() && first.check().is_ok());
    drop(second);
    assert!(matches!(poll!(growing.as_mut()), Poll::Ready(Ok(()))));
    // Of two that hold as much the older body comes first.
    at_once(&other, 20).await;
    let mut growing = grow(&other, 10);
    assert!(poll!(growing.as_mut()).is_pending());
    assert!(!is_revoked(&first).await);
    let mut older = grow(&first, 10);
    assert!(poll!(older.as_mut()).is_pending());
    assert!(matches!(poll!(growing.as_mut()), Poll::Ready(Err(_))));
    drop((growing, other));
    assert!(matches!(poll!(older.as_mut()), Poll::Ready(Ok(()))));
    assert_eq!(pool.occupancy(), (60, 0));
}

#[tokio::test]
async fn in_one_application_the_oldest_gets_on() {
    let pool = Pool::new(100, 8);
    let mut bodies: Vec<_> = (0..4).map(|_| open(&pool, 1)).collect();
    for memory in &bodies {
        at_once(memory, 25).await;
    }
    let mut newest = grow(&bodies[3], 10);
    assert!(poll!(newest.as_mut()).is_pending());
    let mut oldest = grow(&bodies[0], 40);
    assert!(poll!(oldest.as_mut()).is_pending());
    assert!(!is_revoked(&bodies[1]).await && is_revoked(&bodies[2]).await);
    assert!(matches!(poll!(newest.as_mut()), Poll::Ready(Err(_))), "it is revoked, too");
    drop(newest);
    bodies.truncate(2);
    assert!(matches!(poll!(oldest.as_mut()), Poll::Ready(Ok(()))));
}

#[tokio::test]
async fn a_job_at_work_keeps_its_input() {
    let pool = Pool::new(100, 8);
    let job = open(&pool, 1);
    at_once(&job, 100).await;
    job.keep().expect("nobody needs it");
    let other = open(&pool, 2);
    let mut growing = grow(&other, 1);
    assert!(poll!(growing.as_mut()).is_pending());
    assert!(!is_revoked(&job).await);
    let soon = Duration::from_millis(20);
    let waited = open(&pool, 3).grow(1, soon).await.expect_err("no room");
    assert!(waited.message().contains("0.02 s"), "{waited}");
    drop(job);
    assert!(matches!(poll!(growing.as_mut()), Poll::Ready(Ok(()))));
}

#[tokio::test]
async fn the_queue_is_bounded_and_no_application_fills_it() {
    let pool = Pool::new(100, 2);
    let job = open(&pool, 9);
    at_once(&job, 100).await;
    job.keep().expect("nobody needs it");
    let bodies: Vec<_> = (0..3).map(|_| open(&pool, 1)).collect();
    let mut waiting: Vec<_> = bodies.iter().map(|body| grow(body, 10)).collect();
    assert!(poll!(waiting[0].as_mut()).is_pending() && poll!(waiting[1].as_mut()).is_pending());
    assert!(matches!(poll!(waiting[2].as_mut()), Poll::Ready(Err(_))), "the queue is full");
    let other = open(&pool, 2);
    let mut growing = grow(&other, 10);
    assert!(poll!(growing.as_mut()).is_pending());
    assert!(matches!(poll!(waiting[1].as_mut()), Poll::Ready(Err(_))), "it lost its place");
    assert!(poll!(waiting[0].as_mut()).is_pending());
}

/// A body's life in a test: what it has, and what it waits for.
struct Life {
    memory: Arc<Memory>,
    bytes: u64,
    growing: Option<(u64, Growing)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    /// Bodies of several applications, each of any length, that grow in any order: nothing is
    /// lost, the pool is never overdrawn, and all of them come to an end, some of them refused,
    /// without a timer.
    #[test]
    fn bodies_never_wait_for_each_other_in_a_circle(
        bodies in vec((0..3_i64, 1..=100_u64), 1..20),
        moves in vec((any::<Index>(), 1..40_u64), 0..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("runtime").block_on(async {
            let pool = Pool::new(100, 100);
            let mut lives: Vec<_> = bodies
                .iter()
                .map(|(application, _)| {
                    Some(Life { memory: open(&pool, *application), bytes: 0, growing: None })
                })
                .collect();
            let rounds = (0..10_000).map(|round| (round % bodies.len(), 25));
            let moves = moves.iter().map(|(which, step)| (which.index(bodies.len()), *step));
            let mut completed = 0;
            for (which, step) in moves.chain(rounds) {
                advance(&mut lives[which], bodies[which].1, step, &mut completed).await;
                let held: u64 = lives.iter().flatten().map(|life| life.bytes).sum();
                let (used, waiting) = pool.occupancy();
                // What was granted and not yet taken note of is counted by the pool alone.
                assert!(held <= used && used <= 100, "{held} held, {used} used");
                assert!(waiting <= lives.iter().flatten().count());
                if lives.iter().all(Option::is_none) {
                    break;
                }
            }
            assert!(lives.iter().all(Option::is_none), "all came to an end");
            assert!(completed > 0, "the oldest always gets through");
            assert_eq!(pool.occupancy(), (0, 0));
        });
    }
}

/// Lets a body grow by a step, or go on waiting for it; ends it when it is whole or was revoked.
async fn advance(slot: &mut Option<Life>, length: u64, step: u64, completed: &mut usize) {
    let Some(mut life) = slot.take() else { return };
    if life.bytes == length {
        *completed += 1;
        return;
    }
    let more = step.min(length - life.bytes);
    let (more, mut growing) =
        life.growing.take().unwrap_or_else(|| (more, grow(&life.memory, more)));
    match poll!(growing.as_mut()) {
        Poll::Ready(Ok(())) => life.bytes += more,
        Poll::Ready(Err(_)) => return,
        Poll::Pending => life.growing = Some((more, growing)),
    }
    *slot = Some(life);
}
