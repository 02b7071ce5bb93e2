//! Answers on their way to the client, and the end of those that it does not take.
//!
//! A client of HTTP/2 says how many bytes it is ready to take, for each stream and for the
//! connection. While it takes none the socket shows nothing unusual, and the answer would stay in
//! memory: hyper asks a body for its next piece, then waits for the client without asking again.
//! So an answer leaves in small pieces, one at a time, each of which tells when the connection has
//! written it, and a stream whose piece is not taken for the stall timeout is reset.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes};
use futures_util::FutureExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::Executor;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::places::Busy;

/// Bytes of one piece on an HTTP/2 connection: what fits a frame.
const PIECE: usize = 16 << 10;

tokio::task_local! {
    /// The delivery of the stream whose task this is; HTTP/1 connections have none, as there the
    /// socket shows whether the client takes the answer.
    static DELIVERY: Arc<Delivery>;
}

/// Runs the streams of HTTP/2 connections.
#[derive(Clone)]
pub(super) struct Streams {
    pub stall_timeout: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        tokio::spawn(run(stream, self.stall_timeout));
    }
}

async fn run(stream: impl Future<Output = ()>, stall_timeout: Duration) {
    let delivery = Arc::new(Delivery::default());
    let mut stream = pin!(DELIVERY.scope(delivery.clone(), stream));
    tokio::select! {
        biased;
        () = stream.as_mut() => return,
        () = delivery.stalled(stall_timeout) => {}
    }
    tracing::debug!("an answer that the client does not take is given up");
    // What is queued inside the connection is freed when the body fails, what is not yet queued
    // when the stream is dropped.
    delivery.give_up();
    let _ = stream.now_or_never();
}

/// How far the answer of one stream has got.
#[derive(Default)]
struct Delivery(Mutex<Progress>);

#[derive(Default)]
struct Progress {
    /// When the client last took a part of the piece that is under way.
    under_way: Option<Instant>,
    given_up: bool,
    body: Option<Waker>,
}

impl Delivery {
    /// Completes when a piece has been under way for so long without a byte of it being taken.
    async fn stalled(&self, limit: Duration) {
        loop {
            let since = self.0.lock().under_way;
            match since.map(|since| since + limit) {
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => sleep_until(deadline).await,
                None => sleep(limit).await,
            }
        }
    }

    fn give_up(&self) {
        self.0.lock().given_up = true;
    }

    fn moved(&self) {
        self.0.lock().under_way = Some(Instant::now());
    }

    fn arrived(&self) {
        let mut progress = self.0.lock();
        progress.under_way = None;
        if let Some(body) = progress.body.take() {
            body.wake();
        }
    }

    /// Ready when no piece is under way; fails when the stream is given up.
    fn poll_ready(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let mut progress = self.0.lock();
        if progress.given_up {
            let message = "the client takes no more of the answer";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
        }
        if progress.under_way.is_none() {
            return Poll::Ready(Ok(()));
        }
        progress.body = Some(context.waker().clone());
        Poll::Pending
    }

    fn is_under_way(&self) -> bool {
        self.0.lock().under_way.is_some()
    }
}

/// The body of an answer. Keeps the connection busy until the last piece is written.
pub(super) struct Answer {
    body: Body,
    /// What the body gave and is not under way yet.
    rest: Bytes,
    delivery: Option<Arc<Delivery>>,
    busy: Arc<Busy>,
}

impl Answer {
    pub fn new(body: Body, busy: Busy) -> Self {
        let delivery = DELIVERY.try_with(Arc::clone).ok();
        Self { body, rest: Bytes::new(), delivery, busy: Arc::new(busy) }
    }

    fn next_piece(&mut self) -> Piece {
        let size = match self.delivery {
            Some(_) => self.rest.len().min(PIECE),
            None => self.rest.len(),
        };
        if let Some(delivery) = &self.delivery {
            delivery.moved();
        }
        let bytes = self.rest.split_to(size);
        Piece { bytes, delivery: self.delivery.clone(), _busy: self.busy.clone() }
    }
}

impl HttpBody for Answer {
    type Data = Piece;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, axum::Error>>> {
        if let Some(delivery) = &self.delivery
            && let Err(error) = std::task::ready!(delivery.poll_ready(context))
        {
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        while self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => {
                        let trailers = frame.into_trailers().map(Frame::trailers);
                        if let Ok(trailers) = trailers {
                            return Poll::Ready(Some(Ok(trailers)));
                        }
                    }
                },
            }
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        let under_way = self.delivery.as_ref().is_some_and(|delivery| delivery.is_under_way());
        !under_way && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(body.lower().saturating_add(rest));
        hint
    }
}

/// A piece of an answer that tells when it is written.
pub(super) struct Piece {
    bytes: Bytes,
    delivery: Option<Arc<Delivery>>,
    _busy: Arc<Busy>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(delivery) = &self.delivery {
            delivery.moved();
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(delivery) = &self.delivery {
            delivery.arrived();
        }
    }
}
