//! Requests to addresses that the operator names: they are not judged, and no redirect is followed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::Body;
use hyper::header::HeaderMap;

use super::connection::{Connector, System};
use super::guard::Guard;
use super::target::Target;
use super::{Failure, send};

/// A client for such addresses.
pub(crate) struct Client {
    connector: Connector,
}

/// What is sent.
pub(crate) struct Call<'a> {
    pub method: Method,
    pub url: &'a str,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Most bytes of the answer's body.
    pub limit: u64,
}

/// What came back, read to its end.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// A client whose connections open within `wait`, and that trusts the authorities in `ca_file` beside
    /// the usual ones.
    ///
    /// # Errors
    /// When that file cannot be used.
    pub fn new(wait: Duration, ca_file: Option<&Path>) -> std::io::Result<Self> {
        Ok(Self { connector: Connector::new(Arc::new(System), Guard::none(), wait, ca_file)? })
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// When there is no answer, or it is larger than the limit.
    pub async fn send(&self, call: Call<'_>) -> Result<Answer, Failure> {
        let target = Target::parse(call.url)?;
        let answer = send(&self.connector, &target, call.method, call.headers, call.body).await?;
        let (status, headers) =
            (answer.response.status().as_u16(), answer.response.headers().clone());
        let mut body = answer.response.into_body();
        if body.size_hint().lower() > call.limit {
            return Err(Failure::TooLarge);
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::Broken("the server broke off"))?;
            let Some(data) = frame.data_ref() else { continue };
            if (bytes.len() + data.len()) as u64 > call.limit {
                return Err(Failure::TooLarge);
            }
            bytes.extend_from_slice(data);
        }
        Ok(Answer { status, headers, body: bytes.into() })
    }
}

/// Whether a text is such an address, as far as its form tells.
pub(crate) fn is_address(url: &str) -> bool {
    Target::parse(url).is_ok()
}
