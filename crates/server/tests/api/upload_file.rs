//! `POST /api/common/upload-file`, and requests that name uploads.

use std::collections::BTreeMap;

use reqwest::multipart::Form;
use serde_json::json;

use crate::common::{
    ASYNC, Gate, Remote, SYNC, TestServer, eventually, file, files_below, form, now, png, text,
};

const PATH: &str = "/api/common/upload-file";
const QUERY: &str = "/api/common/query-file";

#[tokio::test]
async fn an_upload_is_told_and_used_as_often_as_one_likes() {
    let server = TestServer::start().await;
    let upload = Form::new().part("file", file(png(30, 20))).text("ttl_seconds", "60");
    let answer = server.post(PATH, upload).await.success();
    let data = &answer["data"];
    let id = text(&data["file_id"]);
    assert!(id.len() == 34 && id.starts_with("f_"), "{id}");
    assert_eq!((&data["state"], &data["format"]), (&json!("ready"), &json!("PNG")));
    assert_eq!((&data["width"], &data["height"]), (&json!(30), &json!(20)));
    assert_eq!(data["bytes"], png(30, 20).len());
    let life = data["expires_at"].as_i64().expect("a time") - now() / 1000;
    assert!((1..=61).contains(&life), "{life}");
    for _ in 0..2 {
        let answer = server.post(SYNC, form([("image_file_id", &id)])).await.success();
        assert_eq!(answer["data"]["size"], json!([30, 20]));
    }
    let answer = server.post_json(SYNC, &json!({ "image_file_id": id })).await.success();
    assert_eq!(answer["data"]["size"], json!([30, 20]));
    // The upload itself is free.
    server.assert_charges(3).await;
}

#[tokio::test]
async fn uploads_come_in_base64_and_from_urls_too() {
    let remote = Remote::start(BTreeMap::from([("/a.png", (200, png(30, 20)))])).await;
    let allowed = remote.address;
    let server = TestServer::with(|settings| settings.fetch.allow = vec![allowed]).await;
    let url = form([("file_url", &remote.url("/a.png"))]);
    assert_eq!(server.post(PATH, url).await.success()["data"]["width"], 30);
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let answer = server.post_json(PATH, &json!({ "file_base64": base64 })).await.success();
    assert_eq!(answer["data"]["width"], 1);
    server.post(PATH, form([])).await.failure(400, "MISSING_PARAMETERS");
    let failed = server.post(PATH, form([("file_url", &remote.url("/none"))])).await;
    failed.failure(400, "ERROR_FILE_DOWNLOAD_FAILED");
    let text = Form::new().part("file", file(b"no picture".to_vec()));
    server.post(PATH, text).await.failure(415, "UNSUPPORTED_FILE_TYPES");
    server
        .post(PATH, form([("ttl_seconds", "59")]))
        .await
        .failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    assert_eq!(files_below(&server.files()).len(), 2, "what is refused is not kept");
}

