//! Request bodies that are read to their end in the background when nobody reads them.
//!
//! When an answer is sent before the body was read, closing the connection with data still coming
//! in resets it, and an ordinary client then never sees the answer. So the rest is read and thrown
//! away, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::settings::LimitSettings;

/// At most this much is thrown away.
const MAX_BYTES: u64 = 512 << 20;

/// A request body whose rest is drained when it is dropped.
pub(crate) struct Draining {
    inner: Option<Body>,
    bounds: Bounds,
}

/// How long a rest is read: as long as a body that is wanted.
#[derive(Clone, Copy)]
struct Bounds {
    time: Duration,
    pause: Duration,
}

impl Draining {
    /// Wraps a body, unless there is nothing in it.
    pub fn wrap(body: Body, limits: &LimitSettings) -> Body {
        if body.is_end_stream() {
            return body;
        }
        let time = Duration::from_secs(limits.body_timeout_seconds);
        let bounds = Bounds { time, pause: limits.stall_timeout() };
        Body::new(Self { inner: Some(body), bounds })
    }
}

impl HttpBody for Draining {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(inner).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.inner = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        let rest = self.inner.take().filter(|body| !body.is_end_stream());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(drain(rest, self.bounds));
        }
    }
}

async fn drain(mut body: Body, bounds: Bounds) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(Ok(frame))) = timeout(bounds.pause, body.frame()).await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read > MAX_BYTES {
                break;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = sleep(bounds.time) => {}
    }
}
