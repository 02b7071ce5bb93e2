//! The API, as tools call it: inside the process, through the same routes as every client.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request};
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

    /// Media type and body of an answer; no body where the answer broke off.
    async fn send(&self, method: Method, path: &str, body: Body) -> (String, Option<Bytes>) {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        let Ok(uri) = path.parse() else { return (String::new(), None) };
        *request.uri_mut() = uri;
        request.headers_mut().extend(self.headers.iter().cloned().map(|(n, v)| (Some(n), v)));
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let media = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().to_owned();
        // What the server answers is as large as it allows itself.
        (media, to_bytes(response.into_body(), usize::MAX).await.ok())
    }
}

fn envelope(body: Option<Bytes>) -> Result<Value, Value> {
    let broken = || json!({ "code": "UNKNOWN_ERROR", "message": "the answer broke off" });
    let bytes = body.ok_or_else(broken)?;
    let mut envelope: Value = serde_json::from_slice(&bytes).map_err(|_| broken())?;
    if envelope["error_code"] == 0 { Ok(envelope) } else { Err(envelope["error_detail"].take()) }
}
