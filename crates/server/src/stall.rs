//! A connection whose client must go on taking what is sent to it, and gets to read the last answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long after its last answer a connection stays open for what the client still sends.
const LINGER: Duration = Duration::from_secs(1);
/// How much of that is read.
const LINGER_BYTES: usize = 1 << 20;

/// Fails a write that makes no progress for a while, so that an answer does not lie in memory for
/// ever.
///
/// When it is shut down, what the client is still sending is read and thrown away, within bounds:
/// closing a socket with unread bytes resets the connection, and the client loses the answer.
pub(crate) struct StallIo<T> {
    io: T,
    limit: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<T> StallIo<T> {
    pub fn new(io: T, limit: Duration) -> Self {
        Self { io, limit, stalled: None, lingering: None }
    }

    fn watch<R>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        match timer.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let message = "the client takes no more of the answer";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
            }
        }
    }
}

impl<T: AsyncRead + Unpin> StallIo<T> {
    /// Ready when the client has closed its side, or has had time enough.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (timer, read) =
            self.lingering.get_or_insert_with(|| (Box::pin(sleep(LINGER)), LINGER_BYTES));
        let mut space = [std::mem::MaybeUninit::uninit(); 8 << 10];
        while *read > 0 {
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.io).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    *read = read.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return timer.as_mut().poll(context),
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for StallIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for StallIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(context, parts);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(context);
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let polled = Pin::new(&mut self.io).poll_shutdown(context);
            std::task::ready!(self.watch(context, polled))?;
        }
        self.poll_linger(context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_client_that_stops_reading_is_cut_off() {
        let (near, _far) = duplex(10);
        let mut io = StallIo::new(near, Duration::from_millis(20));
        io.write_all(&[1; 10]).await.expect("fits");
        let stalled = io.write_all(&[2; 10]).await.expect_err("nobody reads");
        assert_eq!(stalled.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_goes_on_reading_has_its_time_again() {
        let (near, mut far) = duplex(10);
        let mut io = StallIo::new(near, Duration::from_secs(3600));
        io.write_all(&[1; 10]).await.expect("fits");
        let (mut taken, more) = ([0; 10], [2; 10]);
        let (written, read) = tokio::join!(io.write_all(&more), far.read_exact(&mut taken));
        written.expect("the client goes on");
        read.expect("it comes");
        assert!(io.stalled.is_none(), "the clock starts again at the next stall");
    }
}
