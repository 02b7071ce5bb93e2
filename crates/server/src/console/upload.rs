//! A form that comes in with a file: its fields in their order, the file in pieces.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::{Buf, Bytes};
use futures_util::Stream;
use multer::{Field, Multipart};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Outcome, Refusal};
use crate::reply::internal;

/// Bytes of a field that is no file.
const MAX_TEXT: usize = 1 << 10;
/// Characters of a file's name.
const MAX_NAME: usize = 200;
/// Pieces of a file between the connection and the disk.
const PIECES: usize = 4;

/// A form as it comes in.
pub(super) struct Upload {
    parts: Multipart<'static>,
    stall: Duration,
}

impl Upload {
    /// Reads a body that may pause for `stall`.
    pub fn new(headers: &HeaderMap, body: Body, stall: Duration) -> Outcome<Self> {
        let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(media.unwrap_or_default());
        let boundary = boundary.map_err(|_| broken("it is no multipart/form-data"))?;
        let body = OneByOne { body: body.into_data_stream(), gave: false };
        Ok(Self { parts: Multipart::new(body, boundary), stall })
    }

    /// The next field, which must be this one.
    async fn field(&mut self, name: &str) -> Outcome<Field<'static>> {
        let field = timeout(self.stall, self.parts.next_field()).await;
        let field = field.map_err(|_| broken("it stopped"))?;
        match field.map_err(|error| broken(&error.to_string()))? {
            Some(field) if field.name() == Some(name) => Ok(field),
            _ => Err(Refusal::Bad(format!("{name} is missing."))),
        }
    }

    /// The next field, a text.
    pub async fn text(&mut self, name: &str) -> Outcome<String> {
        let mut field = self.field(name).await?;
        let mut text = Vec::new();
        while let Some(piece) = piece(&mut field, self.stall).await.map_err(|why| broken(&why))? {
            text.extend_from_slice(&piece);
            if text.len() > MAX_TEXT {
                return Err(broken(&format!("{name} has more than {MAX_TEXT} bytes")));
            }
        }
        String::from_utf8(text).map_err(|_| broken(&format!("{name} is no text")))
    }

    /// The next field, a file: what `take` makes of it, on a thread that may block, and how the browser
    /// calls it.
    pub async fn file<T: Send + 'static>(
        mut self,
        name: &str,
        take: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> Outcome<(String, T)> {
        let mut field = self.field(name).await?;
        let called = field.file_name().unwrap_or_default().chars().take(MAX_NAME).collect();
        let (send, pieces) = mpsc::channel(PIECES);
        let mut content = Pieces { pieces, rest: Bytes::new(), ended: false };
        let taking = tokio::task::spawn_blocking(move || take(&mut content));
        loop {
            let (sent, last) = match piece(&mut field, self.stall).await {
                Ok(Some(piece)) if piece.is_empty() => continue,
                Ok(Some(piece)) => (send.send(Ok(piece)).await, false),
                Ok(None) => (send.send(Ok(Bytes::new())).await, true),
                Err(why) => (send.send(Err(why)).await, true),
            };
            if last || sent.is_err() {
                break;
            }
        }
        drop(send);
        let taken = taking.await;
        let taken = taken.map_err(|error| Refusal::Failed(internal("taking a file", &error)))?;
        Ok((called, taken))
    }
}

fn broken(why: &str) -> Refusal {
    Refusal::Bad(format!("The form cannot be read: {why}."))
}

/// The next piece of a field; `None` at its end.
async fn piece(field: &mut Field<'static>, stall: Duration) -> Result<Option<Bytes>, String> {
    let piece = timeout(stall, field.chunk()).await;
    let piece = piece.map_err(|_| format!("nothing came for {} s", stall.as_secs()))?;
    piece.map_err(|error| error.to_string())
}

/// A body, one piece a time: the parser polls for as long as something is ready, and would hold in memory
/// all that a fast browser sends.
struct OneByOne {
    body: BodyDataStream,
    gave: bool,
}

impl Stream for OneByOne {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.body).poll_next(context);
        self.gave = polled.is_ready();
        polled
    }
}

/// What comes in, for who reads and blocks. An empty piece is the end; without one the file is not whole.
struct Pieces {
    pieces: mpsc::Receiver<Result<Bytes, String>>,
    rest: Bytes,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.ended {
            self.rest = match self.pieces.blocking_recv() {
                Some(Ok(piece)) => piece,
                Some(Err(why)) => return Err(io::Error::other(why)),
                None => return Err(io::Error::other("the connection ended")),
            };
            self.ended = self.rest.is_empty();
        }
        let count = buffer.len().min(self.rest.len());
        self.rest.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
