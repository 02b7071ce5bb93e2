//! One call by gRPC: a message there, a message back, over HTTP/2 without TLS.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderMap, TE};
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};

use super::messages::SERVICE;
use crate::engine::EngineError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long what was sent may stay unacknowledged: a machine that is gone says nothing, and calls would wait
/// on its connection until the system gives it up, which takes a quarter of an hour.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(3);
/// Bytes that a server may send before it is told that they were read.
const WINDOW: u32 = 4 << 20;
/// What stands before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// How large an answer may be: a message of many short fields takes far more memory decoded.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub bytes: usize,
    /// Fields of the message itself.
    pub fields: usize,
}

/// The way to a server.
pub(super) struct Channel {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    timeout: Duration,
}

impl Channel {
    pub fn new(base: &str, timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT.min(timeout)));
        connector.set_nodelay(true);
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .http2_initial_stream_window_size(WINDOW)
            .http2_initial_connection_window_size(WINDOW)
            .build(connector);
        Self { client, base: base.trim_end_matches('/').to_owned(), timeout }
    }

    /// Where it leads.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks for a method of the service.
    ///
    /// # Errors
    /// `Unavailable` where the server cannot be reached, is too slow or overloaded, or lacks the model;
    /// `Failed` where it refuses the call or answers no such message.
    pub async fn call<A: Message + Default>(
        &self,
        method: &str,
        message: &impl Message,
        most: Most,
    ) -> Result<A, EngineError> {
        let call = self.exchange(method, framed(message), most.bytes);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => {
                let answer = answer?;
                if fields(&answer, most.fields).is_none() {
                    let most = most.fields;
                    return Err(self.failed(&format!(
                        "its answer has more than {most} fields, or is damaged"
                    )));
                }
                A::decode(answer).map_err(|error| self.failed(&error))
            }
            Err(_) => Err(self
                .unavailable(&format!("it did not answer within {} ms", self.timeout.as_millis()))),
        }
    }

    async fn exchange(&self, method: &str, body: Bytes, most: usize) -> Result<Bytes, EngineError> {
        let path: Uri = format!("{}/{SERVICE}/{method}", self.base)
            .parse()
            .map_err(|error| self.failed(&error))?;
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .body(Full::new(body))
            .map_err(|error| self.failed(&error))?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| self.unavailable(&described(&error)))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.unavailable(&format!("it answered HTTP {status}")));
        }
        let (head, body) = response.into_parts();
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| self.unavailable(&error.to_string()))?;
        // A call that fails at once has its status among the headers.
        let trailers = body.trailers().cloned().unwrap_or(head.headers);
        self.check(&trailers)?;
        let mut bytes = body.to_bytes();
        let well_formed = bytes.len() >= PREFIX
            && bytes[0] == 0
            && bytes[1..PREFIX] == u32::try_from(bytes.len() - PREFIX).unwrap_or(0).to_be_bytes();
        match well_formed {
            true => Ok(bytes.split_off(PREFIX)),
            false => Err(self.failed(&"it answered something else than one message")),
        }
    }

    /// Reads the call's status: 0 is success.
    fn check(&self, headers: &HeaderMap) -> Result<(), EngineError> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let message = || text("grpc-message").unwrap_or("no reason given");
        match text("grpc-status").and_then(|status| status.parse::<u16>().ok()) {
            Some(0) => Ok(()),
            // Cancelled, too late, not found, exhausted, aborted, unavailable.
            Some(status @ (1 | 4 | 5 | 8 | 10 | 14)) => {
                Err(self.unavailable(&format!("status {status}: {}", message())))
            }
            Some(status) => Err(self.failed(&format!("status {status}: {}", message()))),
            None => Err(self.failed(&"it ended the call without a status")),
        }
    }

    fn unavailable(&self, why: &str) -> EngineError {
        EngineError::Unavailable(format!("{}: {why}", self.base))
    }

    fn failed(&self, why: &impl std::fmt::Display) -> EngineError {
        EngineError::Failed(format!("{}: {why}", self.base))
    }
}

/// How many fields a message has; `None` where it has more than `most` or is damaged.
fn fields(message: &[u8], most: usize) -> Option<usize> {
    let mut rest = message;
    let mut count = 0;
    while !rest.is_empty() {
        let (tag, kind) = decode_key(&mut rest).ok()?;
        skip_field(kind, tag, &mut rest, DecodeContext::default()).ok()?;
        count += 1;
        if count > most {
            return None;
        }
    }
    Some(count)
}

/// A message with its length before it.
pub(super) fn framed(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // There is room for it.
    let _ = message.encode(&mut bytes);
    bytes.freeze()
}

/// An error with its causes.
fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_before_they_are_read() {
        // Field 5 with nothing in it.
        let message = [0x2a, 0].repeat(70);
        assert_eq!(fields(&message, 70), Some(70));
        assert_eq!(fields(&message, 69), None);
        assert_eq!(fields(&message[..139], 70), None, "cut off");
        assert_eq!(fields(&[], 0), Some(0));
    }
}
