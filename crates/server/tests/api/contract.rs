//! Every answer of these tests is held to `/openapi.json` (`common::contract`); these show that a
//! wrong one is caught.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use safelight_contract::Edition;
use serde_json::{Value, json};

use crate::common::{CATALOG, Contract, SYNC, TestServer, form};

const CREDITS: &str = "/api/common/query-credits";

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

#[tokio::test]
async fn the_served_document_is_what_answers_are_held_to() {
    let server = TestServer::start().await;
    let served = server.get("/openapi.json").await.json();
    assert_eq!(served, safelight_server::openapi(CATALOG, Edition::E2025, &server.base));
}

#[tokio::test]
async fn a_wrong_answer_is_caught() {
    let server = TestServer::start().await;
    let contract = Contract::of(server.get("/openapi.json").await.json());
    let success = server.post(SYNC, form([("note", "hi")])).await.success();
    let failure = server.post(SYNC, form([("pictures", "x")])).await.json();
    let credits = server.get(CREDITS).await.success();
    let check = |path: &str, status: u16, answer: &Value| {
        contract.check(path, status, &json_headers(), answer.to_string().as_bytes())
    };
    for (path, status, answer) in
        [(SYNC, 200, &success), (SYNC, 422, &failure), (CREDITS, 200, &credits)]
    {
        check(path, status, answer).expect("as it is, it is right");
    }
    // (path, status, answer, what is put where)
    let wrong = [
        (SYNC, 200, &success, "/request_id", json!(7)),
        (SYNC, 200, &success, "/error_code", json!(1)),
        (SYNC, 200, &success, "/error_detail", json!({ "status_code": 200 })),
        (SYNC, 200, &success, "/data", json!({ "image_url": "no URL" })),
        (SYNC, 200, &success, "/data", json!({ "undeclared": 1 })),
        (SYNC, 200, &success, "/undeclared", json!(1)),
        (SYNC, 200, &failure, "", failure.clone()),
        (SYNC, 500, &failure, "", failure.clone()),
        (SYNC, 422, &failure, "/error_detail/code", json!("NO_SUCH_CODE")),
        (SYNC, 422, &failure, "/error_msg", Value::Null),
        (SYNC, 422, &success, "", success.clone()),
        (CREDITS, 200, &credits, "/data/0/balance", json!("1000")),
        (CREDITS, 200, &credits, "/data", json!({})),
        (CREDITS, 200, &credits, "/data/0", json!({ "name": "x" })),
        ("/api/no/such", 200, &success, "", success.clone()),
    ];
    for (path, status, answer, place, value) in wrong {
        let mut answer = answer.clone();
        let (outer, name) = place.rsplit_once('/').unwrap_or_default();
        match answer.pointer_mut(outer).expect("a place") {
            Value::Object(object) if !name.is_empty() => drop(object.insert(name.into(), value)),
            Value::Array(items) => items[name.parse::<usize>().expect("a number")] = value,
            whole => *whole = value,
        }
        assert!(check(path, status, &answer).is_err(), "{path} {status}: {answer}");
    }
    let page = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
    assert!(contract.check(SYNC, 200, &page, success.to_string().as_bytes()).is_err());
    assert!(contract.check(SYNC, 200, &json_headers(), b"").is_err());
}
