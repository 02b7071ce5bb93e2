//! Connections to judged addresses, with TLS or without.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Host;

use super::Failure;
use super::guard::Guard;
use super::target::Target;

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// Most bytes of a response's head, and of its body that wait to be read.
const BUFFER: usize = 64 << 10;

/// What names are resolved by, and connections made with.
pub(super) trait Network: Send + Sync {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The system's.
pub(super) struct System;

impl Network for System {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

/// Opens connections.
pub(super) struct Connector {
    network: Arc<dyn Network>,
    guard: Guard,
    wait: Duration,
    tls: TlsConnector,
}

impl Connector {
    pub fn new(
        network: Arc<dyn Network>,
        guard: Guard,
        wait: Duration,
        ca_file: Option<&Path>,
    ) -> io::Result<Self> {
        Ok(Self { network, guard, wait, tls: tls(ca_file)? })
    }

    pub fn ports(&self) -> &[u16] {
        &self.guard.ports
    }

    /// The longest that a connection takes to open.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// Whether a target's addresses may be connected to.
    pub async fn judge(&self, target: &Target) -> Result<(), Failure> {
        timeout(self.wait, self.addresses(target)).await.unwrap_or(Err(Failure::Slow)).map(drop)
    }

    /// A connection to a target.
    pub async fn open(&self, target: &Target) -> Result<Connection, Failure> {
        timeout(self.wait, self.connect(target)).await.unwrap_or(Err(Failure::Slow))
    }

    /// The addresses of a target that may be connected to, at least one.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Failure> {
        let port = target.port();
        let mut addresses = match target.host().ok_or(Failure::Refused)? {
            Host::Ipv4(ip) => vec![SocketAddr::from((ip, port))],
            Host::Ipv6(ip) => vec![SocketAddr::from((ip, port))],
            Host::Domain(name) => {
                let resolved = self.network.resolve(name, port).await;
                resolved.map_err(|_| Failure::Broken("its host is unknown"))?
            }
        };
        if addresses.is_empty() {
            return Err(Failure::Broken("its host is unknown"));
        }
        addresses.retain(|address| self.guard.allows(*address));
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Err(Failure::Refused) } else { Ok(addresses) }
    }

    async fn connect(&self, target: &Target) -> Result<Connection, Failure> {
        let failed = |_| Failure::Broken("the connection failed");
        let addresses = self.addresses(target).await?;
        // One that swallows packets leaves time for the others, and for TLS.
        let each = self.wait / (addresses.len() as u32).min(2);
        for address in addresses {
            let connecting = timeout(each, self.network.connect(address));
            let Ok(Ok(stream)) = connecting.await else { continue };
            if !self.guard.allows(stream.peer_addr().map_err(failed)?) {
                return Err(Failure::Refused);
            }
            if !target.is_secure() {
                return Connection::over(stream).await;
            }
            let host = target.host().map(|host| host.to_string()).unwrap_or_default();
            let host = host.trim_matches(['[', ']']).to_owned();
            let name = ServerName::try_from(host).map_err(|_| Failure::Refused)?;
            let stream = self.tls.connect(name, stream).await.map_err(|error| {
                tracing::debug!(%error, "a TLS handshake failed");
                Failure::Broken("TLS failed")
            })?;
            return Connection::over(stream).await;
        }
        Err(Failure::Broken("the connection failed"))
    }
}

/// TLS that trusts the usual authorities and those in `ca_file`.
fn tls(ca_file: Option<&Path>) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let failed = |error: &dyn std::fmt::Display| {
            io::Error::other(format!("fetch.ca_file {}: {error}", path.display()))
        };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// An open connection, for one request. Closed when dropped.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

impl Connection {
    async fn over<S>(stream: S) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut client = http1::Builder::new();
        client.max_buf_size(BUFFER);
        let opened = client.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|_| Failure::Broken("the connection failed"))?;
        let mut driver = JoinSet::new();
        // Its errors reach whoever waits for the response.
        driver.spawn(async move { drop(connection.await) });
        Ok(Self { sender, _driver: driver })
    }

    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        self.sender.send_request(request).await
    }
}
