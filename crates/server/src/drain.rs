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

/// At most this much is thrown away.
const MAX_BYTES: u64 = 512 << 20;
/// At most this long.
const MAX_TIME: Duration = Duration::from_secs(30);
/// And not after a pause of this length.
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// A request body whose rest is drained when it is dropped.
pub(crate) struct Draining {
    inner: Option<Body>,
}

impl Draining {
    /// Wraps a body, unless there is nothing in it.
    pub fn wrap(body: Body) -> Body {
        if body.is_end_stream() { body } else { Body::new(Self { inner: Some(body) }) }
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
            runtime.spawn(drain(rest));
        }
    }
}

async fn drain(mut body: Body) {
    let reading = async {
        let mut read = 0;
        while let Ok(Some(Ok(frame))) = timeout(MAX_PAUSE, body.frame()).await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read > MAX_BYTES {
                break;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = sleep(MAX_TIME) => {}
    }
}
