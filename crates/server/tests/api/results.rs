//! `GET /results/<day>/<file>`.

use crate::common::{Answer, SYNC, TestServer, files_below, form, now, text};

async fn make(server: &TestServer) -> String {
    let answer = server.post(SYNC, form([("bytes", "5000")])).await.success();
    text(&answer["data"]["image_url"])
}

async fn get(server: &TestServer, url: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(server.http.get(url), |request, (name, value)| request.header(*name, *value));
    Answer::of(request.send().await.expect("answer")).await
}

#[tokio::test]
async fn a_file_needs_no_key_and_says_what_it_is() {
    let server = TestServer::start().await;
    let url = make(&server).await;
    assert!(url.ends_with(".png"), "{url}");
    let answer = get(&server, &url, &[]).await;
    assert_eq!((answer.status, answer.body.len()), (200, 5000));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "5000"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let words = answer.header("cache-control").split(", ");
    let age = words.filter_map(|word| word.strip_prefix("max-age=")?.parse().ok()).next();
    assert!(age.is_some_and(|age: u32| (1..=86_400).contains(&age)), "{:?}", answer.headers);
    assert!(answer.header("last-modified").ends_with("GMT"), "{:?}", answer.headers);
    let again = get(&server, &url, &[("if-none-match", answer.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn head_answers_without_the_bytes() {
    let server = TestServer::start().await;
    let url = make(&server).await;
    let answer = Answer::of(server.http.head(&url).send().await.expect("answer")).await;
    assert_eq!((answer.status, answer.header("content-length")), (200, "5000"));
    assert_eq!(answer.body.len(), 0);
}

#[tokio::test]
async fn parts_are_served() {
    let server = TestServer::start().await;
    let url = make(&server).await;
    let part = get(&server, &url, &[("range", "bytes=100-199")]).await;
    assert_eq!((part.status, part.body.len()), (206, 100));
    assert_eq!(part.header("content-range"), "bytes 100-199/5000");
    let tail = get(&server, &url, &[("range", "bytes=-1")]).await;
    assert_eq!((tail.status, tail.body.len()), (206, 1));
    let etag = tail.header("etag").to_owned();
    let same = get(&server, &url, &[("range", "bytes=0-0"), ("if-range", &etag)]).await;
    assert_eq!(same.status, 206);
    let other = get(&server, &url, &[("range", "bytes=0-0"), ("if-range", "\"x\"")]).await;
    assert_eq!((other.status, other.body.len()), (200, 5000));
    let outside = get(&server, &url, &[("range", "bytes=5000-")]).await;
    outside.failure(416, "UNSUPPORTED_PARAMETER_VALUES");
    assert_eq!(outside.header("content-range"), "bytes */5000");
}

#[tokio::test]
async fn unknown_names_are_not_found() {
    let server = TestServer::start().await;
    let known = make(&server).await;
    // Another last digit than it has.
    let other = if known.ends_with("0.png") { 1 } else { 0 };
    let guess = format!("{}{other}.png", &known[..known.len() - 5]);
    for url in [
        guess,
        server.url("/results/2026-01-01/x.png"),
        server.url("/results/%2e%2e/safelight.db"),
        server.url("/results/"),
    ] {
        let answer = get(&server, &url, &[]).await;
        assert_eq!(answer.status, 404, "{url}");
        let code = text(&answer.json()["error_detail"]["code"]);
        assert!(["ERROR_RESOURCE_NOT_FOUND", "ERROR_AI_NOT_EXISTS"].contains(&code.as_str()));
    }
}

#[tokio::test]
async fn after_its_life_a_file_is_reclaimed() {
    let server = TestServer::start().await;
    let url = make(&server).await;
    let key = url.split("/results/").nth(1).expect("key");
    server.store.reclaim_file(key).await.expect("reclaim");
    let answer = get(&server, &url, &[]).await;
    let message = answer.failure(410, "ERROR_RESOURCE_RECLAIMED");
    assert!(message.contains("24 hours"), "{message}");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(server.store.expired_files(now() + 90_000_000, 10).await.expect("list").is_empty());
}

#[tokio::test]
async fn over_the_disk_budget_nothing_is_written_or_charged() {
    let server = TestServer::with(|settings| settings.results.disk_budget = 1 << 20).await;
    server.post(SYNC, form([("bytes", "600000")])).await.success();
    let refused = server.post(SYNC, form([("bytes", "600000")])).await;
    let message = refused.failure(500, "FILE_SERVICE_ERROR");
    assert!(message.contains("1048576"), "{message}");
    // The first of two fits, and is withdrawn with the second.
    let refused = server.post(SYNC, form([("bytes", "300000"), ("pictures", "2")])).await;
    refused.failure(500, "FILE_SERVICE_ERROR");
    server.assert_charges(1).await;
    assert_eq!(files_below(&server.files().join("results")).len(), 1);
    server.post(SYNC, form([("bytes", "300000")])).await.success();
}

#[tokio::test]
async fn the_public_url_is_used_where_it_is_set() {
    let public = "https://pictures.example.com/api";
    let server = TestServer::with(|settings| settings.public_url = Some(public.to_owned())).await;
    let url = make(&server).await;
    assert!(url.starts_with("https://pictures.example.com/api/results/"), "{url}");
}

#[tokio::test]
async fn without_it_the_host_that_was_asked_for_is_used() {
    let server = TestServer::start().await;
    let ask = async |host: &str| {
        let request = server.request(SYNC).header("host", host).multipart(form([]));
        let answer = Answer::of(request.send().await.expect("answer")).await.success();
        text(&answer["data"]["image_url"])
    };
    assert!(ask("cutouts.local:9000").await.starts_with("http://cutouts.local:9000/results/"));
}
