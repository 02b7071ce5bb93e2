//! Headers that protect those who open an answer in a browser.

use crate::common::{Answer, SYNC, TestServer, form, text};

#[tokio::test]
async fn every_answer_has_them() {
    let server = TestServer::start().await;
    let answer = server.post(SYNC, form([])).await;
    let picture = text(&answer.success()["data"]["image_url"]);
    let answers = [
        answer,
        server.get("/api/common/query-credits").await,
        server.post(SYNC, form([("pictures", "x")])).await,
        server.get("/no/such").await,
        server.get(SYNC).await,
        server.get("/metrics").await,
        server.get("/health/ready").await,
        server.get("/openapi.json").await,
        server.get("/docs").await,
        server.get("/results/no/such").await,
    ];
    let picture = Answer::of(server.http.get(&picture).send().await.expect("answer")).await;
    assert_eq!(picture.header("cross-origin-resource-policy"), "cross-origin");
    for answer in &answers {
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
    }
    for answer in answers.iter().chain([&picture]) {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let is_page = answer.header("content-type").starts_with("text/html");
        let referrer = if is_page { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), referrer);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}
