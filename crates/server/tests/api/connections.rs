//! Connections: slow, silent, many, HTTP/2.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Answer, TestServer};

async fn connect(server: &TestServer) -> TcpStream {
    let address = server.base.strip_prefix("http://").expect("http");
    TcpStream::connect(address).await.expect("connection")
}

/// How long the server keeps a connection on which only this comes.
async fn kept(server: &TestServer, sent: &[u8]) -> Duration {
    let mut stream = connect(server).await;
    stream.write_all(sent).await.expect("sent");
    let start = Instant::now();
    let mut answer = Vec::new();
    let closing = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(8), closing).await.expect("is closed");
    start.elapsed()
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    let server = TestServer::with(|settings| settings.limits.header_timeout_seconds = 1).await;
    for sent in [&b""[..], b"P", b"PR", b"GET / HTTP/1.1\r\nhost: ", b"PRI * HTTP/2.0\r\n"] {
        let kept = kept(&server, sent).await;
        assert!(kept < Duration::from_secs(5), "{kept:?} for {:?}", String::from_utf8_lossy(sent));
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = TestServer::start().await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(300_000));
    for (sent, status) in [
        ("no such thing\r\n\r\n", "400"),
        ("\x16\x03\x01 this is TLS\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", "400"),
        (&long, "41"),
    ] {
        let mut stream = connect(&server).await;
        // The server may have answered and closed before it has all.
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        let shown: String = sent.chars().take(20).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer} to {shown}");
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let server = TestServer::with(|settings| settings.limits.connections = 2).await;
    let first = connect(&server).await;
    let second = connect(&server).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let url = server.url("/health/live");
    let waiting = server.http.get(&url).timeout(Duration::from_millis(300)).send().await;
    assert!(waiting.expect_err("no place").is_timeout());
    drop((first, second));
    let answer = server.http.get(&url).send().await.expect("answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn four_hundred_connections_are_served() {
    let server = TestServer::start().await;
    let url = server.url("/api/common/query-credits");
    let ask = async |http: &reqwest::Client| {
        let request = http.get(&url).header("ailabapi-api-key", &server.key);
        Answer::of(request.send().await.expect("answer")).await.status
    };
    let clients: Vec<_> = (0..400).map(|_| reqwest::Client::new()).collect();
    let answers = clients.iter().map(ask);
    let statuses = futures_util::future::join_all(answers).await;
    assert!(statuses.iter().all(|status| *status == 200));
}

#[tokio::test]
async fn http2_is_spoken_with_prior_knowledge() {
    let server = TestServer::start().await;
    let mut stream = connect(&server).await;
    // The preface and an empty SETTINGS frame; the server's own SETTINGS come first.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.expect("a frame");
    assert_eq!(frame[3], 4, "SETTINGS");
}
