//! Connections: slow, silent, many, HTTP/2.

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::common::{Answer, PATIENCE, SYNC, TestServer};

async fn connect(server: &TestServer) -> TcpStream {
    let address = server.base.strip_prefix("http://").expect("http");
    TcpStream::connect(address).await.expect("connection")
}

/// Waits until the server closes a connection on which only this comes.
async fn closed(server: &TestServer, sent: &[u8]) {
    let mut stream = connect(server).await;
    stream.write_all(sent).await.expect("sent");
    let mut answer = Vec::new();
    let closing = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    let sent = String::from_utf8_lossy(sent);
    // It may be reset, as the server has not read all.
    let _ = closing.await.unwrap_or_else(|_| panic!("not closed after {sent:?}"));
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    let server = TestServer::with(|settings| settings.limits.header_timeout_seconds = 1).await;
    for sent in [&b""[..], b"P", b"PR", b"GET / HTTP/1.1\r\nhost: ", b"PRI * HTTP/2.0\r\n"] {
        closed(&server, sent).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = TestServer::start().await;
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(300_000));
    // Whether the line or the header is too long depends on how much of it comes at once.
    for (sent, statuses) in [
        ("no such thing\r\n\r\n", &["400"][..]),
        ("\x16\x03\x01 this is TLS\r\n\r\n", &["400"]),
        ("GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", &["400"]),
        (&long, &["414", "431"]),
    ] {
        let mut stream = connect(&server).await;
        // The server may have answered and closed before it has all.
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        let shown: String = sent.chars().take(20).collect();
        let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        assert!(status.is_some_and(|status| statuses.contains(&status)), "{answer} to {shown}");
    }
}

