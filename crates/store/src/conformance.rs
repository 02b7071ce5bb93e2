//! The conformance suite: how every store must behave.
//!
//! A case gets a fresh, empty store and panics where that behaves otherwise; after it the audit must find
//! nothing wrong. The test of an implementation is one call of [`all`].

mod accounts;
mod agreements;
mod concurrent;
mod console;
mod faces;
mod files;
mod instances;
mod keyed_requests;
mod ledger;
mod tasks;
mod uploads;
mod usage;
mod webhooks;

use std::pin::Pin;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{
    Application, Claiming, Credits, Hold, HoldOutcome, HoldRequest, KeyHash, Limits, Millis,
    NewApplication, NewTask, Pool, Store, StoreError, Submission, Task,
};

/// A time in 2026.
const NOW: Millis = 1_790_000_000_000;

/// A limit of the queue that no case reaches by accident.
const MANY: u64 = 1000;

/// Cases at work at the same time: more would wait for the disk, and for each other's connections.
const AT_ONCE: usize = 8;

/// A named case.
type Case = (&'static str, fn(Arc<dyn Store>) -> Run);

/// A case at work.
type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists functions as cases.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[$crate::conformance::Case] =
            &[$((stringify!($case), |store| Box::pin($case(store)))),*];
    };
}
use cases;

/// Runs every case on a store of its own, which `open` makes; panics with the names of those
/// that failed.
pub async fn all<F>(open: impl Fn() -> F)
where
    F: Future<Output = Arc<dyn Store>>,
{
    let mut runs = JoinSet::new();
    let cases = [
        accounts::CASES,
        agreements::CASES,
        ledger::CASES,
        tasks::CASES,
        files::CASES,
        faces::CASES,
        uploads::CASES,
        keyed_requests::CASES,
        webhooks::CASES,
        console::CASES,
        usage::CASES,
        instances::CASES,
        concurrent::CASES,
    ];
    let mut outcomes = Vec::new();
    for (name, case) in cases.concat() {
        if runs.len() == AT_ONCE {
            outcomes.extend(runs.join_next().await.map(Result::unwrap));
        }
        let store = open().await;
        runs.spawn(async move {
            // A case in a task of its own: its panic is an answer.
            let checked = async move {
                case(store.clone()).await;
                audited(&*store).await;
            };
            tokio::spawn(checked).await.map_err(|_| name)
        });
    }
    outcomes.extend(runs.join_all().await);
    let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "cases that failed: {failed:?}");
}

/// A user `ada` with an application `shop`.
async fn shop(store: &dyn Store) -> Application {
    store.create_user("ada", NOW).await.unwrap();
    store.create_application(&named("ada", "shop", None), NOW).await.unwrap()
}

/// The same with that many whole credits in `common`.
async fn shop_with(store: &dyn Store, credits: u32) -> Application {
    let shop = shop(store).await;
    store.add_credits(shop.id, "common", Credits::whole(credits), NOW).await.unwrap();
    shop
}

/// Another application of `ada`, with a hundred credits.
async fn another(store: &dyn Store, name: &str) -> Application {
    let application = store.create_application(&named("ada", name, None), NOW).await.unwrap();
    store.add_credits(application.id, "common", Credits::whole(100), NOW).await.unwrap();
    application
}

fn named(user: &str, name: &str, key: Option<u8>) -> NewApplication {
    NewApplication {
        user: user.into(),
        name: name.into(),
        limits: Limits::default(),
        key: key.map(|byte| (hash(byte), format!("sl_{byte}"))),
    }
}

fn hash(byte: u8) -> KeyHash {
    KeyHash([byte; 32])
}

/// A request for whole credits of the pool `cutout`, stale after a minute.
fn request(application: &Application, id: &str, credits: u32) -> HoldRequest {
    HoldRequest {
        application: application.id,
        pool: "cutout".into(),
        amount: Credits::whole(credits),
        request_id: id.into(),
        expires_at: NOW + 60_000,
    }
}

/// Holds whole credits that must be there.
async fn hold(store: &dyn Store, application: &Application, id: &str, credits: u32) -> Hold {
    held(store.hold(&request(application, id, credits), NOW).await.unwrap())
}

fn held(outcome: HoldOutcome) -> Hold {
    match outcome {
        HoldOutcome::Held(hold) => hold,
        refused => panic!("not held: {refused:?}"),
    }
}

/// Submits task `id`, by request `r-<id>`, for one credit.
async fn submit(store: &dyn Store, application: &Application, id: &str) {
    let request = request(application, &format!("r-{id}"), 1);
    let outcome = store.submit_task(&new_task(application, id), &request, MANY, NOW).await;
    assert!(matches!(outcome, Ok(Submission::Accepted)), "{outcome:?}");
}

fn new_task(application: &Application, id: &str) -> NewTask {
    NewTask {
        id: id.into(),
        application: application.id,
        service: "/api/cutout".into(),
        request_id: format!("r-{id}"),
        input: format!("inputs/{id}"),
        ..NewTask::default()
    }
}

/// Claims a task that must be there, for a minute.
async fn claim(store: &dyn Store, now: Millis) -> Task {
    store.claim_task(&Claiming::any(now + 60_000, 3), now).await.unwrap().expect("no task to claim")
}

/// The token of a claimed task.
fn token(task: &Task) -> &str {
    task.claim.as_deref().expect("a claim")
}

async fn pool(store: &dyn Store, application: &Application, sign: &str) -> Pool {
    let pools = store.pools(application.id).await.unwrap();
    pools.into_iter().find(|pool| pool.sign == sign).expect("no such pool")
}

/// Balance, held and total of `common`, in whole credits.
async fn common(store: &dyn Store, application: &Application) -> [i64; 3] {
    let pool = pool(store, application, "common").await;
    [pool.balance, pool.held, pool.total].map(|credits| credits.0 / 1000)
}

/// The books must be right.
async fn audited(store: &dyn Store) {
    let audit = store.audit().await.unwrap();
    assert_eq!(audit.errors, Vec::<String>::new());
    assert_eq!(audit.issued.0, audit.balances.0 + audit.held.0 + audit.spent.0);
}

#[track_caller]
fn not_found<T: std::fmt::Debug>(outcome: crate::Result<T>) {
    assert!(matches!(outcome, Err(StoreError::NotFound(_))), "{outcome:?}");
}

#[track_caller]
fn conflict<T: std::fmt::Debug>(outcome: crate::Result<T>) {
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(outcome: crate::Result<T>) {
    assert!(matches!(outcome, Err(StoreError::Invalid(_))), "{outcome:?}");
}
