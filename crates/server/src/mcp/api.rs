//! The API, as tools call it: inside the process, through the same routes as every client.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use axum::response::Response;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::auth::KEY_HEADER;
use crate::sandbox::SIMULATE;

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
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
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
        Client { router: self.router.clone(), headers }
    }
}

/// The API for one caller.
pub(super) struct Client {
    router: Router,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Client {
    /// Posts JSON; answers the envelope of a success, or the `error_detail` of a failure.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Value> {
        envelope(self.send(Method::POST, path, Body::from(body.to_string())).await.1)
    }

    /// The same without a body.
    pub async fn get(&self, path: &str) -> Result<Value, Value> {
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
        // What the server answers is as large as it allows itself.
        (media(&response), to_bytes(response.into_body(), usize::MAX).await.ok())
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
