//! Webhooks and their secrets.

use safelight_contract::{Code, Fault};
use serde_json::json;

use super::*;
use crate::{Attempted, Callback, Outcome, Webhook, WebhookState};

cases! {
    every_end_of_a_task_writes_a_webhook,
    a_webhook_is_tried_until_it_is_delivered,
    what_was_being_posted_is_posted_again,
    two_secrets_are_valid_during_a_rotation,
    webhooks_are_forgotten,
}

/// Submits a task whose end is told.
async fn submit_told(store: &dyn Store, shop: &Application, id: &str) {
    let callback = Callback { url: format!("http://{id}.example"), base: "http://here".into() };
    let task = NewTask { callback: Some(callback), ..new_task(shop, id) };
    let request = request(shop, &format!("r-{id}"), 1);
    let outcome = store.submit_task(&task, &request, MANY, NOW).await.unwrap();
    assert!(matches!(outcome, Submission::Accepted));
}

async fn due(store: &dyn Store, now: Millis) -> Vec<Webhook> {
    store.claim_webhooks(now + 60_000, 9, now).await.unwrap()
}

/// A webhook that is due.
async fn one(store: &dyn Store, shop: &Application) -> Webhook {
    submit_told(store, shop, "t").await;
    store.cancel_task("t", NOW).await.unwrap();
    due(store, NOW).await.pop().expect("one")
}

async fn every_end_of_a_task_writes_a_webhook(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    for id in ["done", "failed", "stopped", "revoked"] {
        submit_told(&*store, &shop, id).await;
    }
    submit(&*store, &shop, "silent").await;
    let mut claimed = Vec::new();
    for _ in 0..3 {
        claimed.push(claim(&*store, NOW).await);
    }
    assert!(due(&*store, NOW).await.is_empty());
    let fault = Fault::new(Code::NoFaceInFile, "no face");
    let done = Outcome::Done { answer: json!({}), expires_at: NOW + 1000 };
    let failed = Outcome::Failed { fault, expires_at: NOW + 1000 };
    assert!(store.finish_task("done", token(&claimed[0]), &done, NOW).await.unwrap());
    assert!(
        !store.finish_task("done", token(&claimed[0]), &failed, NOW).await.unwrap(),
        "it ends once"
    );
    assert!(store.finish_task("failed", token(&claimed[1]), &failed, NOW).await.unwrap());
    for id in ["stopped", "revoked", "silent"] {
        store.cancel_task(id, NOW).await.unwrap();
    }
    let mut found = due(&*store, NOW).await;
    found.sort_by(|a, b| a.task.cmp(&b.task));
    let tasks: Vec<_> = found.iter().map(|webhook| webhook.task.as_str()).collect();
    assert_eq!(tasks, ["done", "failed", "revoked", "stopped"]);
    let Webhook { id, application, url, base, attempts, .. } = &found[0];
    assert!(id.starts_with("msg_"), "{id}");
    assert_eq!((*application, *attempts), (shop.id, 1));
    assert_eq!((url.as_str(), base.as_str()), ("http://done.example", "http://here"));
    // Nobody is told of the tasks of an application that is gone.
    submit_told(&*store, &shop, "last").await;
    store.delete_application(shop.id, NOW).await.unwrap();
    assert!(due(&*store, NOW).await.is_empty());
}

async fn a_webhook_is_tried_until_it_is_delivered(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let first = one(&*store, &shop).await;
    assert!(due(&*store, NOW + 59_999).await.is_empty(), "it is being posted");
    store.webhook_attempted(&first.id, Attempted::Again(NOW + 5), "status 500").await.unwrap();
    assert!(due(&*store, NOW + 4).await.is_empty());
    let second = due(&*store, NOW + 5).await.pop().expect("due again");
    assert_eq!((&second.id, second.attempts), (&first.id, 2));
    assert_eq!(second.note, "status 500");
    store.webhook_attempted(&first.id, Attempted::Delivered, "status 204").await.unwrap();
    store.webhook_attempted(&first.id, Attempted::Again(NOW), "late").await.unwrap();
    assert!(due(&*store, NOW + 1_000_000).await.is_empty());
    let log = store.webhooks(shop.id, 9).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].state, log[0].note.as_str()), (WebhookState::Delivered, "status 204"));
}

async fn what_was_being_posted_is_posted_again(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let first = one(&*store, &shop).await;
    // The lease of a process that is gone.
    let again = due(&*store, NOW + 60_000).await.pop().expect("the lease is over");
    assert_eq!((&again.id, again.attempts), (&first.id, 2));
    store.recover(NOW, NOW).await.unwrap();
    assert_eq!(due(&*store, NOW).await.pop().map(|webhook| webhook.attempts), Some(3));
}

async fn two_secrets_are_valid_during_a_rotation(store: Arc<dyn Store>) {
    let shop = shop(&*store).await;
    let secrets = async |now| store.webhook_secrets(shop.id, now).await.unwrap();
    assert!(secrets(NOW).await.is_empty());
    let add = async |byte: u8, now| {
        store.add_webhook_secret(shop.id, &[byte; 16], now + 100, now).await.unwrap();
    };
    add(1, NOW).await;
    assert_eq!(secrets(NOW + 1_000_000).await, [[1; 16]], "the only one does not expire");
    add(2, NOW).await;
    assert_eq!(secrets(NOW + 99).await, [[2; 16], [1; 16]]);
    assert_eq!(secrets(NOW + 100).await, [[2; 16]]);
    add(3, NOW).await;
    assert_eq!(secrets(NOW).await, [[3; 16], [2; 16]], "never more than two");
    not_found(store.add_webhook_secret(99, &[1; 16], NOW, NOW).await);
}

async fn webhooks_are_forgotten(store: Arc<dyn Store>) {
    let shop = shop_with(&*store, 10).await;
    let webhook = one(&*store, &shop).await;
    assert_eq!(store.forget(NOW + 1).await.unwrap(), 0, "it is not ended");
    store.webhook_attempted(&webhook.id, Attempted::GivenUp, "no answer").await.unwrap();
    assert_eq!(store.forget(NOW).await.unwrap(), 0);
    assert_eq!(store.forget(NOW + 1).await.unwrap(), 1);
    assert!(store.webhooks(shop.id, 9).await.unwrap().is_empty());
}
