//! Sandbox keys, and the header `X-Safelight-Simulate`.

use std::collections::BTreeMap;

use futures_util::future::select;
use reqwest::Method;
use reqwest::multipart::Form;
use safelight_contract::{Code, Edition};
use safelight_store::KeyKind;
use serde_json::{Value, json};

use crate::common::{
    ASYNC, Answer, Gate, MODELLESS, Remote, SYNC, TestServer, answered, file, form, now, png, text,
};

const HEADER: &str = "x-safelight-simulate";

/// A request with a key and the header.
async fn ask(server: &TestServer, key: &str, path: &str, simulate: &str, form: Form) -> Answer {
    let request = server.http.post(server.url(path)).header("ailabapi-api-key", key);
    let request = request.header(HEADER, simulate).multipart(form);
    Answer::of(request.send().await.expect("answer")).await
}

#[tokio::test]
async fn a_sandbox_key_gets_samples_for_nothing() {
    let server = TestServer::start().await;
    let key = server.sandbox_key().await;
    let gate = Gate::closed();
    // The work would stand at the gate; the sample does not.
    let photo = form([("gate", &gate.name())]).part("image", file(png(30, 20)));
    let answer = server.post_as(&key, SYNC, photo).await;
    answer.success();
    assert_eq!(answer.header("x-safelight-sandbox"), "true");
    assert_eq!(server.credits().await, (1000, 0));
    let live = server.post(SYNC, form([])).await;
    assert_eq!((live.header("x-safelight-sandbox"), server.credits().await), ("", (997, 0)));
    // Checks, switches and missing models are those of the server.
    let bad = server.post_as(&key, SYNC, form([("pictures", "9")])).await;
    bad.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    server.post_as(&key, MODELLESS, form([])).await.failure(404, "ERROR_AI_NOT_EXISTS");
    gate.open();
}

#[tokio::test]
async fn every_code_comes_as_the_edition_has_it() {
    for edition in [Edition::E2025, Edition::E2026] {
        let server = TestServer::with(|settings| settings.contract.edition = edition).await;
        let key = server.sandbox_key().await;
        for code in Code::ALL {
            let header = format!("code={code}");
            let answer = ask(&server, &key, SYNC, &header, form([])).await;
            let shown = code.in_edition(edition);
            let message = answer.failure(shown.status(edition), shown.name());
            assert!(message.contains("simulated"), "{message}");
            assert_eq!(answer.json()["error_code_str"], shown.coarse().name());
        }
        assert_eq!(server.credits().await, (1000, 0));
    }
}

#[tokio::test]
async fn endpoints_that_are_no_services_fail_as_well() {
    let server = TestServer::start().await;
    let key = server.sandbox_key().await;
    let own = "/api/common/list-async-tasks";
    for path in ["/api/common/query-credits", "/api/common/query-async-task-result", own] {
        let request = server.http.get(server.url(path)).header("ailabapi-api-key", &key);
        let request = request.header(HEADER, "code=AI_SERVICE_FLOW_RESTRICTION");
        let answer = Answer::of(request.send().await.expect("answer")).await;
        answer.failure(503, "AI_SERVICE_FLOW_RESTRICTION");
        assert_eq!(answer.header("retry-after"), "1", "{path}");
    }
    server.get_as(&key, "/api/common/query-credits").await.success();
}

#[tokio::test]
async fn a_live_key_and_a_header_without_sense_are_refused() {
    let server = TestServer::start().await;
    let live = ask(&server, &server.key, SYNC, "code=UNKNOWN_ERROR", form([])).await;
    let message = live.failure(405, "ERROR_ILLEGAL_OPERATION");
    assert!(message.contains("--sandbox"), "{message}");
    let key = server.sandbox_key().await;
    for header in ["code=NO_SUCH_CODE", "delay=1h", "task=vanish", "speed=slow", "task=fail"] {
        let answer = ask(&server, &key, SYNC, header, form([])).await;
        let message = answer.failure(400, "ERROR_INVALID_PARAMETER");
        assert!(message.contains(header), "{message}");
    }
    ask(&server, &key, SYNC, "delay=1ms", form([])).await.success();
    server.assert_charges(1).await;
    assert_eq!(server.credits().await, (1000, 0));
}

