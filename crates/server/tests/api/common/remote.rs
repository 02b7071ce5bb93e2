//! A server elsewhere, on the loopback: serves files, and notes what is posted to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A request that came to it.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What it answers to a path: a status and a body.
pub type Responses = BTreeMap<&'static str, (u16, Vec<u8>)>;

/// A running server. Dropped, it ends.
pub struct Remote {
    pub address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

struct State {
    responses: Mutex<Responses>,
    received: watch::Sender<Vec<Received>>,
}

impl Remote {
    /// A server with these answers. A path that it does not know is 404; one whose status is 0
    /// gets no answer.
    pub async fn start(responses: Responses) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = watch::Sender::new(Vec::new());
        let state = Arc::new(State { responses: Mutex::new(responses), received });
        let shared = state.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers differently from now on.
    pub fn answer(&self, path: &'static str, status: u16) {
        self.state.responses.lock().expect("no panic").insert(path, (status, Vec::new()));
    }

    /// The requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.borrow().clone()
    }

    /// Waits for so many requests, and answers them.
    pub async fn requests(&self, count: usize) -> Vec<Received> {
        let mut received = self.state.received.subscribe();
        let enough = received.wait_for(|received| received.len() >= count);
        tokio::time::timeout(super::PATIENCE, enough)
            .await
            .expect("in time")
            .expect("it lives")
            .clone()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break bytes.drain(..end + 4).collect::<Vec<_>>();
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let known = state.responses.lock().expect("no panic").get(path.as_str()).cloned();
    let (status, body) = known.unwrap_or((404, b"remote secret".to_vec()));
    let received = Received { path, headers, body: bytes };
    state.received.send_modify(|all| all.push(received));
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}
