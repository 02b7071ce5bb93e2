//! A body that is counted and timed while it is read.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use safelight_contract::{Code, Fault};
use tokio::time::{Instant, Sleep, sleep};

use super::{UNUSED, too_large, transfer_failed};
use crate::settings::LimitSettings;

/// Most bytes that are handed out at once. The parser may get two slices before it looks at them.
const SLICE: usize = 16 << 10;

/// A body that fails when it grows over its limit, is slower than the least rate, or is not used up
/// by its reader.
pub(super) struct Metered<B> {
    body: B,
    limit: u64,
    stall: Duration,
    /// Bytes that must come within each `stall`, at least one.
    least: u64,
    /// Bytes since the timer was set.
    recent: u64,
    timer: Pin<Box<Sleep>>,
    /// What came and was not yet handed out.
    rest: Bytes,
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
    pub fn new(body: B, limits: &LimitSettings) -> Self {
        let stall = limits.stall_timeout();
        let least = limits.min_body_bytes_per_second * limits.stall_timeout_seconds;
        Self {
            body,
            limit: limits.max_body_bytes,
            stall,
            least: least.max(1),
            recent: 0,
            timer: Box::pin(sleep(stall)),
            rest: Bytes::new(),
            progress: Arc::default(),
            yielded: false,
        }
    }

    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }
}

impl<B: Body<Data = Bytes, Error = axum::Error> + Unpin> Body for Metered<B> {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        // The multipart parser polls until nothing is ready, which with a fast client is the whole
        // body: so after each slice it is told to come back, and works on that one first.
        if !std::mem::replace(&mut self.yielded, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    if self.timer.as_mut().poll(context).is_ready() {
                        let Self { recent, least, stall, .. } = *self;
                        return Poll::Ready(Some(Err(Broken::Slow { recent, least, stall })));
                    }
                    return Poll::Pending;
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.arrived(data),
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
            }
        }
        self.yielded = false;
        let size = self.rest.len().min(SLICE);
        let slice = self.rest.split_to(size);
        Poll::Ready(Some(self.count(slice)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }
}

impl<B> Metered<B> {
    fn arrived(&mut self, data: Bytes) {
        self.recent += data.len() as u64;
        self.rest = data;
        if self.recent >= self.least {
            self.recent = 0;
            let deadline = Instant::now() + self.stall;
            self.timer.as_mut().reset(deadline);
        }
    }

    fn count(&self, slice: Bytes) -> Result<Frame<Bytes>, Broken> {
        let size = slice.len() as u64;
        let received = self.progress.received.fetch_add(size, Ordering::Relaxed) + size;
        let unused = self.progress.unused.fetch_add(size, Ordering::Relaxed) + size;
        if received > self.limit {
            return Err(Broken::TooLarge { size: received, limit: self.limit });
        }
        if unused > UNUSED {
            return Err(Broken::NotUsed);
        }
        Ok(Frame::data(slice))
    }
}

/// Why reading a body ended early.
#[derive(Debug)]
pub(super) enum Broken {
    TooLarge {
        size: u64,
        limit: u64,
    },
    Slow {
        recent: u64,
        least: u64,
        stall: Duration,
    },
    NotUsed,
    /// The body is not compressed as its header says.
    Encoding(String),
    Connection(String),
}

impl From<axum::Error> for Broken {
    fn from(error: axum::Error) -> Self {
        match error.into_inner().downcast::<Self>() {
            Ok(broken) => *broken,
            Err(error) => Self::Connection(cause(&*error)),
        }
    }
}

/// The first cause of an error, which says most: `Invalid chunk size line`.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut first = error;
    while let Some(source) = first.source() {
        first = source;
    }
    first.to_string()
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
        Some(Broken::Slow { recent, least, stall }) => transfer_failed(format!(
            "{recent} bytes of the body came in the last {} s, the least is {least}",
            stall.as_secs_f64()
        )),
        Some(Broken::NotUsed) => super::multipart::broken("a part's header is too long"),
        Some(Broken::Encoding(why)) => Fault::new(Code::ErrorParameters, why.clone()),
        Some(Broken::Connection(error)) => transfer_failed(format!("the body broke off: {error}")),
        None => transfer_failed(format!("the body broke off: {error}")),
    }
}
