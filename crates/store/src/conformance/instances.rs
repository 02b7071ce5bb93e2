//! Several processes on the same rows.

use safelight_contract::{Code, Fault};
use serde_json::json;

use super::*;
use crate::{
    DEAD_AFTER, KeyedRequest, NewUpload, Outcome, Recovered, RequestKey, TaskState, UploadQuota,
    UploadState,
};

cases! {
    a_start_takes_nothing_of_the_living,
    what_a_dead_instance_left_is_put_back,
    a_frozen_worker_charges_nothing,
    a_renewed_lease_is_kept,
    a_cancelled_claim_is_not_renewed,
    an_instance_that_leaves_is_dead_at_once,
    workers_take_what_they_can_do,
    what_nobody_can_do_is_refused,
    a_job_outside_is_found_by_the_next_attempt,
    instances_are_listed,
}

fn done() -> Outcome {
    Outcome::Done { answer: json!({ "a": 1 }), expires_at: NOW + 1000 }
}

async fn live(store: &dyn Store, now: Millis) {
    store.beat("serve", "host", "1", now).await.unwrap();
}

/// What an instance has at work: a task, a hold, an upload in transit, a request in flight.
struct AtWork {
    task: Task,
    hold: Hold,
    key: RequestKey,
}

async fn start_work(store: &dyn Store, shop: &Application) -> AtWork {
    live(store, NOW).await;
    submit(store, shop, "t").await;
    let task = claim(store, NOW).await;
    let hold = hold(store, shop, "r", 2).await;
    let quota = UploadQuota { bytes: 100, files: 9 };
    let upload =
        NewUpload { id: "u".into(), application: shop.id, size: 5, expires_at: NOW + 60_000 };
    store.add_upload(&upload, quota, 1000, NOW).await.unwrap();
    let key = RequestKey { application: shop.id, path: "/a".into(), key: "k".into() };
    let begun = store.begin_request(&key, &[1; 32], NOW + 60_000, NOW).await.unwrap();
    assert_eq!(begun, KeyedRequest::New);
    AtWork { task, hold, key }
}

async fn upload_state(store: &dyn Store, shop: &Application) -> UploadState {
    store.upload(shop.id, "u").await.unwrap().unwrap().state
}

async fn a_start_takes_nothing_of_the_living(first: Arc<dyn Store>) {
    let shop = shop_with(&*first, 10).await;
    let AtWork { task, hold, key } = start_work(&*first, &shop).await;
    let second = first.as_another();
    live(&*second, NOW + DEAD_AFTER).await;
    let recovered = second.recover(NOW, NOW + DEAD_AFTER).await.unwrap();
    assert_eq!(recovered, Recovered::default());
    assert_eq!(upload_state(&*second, &shop).await, UploadState::InTransit);
    let again = second.begin_request(&key, &[1; 32], NOW + 60_000, NOW).await.unwrap();
    assert_eq!(again, KeyedRequest::InFlight);
    assert_eq!(second.open_tasks().await.unwrap(), (0, 1));
    assert!(first.finish_task("t", token(&task), &done(), NOW).await.unwrap());
    assert!(first.settle(&hold, NOW).await.unwrap());
    assert_eq!(common(&*first, &shop).await, [7, 0, 10]);
}

async fn what_a_dead_instance_left_is_put_back(first: Arc<dyn Store>) {
    let shop = shop_with(&*first, 10).await;
    let AtWork { task, hold, key } = start_work(&*first, &shop).await;
    let second = first.as_another();
    live(&*second, NOW + 1).await;
    let own = super::hold(&*second, &shop, "own", 1).await;
    let recovered = second.recover(NOW + 1, NOW + 1).await.unwrap();
    assert_eq!(recovered, Recovered { tasks: 1, holds: 1 });
    assert_eq!(second.recover(NOW + 1, NOW + 1).await.unwrap(), Recovered::default());
    assert_eq!(upload_state(&*second, &shop).await, UploadState::Failed);
    let again = second.begin_request(&key, &[1; 32], NOW + 60_000, NOW).await.unwrap();
    assert_eq!(again, KeyedRequest::New);
    // What was taken for dead comes too late.
    assert!(!first.finish_task("t", token(&task), &done(), NOW).await.unwrap());
    assert!(!first.settle(&hold, NOW).await.unwrap());
    let taken = claim(&*second, NOW).await;
    assert_eq!((taken.id.as_str(), taken.attempt), ("t", 2));
    assert!(second.finish_task("t", token(&taken), &done(), NOW).await.unwrap());
    assert!(second.settle(&own, NOW).await.unwrap(), "its own hold is its own");
    assert_eq!(common(&*first, &shop).await, [8, 0, 10]);
}

async fn a_frozen_worker_charges_nothing(first: Arc<dyn Store>) {
    let shop = shop_with(&*first, 10).await;
    submit(&*first, &shop, "t").await;
    let frozen = claim(&*first, NOW).await;
    let second = first.as_another();
    let taken = claim(&*second, NOW + 60_000).await;
    assert_ne!(frozen.claim, taken.claim);
    let claims = [token(&frozen).to_owned(), token(&taken).to_owned()];
    let kept = first.renew_tasks(&claims, NOW + 120_000).await.unwrap();
    assert_eq!(kept, [token(&taken)]);
    assert!(!first.finish_task("t", token(&frozen), &done(), NOW).await.unwrap());
    assert_eq!(common(&*first, &shop).await, [9, 1, 10], "nothing is charged yet");
    assert!(second.finish_task("t", token(&taken), &done(), NOW).await.unwrap());
    assert!(!first.finish_task("t", token(&frozen), &done(), NOW).await.unwrap());
    assert_eq!(first.audit().await.unwrap().charges, 1);
}

