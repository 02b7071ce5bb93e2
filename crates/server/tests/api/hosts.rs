//! The host that a request names, and the URLs that follow from it.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{PATIENCE, SYNC, TestServer, form, text};

/// Sends a request line with these headers; answers the status and the body.
async fn send(server: &TestServer, line: &str, headers: &str) -> (u16, Value) {
    let address = server.base.strip_prefix("http://").expect("http");
    let mut stream = TcpStream::connect(address).await.expect("connection");
    let key = &server.key;
    let request =
        format!("{line}\r\n{headers}ailabapi-api-key: {key}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(PATIENCE, reading).await.expect("closed").expect("read");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).expect("JSON"))
}

#[tokio::test]
async fn a_request_names_one_valid_host() {
    let server = TestServer::start().await;
    let credits = "GET /api/common/query-credits HTTP/1.1";
    for headers in ["host: a\r\n", "host: a.example:8080\r\n", "Host: [::1]:80\r\n"] {
        assert_eq!(send(&server, credits, headers).await.0, 200, "{headers}");
    }
    assert_eq!(send(&server, "GET /health/live HTTP/1.0", "").await.0, 200);
    for (headers, why) in [
        ("", "missing"),
        ("host: a\r\nhost: a\r\n", "more than once"),
        ("host: a\r\nhost: b\r\n", "more than once"),
        ("host:\r\n", "name or an address"),
        ("host: user@a\r\n", "user@a"),
        ("host: a/b\r\n", "a/b"),
        ("host: a:port\r\n", "a:port"),
        ("host: a, b\r\n", "a, b"),
        ("host: [::1\r\n", "[::1"),
        ("host: a\"onerror=\"x\r\n", "onerror"),
    ] {
        for line in [credits, "GET /health/live HTTP/1.1", "GET /no/such HTTP/1.1"] {
            let (status, body) = send(&server, line, headers).await;
            let detail = &body["error_detail"];
            assert_eq!((status, &detail["code"]), (400, &"ERROR_PARAMETERS".into()), "{headers}");
            let message = text(&detail["message"]);
            assert!(message.contains("Host") && message.contains(why), "{message} to {headers}");
        }
    }
}

#[tokio::test]
async fn the_public_url_alone_decides_where_results_are() {
    let public = "https://images.example.com/api";
    let server = TestServer::with(|settings| settings.public_url = Some(public.to_owned())).await;
    let (task, request) = server.submit(form([])).await;
    server.wait(&task).await.success();
    let headers = "host: evil.example\r\nx-forwarded-host: evil.example\r\n\
                   forwarded: host=evil.example;proto=http\r\norigin: http://evil.example\r\n\
                   referer: http://evil.example/\r\n";
    for (method, path, file) in [
        ("POST", SYNC.to_owned(), "/data/image_url"),
        ("GET", format!("/api/common/query-async-task-result?task_id={task}"), "/data/image_url"),
        (
            "GET",
            format!("/api/image/asyn-task-results?job_id={request}&type=HD_COLOUR_MIGRATION"),
            "/data/result_url",
        ),
        ("GET", "/openapi.json".to_owned(), "/servers/0/url"),
    ] {
        for target in [path.clone(), format!("http://evil.example{path}")] {
            let line = format!("{method} {target} HTTP/1.1");
            let (status, body) = send(&server, &line, headers).await;
            let url = body.pointer(file).and_then(Value::as_str).unwrap_or_default();
            assert!(status == 200 && url.starts_with(public), "{line}: {body}");
            assert!(!body.to_string().contains("evil.example"), "{line}: {body}");
        }
    }
}
