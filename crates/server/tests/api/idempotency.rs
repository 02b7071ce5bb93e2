//! The header `Idempotency-Key`.

use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::common::{ASYNC, Answer, Gate, SYNC, TestServer, answered, eventually, file, form, png};

async fn post(server: &TestServer, path: &str, key: &str, form: Form) -> Answer {
    let request = server.request(path).header("idempotency-key", key).multipart(form);
    Answer::of(request.send().await.expect("answer")).await
}

/// The second answer is the first one again.
fn assert_replayed(first: &Answer, second: &Answer) {
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_costs_nothing() {
    let server = TestServer::start().await;
    // Each multipart body has a boundary of its own; what counts are the fields.
    let form = || form([("note", "once")]).part("image", file(png(30, 20)));
    let first = post(&server, SYNC, "key-1", form()).await;
    first.success();
    for key in ["key-1", "\"key-1\""] {
        assert_replayed(&first, &post(&server, SYNC, key, form()).await);
    }
    server.assert_charges(1).await;
    assert_ne!(post(&server, SYNC, "key-2", form()).await.body, first.body, "another key");
    server.assert_charges(2).await;
}

#[tokio::test]
async fn failures_that_last_are_repeated_and_those_that_pass_are_not() {
    let server = TestServer::start().await;
    let told = |code: &'static str| form([("fail", code)]);
    let first = post(&server, SYNC, "lasting", told("ERROR_NO_FACE_IN_FILE")).await;
    first.failure(422, "ERROR_NO_FACE_IN_FILE");
    assert_replayed(&first, &post(&server, SYNC, "lasting", told("ERROR_NO_FACE_IN_FILE")).await);
    for code in [
        "AI_SERVICE_ERROR",
        "AI_SERVICE_FLOW_RESTRICTION",
        "ERROR_NOT_ENOUGH_CREDITS",
        "ERROR_RESOURCE_IN_USE",
        "ERROR_TASK_CONFLICT",
    ] {
        for _ in 0..2 {
            let answer = post(&server, SYNC, &format!("passing-{code}"), told(code)).await;
            assert_eq!(answer.json()["error_detail"]["code"], code);
            assert_eq!(answer.header("idempotency-replayed"), "");
        }
    }
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_key_belongs_to_what_was_sent_to_a_path_by_an_application() {
    let server = TestServer::start().await;
    post(&server, SYNC, "k", form([("note", "a")])).await.success();
    let other = post(&server, SYNC, "k", form([("note", "b")])).await;
    let message = other.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    assert!(message.contains("Idempotency-Key"), "{message}");
    post(&server, ASYNC, "k", form([("note", "b")])).await.success();
    let (key, _) = server.another("other").await;
    let strange = server.http.post(server.url(SYNC)).header("ailabapi-api-key", key);
    let strange = strange.header("idempotency-key", "k").multipart(form([("note", "b")]));
    Answer::of(strange.send().await.expect("answer")).await.success();
    // The same fields in another form of body are the same.
    let json = server.request(SYNC).header("idempotency-key", "k").json(&json!({ "note": "a" }));
    let again = Answer::of(json.send().await.expect("answer")).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn while_the_first_is_at_work_others_are_told_so() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let told = || form([("gate", &gate.name())]);
    let request = server.request(SYNC).header("idempotency-key", "k").multipart(told());
    let first = tokio::spawn(request.send());
    gate.reached(1).await;
    post(&server, SYNC, "k", told()).await.failure(409, "ERROR_TASK_CONFLICT");
    gate.open();
    let first = answered(first).await;
    first.success();
    assert_replayed(&first, &post(&server, SYNC, "k", told()).await);
    server.assert_charges(1).await;
}

#[tokio::test]
async fn who_goes_away_may_come_again() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let told = || form([("gate", &gate.name())]);
    let request = server.request(SYNC).header("idempotency-key", "k").multipart(told());
    let first = tokio::spawn(request.send());
    gate.reached(1).await;
    first.abort();
    gate.open();
    eventually(async || {
        let answer = post(&server, SYNC, "k", told()).await;
        (answer.status == 200).then_some(())
    })
    .await;
    server.assert_charges(1).await;
}

#[tokio::test]
async fn tasks_and_own_endpoints_are_done_once_too() {
    let server = TestServer::start().await;
    let first = post(&server, ASYNC, "k", form([])).await;
    first.success();
    assert_replayed(&first, &post(&server, ASYNC, "k", form([])).await);
    let upload = || Form::new().part("file", file(png(30, 20)));
    let path = "/api/common/upload-file";
    let first = post(&server, path, "k", upload()).await;
    first.success();
    assert_replayed(&first, &post(&server, path, "k", upload()).await);
    let batch = async || {
        let request = server.request("/api/common/submit-batch-tasks");
        let body = json!({ "items": [{ "path": ASYNC }] });
        let request = request.header("idempotency-key", "k").json(&body);
        Answer::of(request.send().await.expect("answer")).await
    };
    let first = batch().await;
    first.success();
    assert_replayed(&first, &batch().await);
    let list = server.get("/api/common/list-async-tasks").await.success();
    assert_eq!(list["data"]["total"], Value::from(2));
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let server = TestServer::start().await;
    for wrong in ["a b", "", "\"\"", "a/b"] {
        let answer = post(&server, SYNC, wrong, form([])).await;
        answer.failure(422, "ERROR_INVALID_PARAMETER_FORMAT");
    }
    post(&server, SYNC, &"a".repeat(129), form([])).await.failure(413, "ERROR_CONTENT_TOO_LONG");
    server.assert_charges(0).await;
}
