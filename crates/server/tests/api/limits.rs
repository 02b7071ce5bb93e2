//! Limits of applications.

use crate::common::{Answer, Gate, SYNC, TestServer, answered, eventually, form};

#[tokio::test]
async fn concurrency_is_limited_for_each_application() {
    let server = TestServer::start().await;
    server.set_limits(Some(1), None).await;
    let gate = Gate::closed();
    let long = server.post_at(&gate, SYNC).await;
    let refused = server.post(SYNC, form([])).await;
    let message = refused.failure(422, "EXCEEDING_LIMITS");
    assert!(message.contains("limit is 1"), "{message}");
    assert!(!refused.header("retry-after").is_empty());
    let (key, _) = server.another("other").await;
    let request = server.http.post(server.url(SYNC)).header("ailabapi-api-key", key);
    let other = request.multipart(form([])).send().await.expect("answer");
    Answer::of(other).await.success();
    gate.open();
    answered(long).await.success();
    server.post(SYNC, form([])).await.success();
}

#[tokio::test]
async fn requests_per_second_are_limited() {
    let server = TestServer::with(|settings| settings.limits.requests_per_second = Some(1)).await;
    server.post(SYNC, form([])).await.success();
    // Of many at once, all but those are refused for which a second passed meanwhile.
    let refused = eventually(async || {
        let posts = (0..8).map(|_| server.post(SYNC, form([])));
        let answers = futures_util::future::join_all(posts).await;
        answers.into_iter().find(|answer| answer.status != 200)
    })
    .await;
    refused.failure(422, "EXCEEDING_LIMITS");
    assert_eq!(refused.header("retry-after"), "1");
    // Asking for credits is not limited.
    for _ in 0..10 {
        server.get("/api/common/query-credits").await.success();
    }
}
