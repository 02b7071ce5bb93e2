//! What web pages of other origins may do.

use reqwest::Method;

use crate::common::{Answer, SYNC, TestServer, form};

const PAGE: &str = "https://shop.example.com";

/// What a browser asks before a page calls the API with a key.
async fn preflight(server: &TestServer, path: &str, origin: &str) -> Answer {
    let request = server.http.request(Method::OPTIONS, server.url(path));
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "ailabapi-api-key,content-type,idempotency-key");
    Answer::of(request.send().await.expect("answer")).await
}

async fn get(server: &TestServer, path: &str, origin: &str) -> Answer {
    let request = server.http.get(server.url(path)).header("origin", origin);
    Answer::of(request.send().await.expect("answer")).await
}

fn lists(value: &str, word: &str) -> bool {
    value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word))
}

#[tokio::test]
async fn pages_may_ask_first() {
    let server = TestServer::start().await;
    for path in [SYNC, "/api/no/such", "/results/2026-01-01/x.png", "/openapi.json"] {
        let answer = preflight(&server, path, PAGE).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let methods = answer.header("access-control-allow-methods");
        assert!(["GET", "HEAD", "POST"].iter().all(|method| lists(methods, method)), "{methods}");
        let headers = answer.header("access-control-allow-headers");
        for name in ["ailabapi-api-key", "content-type", "idempotency-key"] {
            assert!(lists(headers, name), "{name} in {headers}");
        }
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
        assert!(answer.header("access-control-max-age").parse::<u32>().is_ok_and(|age| age > 0));
    }
}

#[tokio::test]
async fn pages_may_read_answers_and_errors() {
    let server = TestServer::start().await;
    let request = server.request(SYNC).header("origin", PAGE).multipart(form([("note", "hi")]));
    let done = Answer::of(request.send().await.expect("answer")).await;
    done.success();
    let request = server.request(SYNC).header("origin", PAGE).multipart(form([("panic", "1")]));
    let panicked = Answer::of(request.send().await.expect("answer")).await;
    panicked.failure(500, "UNKNOWN_ERROR");
    let wrong_method = get(&server, SYNC, PAGE).await;
    assert_eq!(wrong_method.status, 405);
    for answer in [
        done,
        panicked,
        wrong_method,
        get(&server, "/api/common/query-credits", PAGE).await,
        get(&server, "/api/no/such", PAGE).await,
        get(&server, "/results/2026-01-01/x.png", PAGE).await,
        get(&server, "/openapi.json", PAGE).await,
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{:?}", answer.headers);
        let exposed = answer.header("access-control-expose-headers");
        for name in ["retry-after", "server-timing", "etag", "content-range"] {
            assert!(lists(exposed, name), "{name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn what_is_for_operators_is_not_shared() {
    let server = TestServer::start().await;
    for path in ["/metrics", "/health/ready", "/", "/docs", "/other"] {
        let answer = get(&server, path, PAGE).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        assert!(
            preflight(&server, path, PAGE)
                .await
                .headers
                .get("access-control-allow-origin")
                .is_none()
        );
    }
}

#[tokio::test]
async fn origins_can_be_named() {
    let server = TestServer::with(|settings| settings.cors.origins = vec![PAGE.into()]).await;
    for (origin, allowed) in [(PAGE, PAGE), ("https://other.example.com", "")] {
        for answer in
            [preflight(&server, SYNC, origin).await, get(&server, "/openapi.json", origin).await]
        {
            assert_eq!(answer.header("access-control-allow-origin"), allowed);
            assert!(lists(answer.header("vary"), "origin"), "{:?}", answer.headers);
        }
    }
    let none = TestServer::with(|settings| settings.cors.origins.clear()).await;
    let answer = get(&none, "/openapi.json", PAGE).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
}
