//! Who may sign in to the console, and which requests of a session change something.

use reqwest::Method;
use reqwest::header::{ALLOW, SET_COOKIE};
use reqwest::multipart::Form;
use safelight_store::{ConsoleSession, KeySecret};

use crate::common::{Answer, TestServer, file, now, png};
use crate::console::Browser;

#[tokio::test]
async fn a_sandbox_key_opens_no_session() {
    let server = TestServer::start().await;
    let key = server.sandbox_key().await;
    let refused = Browser::new(&server).enter("key", &key).await;
    assert!(refused.status == 403 && refused.text.contains("sandbox key"), "{}", refused.text);
    // Nor does one that is there already go on.
    let secret = KeySecret::new([7; 32]);
    for (key, status) in [(&server.key, 200), (&key, 401)] {
        let session = ConsoleSession {
            hash: secret.hash("console session of-a-test"),
            key: Some(secret.hash(key)),
            expires_at: now() + 1_000_000,
        };
        server.store.add_console_session(&session, now()).await.expect("a session");
        let page = server.http.get(server.url("/console/tasks"));
        let page =
            page.header("cookie", "safelight_console=of-a-test").send().await.expect("a page");
        assert_eq!(page.status(), status, "{key}");
    }
}

#[tokio::test]
async fn a_cookie_needs_encryption_where_the_form_came_encrypted() {
    let public = "https://images.example.com";
    let server = TestServer::with(|settings| settings.public_url = Some(public.to_owned())).await;
    let plain = server.url("").trim_end_matches('/').to_owned();
    for (origin, is_secure) in [(public, true), (plain.as_str(), false)] {
        let fields = [("key", server.key.as_str())];
        let page = Browser::new(&server).send("/console/enter", &fields, origin).await;
        let cookie = page.headers[SET_COOKIE].to_str().expect("text");
        assert_eq!(cookie.contains("; Secure"), is_secure, "{origin}: {cookie}");
    }
}

#[tokio::test]
async fn the_reference_shows_who_is_signed_in_and_the_api_takes_no_cookie() {
    let server = TestServer::start().await;
    let owner = Browser::owner(&server, &server.key).await;
    let page = owner.get("/docs").await;
    assert!(page.text.contains("admin/<strong>default"), "{}", page.text);
    let balance = owner.request(Method::GET, "/api/common/query-credits").send().await;
    Answer::of(balance.expect("answer")).await.failure(401, "ERROR_APPLICATIONS_NOT_EXISTS");
}

#[tokio::test]
async fn the_owner_of_a_twin_gets_samples() {
    let server = TestServer::twin().await;
    let owner = Browser::owner(&server, &server.key).await;
    let call = owner.call(Method::POST, "/api/image/enhance/image-contrast-enhancement");
    let call = call.multipart(Form::new().part("image", file(png(64, 64))));
    let answer = Answer::of(call.send().await.expect("answer")).await;
    answer.success();
    assert_eq!(answer.header("x-safelight-sandbox"), "true");
    assert_eq!(server.credits().await, (1000, 0), "a twin charges nothing");
}

#[tokio::test]
async fn only_a_post_changes_something() {
    let server = TestServer::start().await;
    let owner = Browser::owner(&server, &server.key).await;
    let id = server.application.id;
    for act in [format!("applications/{id}/keys/rotate"), "leave".to_owned(), String::new()] {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let path = format!("/console/{act}");
            let answer = owner.request(method, &path).send().await.expect("an answer");
            assert_eq!(answer.status(), 405, "{path}");
            assert_eq!(answer.headers()[ALLOW], "GET,HEAD,POST", "{path}");
        }
    }
    assert_eq!(server.store.keys(id).await.expect("keys").len(), 1);
    assert_eq!(owner.get("/console/tasks").await.status, 200);
}