async fn a_renewed_lease_is_kept(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let task = claim(&*store, NOW).await;
    assert!(store.renew_tasks(&[], NOW).await.unwrap().is_empty());
    let claims = [token(&task).to_owned()];
    assert_eq!(store.renew_tasks(&claims, NOW + 90_000).await.unwrap(), claims);
    let any = Claiming::any(NOW + 120_000, 3);
    assert_eq!(store.claim_task(&any, NOW + 89_999).await.unwrap(), None);
    assert!(store.claim_task(&any, NOW + 90_000).await.unwrap().is_some());
}

async fn a_cancelled_claim_is_not_renewed(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let task = claim(&*store, NOW).await;
    assert_eq!(store.cancel_task("t", NOW).await.unwrap(), Some(TaskState::Stopped));
    let claims = [token(&task).to_owned()];
    assert!(store.renew_tasks(&claims, NOW + 90_000).await.unwrap().is_empty());
}

async fn an_instance_that_leaves_is_dead_at_once(first: Arc<dyn Store>) {
    let shop = shop_with(&*first, 10).await;
    start_work(&*first, &shop).await;
    first.leave().await.unwrap();
    let second = first.as_another();
    live(&*second, NOW).await;
    let recovered = second.recover(NOW - DEAD_AFTER, NOW).await.unwrap();
    assert_eq!(recovered, Recovered { tasks: 1, holds: 1 });
    second.leave_all().await.unwrap();
    assert!(first.instances().await.unwrap().is_empty());
}

async fn workers_take_what_they_can_do(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    for (id, service, cost_bytes) in [("large", "/a", 500), ("other", "/b", 5), ("small", "/a", 5)]
    {
        let new = NewTask { service: service.into(), cost_bytes, ..new_task(&shop, id) };
        let hold = request(&shop, &format!("r-{id}"), 1);
        store.submit_task(&new, &hold, MANY, NOW).await.unwrap();
    }
    let lease = Claiming::any(NOW + 60_000, 3);
    let able = |services: &[&str], capacity| Claiming {
        services: Some(services.iter().map(|path| (*path).to_owned()).collect()),
        capacity: Some(capacity),
        ..lease.clone()
    };
    let take = async |claiming: Claiming| {
        store.claim_task(&claiming, NOW).await.unwrap().map(|task| task.id)
    };
    assert_eq!(take(able(&["/c"], 1000)).await, None);
    assert_eq!(take(able(&[], 1000)).await, None);
    assert_eq!(take(able(&["/"], 1000)).await, None, "a part of a path is none");
    assert_eq!(take(able(&["/a"], 100)).await.as_deref(), Some("small"));
    assert_eq!(take(able(&["/a", "/b"], 100)).await.as_deref(), Some("other"));
    assert_eq!(take(lease.clone()).await.as_deref(), Some("large"));
}

async fn a_job_outside_is_found_by_the_next_attempt(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let first = claim(&*store, NOW).await;
    assert_eq!(first.resume, None);
    assert!(!store.set_resume("t", "another", Some("job")).await.unwrap());
    assert!(store.set_resume("t", token(&first), Some("job 7")).await.unwrap());
    let second = claim(&*store, NOW + 60_000).await;
    assert_eq!(second.resume.as_deref(), Some("job 7"));
    assert!(!store.set_resume("t", token(&first), None).await.unwrap());
    let fault = Fault::new(Code::AiServiceError, "no");
    let failed = Outcome::Failed { fault, expires_at: NOW + 1 };
    assert!(store.finish_task("t", token(&second), &failed, NOW).await.unwrap());
    assert_eq!(store.task(shop.id, "t").await.unwrap().unwrap().resume, None);
}

async fn instances_are_listed(store: Arc<dyn Store>) {
    live(&*store, NOW).await;
    live(&*store, NOW + 7).await;
    let another = store.as_another();
    another.beat("worker", "there", "2", NOW + 3).await.unwrap();
    let found = store.instances().await.unwrap();
    let seen: Vec<_> = found.iter().map(|i| (i.kind.as_str(), i.started_at, i.seen_at)).collect();
    assert_eq!(seen, [("serve", NOW, NOW + 7), ("worker", NOW + 3, NOW + 3)]);
    assert_eq!((found[0].id.as_str(), found[1].name.as_str()), (store.instance(), "there"));
    assert!(store.clock().await.unwrap() > NOW - 365 * 86_400_000, "milliseconds of our years");
    assert_eq!(store.recover(NOW + 5, NOW).await.unwrap(), Recovered::default());
    assert_eq!(store.instances().await.unwrap().len(), 1, "the dead are forgotten");
}

async fn what_nobody_can_do_is_refused(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let try_one = async |id: &str| {
        let task = NewTask { cost_bytes: 50, ..new_task(&shop, id) };
        let request = request(&shop, &format!("r-{id}"), 1);
        store.submit_task(&task, &request, MANY, NOW).await.unwrap()
    };
    let is_accepted = |submission: &Submission| matches!(submission, Submission::Accepted);
    assert!(is_accepted(&try_one("nobody lives").await), "a worker may start");
    live(&*store, NOW).await;
    assert!(is_accepted(&try_one("nobody has said").await));
    let cutout = ["/api/cutout".to_owned()];
    for (services, capacity) in [(&["/api/cut".to_owned()][..], 100), (&cutout, 49)] {
        store.offer(services, capacity).await.unwrap();
        let submission = try_one(&format!("{services:?} {capacity}")).await;
        // The only process at work decides by itself.
        assert_eq!(is_accepted(&submission), !store.is_shared(), "{submission:?}");
    }
    let another = store.as_another();
    live(&*another, NOW).await;
    another.offer(&cutout, 50).await.unwrap();
    assert!(is_accepted(&try_one("another can").await));
}