/// A connection on which the server waits for the rest of a request's body.
async fn busy(server: &TestServer) -> TcpStream {
    let mut stream = connect(server).await;
    let head = format!(
        "POST {SYNC} HTTP/1.1\r\nhost: x\r\nailabapi-api-key: {}\r\nexpect: 100-continue\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\
         connection: close\r\n\r\n",
        server.key
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.expect("the server asks for the body");
    assert!(answer.starts_with(b"HTTP/1.1 100"));
    stream
}

/// Sends the rest of the body, and reads the answer.
async fn finish(mut stream: TcpStream) -> String {
    stream.write_all(b"note=x").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// Asks, on a connection of its own, until the connection is closed.
async fn ask(server: &TestServer, path: &str) -> String {
    exchange(server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
}

async fn exchange(server: &TestServer, request: &str) -> String {
    let mut stream = connect(server).await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[tokio::test]
async fn the_longest_idle_connection_makes_room_for_a_new_one() {
    let server = TestServer::with(|settings| settings.limits.connections = 3).await;
    let mut silent = connect(&server).await;
    let busy = busy(&server).await;
    let mut later = connect(&server).await;
    assert!(ask(&server, "/health/live").await.starts_with("HTTP/1.1 200"));
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0, "closed");
    later.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("open");
    assert!(later.read(&mut [0]).await.is_ok_and(|read| read == 1), "still served");
    assert!(finish(busy).await.starts_with("HTTP/1.1 200"), "never closed while at work");
}

#[tokio::test]
async fn a_connection_waits_where_all_are_busy() {
    let server = TestServer::with(|settings| settings.limits.connections = 2).await;
    let both = (busy(&server).await, busy(&server).await);
    let waiting = async { ask(&server, "/health/live").await };
    let others = async { (finish(both.0).await, finish(both.1).await) };
    let (answer, others) = tokio::join!(waiting, others);
    for answer in [answer, others.0, others.1] {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn one_address_gets_so_many_connections_and_a_proxy_as_many_as_it_needs() {
    let server = TestServer::with(|settings| {
        settings.limits.connections_per_address = 1;
        settings.limits.proxies.clear();
    })
    .await;
    let first = busy(&server).await;
    assert_eq!(connect(&server).await.read(&mut [0]).await.unwrap_or(0), 0, "refused");
    assert!(finish(first).await.starts_with("HTTP/1.1 200"));
    let _idle = connect(&server).await;
    assert!(ask(&server, "/health/live").await.starts_with("HTTP/1.1 200"), "an idle one closes");

    let server = TestServer::with(|s| s.limits.connections_per_address = 1).await;
    let first = busy(&server).await;
    assert!(ask(&server, "/health/live").await.starts_with("HTTP/1.1 200"), "loopback is a proxy");
    assert!(finish(first).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn headers_have_one_limit_in_both_versions() {
    const LIMIT: usize = 64 << 10;
    let server = TestServer::start().await;
    for (size, fields) in [(LIMIT - 1000, 1), (LIMIT + 1, 1), (400_000, 1), (LIMIT + 1000, 60)] {
        let status = if size < LIMIT { "200" } else { "431" };
        let head = "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
        let field = format!("a: {}\r\n", "x".repeat((size - head.len() - 2) / fields - 5));
        let answer = exchange(&server, &format!("{head}{}\r\n", field.repeat(fields))).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer} to {size} bytes");

        let (mut client, _connection) = http2(&server, u32::MAX >> 1).await;
        let mut request = hyper::Request::get("http://x/health/live");
        for at in 0..fields {
            request = request.header(format!("a{at}"), "x".repeat(size / fields - 40));
        }
        let request = request.body(()).expect("a request");
        // The client, too, has a limit.
        let Ok((answer, _)) = client.send_request(request, true) else { continue };
        let Ok(answer) = answer.await else {
            assert!(size > 4 * LIMIT, "an answer to {size} bytes");
            continue;
        };
        assert_eq!(answer.status().as_str(), status, "to {size} bytes");
    }
}

/// A connection of HTTP/2 whose client is ready to take `window` bytes of each answer.
async fn http2(
    server: &TestServer,
    window: u32,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(u32::MAX >> 1);
    let (client, connection) = builder.handshake(connect(server).await).await.expect("HTTP/2");
    (client, tokio::spawn(connection))
}

async fn get(client: &SendRequest<Bytes>, path: &str) -> hyper::Response<h2::RecvStream> {
    let request = hyper::Request::get(format!("http://x{path}")).body(()).expect("a request");
    let mut client = client.clone().ready().await.expect("open");
    client.send_request(request, true).expect("sent").0.await.expect("an answer")
}

/// Takes what comes without making room for more; answers the bytes and how it ended.
async fn take(answer: hyper::Response<h2::RecvStream>) -> (usize, Result<(), h2::Error>) {
    let (mut body, mut taken) = (answer.into_body(), 0);
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => taken += data.len(),
            Err(error) => return (taken, Err(error)),
        }
    }
    (taken, Ok(()))
}

#[tokio::test]
async fn answers_that_an_http2_client_does_not_take_are_given_up() {
    let server = TestServer::with(|settings| {
        settings.limits.stall_timeout_seconds = 1;
        settings.limits.connections = 1;
    })
    .await;
    for (path, window) in [
        ("/openapi.json", 0),
        ("/openapi.json", 100),
        ("/openapi.json", 20_000),
        // The last piece is inside the connection already.
        ("/health/live", 5),
    ] {
        let (client, connection) = http2(&server, window).await;
        let stalled = futures_util::future::join_all((0..32).map(async |_| {
            let (taken, end) = take(get(&client, path).await).await;
            (taken, end.expect_err("given up"))
        }));
        for (taken, error) in stalled.await {
            assert_eq!(taken, window as usize);
            assert!(error.is_reset(), "{error}");
        }
        // The connection is served on, and idle: nothing of the answers is kept. So it makes room.
        let request = hyper::Request::head("http://x/health/live").body(()).expect("a request");
        let mut ready = client.clone().ready().await.expect("open");
        let head = ready.send_request(request, true).expect("sent").0.await.expect("an answer");
        assert_eq!(head.status(), 200);
        assert!(ask(&server, "/health/live").await.starts_with("HTTP/1.1 200"));
        drop((client, ready));
        let _ = connection.await.expect("no panic");
    }
}

#[tokio::test]
async fn an_http2_client_that_takes_its_answers_gets_all_of_them() {
    let server = TestServer::start().await;
    let whole = server.get("/openapi.json").await;
    assert!(whole.body.len() > 16 << 10, "more than a piece");
    // The document names the host that it was asked at.
    let length = whole.body.len() - server.base.len() + "http://x".len();
    let (client, _connection) = http2(&server, 1 << 20).await;
    let answers = (0..32).map(async |_| take(get(&client, "/openapi.json").await).await);
    for (taken, end) in futures_util::future::join_all(answers).await {
        assert!(end.is_ok() && taken == length, "{taken} of {length}, {end:?}");
    }
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
