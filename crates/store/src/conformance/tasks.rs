//! Tasks.

use std::collections::BTreeSet;

use safelight_contract::{Code, Fault};
use serde_json::{Value, json};

use super::*;
use crate::{Claiming, Outcome, Queue, Recovered, TASK_LIFE, TaskFilter, TaskState};

cases! {
    what_nobody_takes_fails_and_costs_nothing,
    a_task_runs_from_submit_to_answer,
    a_failed_task_costs_nothing,
    a_task_without_credits_is_not_accepted,
    ids_of_tasks_are_unique,
    tasks_are_claimed_oldest_first,
    applications_take_turns,
    who_has_fewer_tasks_at_work_comes_first,
    the_limit_of_the_queue_is_exact,
    no_application_fills_the_queue,
    a_lease_that_is_over_goes_to_another,
    a_worker_may_be_late_if_nobody_took_over,
    a_task_that_always_crashes_fails,
    a_parked_task_does_not_count,
    recovery_queues_what_was_processing,
    a_queued_task_is_revoked,
    a_processing_task_is_stopped,
    only_a_queued_task_is_revoked,
    tasks_are_listed_newest_first,
    another_applications_task_is_unknown,
    deleting_an_application_ends_its_tasks,
    answers_are_reclaimed_and_forgotten,
    parallel_workers_share_the_queue,
    answers_keep_their_shape,
}

fn done(answer: serde_json::Value) -> Outcome {
    Outcome::Done { answer, expires_at: NOW + 1000 }
}

fn failed() -> Outcome {
    let fault = Fault::new(Code::NoFaceInFile, "no face, honestly");
    Outcome::Failed { fault, expires_at: NOW + 1000 }
}

async fn answer(store: &dyn Store, application: &Application, id: &str) -> Option<Value> {
    store.task_answer(application.id, id).await.unwrap()
}

async fn task(store: &dyn Store, application: &Application, id: &str) -> Task {
    store.task(application.id, id).await.unwrap().expect("no such task")
}

async fn state(store: &dyn Store, application: &Application, id: &str) -> TaskState {
    task(store, application, id).await.state
}

async fn a_task_runs_from_submit_to_answer(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let queued = task(&*store, &shop, "t").await;
    assert_eq!((queued.state, queued.attempt), (TaskState::Queued, 0));
    assert_eq!((queued.created_at, queued.ended_at), (NOW, None));
    assert_eq!(queued.input, "inputs/t");
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
    assert_eq!(store.open_tasks().await.unwrap(), (1, 0));

    let claimed = claim(&*store, NOW).await;
    assert_eq!((claimed.id.as_str(), claimed.state), ("t", TaskState::Processing));
    assert_eq!((claimed.attempt, claimed.service.as_str()), (1, "/api/cutout"));
    assert_eq!(store.open_tasks().await.unwrap(), (0, 1));
    assert_eq!(store.claim_task(&Claiming::any(NOW + 60_000, 3), NOW).await.unwrap(), None);

    assert!(
        store.finish_task("t", token(&claimed), &done(json!({ "a": 1 })), NOW + 5).await.unwrap()
    );
    let ended = task(&*store, &shop, "t").await;
    assert_eq!((ended.state, ended.answer_bytes), (TaskState::Done, 7));
    assert_eq!(answer(&*store, &shop, "t").await, Some(json!({ "a": 1 })));
    let stranger = another(&*store, "stranger").await;
    assert_eq!(answer(&*store, &stranger, "t").await, None);
    assert_eq!((ended.ended_at, ended.fault), (Some(NOW + 5), None));
    assert_eq!(common(&*store, &shop).await, [9, 0, 10]);
    for outcome in [done(json!({})), failed()] {
        let again = store.finish_task("t", token(&claimed), &outcome, NOW).await.unwrap();
        assert!(!again, "it ends once");
    }
    assert_eq!(store.audit().await.unwrap().charges, 1);
    assert_eq!(store.open_tasks().await.unwrap(), (0, 0));
}

async fn a_failed_task_costs_nothing(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    assert!(!store.finish_task("t", "", &failed(), NOW).await.unwrap(), "nobody has it yet");
    let claimed = claim(&*store, NOW).await;
    assert!(!store.finish_task("t", "another", &failed(), NOW).await.unwrap());
    assert!(store.finish_task("t", token(&claimed), &failed(), NOW).await.unwrap());
    let ended = task(&*store, &shop, "t").await;
    let fault = ended.fault.unwrap();
    assert_eq!((ended.state, answer(&*store, &shop, "t").await), (TaskState::Failed, None));
    assert_eq!((fault.code(), fault.message()), (Code::NoFaceInFile, "no face, honestly"));
    assert_eq!(common(&*store, &shop).await, [10, 0, 10]);
}

