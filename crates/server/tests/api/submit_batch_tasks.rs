//! `POST /api/common/submit-batch-tasks`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::common::{ASYNC, Answer, Gate, Remote, SYNC, TestServer, form, png, text};

const PATH: &str = "/api/common/submit-batch-tasks";

#[tokio::test]
async fn items_become_tasks_of_any_services() {
    let remote = Remote::start(BTreeMap::from([("/a.png", (200, png(30, 20)))])).await;
    let allowed = remote.address;
    let server = TestServer::with(|settings| settings.fetch.allow = vec![allowed]).await;
    let upload = server.upload(30, 20).await;
    let items = json!({ "items": [
        { "path": SYNC, "image_base64": BASE64_STANDARD.encode(png(30, 20)), "note": "a" },
        { "path": ASYNC, "image_url": remote.url("/a.png"), "note": "b" },
        { "path": ASYNC, "image_file_id": upload, "note": "c" },
        { "path": "/api/no/such" },
        { "path": SYNC, "pictures": 9 },
        { "note": "without a path" },
    ] });
    let answer = server.post_json(PATH, &items).await.success();
    let batch = text(&answer["data"]["batch_id"]);
    let tasks = answer["data"]["tasks"].as_array().expect("a list");
    assert_eq!(tasks.len(), 6);
    for (index, note) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(tasks[index]["index"], index);
        let done = server.wait(&text(&tasks[index]["task_id"])).await.success();
        assert_eq!(
            (&done["data"]["size"], &done["data"]["note"]),
            (&json!([30, 20]), &json!(note))
        );
    }
    for (index, code) in
        [(3, "ERROR_AI_NOT_EXISTS"), (4, "UNSUPPORTED_PARAMETER_VALUES"), (5, "MISSING_PARAMETERS")]
    {
        let detail = &tasks[index]["error_detail"];
        assert_eq!(detail["code"], code, "{detail}");
        assert!(detail["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(tasks[index].get("task_id").is_none());
    }
    let list = server.get(&format!("/api/common/list-async-tasks?batch_id={batch}")).await;
    assert_eq!(list.success()["data"]["total"], 3);
    server.assert_charges(3).await;
}

#[tokio::test]
async fn the_list_has_one_to_ten_items() {
    let server = TestServer::start().await;
    let item = json!({ "path": ASYNC });
    for (body, status, code) in [
        (json!({}), 400, "MISSING_PARAMETERS"),
        (json!({ "items": [] }), 400, "PARAMETERS_CANNOT_EMPTY"),
        (json!({ "items": "many" }), 422, "ERROR_PARAMETER_CONVERSION_FAILED"),
        (json!([item]), 422, "ERROR_PARAMETER_CONVERSION_FAILED"),
        (json!({ "items": vec![item.clone(); 11] }), 400, "ERROR_BATCH_TASK_LIMIT_EXCEEDED"),
    ] {
        server.post_json(PATH, &body).await.failure(status, code);
    }
    let answer = server.post_json(PATH, &json!({ "items": [7] })).await.success();
    let detail = &answer["data"]["tasks"][0]["error_detail"];
    assert_eq!(detail["code"], "ERROR_PARAMETER_CONVERSION_FAILED", "{detail}");
    server.post(PATH, form([("items", "[]")])).await.failure(400, "ERROR_PARAMETERS");
    let empty = server.request(PATH).send().await.expect("answer");
    Answer::of(empty).await.failure(400, "ERROR_PARAMETERS");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn a_full_queue_refuses_the_items_that_it_has_no_room_for() {
    let server = TestServer::with(|settings| {
        settings.tasks.workers = 1;
        settings.tasks.max_queued = 2;
    })
    .await;
    let gate = Gate::closed();
    server.submit_at(&gate, form([])).await;
    let items: Vec<Value> = vec![json!({ "path": ASYNC }); 3];
    let answer = server.post_json(PATH, &json!({ "items": items })).await.success();
    let tasks = &answer["data"]["tasks"];
    assert!(tasks[0]["task_id"].is_string(), "{tasks}");
    assert_eq!(tasks[2]["error_detail"]["code"], "AI_SERVICE_FLOW_RESTRICTION");
}
