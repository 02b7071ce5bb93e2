//! Webhooks: `callback_url`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use safelight_store::{Attempted, KeySecret, WebhookState};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::common::{ASYNC, Gate, Received, Remote, SYNC, TestServer, eventually, form, now, text};

const PATH: &str = "/hook";

/// A server, and a receiver of its webhooks that answers this status.
async fn with_receiver(status: u16) -> (TestServer, Remote) {
    let receiver = Remote::start(BTreeMap::from([(PATH, (status, Vec::new()))])).await;
    let allowed = receiver.address;
    let server = TestServer::with(|settings| {
        settings.fetch.allow = vec![allowed];
        settings.tasks.workers = 1;
    })
    .await;
    (server, receiver)
}

/// Gives the application a secret, and answers it.
async fn add_secret(server: &TestServer, byte: u8) -> [u8; 32] {
    let (id, nonce) = (server.application.id, [byte; 16]);
    let added = server.store.add_webhook_secret(id, &nonce, now() + 1_000_000, now()).await;
    added.expect("added");
    KeySecret::new([7; 32]).webhook_secret(id, &nonce)
}

fn signature(secret: &[u8; 32], webhook: &Received) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
    let (id, timestamp) = (&webhook.headers["webhook-id"], &webhook.headers["webhook-timestamp"]);
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&webhook.body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

fn body(webhook: &Received) -> Value {
    serde_json::from_slice(&webhook.body).expect("JSON")
}

/// Waits until the only webhook of the application has this state.
async fn state(server: &TestServer, state: WebhookState) -> safelight_store::Webhook {
    eventually(async || {
        let all = server.store.webhooks(server.application.id, 9).await.expect("store");
        all.into_iter().find(|webhook| webhook.state == state)
    })
    .await
}