async fn a_task_without_credits_is_not_accepted(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let hold = request(&shop, "r-t", 1);
    let outcome = store.submit_task(&new_task(&shop, "t"), &hold, MANY, NOW).await;
    let refused = Submission::NotEnough { own: Credits(0), common: Credits(0) };
    assert_eq!(outcome.unwrap(), refused);
    assert_eq!(store.task(shop.id, "t").await.unwrap(), None);
    assert_eq!(store.open_tasks().await.unwrap(), (0, 0));
    let mut stranger = request(&shop, "r-t", 0);
    stranger.application += 1;
    invalid(store.submit_task(&new_task(&shop, "t"), &stranger, MANY, NOW).await);
}

async fn ids_of_tasks_are_unique(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let again = new_task(&shop, "t");
    conflict(store.submit_task(&again, &request(&shop, "other", 1), MANY, NOW).await);
    let mut same_request = new_task(&shop, "u");
    same_request.request_id = "r-t".into();
    conflict(store.submit_task(&same_request, &request(&shop, "r-t", 1), MANY, NOW).await);
    assert_eq!(common(&*store, &shop).await, [9, 1, 10], "a refusal holds nothing");
}

async fn tasks_are_claimed_oldest_first(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    assert_eq!(store.claim_task(&Claiming::any(NOW + 1, 3), NOW).await.unwrap(), None);
    for id in ["z", "a", "m"] {
        submit(&*store, &shop, id).await;
    }
    for id in ["z", "a", "m"] {
        assert_eq!(claim(&*store, NOW).await.id, id);
    }
}

/// Claims a task, ends it, and answers its id.
async fn work_off(store: &dyn Store) -> String {
    let task = claim(store, NOW).await;
    assert!(store.finish_task(&task.id, token(&task), &done(json!(1)), NOW).await.unwrap());
    task.id
}

async fn applications_take_turns(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 100).await;
    let blog = another(&*store, "blog").await;
    let wiki = another(&*store, "wiki").await;
    for number in 0..20 {
        submit(&*store, &shop, &format!("s{number}")).await;
    }
    let mut order = vec![work_off(&*store).await, work_off(&*store).await];
    for number in 0..3 {
        submit(&*store, &blog, &format!("b{number}")).await;
        submit(&*store, &wiki, &format!("w{number}")).await;
    }
    for _ in 0..10 {
        order.push(work_off(&*store).await);
    }
    // Whoever comes to a long queue is served in the next round, and in each round after it.
    let expected = ["s0", "s1", "s2", "b0", "w0", "s3", "b1", "w1", "s4", "b2", "w2", "s5"];
    assert_eq!(order, expected);
    // Who was away has saved nothing up.
    for number in 3..6 {
        submit(&*store, &blog, &format!("b{number}")).await;
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(work_off(&*store).await);
    }
    assert_eq!(order, ["s6", "b3", "s7", "b4"]);
}

async fn who_has_fewer_tasks_at_work_comes_first(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 100).await;
    let blog = another(&*store, "blog").await;
    for number in 0..9 {
        submit(&*store, &shop, &format!("s{number}")).await;
    }
    for id in ["s0", "s1"] {
        assert_eq!(claim(&*store, NOW).await.id, id);
    }
    for number in 0..3 {
        submit(&*store, &blog, &format!("b{number}")).await;
    }
    // The two that are at work count, so the other application catches up.
    for id in ["b0", "b1", "s2", "b2"] {
        assert_eq!(claim(&*store, NOW).await.id, id);
    }
    // A lease that is over counts no more.
    assert_eq!(claim(&*store, NOW + 60_000).await.id, "s0");
}

async fn the_limit_of_the_queue_is_exact(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 100).await;
    let mut submissions = JoinSet::new();
    for number in 0..60 {
        let (store, shop) = (Arc::clone(&store), shop.clone());
        submissions.spawn(async move {
            let (id, request_id) = (format!("t{number}"), format!("r-t{number}"));
            let hold = request(&shop, &request_id, 1);
            store.submit_task(&new_task(&shop, &id), &hold, 30, NOW).await.unwrap()
        });
    }
    let outcomes = submissions.join_all().await;
    let accepted = outcomes.iter().filter(|o| matches!(o, Submission::Accepted)).count();
    assert_eq!(accepted, 15, "half of the places");
    let full = Submission::QueueFull(Queue { all: 15, own: 15 });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == full).count(), 45);
    assert_eq!(store.open_tasks().await.unwrap(), (15, 0));
    assert_eq!(store.audit().await.unwrap().open_holds, 15, "a refusal holds nothing");
}

