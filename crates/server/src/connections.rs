//! Accepting connections and serving HTTP on them, up to a graceful end.

mod delivery;
mod places;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::settings::LimitSettings;
use crate::stall::StallIo;
use delivery::{Answer, Streams};
use places::{Place, Places, Requests};

/// Bytes of a request's header, all fields together; more is answered with status 431.
const MAX_HEADER: usize = 64 << 10;
/// Bytes that a connection of HTTP/1 reads ahead or keeps to be written.
const BUFFER: usize = 256 << 10;
/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;
/// Bytes that an HTTP/2 client may send ahead, for a request and for the connection.
const WINDOW: u32 = 128 << 10;
/// How long nothing is accepted after an error of the system.
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
    let places = open_places(limits);
    let graceful = GracefulShutdown::new();
    let server = Arc::new(Server::new(limits));
    let mut closing = std::pin::pin!(closing);
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &places) => accepted,
            () = &mut closing => return graceful,
        };
        match accepted {
            Ok((stream, Some(place))) => {
                let server = server.clone();
                let (router, watcher, mut cut) = (router.clone(), graceful.watcher(), cut.clone());
                tokio::spawn(async move {
                    let serving = server.serve(stream, router, watcher, place.requests());
                    tokio::select! {
                        biased;
                        () = place.closing() => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                        () = serving => {}
                    }
                });
            }
            Ok((_, None)) => tracing::debug!("a client has too many connections"),
            Err(error) => rest_after(&error, &places).await,
        }
    }
}

/// The next connection with its place; without one where its client has too many.
async fn next(
    listener: &TcpListener,
    places: &Arc<Places>,
) -> io::Result<(TcpStream, Option<Place>)> {
    let (stream, address) = listener.accept().await?;
    Ok((stream, places.take(address.ip()).await))
}

/// Places as configured, but at most for half of the files that the process may have open: the
/// other half is for the database, models, uploads and results.
fn open_places(limits: &LimitSettings) -> Arc<Places> {
    let open_files = open_files();
    let total = limits.connections_within(open_files);
    if total < limits.connections {
        tracing::warn!(
            connections = total,
            open_files,
            "the limit of open files allows fewer connections than limits.connections"
        );
    }
    let per_client = limits.connections_per_address as usize;
    Places::new(total as usize, per_client, limits.proxies.clone())
}

/// Files that the process may have open, connections included.
fn open_files() -> u64 {
    #[cfg(unix)]
    {
        rlimit::Resource::NOFILE.get_soft().unwrap_or(u64::MAX)
    }
    #[cfg(not(unix))]
    {
        u64::MAX
    }
}

/// Out of file descriptors is no reason to spin.
async fn rest_after(error: &io::Error, places: &Places) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    places.close_one();
    sleep(ACCEPT_PAUSE).await;
}

struct Server {
    http1: http1::Builder,
    http2: http2::Builder<Streams>,
    header_timeout: Duration,
    stall_timeout: Duration,
}

impl Server {
    fn new(limits: &LimitSettings) -> Self {
        let header_timeout = Duration::from_secs(limits.header_timeout_seconds);
        let stall_timeout = limits.stall_timeout();
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_header_size(MAX_HEADER)
            .max_buf_size(BUFFER);
        let mut http2 = http2::Builder::new(Streams { stall_timeout });
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEADER as u32)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .keep_alive_interval(header_timeout)
            .keep_alive_timeout(header_timeout);
        Self { http1, http2, header_timeout, stall_timeout }
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        router: Router,
        watcher: Watcher,
        requests: Requests,
    ) {
        // Small answers go out at once.
        let _ = stream.set_nodelay(true);
        let Ok(Some(version)) = timeout(self.header_timeout, sniff(&stream)).await else { return };
        let io = TokioIo::new(StallIo::new(stream, self.stall_timeout));
        let service = service(router, requests);
        match version {
            Version::Http1 => watch(watcher, self.http1.serve_connection(io, service)).await,
            Version::Http2 => watch(watcher, self.http2.serve_connection(io, service)).await,
        }
    }
}

async fn watch<C>(watcher: Watcher, connection: C)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    if let Err(error) = watcher.watch(connection).await {
        // The client's doing: gone, too slow, or no HTTP.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The router as hyper calls it, for the requests of one connection.
fn service(
    router: Router,
    requests: Requests,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Answer>,
    Error = Infallible,
    Future: Send + 'static,
> {
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| {
        let serving = requests.begin().map(|busy| (busy, router.call(request)));
        async move {
            match serving {
                Some((busy, answer)) => {
                    answer.await.map(|response| response.map(|body| Answer::new(body, busy)))
                }
                // The connection is about to be closed.
                None => std::future::pending().await,
            }
        }
    })
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
