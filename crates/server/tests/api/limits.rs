//! Limits of applications.

use crate::common::{Answer, SYNC, TestServer, eventually, form};

#[tokio::test]
async fn concurrency_is_limited_for_each_application() {
    let server = TestServer::start().await;
    server.set_limits(Some(1), None).await;
    let long = server.request(SYNC).multipart(form([("sleep", "1000")])).send();
    let long = tokio::spawn(long);
    eventually(async || (server.credits().await.1 == 3).then_some(())).await;
    let refused = server.post(SYNC, form([])).await;
    let message = refused.failure(422, "EXCEEDING_LIMITS");
    assert!(message.contains("limit is 1"), "{message}");
    assert!(!refused.header("retry-after").is_empty());
    let (key, _) = server.another("other").await;
    let request = server.http.post(server.url(SYNC)).header("ailabapi-api-key", key);
    let other = request.multipart(form([])).send().await.expect("answer");
    Answer::of(other).await.success();
    let long = long.await.expect("no panic").expect("answer");
    Answer::of(long).await.success();
    server.post(SYNC, form([])).await.success();
}

#[tokio::test]
async fn requests_per_second_are_limited() {
    let server = TestServer::with(|settings| settings.limits.requests_per_second = Some(2)).await;
    server.post(SYNC, form([])).await.success();
    server.post(SYNC, form([])).await.success();
    let refused = server.post(SYNC, form([])).await;
    refused.failure(422, "EXCEEDING_LIMITS");
    assert_eq!(refused.header("retry-after"), "1");
    // Asking for credits is not limited.
    for _ in 0..10 {
        server.get("/api/common/query-credits").await.success();
    }
}