async fn no_application_fills_the_queue(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 100).await;
    let mut accepted = Vec::new();
    for name in ["shop", "blog", "wiki", "news"] {
        let application = match name {
            "shop" => shop.clone(),
            name => another(&*store, name).await,
        };
        let mut count = 0;
        let refused = loop {
            let (id, request_id) = (format!("{name}{count}"), format!("r-{name}{count}"));
            let hold = request(&application, &request_id, 1);
            match store.submit_task(&new_task(&application, &id), &hold, 16, NOW).await.unwrap() {
                Submission::Accepted => count += 1,
                refused => break refused,
            }
        };
        let queue = store.queue(application.id, MANY).await.unwrap();
        assert_eq!(refused, Submission::QueueFull(queue));
        assert_eq!(queue.own, count);
        accepted.push(count);
    }
    assert_eq!(accepted, [8, 4, 2, 1], "half of what the others left");
    // A task at work no longer waits.
    let task = claim(&*store, NOW).await;
    assert_eq!(store.queue(task.application, MANY).await.unwrap(), Queue { all: 14, own: 7 });
}

async fn a_lease_that_is_over_goes_to_another(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let first = claim(&*store, NOW).await;
    assert_eq!(store.claim_task(&Claiming::any(NOW + 1, 3), NOW + 59_999).await.unwrap(), None);
    let second = claim(&*store, NOW + 60_000).await;
    assert_eq!((second.id.as_str(), second.attempt), ("t", 2));
    let (lost, won) = (done(json!("first")), done(json!("second")));
    assert!(!store.finish_task("t", token(&first), &lost, NOW).await.unwrap());
    assert!(!store.park_task("t", token(&first)).await.unwrap());
    assert!(store.finish_task("t", token(&second), &won, NOW).await.unwrap());
    assert_eq!(answer(&*store, &shop, "t").await, Some(json!("second")));
    assert_eq!(store.audit().await.unwrap().charges, 1);
}

async fn a_worker_may_be_late_if_nobody_took_over(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let late = claim(&*store, NOW).await;
    assert!(store.finish_task("t", token(&late), &done(json!(1)), NOW + 90_000).await.unwrap());
    assert_eq!(
        store.claim_task(&Claiming::any(NOW + 99_000, 3), NOW + 90_000).await.unwrap(),
        None
    );
}

async fn a_task_that_always_crashes_fails(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    submit(&*store, &shop, "next").await;
    let mut claims = Vec::new();
    for attempt in 1..=2 {
        let task = store.claim_task(&Claiming::any(NOW, 2), NOW).await.unwrap().unwrap();
        assert_eq!((task.id.as_str(), task.attempt), ("t", attempt));
        claims.push(token(&task).to_owned());
    }
    let other = store.claim_task(&Claiming::any(NOW + 5, 2), NOW).await.unwrap().unwrap();
    assert_eq!(other.id, "next", "the claim goes on to the next");
    let ended = task(&*store, &shop, "t").await;
    let fault = ended.fault.unwrap();
    assert_eq!((ended.state, fault.code()), (TaskState::Failed, Code::AiServiceError));
    assert!(fault.message().contains("crashed 2 times"), "{fault}");
    assert!(!store.finish_task("t", &claims[1], &done(json!(1)), NOW).await.unwrap());
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
    assert_eq!(store.reclaim_tasks(NOW + TASK_LIFE).await.unwrap(), 1);
}

async fn a_parked_task_does_not_count(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let mut claims = BTreeSet::new();
    for attempt in 1..=5 {
        let task = store.claim_task(&Claiming::any(NOW + 60_000, 1), NOW).await.unwrap().unwrap();
        assert_eq!(task.attempt, attempt);
        assert!(claims.insert(token(&task).to_owned()), "the token is new each time");
        assert!(store.park_task("t", token(&task)).await.unwrap());
        assert!(!store.park_task("t", token(&task)).await.unwrap());
        assert!(!store.finish_task("t", token(&task), &done(json!(1)), NOW).await.unwrap());
        assert_eq!(state(&*store, &shop, "t").await, TaskState::Queued);
    }
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
}

