//! Where a file may come from: a part, Base64, a URL, an upload, in a body of every kind.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::common::{ASYNC, Answer, Remote, SYNC, TestServer, file, files_below, form, png};

async fn post_encoded(server: &TestServer, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body: String =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = server.request(path).header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(body).send().await.expect("answer")).await
}

/// A server that may fetch from a remote one, which has a picture at `/picture.png`.
async fn with_remote() -> (TestServer, Remote) {
    let responses = BTreeMap::from([
        ("/picture.png", (200, png(30, 20))),
        ("/large.png", (200, vec![1; 3 << 20])),
        ("/text", (200, b"hello".to_vec())),
        ("/silent", (0, Vec::new())),
    ]);
    let remote = Remote::start(responses).await;
    let allowed = remote.address;
    let server = TestServer::with(|settings| {
        settings.fetch.allow = vec![allowed];
        settings.fetch.timeout_seconds = 3600;
        settings.fetch.connect_timeout_seconds = 3600;
    })
    .await;
    (server, remote)
}

#[tokio::test]
async fn every_source_in_every_body_gives_the_same_file() {
    let (server, remote) = with_remote().await;
    let base64 = BASE64_STANDARD.encode(png(30, 20));
    let data = format!("data:image/png;base64,{base64}");
    let url = remote.url("/picture.png");
    let part = Form::new().part("image", file(png(30, 20)));
    let mut answers = vec![server.post(SYNC, part).await];
    for (name, value) in [("image_base64", &base64), ("image_base64", &data), ("image_url", &url)] {
        answers.push(server.post(SYNC, form([(name, value)])).await);
        answers.push(post_encoded(&server, SYNC, &[(name, value)]).await);
        answers.push(server.post_json(SYNC, &json!({ name: value })).await);
    }
    let query = format!("{SYNC}?image_url={url}");
    answers.push(Answer::of(server.request(&query).send().await.expect("answer")).await);
    for answer in &answers {
        assert_eq!(answer.success()["data"]["size"], json!([30, 20]));
        assert!(answer.header("server-timing").contains("inputs"));
    }
    server.assert_charges(answers.len() as u64).await;
}

#[tokio::test]
async fn members_of_json_are_fields() {
    let server = TestServer::start().await;
    let body = json!({ "note": "a \"b\"/ü", "pictures": 2, "inline": false, "hold": null,
        "unknown": { "deep": [1, 2, { "x": "y" }] }, "image_base64": null });
    let answer = server.post_json(SYNC, &body).await.success();
    assert_eq!(answer["data"]["note"], "a \"b\"/ü");
    assert_eq!(answer["data"]["images"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["data"]["size"], Value::Null);
    let list = server.post_json(SYNC, &json!({ "note": ["a", 1, true] })).await.success();
    assert_eq!(list["data"]["note"], "a,1,true");
    let object = server.post_json(SYNC, &json!({ "note": { "a": [1] } })).await.success();
    assert_eq!(object["data"]["note"], "{\"a\":[1]}");
    let wrong = server.post_json(SYNC, &json!({ "pictures": "many" })).await;
    wrong.failure(422, "ERROR_PARAMETER_CONVERSION_FAILED");
}

#[tokio::test]
async fn what_is_no_object_of_json_is_refused() {
    let server = TestServer::start().await;
    let post = async |body: &'static str| {
        let request = server.request(SYNC).header("content-type", "application/json");
        Answer::of(request.body(body).send().await.expect("answer")).await
    };
    for body in ["", "{", "{\"note\":1}x", "nothing", "{\"note\":\"\u{1}\"}"] {
        post(body).await.failure(400, "ERROR_PARAMETERS");
    }
    for body in ["[]", "7", "\"text\"", "null"] {
        post(body).await.failure(422, "ERROR_PARAMETER_CONVERSION_FAILED");
    }
    for body in ["{\"image_url\":7}", "{\"image_base64\":{}}", "{\"image_url\":[[]]}"] {
        post(body).await.failure(422, "ERROR_PARAMETER_CONVERSION_FAILED");
    }
    post("{\"note\":\"x\"}").await.success();
}

