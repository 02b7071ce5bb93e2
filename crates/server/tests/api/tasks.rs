//! Submitting tasks, and what becomes of their inputs.

use reqwest::multipart::Form;
use safelight_store::Credits;

use crate::common::{ASYNC, Gate, TestServer, eventually, file, files_below, form, now, png};

#[tokio::test]
async fn the_input_is_kept_until_the_end_and_then_deleted() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let picture = Form::new().part("image", file(png(30, 20))).text("note", "kept");
    let task = server.submit_at(&gate, picture).await;
    assert_eq!(files_below(&server.files().join("inputs")).len(), 2, "one file, the texts");
    gate.open();
    let done = server.wait(&task).await.success();
    assert_eq!(done["data"]["size"], serde_json::json!([30, 20]));
    assert_eq!(done["data"]["note"], "kept");
    let inputs = server.files().join("inputs");
    eventually(async || files_below(&inputs).is_empty().then_some(())).await;
}

#[tokio::test]
async fn bad_input_is_refused_at_submission() {
    let server = TestServer::start().await;
    let bad = server.post(ASYNC, form([("pictures", "9")])).await;
    bad.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    let small = Form::new().part("image", file(png(4, 4)));
    server.post(ASYNC, small).await.failure(422, "ERROR_LOW_RESOLUTION");
    assert!(files_below(&server.files()).is_empty());
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn what_cannot_be_decoded_shows_at_the_poll() {
    let server = TestServer::start().await;
    let mut truncated = png(200, 200);
    truncated.truncate(truncated.len() / 2);
    let (task, _) = server.submit(Form::new().part("image", file(truncated))).await;
    server.wait(&task).await.failure(400, "FILE_DECODING_FAILURE");
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn without_credits_nothing_is_accepted() {
    let server = TestServer::start().await;
    let take = server.store.add_credits(server.application.id, "common", Credits(-998_000), now());
    take.await.expect("taken");
    server.post(ASYNC, form([])).await.failure(429, "ERROR_NOT_ENOUGH_CREDITS");
    assert!(files_below(&server.files()).is_empty());
}

#[tokio::test]
async fn the_price_is_held_while_a_task_waits() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    let first = server.submit_at(&gate, form([])).await;
    let (last, _) = server.submit(form([])).await;
    assert_eq!(server.credits().await, (994, 6));
    gate.open();
    server.wait(&first).await.success();
    server.wait(&last).await.success();
    assert_eq!(server.credits().await, (994, 0));
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let server = TestServer::with(|settings| {
        settings.tasks.workers = 1;
        settings.tasks.max_queued = 1;
    })
    .await;
    let gate = Gate::closed();
    server.submit_at(&gate, form([])).await;
    server.submit(form([])).await;
    let refused = server.post(ASYNC, form([])).await;
    refused.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    assert!(!refused.header("retry-after").is_empty());
}

#[tokio::test]
async fn a_revoked_task_leaves_nothing_behind() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let gate = Gate::closed();
    let task = server.submit_at(&gate, form([])).await;
    server.store.cancel_task(&task, now()).await.expect("cancel");
    gate.open();
    let files = server.files();
    eventually(async || files_below(&files).is_empty().then_some(())).await;
    assert_eq!(server.credits().await, (1000, 0));
    server.assert_charges(0).await;
}
