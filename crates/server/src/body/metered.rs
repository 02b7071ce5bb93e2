//! A body that is counted and timed while it is read.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use safelight_contract::Fault;
use tokio::time::{Instant, Sleep, sleep};

use super::{too_large, transfer_failed};

/// A parser must use what it got before this much more comes in: part headers and the text before
/// the first boundary are small.
const MAX_UNUSED: u64 = 2 << 20;

/// A body that fails when it grows over its limit, stalls, or is not used up by its reader.
pub(super) struct Metered<B> {
    body: B,
    limit: u64,
    stall: Duration,
    timer: Pin<Box<Sleep>>,
    progress: Arc<Progress>,
    yielded: bool,
}

/// How far reading has come.
#[derive(Default)]
pub(super) struct Progress {
    received: AtomicU64,
    unused: AtomicU64,
}

impl Progress {
    /// The reader made use of everything so far.
    pub fn used(&self) {
        self.unused.store(0, Ordering::Relaxed);
    }

    /// Bytes so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

impl<B> Metered<B> {
    pub fn new(body: B, limit: u64, stall: Duration) -> Self {
        let timer = Box::pin(sleep(stall));
        Self { body, limit, stall, timer, progress: Arc::default(), yielded: false }
    }

    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Metered<B>
where
    B::Error: fmt::Display,
{
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        // The multipart parser polls until nothing is ready, which with a fast client is the whole
        // body: so after each frame it is told to come back, and works on that one first.
        if !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => {
                if self.timer.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Some(Err(Broken::Stalled(self.stall))));
                }
                Poll::Pending
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(Broken::Connection(error.to_string()))))
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.yielded = false;
                let deadline = Instant::now() + self.stall;
                self.timer.as_mut().reset(deadline);
                Poll::Ready(Some(self.count(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

impl<B> Metered<B> {
    fn count(&self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Broken> {
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        let received = self.progress.received.fetch_add(size, Ordering::Relaxed) + size;
        let unused = self.progress.unused.fetch_add(size, Ordering::Relaxed) + size;
        if received > self.limit {
            return Err(Broken::TooLarge { size: received, limit: self.limit });
        }
        if unused > MAX_UNUSED {
            return Err(Broken::NotUsed);
        }
        Ok(frame)
    }
}

/// Why reading a body ended early.
#[derive(Debug)]
pub(super) enum Broken {
    TooLarge { size: u64, limit: u64 },
    Stalled(Duration),
    NotUsed,
    Connection(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Error for Broken {}

/// The fault behind an error of a reader over a metered body.
pub(super) fn fault(error: &(dyn Error + 'static)) -> Fault {
    match error.downcast_ref::<Broken>() {
        Some(Broken::TooLarge { size, limit }) => too_large(*size, *limit),
        Some(Broken::Stalled(pause)) => {
            transfer_failed(format!("no byte of the body came for {} s", pause.as_secs_f64()))
        }
        Some(Broken::NotUsed) => super::multipart::broken("a part's header is too long"),
        Some(Broken::Connection(error)) => transfer_failed(format!("the body broke off: {error}")),
        None => transfer_failed(format!("the body broke off: {error}")),
    }
}