#[tokio::test]
async fn a_request_that_waits_counts_as_at_work() {
    for path in [SYNC, "/api/common/query-credits"] {
        let server = TestServer::start().await;
        let key = server.sandbox_key().await;
        server.set_limits(Some(1), None).await;
        let method = if path == SYNC { Method::POST } else { Method::GET };
        let wait = || {
            let request = server.http.request(method.clone(), server.url(path));
            Box::pin(request.header("ailabapi-api-key", &key).header(HEADER, "delay=60s").send())
        };
        // One is at work for a minute; the other one is answered before.
        let (answered, _) = select(wait(), wait()).await.factor_first();
        let refused = Answer::of(answered.expect("answer")).await;
        refused.failure(422, "EXCEEDING_LIMITS");
    }
}

/// Submits a task, and answers its id.
async fn submit(server: &TestServer, key: &str, simulate: &str, form: Form) -> String {
    text(&ask(server, key, ASYNC, simulate, form).await.success()["task_id"])
}

#[tokio::test]
async fn a_task_fails_and_its_webhook_says_so() {
    let receiver = Remote::start(BTreeMap::from([("/hook", (204, Vec::new()))])).await;
    let allowed = receiver.address;
    let server = TestServer::with(|settings| settings.fetch.allow = vec![allowed]).await;
    let key = server.sandbox_key().await;
    let id = server.application.id;
    let secret = server.store.add_webhook_secret(id, &[1; 16], now() + 1_000_000, now());
    secret.await.expect("added");
    let url = receiver.url("/hook");
    let told = form([("callback_url", &url)]);
    let task = submit(&server, &key, "task=fail; code=ERROR_NO_FACE_IN_FILE", told).await;
    server.wait(&task).await.failure(422, "ERROR_NO_FACE_IN_FILE");
    let webhook = receiver.requests(1).await.remove(0);
    let body: Value = serde_json::from_slice(&webhook.body).expect("JSON");
    assert_eq!((&body["type"], &body["task_id"]), (&json!("task.failed"), &json!(task)));
    let detail = &body["answer"]["error_detail"];
    assert_eq!(detail["code"], "ERROR_NO_FACE_IN_FILE");
    assert_eq!(body["answer"]["error_code"], 422);
    let task = submit(&server, &key, "task=fail", form([])).await;
    server.wait(&task).await.failure(500, "AI_SERVICE_ERROR");
}

#[tokio::test]
async fn slow_and_lost_tasks_keep_no_worker() {
    let server = TestServer::with(|settings| {
        settings.tasks.workers = 1;
        // On a slow machine the lost one is tried again in the meantime.
        settings.tasks.max_attempts = 100;
    })
    .await;
    let key = server.sandbox_key().await;
    let slow = submit(&server, &key, "task=slow; delay=60s", form([])).await;
    let lost = submit(&server, &key, "task=lost", form([])).await;
    server.gauge("safelight_tasks_processing", 2).await;
    let (live, _) = server.submit(form([])).await;
    server.wait(&live).await.success();
    for task in [&slow, &lost] {
        assert_eq!(server.poll(task).await.success()["task_status"], 1);
    }
    let stop = server.post("/api/common/stop-async-task", form([("task_id", &slow)])).await;
    stop.success();
    server.poll(&slow).await.failure(422, "ERROR_TASK_STOPPED_PROCESSING");
    // One that takes a little longer comes to its end.
    let slow = submit(&server, &key, "task=slow; delay=1ms", form([])).await;
    assert_eq!(server.wait(&slow).await.success()["task_status"], 2);
    assert_eq!(server.credits().await, (997, 0), "only the live one");
}

#[tokio::test]
async fn idempotency_keys_of_the_sandbox_are_its_own() {
    let server = TestServer::start().await;
    let sandbox = server.sandbox_key().await;
    let gate = Gate::closed();
    let post = |key: &str| {
        let request = server.http.post(server.url(SYNC)).header("ailabapi-api-key", key);
        request.header("idempotency-key", "one").multipart(form([("gate", &gate.name())]))
    };
    let live = tokio::spawn(post(&server.key).send());
    gate.reached(1).await;
    let sample = Answer::of(post(&sandbox).send().await.expect("answer")).await;
    sample.success();
    gate.open();
    let live = answered(live).await;
    live.success();
    assert_ne!(live.body, sample.body);
    let again = Answer::of(post(&sandbox).send().await.expect("answer")).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &sample.body));
}

#[tokio::test]
async fn keys_are_told_apart() {
    let server = TestServer::start().await;
    server.sandbox_key().await;
    let keys = server.store.keys(server.application.id).await.expect("store");
    let kinds: Vec<_> = keys.iter().map(|key| key.kind).collect();
    assert_eq!(kinds, [KeyKind::Live, KeyKind::Sandbox]);
}
