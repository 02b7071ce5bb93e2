//! Accepting connections and serving HTTP on them, up to a graceful end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::settings::LimitSettings;
use crate::stall::StallIo;

/// Bytes of a request's header, all fields together.
const MAX_HEADER: usize = 64 << 10;
/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;
/// Bytes that an HTTP/2 client may send ahead, for a request and for the connection.
const WINDOW: u32 = 128 << 10;
/// What a client that waits for a free connection waits after an error of the system.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on connections from `listener` until `closing` completes, then lets the
/// connections finish what they are at. Answers the connections, to be waited for; when `cut`
/// becomes true, those that remain are closed.
pub(crate) async fn accept(
    listener: TcpListener,
    router: Router,
    limits: &LimitSettings,
    closing: impl Future<Output = ()>,
    cut: &watch::Receiver<bool>,
) -> GracefulShutdown {
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    let graceful = GracefulShutdown::new();
    let server = Arc::new(Server::new(limits));
    let mut closing = std::pin::pin!(closing);
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut closing => return graceful,
        };
        match (place, accepted) {
            (Ok(place), Ok((stream, _))) => {
                let serving = server.clone().serve(stream, router.clone(), graceful.watcher());
                let mut cut = cut.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = serving => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                    drop(place);
                });
            }
            (_, Err(error)) => rest_after(&error).await,
            (Err(_), _) => return graceful,
        }
    }
}

/// Out of file descriptors is no reason to spin.
async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    sleep(ACCEPT_PAUSE).await;
}

struct Server {
    http1: auto::Builder<TokioExecutor>,
    http2: auto::Builder<TokioExecutor>,
    header_timeout: Duration,
    stall_timeout: Duration,
}

impl Server {
    fn new(limits: &LimitSettings) -> Self {
        let header_timeout = Duration::from_secs(limits.header_timeout_seconds);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(MAX_HEADER.max(256 << 10));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER as u32)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .keep_alive_interval(header_timeout)
            .keep_alive_timeout(header_timeout);
        Self {
            http1: builder.clone().http1_only(),
            http2: builder.http2_only(),
            header_timeout,
            stall_timeout: limits.stall_timeout(),
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, router: Router, watcher: Watcher) {
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let Ok(Some(version)) = timeout(self.header_timeout, sniff(&stream)).await else { return };
        let builder = match version {
            Version::Http1 => &self.http1,
            Version::Http2 => &self.http2,
        };
        let io = TokioIo::new(StallIo::new(stream, self.stall_timeout));
        let connection = builder.serve_connection(io, TowerToHyperService::new(router));
        if let Err(error) = watcher.watch(connection).await {
            // The client's doing: gone, too slow, or no HTTP.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

enum Version {
    Http1,
    Http2,
}

/// What a client that speaks HTTP/2 from the start sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which version a client speaks, by its first bytes; `None` when it closes before.
async fn sniff(stream: &TcpStream) -> Option<Version> {
    let mut start = [0; PREFACE.len()];
    loop {
        let got = stream.peek(&mut start).await.ok().filter(|got| *got > 0)?;
        if !PREFACE.starts_with(&start[..got]) {
            return Some(Version::Http1);
        }
        if got == start.len() {
            return Some(Version::Http2);
        }
        // The socket stays readable, so there is nothing to wait for but time.
        sleep(Duration::from_millis(5)).await;
    }
}

/// The address in URLs for a listener on every interface.
pub(crate) fn named(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    SocketAddr::from(([127, 0, 0, 1], address.port()))
}
