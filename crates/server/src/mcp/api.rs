//! The API, as tools call it: inside the process, through the same routes as every client.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use axum::response::Response;
use bytes::BytesMut;
use futures_util::StreamExt;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::auth::KEY_HEADER;
use crate::body::Memory;
use crate::sandbox::SIMULATE;
use crate::urls::{FETCH_SITE, SAME_ORIGIN};

/// Copies of an answer that lie in memory together: its text, the parsed one, pictures decoded and
/// encoded again.
const COPIES: u64 = 4;
/// How long an answer waits for memory.
const PATIENCE: Duration = Duration::from_secs(60);

const KEY: HeaderName = HeaderName::from_static(KEY_HEADER);

/// Who calls.
#[derive(Clone)]
enum Caller {
    /// Clients over HTTP, each with its key.
    Remote,
    /// The user of this machine, with this key.
    Local(HeaderValue),
}

/// The API and who calls it.
#[derive(Clone)]
pub(crate) struct Api {
    router: Router,
    caller: Caller,
}

impl Api {
    /// For clients over HTTP.
    pub fn remote(router: Router) -> Self {
        Self { router, caller: Caller::Remote }
    }

    /// For the user of this machine, whose files it may read and write.
    pub fn local(router: Router, key: HeaderValue) -> Self {
        Self { router, caller: Caller::Local(key) }
    }

    /// Whether parameters may name files of this machine.
    pub fn reads_files(&self) -> bool {
        matches!(self.caller, Caller::Local(_))
    }

    /// The key of whoever calls a tool.
    pub(super) fn key(&self, context: &RequestContext<RoleServer>) -> Option<String> {
        let key = match &self.caller {
            Caller::Local(key) => Some(key),
            Caller::Remote => context.extensions.get::<Parts>()?.headers.get(&KEY),
        };
        key?.to_str().ok().map(str::to_owned)
    }

    /// The API for whoever calls a tool.
    pub(super) fn for_caller(&self, context: &RequestContext<RoleServer>) -> Client {
        let mut headers = vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            // Result files are read here, and not from where a redirect leads.
            (FETCH_SITE, HeaderValue::from_static(SAME_ORIGIN)),
        ];
        match (&self.caller, context.extensions.get::<Parts>()) {
            (Caller::Local(key), _) => {
                headers.push((HOST, HeaderValue::from_static("localhost")));
                headers.push((KEY, key.clone()));
            }
            (Caller::Remote, Some(parts)) => {
                for name in [HOST, KEY, SIMULATE] {
                    let value = parts.headers.get(&name).cloned();
                    headers.extend(value.map(|value| (name, value)));
                }
                // HTTP/2 names the host in the request's target.
                let target = parts.uri.authority().map(|authority| authority.as_str());
                if let (false, Some(Ok(host))) =
                    (parts.headers.contains_key(HOST), target.map(HeaderValue::from_str))
                {
                    headers.push((HOST, host));
                }
            }
            (Caller::Remote, None) => {}
        }
        let parts = context.extensions.get::<Parts>();
        let memory = parts.and_then(|parts| parts.extensions.get::<Arc<Memory>>()).cloned();
        Client { router: self.router.clone(), headers, memory }
    }
}

/// The API for one caller.
pub(super) struct Client {
    router: Router,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// That of the message which is worked on, and of what answers it.
    memory: Option<Arc<Memory>>,
}

impl Client {
    /// Posts JSON; answers the envelope of a success, or the `error_detail` of a failure. The memory
    /// of the message that it comes from is given back once it is sent; what answers it is kept,
    /// whatever others need: it is paid for.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Value> {
        let text = Body::from(body.to_string());
        drop(body);
        let answered = self.answer(Method::POST, path, text).await;
        if let Some(memory) = &self.memory {
            memory.shrink_to(0);
            // Where its place is taken already, the answer ends anyway.
            let _ = memory.keep();
        }
        envelope(match answered {
            Some(response) => self.read(response).await,
            None => None,
        })
    }

    /// Asks again for what is not there yet; the answer before is not needed any more.
    pub async fn poll(&self, path: &str) -> Result<Value, Value> {
        if let Some(memory) = &self.memory {
            memory.shrink_to(0);
        }
        envelope(self.send(Method::GET, path, Body::empty()).await.1)
    }

    /// A result file and its media type.
    pub async fn file(&self, path: &str) -> Option<(Bytes, String)> {
        let (media, bytes) = self.send(Method::GET, path, Body::empty()).await;
        Some((bytes?, media))
    }

    /// The bytes of a result file and its media type, without reading it.
    pub async fn size(&self, path: &str) -> Option<(u64, String)> {
        let response = self.answer(Method::HEAD, path, Body::empty()).await?;
        let size = response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
        Some((size, media(&response)))
    }

    /// Media type and body of an answer; no body where the answer broke off.
    async fn send(&self, method: Method, path: &str, body: Body) -> (String, Option<Bytes>) {
        let Some(response) = self.answer(method, path, body).await else {
            return (String::new(), None);
        };
        (media(&response), self.read(response).await)
    }

    /// The body of an answer, counted with what is made of it. Its memory is taken at once, so that no two
    /// answers wait for each other, and is all that there is where the answer needs more: it is paid for.
    async fn read(&self, response: Response) -> Option<Bytes> {
        let body = response.into_body();
        let size = body.size_hint().exact();
        let take = async |bytes: u64| match &self.memory {
            Some(memory) => {
                memory.grow((COPIES * bytes).min(memory.capacity()), PATIENCE).await.ok()
            }
            None => Some(()),
        };
        take(size.unwrap_or_default()).await?;
        let mut pieces = body.into_data_stream();
        let mut whole = BytesMut::with_capacity(size.unwrap_or_default() as usize);
        while let Some(piece) = pieces.next().await {
            let piece = piece.ok()?;
            if size.is_none() {
                take(piece.len() as u64).await?;
            }
            whole.extend_from_slice(&piece);
        }
        Some(whole.freeze())
    }

    async fn answer(&self, method: Method, path: &str, body: Body) -> Option<Response> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().ok()?;
        request.headers_mut().extend(self.headers.iter().cloned().map(|(n, v)| (Some(n), v)));
        match self.router.clone().oneshot(request).await {
            Ok(response) => Some(response),
            Err(never) => match never {},
        }
    }
}

fn media(response: &Response) -> String {
    let media = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media.unwrap_or_default().to_owned()
}

fn envelope(body: Option<Bytes>) -> Result<Value, Value> {
    let broken = || json!({ "code": "UNKNOWN_ERROR", "message": "the answer broke off" });
    let bytes = body.ok_or_else(broken)?;
    let mut envelope: Value = serde_json::from_slice(&bytes).map_err(|_| broken())?;
    if envelope["error_code"] == 0 { Ok(envelope) } else { Err(envelope["error_detail"].take()) }
}
