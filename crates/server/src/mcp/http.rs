//! `/mcp`: the protocol's streamable HTTP, without sessions. The API key comes as a bearer token.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use axum::routing::any;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use safelight_contract::{Code, Fault, Result};

use super::api::Api;
use super::{PATH, Tools};
use crate::app::App;
use crate::auth::{KEY_HEADER, authenticate_key};
use crate::body;
use crate::reply::{apart, respond_fault};
use crate::trace::Trace;

/// Most values in a message: every one becomes many times as many bytes as it has in the text. The call
/// of a service has a few dozen.
const MOST_VALUES: usize = 10_000;

type Service = StreamableHttpService<Tools, NeverSessionManager>;

/// The path of the protocol over this API.
pub(crate) fn routes(app: &Arc<App>, api: Router) -> Router<Arc<App>> {
    let tools = Tools::new(Api::remote(api), app.clone());
    // Hosts are checked for every path alike, and whoever has no key gets nowhere.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_max_request_body_bytes(app.settings.limits.max_body_bytes as usize)
        .disable_allowed_hosts();
    let make = move || Ok(tools.clone());
    let service = Service::new(make, Arc::new(NeverSessionManager::default()), config);
    let handler =
        move |State(app): State<Arc<App>>,
              Extension(trace): Extension<Arc<Trace>>,
              request: Request| handle(service.clone(), app, trace, request);
    Router::new().route(PATH, any(handler))
}

async fn handle(service: Service, app: Arc<App>, trace: Arc<Trace>, request: Request) -> Response {
    trace.endpoint(PATH);
    match admit(&app, &trace, request).await {
        Ok((mut request, memory)) => {
            // Whoever works on the message gives back what it holds no more.
            let memory = memory.map(Arc::new);
            if let Some(memory) = &memory {
                request.extensions_mut().insert(memory.clone());
            }
            let response = service.handle(request).await;
            trace.answered(response.status().as_u16(), "");
            // The message is counted until it is answered. Where others need its place, the answer
            // ends, and with it the work, as when the client goes away.
            response.map(|body| match memory {
                Some(memory) => {
                    let displaced = async move { memory.revoked().await };
                    Body::from_stream(body.into_data_stream().take_until(Box::pin(displaced)))
                }
                None => Body::new(body),
            })
        }
        Err(fault) => {
            let mut response = respond_fault(&trace, app.edition(), &fault);
            if response.status() == 401 {
                let bearer = HeaderValue::from_static("Bearer realm=\"safelight\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
            }
            response
        }
    }
}

/// Finds who calls, and reads the message into memory that is theirs.
async fn admit(
    app: &App,
    trace: &Trace,
    mut request: Request,
) -> Result<(axum::http::Request<Full<axum::body::Bytes>>, Option<body::Memory>)> {
    let (key, header) = sent_key(&request).ok_or_else(|| {
        let message = "the header Authorization with `Bearer` and the API key is missing";
        Fault::new(Code::ApplicationsNotExists, message)
    })?;
    // What a sandbox request simulates concerns the service that a tool runs.
    let place = format!("the header {header}");
    let principal = authenticate_key(app, trace, key.as_bytes(), &place).await?;
    request.headers_mut().insert(KEY_HEADER, key);
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Ok((Request::from_parts(parts, Full::default()), None));
    }
    let mut metered = Request::new(body);
    *metered.headers_mut() = parts.headers.clone();
    let (text, memory) = body::receive_json(app, trace, principal.application.id, metered).await?;
    // The protocol's parser copies the strings.
    if let Some(memory) = &memory {
        memory.grow(text.len() as u64, app.settings.limits.queue_wait()).await?;
    }
    let count = move || Ok((values(&text), text));
    let (values, text) = apart("counting the values of a message", count).await?;
    if values > MOST_VALUES {
        let message = format!("the message has {values} values, the limit is {MOST_VALUES}");
        return Err(Fault::new(Code::ContentTooLong, message));
    }
    Ok((Request::from_parts(parts, Full::from(text)), memory))
}

/// At least as many values as the text of JSON holds: those of each list and object, and one.
fn values(text: &[u8]) -> usize {
    let (mut values, mut in_string, mut escaped) = (1, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{' | b',' | b':') => values += 1,
            _ => {}
        }
    }
    values
}

/// The key in the header `Authorization`, or in the header that the API takes, and that header.
fn sent_key(request: &Request) -> Option<(HeaderValue, &'static str)> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.and_then(|token| HeaderValue::from_str(token).ok());
    let own = || Some((request.headers().get(KEY_HEADER)?.clone(), KEY_HEADER));
    token.map(|token| (token, "Authorization")).or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        for (text, least) in [
            ("", 1),
            ("7", 1),
            (r#""[[[,,\\\"[[[""#, 1),
            ("[]", 2),
            ("[[],[],[]]", 7),
            (r#"{"a":[1,2],"b":"[,"}"#, 7),
        ] {
            assert_eq!(values(text.as_bytes()), least, "{text}");
        }
    }
}
