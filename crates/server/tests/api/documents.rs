//! The documentation, the way to it, and paths as clients write them.

use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;

use crate::common::{Answer, SYNC, TestServer, form};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

#[tokio::test]
async fn a_browser_is_led_to_the_console_and_a_program_told_where_the_documentation_is() {
    let server = TestServer::start().await;
    let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("client");
    let browser = client.get(server.url("/")).header(ACCEPT, BROWSER).send().await.expect("answer");
    assert_eq!(
        (browser.status().as_u16(), &browser.headers()[LOCATION]),
        (307, &"/console".parse().expect("text"))
    );
    assert_eq!(browser.headers()["vary"], "accept");
    let page = server.http.get(server.url("/")).header(ACCEPT, BROWSER).send().await;
    let page = page.expect("answer").text().await.expect("text");
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    let program = Answer::of(client.get(server.url("/")).send().await.expect("answer")).await;
    assert_eq!((program.status, program.header("content-type")), (200, "application/json"));
    let place = program.json();
    assert_eq!(place["name"], "Safelight");
    for name in ["documentation", "openapi"] {
        let url = place[name].as_str().expect("a URL");
        assert_eq!(client.get(url).send().await.expect("answer").status(), 200, "{url}");
    }
}

#[tokio::test]
async fn superfluous_slashes_lead_to_the_same_endpoint() {
    let server = TestServer::start().await;
    for path in [format!("/{SYNC}"), format!("{SYNC}/"), SYNC.replace('/', "//") + "//?note=hi"] {
        let answer = server.post(&path, form([("note", "hi")])).await.success();
        assert_eq!(answer["data"]["note"], "hi", "{path}");
        let url = answer["data"]["image_url"].as_str().expect("a URL");
        let doubled = url.replace("/results/", "//results///");
        let file = server.http.get(doubled).send().await.expect("answer");
        assert_eq!(file.status(), 200);
    }
    server.get("//api/common/query-credits/").await.success();
    let other = server.get("//api/no//such/").await;
    assert!(other.failure(404, "ERROR_AI_NOT_EXISTS").contains("/api/no/such"));
}
