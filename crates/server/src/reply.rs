//! Answers on their way out: every one is JSON in the envelope.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use safelight_contract::{Code, Edition, Fault, Result, failure, success};
use safelight_operation::{Node, Output};
use serde_json::{Map, Value};

use crate::admission::Permit;
use crate::trace::Trace;

/// The header with the time that each stage took.
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A success, serialised, with the permit for the memory that it takes until it is sent.
pub(crate) struct Reply {
    body: Bytes,
    permit: Option<Permit>,
    /// Status and code where it is the answer of an earlier request, repeated.
    replayed: Option<(u16, &'static str)>,
}

/// The header of an answer that is repeated.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl Reply {
    /// The business fields in the envelope.
    pub fn new(trace: &Trace, fields: Map<String, Value>) -> Result<Self> {
        Ok(Self::serialised(to_json(&success(&trace.ids, fields))?))
    }

    /// An answer without files in the envelope.
    pub fn of(trace: &Trace, answer: impl Output) -> Result<Self> {
        let node = answer.into_node().unwrap_or(Node::Object(Vec::new()));
        let published = node.into_json(&mut |_| {
            Err(Fault::new(Code::ServiceInternalError, "the answer holds a file"))
        });
        match published? {
            Value::Object(fields) => Self::new(trace, fields),
            _ => Err(Fault::new(Code::ServiceInternalError, "the answer is not an object")),
        }
    }

    /// An envelope that was serialised elsewhere.
    pub fn serialised(body: Bytes) -> Self {
        Self { body, permit: None, replayed: None }
    }

    /// The answer of an earlier request, a failure perhaps.
    pub fn replayed(body: Bytes, status: u16, code: &'static str) -> Self {
        Self { replayed: Some((status, code)), ..Self::serialised(body) }
    }

    /// The bytes of the answer.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Keeps as much of `permit` as the answer is large, until the answer is sent.
    pub fn holding(mut self, mut permit: Permit) -> Self {
        permit.shrink_to_bytes(self.body.len() as u64);
        self.permit = Some(permit);
        self
    }
}

/// Serialises an answer.
pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<Bytes> {
    let bytes = serde_json::to_vec(value);
    bytes.map(Bytes::from).map_err(|error| internal("the answer", &error))
}

/// Runs blocking work apart from the runtime's threads.
pub(crate) async fn apart<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(internal(what, &error)))
}

/// The fault for something that is not the caller's doing; the cause goes into the log, not into
/// the answer.
pub(crate) fn internal(what: &str, error: &dyn std::fmt::Display) -> Fault {
    tracing::error!(what, %error, "internal error");
    Fault::new(Code::ServiceInternalError, format!("{what} failed inside the server"))
}

/// Turns an outcome into the response, and notes it in the trace.
pub(crate) fn respond(trace: &Trace, edition: Edition, outcome: Result<Reply>) -> Response {
    match outcome {
        Ok(Reply { body, permit, replayed }) => {
            let (status, code) = replayed.unwrap_or((200, ""));
            trace.answered(status, code);
            trace.bytes_out(body.len() as u64);
            let body = match permit {
                None => Body::from(body),
                Some(permit) => Body::new(Held { data: Some(body), _permit: permit }),
            };
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = json_response(status, body);
            if replayed.is_some() {
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            }
            response
        }
        Err(fault) => respond_fault(trace, edition, &fault),
    }
}

/// The response for a fault.
pub(crate) fn respond_fault(trace: &Trace, edition: Edition, fault: &Fault) -> Response {
    let (status, value) = failure(&trace.ids, fault, edition);
    trace.answered(status, fault.code().in_edition(edition).name());
    let body = value.to_string();
    trace.bytes_out(body.len() as u64);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(status, Body::from(body));
    if let Some(wait) = fault.wait() {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// JSON of this status, as it is.
pub(crate) fn json_response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A body in one piece that keeps its permit until it is handed to the connection.
struct Held {
    data: Option<Bytes>,
    _permit: Permit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // In pieces, so that the permit is kept until the client has taken nearly all of it.
        const PIECE: usize = 256 << 10;
        let Some(data) = &mut self.data else { return Poll::Ready(None) };
        if data.len() > PIECE {
            return Poll::Ready(Some(Ok(Frame::data(data.split_to(PIECE)))));
        }
        Poll::Ready(self.data.take().map(|rest| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
