//! Requests to services: each check and its code, in order.

use reqwest::multipart::Form;
use safelight_store::{Credits, ServiceState};
use serde_json::Value;

use crate::common::{
    Answer, Gate, HEAVY, MODELLESS, SLOW, SYNC, TestServer, answered, eventually, file,
    files_below, form, now, png,
};

#[tokio::test]
async fn a_success_is_charged_and_timed() {
    let server = TestServer::start().await;
    let form = Form::new().part("image", file(png(20, 10))).text("note", "hi");
    let answer = server.post(SYNC, form).await;
    let json = answer.success();
    assert_eq!(json["data"]["size"], serde_json::json!([20, 10]));
    assert_eq!(json["data"]["note"], "hi");
    let timing = answer.header("server-timing");
    for stage in ["receive;dur=", "queue;dur=", "decode;dur=", "play;dur=", "total;dur="] {
        assert!(timing.contains(stage), "{stage} in {timing}");
    }
    server.assert_charges(1).await;
    assert_eq!(server.credits().await, (997, 0));
}

#[tokio::test]
async fn base64_answers_are_whole() {
    let server = TestServer::start().await;
    let answer = server.post(SYNC, form([("inline", "true"), ("bytes", "3000000")])).await;
    assert_eq!(answer.success()["image"].as_str().map(str::len), Some(4_000_000));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_free() {
    let server = TestServer::with(|settings| settings.limits.max_answer_bytes = 1 << 20).await;
    let ask = async |bytes| server.post(SYNC, form([("inline", "true"), ("bytes", bytes)])).await;
    let message = ask("3000000").await.failure(413, "ERROR_RESPONSE_BODY_TOO_LARGE");
    assert!(message.contains("1048576"), "{message}");
    assert_eq!(server.credits().await, (1000, 0));
    server.assert_charges(0).await;
    assert_eq!(ask("300000").await.success()["image"].as_str().map(str::len), Some(400_000));
    server.assert_charges(1).await;
}

#[tokio::test]
async fn another_format_of_answers_is_refused() {
    let server = TestServer::start().await;
    let ask = async |query: &str| server.post(&format!("{SYNC}?{query}"), form([])).await;
    let message = ask("format=xml").await.failure(400, "ERROR_UNSUPPORTED_RESPONSE_FORMAT");
    assert!(message.contains("`xml`") && message.contains("`json`"), "{message}");
    server.assert_charges(0).await;
    for query in ["format=JSON", "format=", "form=xml"] {
        ask(query).await.success();
    }
    let credits = server.get("/api/common/query-credits?format=yaml").await;
    credits.failure(400, "ERROR_UNSUPPORTED_RESPONSE_FORMAT");
}

#[tokio::test]
async fn failures_of_every_kind_are_free() {
    let server = TestServer::start().await;
    let post = async |fields| server.post(SYNC, fields).await;
    post(form([("fail", "ERROR_NO_FACE_IN_FILE")])).await.failure(422, "ERROR_NO_FACE_IN_FILE");
    post(form([("panic", "yes")])).await.failure(500, "UNKNOWN_ERROR");
    post(form([("gate", "many")])).await.failure(422, "ERROR_PARAMETER_CONVERSION_FAILED");
    post(form([("pictures", "9")])).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    server.assert_charges(0).await;
    assert_eq!(server.credits().await, (1000, 0));
    post(form([])).await.success();
}

#[tokio::test]
async fn a_service_can_be_switched_off_and_priced() {
    let server = TestServer::start().await;
    let set = async |enabled, price| {
        let state = ServiceState { enabled, price };
        server.store.set_service(server.application.id, SYNC, state).await.expect("set");
    };
    set(false, None).await;
    let message = server.post(SYNC, form([])).await.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(message.contains("switched off"), "{message}");
    set(true, Some(Credits::whole(10))).await;
    server.post(SYNC, form([])).await.success();
    assert_eq!(server.credits().await, (990, 0));
    set(true, Some(Credits::whole(0))).await;
    server.post(SYNC, form([])).await.success();
    assert_eq!(server.credits().await, (990, 0));
}

#[tokio::test]
async fn a_service_without_its_model_does_not_exist() {
    let server = TestServer::start().await;
    let message = server.post(MODELLESS, form([])).await.failure(404, "ERROR_AI_NOT_EXISTS");
    assert!(message.contains("no-such-model"), "{message}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_in_the_envelope() {
    let server = TestServer::start().await;
    let answer = server.post("/api/no/such", form([])).await;
    assert!(answer.failure(404, "ERROR_AI_NOT_EXISTS").contains("/api/no/such"));
    let answer = server.get(SYNC).await;
    answer.failure(405, "ERROR_ILLEGAL_OPERATION");
    assert_eq!(answer.header("allow"), "POST");
    server.get("/no/such").await.failure(404, "ERROR_AI_NOT_EXISTS");
}

#[tokio::test]
async fn the_edition_decides_the_status() {
    let edition = |settings: &mut safelight_server::Settings| {
        settings.contract.edition = safelight_contract::Edition::E2026;
    };
    let server = TestServer::with(edition).await;
    let answer = server.post(SYNC, form([("pictures", "9")])).await;
    answer.failure(400, "UNSUPPORTED_PARAMETER_VALUES");
}

#[tokio::test]
async fn without_credits_nothing_is_done() {
    let server = TestServer::start().await;
    let id = server.application.id;
    let take = server.store.add_credits(id, "common", Credits::whole(998).negated(), now());
    take.await.expect("taken");
    let message = server.post(SYNC, form([])).await.failure(429, "ERROR_NOT_ENOUGH_CREDITS");
    for part in ["costs 3", "play_pool has 0", "common has 2"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    // The service's own pool pays first.
    let add = server.store.add_credits(id, "play_pool", Credits::whole(3), now());
    add.await.expect("added");
    server.post(SYNC, form([])).await.success();
    assert_eq!(server.credits().await, (2, 0));
}

/// Credits the other way.
trait Negated {
    fn negated(self) -> Self;
}

impl Negated for Credits {
    fn negated(self) -> Self {
        Credits(-self.0)
    }
}

#[tokio::test]
async fn the_deadline_is_kept_and_its_permit_stays_until_the_work_stops() {
    let server = TestServer::with(|settings| {
        settings.limits.workers = 1;
        settings.limits.queue_wait_seconds = 1;
    })
    .await;
    let gate = Gate::closed();
    let stubborn = form([("gate", &gate.name()), ("stubborn", "1")]);
    server.post(SLOW, stubborn).await.failure(504, "AI_SERVICE_TIMEOUT");
    // The only thread is still at it.
    server.post(SYNC, form([])).await.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    gate.open();
    eventually(async || (server.post(SYNC, form([])).await.status == 200).then_some(())).await;
    server.assert_charges(1).await;
}

#[tokio::test]
async fn a_client_that_leaves_stops_its_work_and_gets_its_credits_back() {
    let server = TestServer::with(|settings| settings.limits.workers = 1).await;
    let gate = Gate::closed();
    server.post_at(&gate, SYNC).await.abort();
    eventually(async || (server.credits().await == (1000, 0)).then_some(())).await;
    // Its thread is free again.
    server.post(SYNC, form([])).await.success();
    server.assert_charges(1).await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let server = TestServer::with(|settings| settings.limits.queue = 0).await;
    let gate = Gate::closed();
    let long = server.post_at(&gate, HEAVY).await;
    assert_eq!(server.credits().await, (997, 3));
    // What waited for the gate would not be answered at all.
    let refused = server.post(HEAVY, form([])).await;
    refused.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    gate.open();
    answered(long).await.success();
    server.assert_charges(1).await;
}

#[tokio::test]
async fn with_a_queue_the_same_requests_wait_for_each_other() {
    let server = TestServer::start().await;
    let gate = Gate::closed();
    let first = server.post_at(&gate, HEAVY).await;
    let waiting = async {
        server.gauge("safelight_queue", 2).await;
        gate.open();
    };
    let post = || server.post(HEAVY, form([]));
    let (second, third, ()) = tokio::join!(post(), post(), waiting);
    for answer in [answered(first).await, second, third] {
        answer.success();
    }
}

#[tokio::test]
async fn what_can_never_fit_is_refused_clearly() {
    let server = TestServer::with(|settings| {
        settings.limits.memory_budget = 400 << 20;
    })
    .await;
    let refused = server.post(HEAVY, form([])).await;
    let message = refused.failure(400, "ERROR_INSUFFICIENT_RESOURCES");
    assert!(message.contains(&(384 << 20).to_string()), "{message}");
}

#[tokio::test]
async fn a_picture_is_checked_by_its_content() {
    let server = TestServer::start().await;
    let post = async |bytes| server.post(SYNC, Form::new().part("image", file(bytes))).await;
    post(b"no picture".to_vec()).await.failure(415, "UNSUPPORTED_FILE_TYPES");
    post(png(4, 4)).await.failure(422, "ERROR_LOW_RESOLUTION");
    let mut truncated = png(200, 200);
    truncated.truncate(truncated.len() / 2);
    post(truncated).await.failure(400, "FILE_DECODING_FAILURE");
    server.assert_charges(0).await;
    assert!(files_below(&server.files()).is_empty());
}

#[tokio::test]
async fn accept_must_allow_json() {
    let server = TestServer::start().await;
    let ask = async |accept: &str| {
        let request = server.request(SYNC).header("accept", accept).multipart(form([]));
        Answer::of(request.send().await.expect("answer")).await
    };
    ask("image/png, text/html").await.failure(400, "ERROR_INVALID_RESPONSE_FORMAT");
    ask("text/html, application/*;q=0.1").await.success();
    let document: Value = server.get("/openapi.json").await.json();
    assert!(document["paths"][SYNC]["post"].is_object());
}