async fn recovery_queues_what_was_processing(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    for id in ["a", "b", "c"] {
        submit(&*store, &shop, id).await;
    }
    let first = claim(&*store, NOW).await;
    claim(&*store, NOW).await;
    let recovered = store.recover(NOW, NOW).await.unwrap();
    assert_eq!(recovered, Recovered { tasks: 2, holds: 0 });
    assert_eq!(store.open_tasks().await.unwrap(), (3, 0));
    assert!(!store.finish_task("a", token(&first), &done(json!(1)), NOW).await.unwrap());
    let again = claim(&*store, NOW).await;
    assert_eq!((again.id.as_str(), again.attempt), ("a", 2));
    assert!(!store.finish_task("a", token(&first), &done(json!(1)), NOW).await.unwrap());
    assert!(store.finish_task("a", token(&again), &done(json!(1)), NOW).await.unwrap());
}

async fn a_queued_task_is_revoked(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    assert_eq!(store.cancel_task("t", NOW + 3).await.unwrap(), Some(TaskState::Revoked));
    assert_eq!(store.cancel_task("t", NOW).await.unwrap(), None);
    assert_eq!(store.cancel_task("unknown", NOW).await.unwrap(), None);
    let ended = task(&*store, &shop, "t").await;
    assert_eq!((ended.state, ended.ended_at), (TaskState::Revoked, Some(NOW + 3)));
    assert_eq!(store.claim_task(&Claiming::any(NOW + 9, 3), NOW).await.unwrap(), None);
    assert_eq!(common(&*store, &shop).await, [10, 0, 10]);
}

async fn a_processing_task_is_stopped(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let claimed = claim(&*store, NOW).await;
    assert_eq!(store.cancel_task("t", NOW).await.unwrap(), Some(TaskState::Stopped));
    assert!(!store.finish_task("t", token(&claimed), &done(json!(1)), NOW).await.unwrap());
    assert!(!store.park_task("t", token(&claimed)).await.unwrap());
    assert_eq!(state(&*store, &shop, "t").await, TaskState::Stopped);
    assert_eq!(common(&*store, &shop).await, [10, 0, 10]);
}

async fn another_applications_task_is_unknown(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let blog = store.create_application(&named("ada", "blog", None), NOW).await.unwrap();
    submit(&*store, &shop, "t").await;
    for id in ["t", "r-t"] {
        assert_eq!(task(&*store, &shop, id).await.id, "t");
        assert_eq!(store.task(blog.id, id).await.unwrap(), None);
    }
    assert_eq!(store.task(shop.id, "unknown").await.unwrap(), None);
}

async fn deleting_an_application_ends_its_tasks(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let blog = store.create_application(&named("ada", "blog", None), NOW).await.unwrap();
    store.add_credits(blog.id, "common", Credits::whole(1), NOW).await.unwrap();
    submit(&*store, &shop, "works").await;
    let claimed = claim(&*store, NOW).await;
    submit(&*store, &shop, "waits").await;
    submit(&*store, &blog, "other").await;
    store.delete_application(shop.id, NOW).await.unwrap();
    assert_eq!(state(&*store, &shop, "works").await, TaskState::Stopped);
    assert_eq!(state(&*store, &shop, "waits").await, TaskState::Revoked);
    assert!(!store.finish_task("works", token(&claimed), &done(json!(1)), NOW).await.unwrap());
    assert_eq!(claim(&*store, NOW).await.id, "other");
    let audit = store.audit().await.unwrap();
    assert_eq!((audit.held, audit.spent), (Credits::whole(1), Credits(0)));
}

async fn answers_are_reclaimed_and_forgotten(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    for id in ["done", "failed", "open"] {
        submit(&*store, &shop, id).await;
    }
    for outcome in [done(json!({ "image": "x" })), failed()] {
        let task = claim(&*store, NOW).await;
        assert!(store.finish_task(&task.id, token(&task), &outcome, NOW).await.unwrap());
    }
    assert_eq!(store.reclaim_tasks(NOW + 999).await.unwrap(), 0);
    assert_eq!(store.reclaim_tasks(NOW + 1000).await.unwrap(), 2);
    assert_eq!(store.reclaim_tasks(NOW + 1000).await.unwrap(), 0);
    for id in ["done", "failed"] {
        let gone = task(&*store, &shop, id).await;
        assert_eq!((gone.state, gone.fault), (TaskState::Reclaimed, None));
        assert_eq!(answer(&*store, &shop, id).await, None);
        assert_eq!(gone.ended_at, Some(NOW));
    }
    assert_eq!(store.forget(NOW).await.unwrap(), 0);
    assert_eq!(store.forget(NOW + 1).await.unwrap(), 2);
    assert_eq!(store.task(shop.id, "done").await.unwrap(), None);
    assert_eq!(state(&*store, &shop, "open").await, TaskState::Queued);
    assert_eq!(store.audit().await.unwrap().charges, 1, "the books keep the charge");
}

