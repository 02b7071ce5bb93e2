//! Generative engines of the tests, on the loopback: one for each protocol, which paint the mask green and
//! otherwise do what a test tells them to.

mod comfyui;
mod kserve;
mod openai;
mod paint;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use paint::{GREEN, painted, reshaped};

/// How an engine behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As its protocol says.
    Right,
    /// Answers when [`Double::go_on`] is called.
    Waits,
    /// Answers this status without more.
    Status(u16),
    /// Answers 400 as a refusal of what is asked for.
    Refuses,
    /// Answers a page for people.
    Html,
    /// Makes a picture of another shape.
    OtherShape,
    /// Tints everything, also what the mask keeps.
    IgnoresMask,
    /// Moves the frame by so many pixels.
    Moves(i64),
    /// Paints another picture altogether.
    OtherPicture,
    /// Forgets the job.
    LosesJob,
    /// Ends the job with an error, with a reason or without.
    FailsJob(bool),
}

/// A request that came to it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// The header `Authorization`.
    pub key: String,
    /// Its body.
    pub body: Bytes,
}

/// Most requests that are kept.
const MOST_SEEN: usize = 1000;

/// What an engine shares with the test.
struct State {
    manner: Mutex<Manner>,
    seen: Mutex<Vec<Seen>>,
    came: watch::Sender<usize>,
    going: watch::Sender<bool>,
}

/// A running engine. Dropped, it ends.
pub struct Double {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl Double {
    /// An engine that speaks OpenAI's images API.
    pub async fn openai(manner: Manner) -> Self {
        Self::start(manner, openai::routes).await
    }

    /// An engine that is like ComfyUI.
    pub async fn comfyui(manner: Manner) -> Self {
        Self::start(manner, comfyui::routes).await
    }

    /// A classifier that speaks KServe's protocol V2.
    pub async fn kserve(manner: Manner) -> Self {
        Self::start(manner, kserve::routes).await
    }

    async fn start(manner: Manner, routes: fn(Arc<State>) -> Router) -> Self {
        let state = Arc::new(State {
            manner: Mutex::new(manner),
            seen: Mutex::default(),
            came: watch::Sender::new(0),
            going: watch::Sender::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = routes(state.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is dropped");
        });
        Self { address, state, serving }
    }

    /// Its base.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Behaves so from now on.
    pub fn behave(&self, manner: Manner) {
        *self.state.manner.lock() = manner;
    }

    /// Lets all answers go that wait.
    pub fn go_on(&self) {
        self.state.going.send_replace(true);
    }

    /// The requests so far whose path starts so.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.state.seen.lock().iter().filter(|seen| seen.path.starts_with(path)).cloned().collect()
    }

    /// Waits for so many requests to a path that starts so.
    pub async fn reached(&self, path: &str, count: usize) {
        let mut came = self.state.came.subscribe();
        while self.seen(path).len() < count {
            came.changed().await.expect("it lives");
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    fn note(&self, path: String, key: String, body: Bytes) {
        let mut seen = self.seen.lock();
        if seen.len() < MOST_SEEN {
            seen.push(Seen { path, key, body });
        }
        drop(seen);
        self.came.send_modify(|count| *count += 1);
    }

    fn manner(&self) -> Manner {
        *self.manner.lock()
    }

    /// Stands until the test lets it go, where it waits.
    async fn wait(&self) {
        if self.manner() == Manner::Waits {
            let mut going = self.going.subscribe();
            let _ = going.wait_for(|going| *going).await;
        }
    }

    /// What it answers in manners that are no protocol's.
    fn answer(&self) -> Option<Response<Body>> {
        let (status, kind, text) = match self.manner() {
            Manner::Status(status) => (status, "application/json", r#"{ "error": "on purpose" }"#),
            Manner::Refuses => (
                400,
                "application/json",
                r#"{ "error": { "code": "content_policy_violation", "message": "no" } }"#,
            ),
            Manner::Html => (200, "text/html", "<html><body>welcome</body></html>"),
            _ => return None,
        };
        let mut answer = Response::new(Body::from(text));
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
        answer.headers_mut().insert("content-type", kind.parse().expect("a header"));
        answer.headers_mut().insert("retry-after", "7".parse().expect("a header"));
        Some(answer)
    }
}

/// JSON with the status 200.
fn json(value: &serde_json::Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(value.to_string()));
    answer.headers_mut().insert("content-type", "application/json".parse().expect("a header"));
    answer
}

/// The parts of a body of `multipart/form-data`: names and contents.
pub fn parts(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let end = body.windows(2).position(|pair| pair == b"\r\n").expect("a boundary");
    let boundary = [b"\r\n", &body[..end]].concat();
    let mut found = Vec::new();
    let mut rest = &body[end + 2..];
    while let Some(next) = rest.windows(boundary.len()).position(|part| part == boundary) {
        let (part, after) = (&rest[..next], &rest[next + boundary.len()..]);
        let split = part.windows(4).position(|blank| blank == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&part[..split]);
        let name = head.split("name=\"").nth(1).and_then(|text| text.split('"').next());
        found.push((name.expect("a name").to_owned(), part[split + 4..].to_vec()));
        rest = after.strip_prefix(b"\r\n").unwrap_or_default();
    }
    found
}