#[tokio::test]
async fn the_end_of_a_task_is_posted_and_signed() {
    let (server, receiver) = with_receiver(204).await;
    let secret = add_secret(&server, 1).await;
    let url = receiver.url(PATH);
    let (task, request) = server.submit(form([("callback_url", &url), ("note", "hi")])).await;
    let webhook = receiver.requests(1).await.remove(0);
    assert_eq!(webhook.path, PATH);
    assert_eq!(webhook.headers["webhook-signature"], signature(&secret, &webhook));
    assert!(webhook.headers["webhook-id"].starts_with("msg_"));
    let age = now() / 1000 - webhook.headers["webhook-timestamp"].parse::<i64>().expect("seconds");
    assert!((-1..600).contains(&age), "{age}");
    let told = body(&webhook);
    assert_eq!((&told["type"], &told["task_id"]), (&json!("task.done"), &json!(task)));
    assert_eq!(told["answer"]["request_id"], request);
    let polled = server.poll(&task).await.success();
    for part in ["data", "task_status", "error_code"] {
        assert_eq!(told["answer"][part], polled[part], "{part}");
    }
    let delivered = state(&server, WebhookState::Delivered).await;
    assert_eq!((delivered.attempts, delivered.note.as_str()), (1, "status 204"));
    let metrics = String::from_utf8(server.get("/metrics").await.body).expect("text");
    assert!(metrics.contains("safelight_webhooks_total{outcome=\"delivered\"} 1"), "{metrics}");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn failed_revoked_and_stopped_tasks_are_told_too() {
    let (server, receiver) = with_receiver(200).await;
    add_secret(&server, 1).await;
    let url = receiver.url(PATH);
    let told = |fail| form([("callback_url", &url), ("fail", fail)]);
    server.submit(told("ERROR_NO_FACE_IN_FILE")).await;
    receiver.requests(1).await;
    let gate = Gate::closed();
    let stopped = server.submit_at(&gate, form([("callback_url", &url)])).await;
    let (revoked, _) = server.submit(form([("callback_url", &url)])).await;
    for task in [&revoked, &stopped] {
        let stop = server.post("/api/common/stop-async-task", form([("task_id", task)])).await;
        stop.success();
    }
    let types: Vec<_> = receiver.requests(3).await.iter().map(|w| text(&body(w)["type"])).collect();
    for kind in ["task.failed", "task.revoked", "task.stopped"] {
        assert!(types.iter().any(|found| found == kind), "{types:?}");
    }
    let failed = body(&receiver.received()[0]);
    assert_eq!(failed["answer"]["error_detail"]["code"], "ERROR_NO_FACE_IN_FILE");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_webhook_that_fails_is_posted_again_with_the_same_id() {
    let (server, receiver) = with_receiver(500).await;
    add_secret(&server, 1).await;
    let (task, _) = server.submit(form([("callback_url", &receiver.url(PATH))])).await;
    let failed = eventually(async || {
        let all = server.store.webhooks(server.application.id, 9).await.expect("store");
        all.into_iter().find(|webhook| webhook.note == "status 500")
    })
    .await;
    assert_eq!(failed.state, WebhookState::Waiting);
    server.wait(&task).await.success();
    receiver.answer(PATH, 200);
    // Without the wait of five seconds.
    let again = server.store.webhook_attempted(&failed.id, Attempted::Again(now()), "").await;
    again.expect("store");
    let both = receiver.requests(2).await;
    assert_eq!(both[0].headers["webhook-id"], both[1].headers["webhook-id"]);
    assert_eq!(body(&both[0])["task_id"], body(&both[1])["task_id"]);
    assert_eq!(state(&server, WebhookState::Delivered).await.attempts, 2);
}

#[tokio::test]
async fn a_server_that_ends_between_the_end_and_the_delivery_delivers_after_its_restart() {
    // The receiver is silent, so that the first attempt is cut off in its midst.
    let (server, receiver) = with_receiver(0).await;
    add_secret(&server, 1).await;
    let (task, _) = server.submit(form([("callback_url", &receiver.url(PATH))])).await;
    let first = receiver.requests(1).await.remove(0);
    let server = server.crash().await;
    receiver.answer(PATH, 200);
    let again = receiver.requests(2).await.remove(1);
    assert_eq!(again.headers["webhook-id"], first.headers["webhook-id"]);
    assert_eq!(body(&again)["task_id"], task);
    assert_eq!(state(&server, WebhookState::Delivered).await.task, task);
    server.assert_charges(1).await;
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation() {
    let (server, receiver) = with_receiver(200).await;
    let first = add_secret(&server, 1).await;
    let second = add_secret(&server, 2).await;
    server.submit(form([("callback_url", &receiver.url(PATH))])).await;
    let webhook = receiver.requests(1).await.remove(0);
    let expected = [second, first].map(|secret| signature(&secret, &webhook)).join(" ");
    assert_eq!(webhook.headers["webhook-signature"], expected);
}

#[tokio::test]
async fn batches_tell_of_each_task() {
    let (server, receiver) = with_receiver(200).await;
    add_secret(&server, 1).await;
    let items = json!([{ "path": ASYNC }, { "path": SYNC }]);
    let batch = json!({ "items": items, "callback_url": receiver.url(PATH) });
    let answer = server.post_json("/api/common/submit-batch-tasks", &batch).await.success();
    for webhook in receiver.requests(2).await {
        assert_eq!(body(&webhook)["batch_id"], answer["data"]["batch_id"]);
    }
}

#[tokio::test]
async fn a_callback_that_cannot_be_is_refused_at_submission() {
    let (server, receiver) = with_receiver(200).await;
    let url = receiver.url(PATH);
    let refused = server.post(ASYNC, form([("callback_url", &url)])).await;
    let message = refused.failure(405, "ERROR_ILLEGAL_OPERATION");
    assert!(message.contains("safelight webhook secret"), "{message}");
    add_secret(&server, 1).await;
    for wrong in ["http://10.0.0.1/", "http://127.0.0.1:1/", "nothing", "ftp://8.8.8.8/"] {
        let refused = server.post(ASYNC, form([("callback_url", wrong)])).await;
        let message = refused.failure(400, "ERROR_INVALID_PARAMETER");
        assert!(message.contains("callback_url"), "{message}");
        let batch = json!({ "items": [{ "path": ASYNC }], "callback_url": wrong });
        let refused = server.post_json("/api/common/submit-batch-tasks", &batch).await;
        refused.failure(400, "ERROR_INVALID_PARAMETER");
    }
    let long = format!("http://example.com/{}", "a".repeat(2048));
    let refused = server.post(ASYNC, form([("callback_url", &long)])).await;
    refused.failure(413, "ERROR_CONTENT_TOO_LONG");
    assert_eq!(server.credits().await, (1000, 0));
    assert!(receiver.received().is_empty());
}