async fn parallel_workers_share_the_queue(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 100).await;
    for number in 0..60 {
        submit(&*store, &shop, &format!("t{number}")).await;
    }
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        workers.spawn(async move {
            let mut ids = Vec::new();
            while let Some(task) =
                store.claim_task(&Claiming::any(NOW + 60_000, 3), NOW).await.unwrap()
            {
                assert_eq!(task.attempt, 1);
                assert!(
                    store.finish_task(&task.id, token(&task), &done(json!(1)), NOW).await.unwrap()
                );
                ids.push(task.id);
            }
            ids
        });
    }
    let mut ids = workers.join_all().await.concat();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60, "each task once");
    assert_eq!(common(&*store, &shop).await, [40, 0, 100]);
}

async fn answers_keep_their_shape(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "t").await;
    let claimed = claim(&*store, NOW).await;
    let given = json!({
        "data": { "image": "https://example.org/ä\"\u{0}.png", "scores": [0.1, 1, -2, null] },
        "empty": {},
    });
    assert!(store.finish_task("t", token(&claimed), &done(given.clone()), NOW).await.unwrap());
    assert_eq!(answer(&*store, &shop, "t").await, Some(given));
}

async fn only_a_queued_task_is_revoked(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    submit(&*store, &shop, "working").await;
    claim(&*store, NOW).await;
    submit(&*store, &shop, "waiting").await;
    assert_eq!(store.revoke_task("working", NOW).await.unwrap(), None);
    assert_eq!(state(&*store, &shop, "working").await, TaskState::Processing);
    assert_eq!(store.revoke_task("waiting", NOW).await.unwrap(), Some(TaskState::Revoked));
    assert_eq!(store.revoke_task("waiting", NOW).await.unwrap(), None);
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
}

async fn tasks_are_listed_newest_first(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let blog = another(&*store, "blog").await;
    submit(&*store, &blog, "strange").await;
    for (id, batch) in [("a", Some("one")), ("b", None), ("c", Some("one")), ("d", Some("two"))] {
        let task = NewTask { batch: batch.map(str::to_owned), ..new_task(&shop, id) };
        let request = request(&shop, &format!("r-{id}"), 1);
        store.submit_task(&task, &request, MANY, NOW).await.unwrap();
    }
    store.cancel_task("d", NOW).await.unwrap();
    let list = async |filter: TaskFilter| {
        let (total, tasks) = store.tasks(shop.id, &filter).await.unwrap();
        (total, tasks.into_iter().map(|task| task.id).collect::<Vec<_>>())
    };
    let all = TaskFilter { length: 10, ..TaskFilter::default() };
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(list(all.clone()).await, (4, ids(&["d", "c", "b", "a"])));
    let page = TaskFilter { start: 1, length: 2, ..all.clone() };
    assert_eq!(list(page).await, (4, ids(&["c", "b"])));
    let batch = TaskFilter { batch: Some("one".into()), ..all.clone() };
    assert_eq!(list(batch).await, (2, ids(&["c", "a"])));
    let revoked = TaskFilter { state: Some(TaskState::Revoked), ..all.clone() };
    assert_eq!(list(revoked).await, (1, ids(&["d"])));
    store.reclaim_tasks(NOW + TASK_LIFE).await.unwrap();
    assert_eq!(list(all).await, (3, ids(&["c", "b", "a"])), "what is reclaimed is not listed");
}

async fn what_nobody_takes_fails_and_costs_nothing(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    for id in ["waits", "works", "parked"] {
        submit(&*store, &shop, id).await;
    }
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.push(claim(&*store, NOW).await);
    }
    for task in claimed.iter().filter(|task| task.id != "works") {
        assert!(store.park_task(&task.id, token(task)).await.unwrap());
    }
    let fault = Fault::new(Code::AiServiceError, "nobody took it");
    assert_eq!(store.fail_queued(NOW, &fault, NOW + 5).await.unwrap(), 0, "not older");
    assert_eq!(common(&*store, &shop).await, [7, 3, 10]);
    assert_eq!(store.fail_queued(NOW + 1, &fault, NOW + 5).await.unwrap(), 2);
    assert_eq!(common(&*store, &shop).await, [9, 1, 10]);
    let task = store.task(shop.id, "waits").await.unwrap().unwrap();
    assert_eq!((task.state, task.fault), (TaskState::Failed, Some(fault)));
    assert_eq!(store.open_tasks().await.unwrap(), (0, 1), "what is at work is left alone");
}
