//! Changes at the same time: whatever two kinds of change meet, each is made whole or not at all, no
//! caller hears of another one that was in the way, and the books are right afterwards.

use std::sync::atomic::{AtomicU64, Ordering};

use safelight_contract::{Code, Fault};
use serde_json::json;

use super::*;
use crate::{Outcome, ResultFile};

cases! {
    any_two_changes_meet,
    top_ups_are_never_lost,
    leads_go_to_one,
    limits_hold_over_all_processes,
}

/// Tasks that make changes at the same time.
const TASKS: usize = 16;
/// Changes of each.
const ROUNDS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Hold,
    Settle,
    Release,
    TopUp,
    Submit,
    Claim,
    Finish,
    Cancel,
    Delete,
    Sweep,
}

const KINDS: [Kind; 10] = [
    Kind::Hold,
    Kind::Settle,
    Kind::Release,
    Kind::TopUp,
    Kind::Submit,
    Kind::Claim,
    Kind::Finish,
    Kind::Cancel,
    Kind::Delete,
    Kind::Sweep,
];

static NUMBER: AtomicU64 = AtomicU64::new(0);

fn name(prefix: &str) -> String {
    format!("{prefix}{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// An application with credits, with holds and tasks for others to change.
struct Ground {
    shop: Application,
    holds: Vec<Hold>,
    tasks: Vec<String>,
}

async fn ground(store: &dyn Store) -> Ground {
    let shop = another(store, &name("shop")).await;
    store.add_credits(shop.id, "cutout", Credits::whole(5), NOW).await.unwrap();
    let (mut holds, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        holds.push(hold(store, &shop, &name("r"), 1).await);
        let id = name("t");
        submit(store, &shop, &id).await;
        tasks.push(id);
    }
    Ground { shop, holds, tasks }
}

/// A refusal that the state of the rows explains.
#[track_caller]
fn fine<T>(outcome: crate::Result<T>) -> Option<T> {
    match outcome {
        Ok(done) => Some(done),
        Err(StoreError::NotFound(_) | StoreError::Conflict(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn change(store: &dyn Store, ground: &Ground, kind: Kind, turn: usize) {
    let Ground { shop, holds, tasks } = ground;
    let (hold, task) = (&holds[turn % holds.len()], &tasks[turn % tasks.len()]);
    match kind {
        Kind::Hold => drop(fine(store.hold(&request(shop, &name("r"), 1), NOW).await)),
        Kind::Settle => drop(fine(store.settle(hold, NOW).await)),
        Kind::Release => drop(fine(store.release(hold, NOW).await)),
        Kind::TopUp => drop(fine(store.add_credits(shop.id, "common", Credits(7), NOW).await)),
        Kind::Submit => {
            let (id, request_id) = (name("t"), name("r"));
            let new = NewTask { request_id: request_id.clone(), ..new_task(shop, &id) };
            fine(store.submit_task(&new, &request(shop, &request_id, 1), MANY, NOW).await);
        }
        Kind::Claim => drop(fine(store.claim_task(&Claiming::any(NOW, 2), NOW).await)),
        Kind::Finish => {
            let any = Claiming::any(NOW + 60_000, 9);
            let Some(Some(task)) = fine(store.claim_task(&any, NOW).await) else { return };
            let outcome = match turn % 2 {
                0 => Outcome::Done { answer: json!(1), expires_at: NOW + 1 },
                _ => {
                    let fault = Fault::new(Code::NoFaceInFile, "none");
                    Outcome::Failed { fault, expires_at: NOW + 1 }
                }
            };
            fine(store.finish_task(&task.id, token(&task), &outcome, NOW).await);
        }
        Kind::Cancel => drop(fine(store.cancel_task(task, NOW).await)),
        Kind::Delete => drop(fine(store.delete_application(shop.id, NOW).await)),
        Kind::Sweep => {
            let file = ResultFile {
                key: name("f"),
                application: shop.id,
                content_type: "image/png".into(),
                size: 10,
                created_at: NOW,
                expires_at: NOW,
                reclaimed: false,
            };
            fine(store.add_file(&file, 1 << 40).await);
            store.release_stale_holds(NOW + 60_000).await.unwrap();
            store.reclaim_tasks(NOW + 10).await.unwrap();
            for key in store.expired_files(NOW, 5).await.unwrap() {
                fine(store.reclaim_file(&key).await);
            }
            store.recover(NOW, NOW).await.unwrap();
            store.forget(NOW + 10).await.unwrap();
        }
    }
}

async fn any_two_changes_meet(store: Arc<dyn Store>) {
    store.create_user("ada", NOW).await.unwrap();
    for (number, first) in KINDS.into_iter().enumerate() {
        for second in KINDS.into_iter().skip(number) {
            let ground = Arc::new(ground(&*store).await);
            let mut changes = JoinSet::new();
            for task in 0..TASKS {
                let kind = if task % 2 == 0 { first } else { second };
                let (store, ground) = (store.clone(), ground.clone());
                changes.spawn(async move {
                    for round in 0..ROUNDS {
                        change(&*store, &ground, kind, task / 2 + round).await;
                    }
                });
            }
            changes.join_all().await;
            let audit = store.audit().await.unwrap();
            assert_eq!(audit.errors, Vec::<String>::new(), "{first:?} and {second:?}");
        }
    }
}

async fn top_ups_are_never_lost(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let mut top_ups = JoinSet::new();
    for number in 0..40 {
        let (store, id) = (store.clone(), shop.id);
        top_ups.spawn(async move {
            let pool = if number % 2 == 0 { "common" } else { "new" };
            store.add_credits(id, pool, Credits::whole(1), NOW).await.unwrap();
        });
    }
    top_ups.join_all().await;
    for sign in ["common", "new"] {
        assert_eq!(pool(&*store, &shop, sign).await.balance, Credits::whole(20), "{sign}");
    }
}

async fn leads_go_to_one(store: Arc<dyn Store>) {
    let mut tries = JoinSet::new();
    for _ in 0..8 {
        let one = store.as_another();
        tries.spawn(async move { one.lead("sweep", NOW + 10, NOW).await.unwrap() });
    }
    let leaders = tries.join_all().await.into_iter().filter(|leads| *leads).count();
    assert_eq!(leaders, 1);
    assert!(!store.lead("sweep", NOW + 10, NOW + 9).await.unwrap());
    assert!(store.lead("other", NOW + 10, NOW).await.unwrap(), "of something else");
    assert!(store.lead("sweep", NOW + 20, NOW + 10).await.unwrap(), "its time was over");
    assert!(store.lead("sweep", NOW + 30, NOW + 15).await.unwrap(), "kept");
    store.agree("secret", "a").await.unwrap();
    store.as_another().agree("secret", "a").await.unwrap();
    conflict(store.as_another().agree("secret", "b").await);
}

async fn limits_hold_over_all_processes(store: Arc<dyn Store>) {
    use crate::Metered::{Entered, TooFast, TooMany};
    let shop = shop(&*store).await;
    let (first, second) = (store.as_another(), store.as_another());
    for one in [&first, &second] {
        one.beat("serve", "host", "1", NOW).await.unwrap();
    }
    let both = Limits { concurrency: Some(3), requests_per_second: None };
    let enter =
        async |one: &Arc<dyn Store>, limits, now| one.enter(shop.id, limits, now).await.unwrap();
    assert_eq!(enter(&first, both, NOW).await, Entered);
    assert_eq!(enter(&second, both, NOW).await, Entered);
    assert_eq!(enter(&first, both, NOW).await, Entered);
    assert_eq!(enter(&second, both, NOW).await, TooMany(3));
    first.exit(shop.id).await.unwrap();
    assert_eq!(enter(&second, both, NOW).await, Entered);
    // What a dead one had at work is not counted.
    let later = NOW + crate::DEAD_AFTER + 1;
    second.beat("serve", "host", "1", later).await.unwrap();
    assert_eq!(enter(&second, both, later).await, Entered);
    assert_eq!(enter(&second, both, later).await, TooMany(3));
    second.set_at_work(&[(shop.id, 1)]).await.unwrap();
    assert_eq!(enter(&second, both, later).await, Entered, "the count was set right");

    let rate = Limits { concurrency: None, requests_per_second: Some(2) };
    assert_eq!(enter(&first, rate, later).await, Entered);
    assert_eq!(enter(&second, rate, later).await, Entered);
    assert_eq!(enter(&first, rate, later).await, TooFast(500));
    assert_eq!(enter(&first, rate, later + 500).await, Entered);
    assert_eq!(enter(&second, rate, later + 500).await, TooFast(500));
}