#[tokio::test]
async fn without_waiting_the_file_is_on_its_way() {
    let remote = Remote::start(BTreeMap::from([("/silent", (0, Vec::new()))])).await;
    let allowed = remote.address;
    let server = TestServer::with(|settings| {
        settings.fetch.allow = vec![allowed];
        settings.fetch.timeout_seconds = 3600;
    })
    .await;
    let later = |url: &str| form([("file_url", url), ("wait", "false")]);
    let answer = server.post(PATH, later(&remote.url("/silent"))).await.success();
    assert_eq!(answer["data"]["state"], "in_transit");
    let id = text(&answer["data"]["file_id"]);
    remote.requests(1).await;
    let moving = server.get(&format!("{QUERY}?file_id={id}")).await.success();
    assert_eq!(moving["data"]["state"], "in_transit");
    assert!(moving["data"].get("width").is_none(), "{moving}");
    let early = server.post(SYNC, form([("image_file_id", &id)])).await;
    early.failure(400, "ERROR_RESOURCE_IN_TRANSIT");
    assert!(!early.header("retry-after").is_empty());
    // Where the file must come from, and what is known to be wrong at once.
    let part = Form::new().part("file", file(png(9, 9))).text("wait", "false");
    server.post(PATH, part).await.failure(422, "UNSUPPORTED_PARAMETER_VALUES");
    server.post(PATH, later("http://10.0.0.1/")).await.failure(400, "ERROR_INVALID_PARAMETER");
    // One that fails says why.
    let answer = server.post(PATH, later(&remote.url("/none"))).await.success();
    let id = text(&answer["data"]["file_id"]);
    let failed = eventually(async || {
        let answer = server.get(&format!("{QUERY}?file_id={id}")).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    failed.failure(400, "ERROR_FILE_DOWNLOAD_FAILED");
    let used = server.post(SYNC, form([("image_file_id", &id)])).await;
    used.failure(400, "ERROR_FILE_DOWNLOAD_FAILED");
}

#[tokio::test]
async fn quotas_and_the_disk_are_kept() {
    let size = png(30, 20).len() as u64;
    let server = TestServer::with(|settings| {
        settings.uploads.max_files = 2;
        settings.uploads.max_bytes = 2 * size;
    })
    .await;
    let upload = async || server.post(PATH, Form::new().part("file", file(png(30, 20)))).await;
    upload().await.success();
    let second = text(&upload().await.success()["data"]["file_id"]);
    let message = upload().await.failure(422, "EXCEEDING_LIMITS");
    assert!(message.contains("2 uploads"), "{message}");
    let delete = form([("file_id", &second)]);
    server.post("/api/common/delete-file", delete).await.success();
    upload().await.success();
    // Another application has a quota of its own.
    let (key, _) = server.another("other").await;
    let other = Form::new().part("file", file(png(30, 20)));
    server.post_as(&key, PATH, other).await.success();
}

#[tokio::test]
async fn where_the_files_cannot_take_it_nothing_is_kept() {
    let server = TestServer::start().await;
    std::fs::write(server.files().join("uploads"), "in the way").expect("written");
    let upload = Form::new().part("file", file(png(30, 20)));
    server.post(PATH, upload).await.failure(400, "ERROR_FILE_UPLOAD_FAILED");
    assert_eq!(server.store.disk_use().await.expect("store").inputs, 0);
}

#[tokio::test]
async fn a_task_keeps_its_uploads() {
    let server = TestServer::start().await;
    let id = server.upload(30, 20).await;
    let gate = Gate::closed();
    let task = server.submit_at(&gate, form([("image_file_id", &id)])).await;
    let inputs = files_below(&server.files().join("inputs"));
    assert_eq!(inputs.len(), 1, "the texts alone: the file stays where it is");
    let deletion = async || server.post("/api/common/delete-file", form([("file_id", &id)])).await;
    deletion().await.failure(409, "ERROR_RESOURCE_IN_USE");
    gate.open();
    let done = server.wait(&task).await.success();
    assert_eq!(done["data"]["size"], json!([30, 20]));
    deletion().await.success();
    let gone = server.post(ASYNC, form([("image_file_id", &id)])).await;
    gone.failure(410, "ERROR_RESOURCE_RECLAIMED");
    server.assert_charges(1).await;
}

#[tokio::test]
async fn a_restart_keeps_uploads_and_the_tasks_on_them() {
    let server = TestServer::with(|settings| settings.tasks.workers = 1).await;
    let id = server.upload(30, 20).await;
    let gate = Gate::closed();
    server.submit_at(&gate, form([])).await;
    let (task, _) = server.submit(form([("image_file_id", &id)])).await;
    gate.open();
    let server = server.restart().await;
    let done = server.wait(&task).await.success();
    assert_eq!(done["data"]["size"], json!([30, 20]));
    let answer = server.post(SYNC, form([("image_file_id", &id)])).await.success();
    assert_eq!(answer["data"]["size"], json!([30, 20]));
}