#[tokio::test]
async fn a_file_has_one_source() {
    let (server, remote) = with_remote().await;
    let url = remote.url("/picture.png");
    let both = form([("image_url", &url), ("image_base64", "AAAA")]);
    let message = server.post(SYNC, both).await.failure(400, "ERROR_INVALID_PARAMETER");
    assert_eq!(message, "image_base64 and image_url are both sent, one is needed");
    let both = form([("image_url", &url)]).part("image", file(png(9, 9)));
    server.post(SYNC, both).await.failure(400, "ERROR_INVALID_PARAMETER");
    assert!(remote.received().is_empty(), "nothing was fetched");
    // An empty reference counts as absent.
    let empty = form([("image_url", "")]).part("image", file(png(9, 9)));
    assert_eq!(server.post(SYNC, empty).await.success()["data"]["size"], json!([9, 9]));
    assert_eq!(
        server.post(SYNC, form([("image_url", " ")])).await.success()["data"]["size"],
        Value::Null
    );
    let text = server.post(SYNC, form([("image", "text")])).await;
    assert!(text.failure(400, "ERROR_PARAMETERS").contains("image_base64"));
}

#[tokio::test]
async fn faults_of_the_sources_have_their_codes_and_cost_nothing() {
    let (server, remote) = with_remote().await;
    let large = BASE64_STANDARD.encode(vec![1; 3 << 20]);
    let long = format!("http://example.com/{}", "a".repeat(2048));
    for (name, value, status, code) in [
        ("image_base64", "%%%", 400, "FILE_DECODING_FAILURE"),
        ("image_base64", "aGVsbG8=", 415, "UNSUPPORTED_FILE_TYPES"),
        ("image_base64", "data:image/png;base64,", 400, "PARAMETERS_CANNOT_EMPTY"),
        ("image_base64", &large, 413, "FILE_SIZE_EXCEEDS_LIMIT"),
        ("image_url", "http://127.0.0.1:1/", 400, "ERROR_INVALID_PARAMETER"),
        ("image_url", "nothing", 400, "ERROR_INVALID_PARAMETER"),
        ("image_url", &long, 413, "ERROR_CONTENT_TOO_LONG"),
        ("image_url", &remote.url("/no-such"), 400, "ERROR_FILE_DOWNLOAD_FAILED"),
        ("image_url", &remote.url("/large.png"), 413, "FILE_SIZE_EXCEEDS_LIMIT"),
        ("image_url", &remote.url("/text"), 415, "UNSUPPORTED_FILE_TYPES"),
        ("image_file_id", "f_00000000000000000000000000000000", 404, "ERROR_FILE_NOT_FOUND"),
    ] {
        for answer in [
            server.post(SYNC, form([(name, value)])).await,
            post_encoded(&server, ASYNC, &[(name, value)]).await,
            server.post_json(SYNC, &json!({ name: value })).await,
        ] {
            let message = answer.failure(status, code);
            assert!(message.contains("image"), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }
    server.assert_charges(0).await;
    assert_eq!(server.credits().await, (1000, 0));
    assert!(files_below(&server.files()).is_empty());
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let remote = Remote::start(BTreeMap::from([("/silent", (0, Vec::new()))])).await;
    let allowed = remote.address;
    let server = TestServer::with(|settings| {
        settings.fetch.allow = vec![allowed];
        settings.fetch.timeout_seconds = 1;
    })
    .await;
    let answer = server.post(SYNC, form([("image_url", &remote.url("/silent"))])).await;
    answer.failure(400, "ERROR_FILE_DOWNLOAD_TIMEOUT");
    server.assert_charges(0).await;
}

#[tokio::test]
async fn urls_can_be_switched_off() {
    let server = TestServer::with(|settings| settings.fetch.enabled = false).await;
    let answer = server.post(SYNC, form([("image_url", "http://example.com/")])).await;
    assert!(answer.failure(400, "ERROR_INVALID_PARAMETER").contains("fetch.enabled"));
}

#[tokio::test]
async fn a_task_works_on_the_file_that_its_url_had_at_submission() {
    let (server, remote) = with_remote().await;
    let (task, _) = server.submit(form([("image_url", &remote.url("/picture.png"))])).await;
    let done = server.wait(&task).await.success();
    assert_eq!(done["data"]["size"], json!([30, 20]));
    assert_eq!(remote.received().len(), 1, "it is fetched once");
}

#[tokio::test]
async fn bodies_that_are_read_whole_leave_room_for_their_copy() {
    let server = TestServer::with(|settings| {
        settings.limits.memory_budget = 64 << 20;
        settings.limits.max_body_bytes = 8 << 20;
    })
    .await;
    // An eighth of the budget is for bodies, half of that for one that is read whole.
    let body = json!({ "unknown": "x".repeat(5 << 20) });
    server.post_json(SYNC, &body).await.failure(413, "ERROR_REQUEST_BODY_TOO_LARGE");
    let body = json!({ "unknown": "x".repeat(3 << 20) });
    server.post_json(SYNC, &body).await.success();
}
