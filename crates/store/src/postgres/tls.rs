//! Encryption of the connections, and whom they trust.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Result, StoreError};

/// What of a URL is not the driver's: whether the server's certificate is verified.
pub struct Security {
    /// The URL as the driver reads it.
    pub url: String,
    /// Whether the certificate must be the host's, from an authority that is trusted.
    pub verifies: bool,
}

impl Security {
    /// Reads `sslmode`: as in libpq, `verify-full` verifies the certificate; `require`, `prefer` (the default)
    /// and `disable` do not.
    ///
    /// # Errors
    /// For other modes, and for authorities that nothing would be compared with.
    pub fn of(url: &str, ca_file: Option<&Path>) -> Result<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut kept, mut verifies) = (Vec::new(), false);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.strip_prefix("sslmode=") {
                Some("verify-full") => {
                    verifies = true;
                    kept.push("sslmode=require");
                }
                None | Some("disable" | "prefer" | "require") => kept.push(parameter),
                Some(other) => {
                    return Err(StoreError::Invalid(format!(
                        "store.url has sslmode={other}, it must be disable, prefer, require or \
                         verify-full"
                    )));
                }
            }
        }
        if let Some(path) = ca_file.filter(|_| !verifies) {
            return Err(StoreError::Invalid(format!(
                "store.ca_file is {}, which only sslmode=verify-full in store.url obeys",
                path.display()
            )));
        }
        let separator = if kept.is_empty() { "" } else { "?" };
        Ok(Self { url: format!("{base}{separator}{}", kept.join("&")), verifies })
    }
}

/// Makes connections encrypted.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// With the authorities of a file, or the public ones, where the server is verified.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn new(verifies: bool, ca_file: Option<&Path>) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Database(error.to_string()))?;
        let config = match verifies {
            true => builder.with_root_certificates(authorities(ca_file)?).with_no_client_auth(),
            false => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
                .with_no_client_auth(),
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn authorities(ca_file: Option<&Path>) -> Result<RootCertStore> {
    let Some(path) = ca_file else {
        return Ok(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()));
    };
    let invalid = |why: String| {
        StoreError::Invalid(format!("store.ca_file {} cannot be used: {why}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path);
    for certificate in certificates.map_err(|error| invalid(error.to_string()))? {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(invalid("it holds no certificate".to_owned())),
        false => Ok(roots),
    }
}

/// Takes whatever certificate the server has: encryption against those who listen only.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        // A socket in a folder has no host, and is not encrypted.
        let host = if host.is_empty() { "localhost" } else { host };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

/// A connection that is about to be encrypted.
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, socket).await.map(Encrypted) })
    }
}

/// An encrypted connection.
pub struct Encrypted(TlsStream<Socket>);

impl tokio_postgres::tls::TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_libpq() {
        let of = |url| Security::of(url, None).map(|found| (found.url, found.verifies));
        let url = "postgres://ada@db/safe";
        assert_eq!(of(url).expect("fine"), (url.to_owned(), false));
        let (seen, verifies) =
            of("postgres://ada@db/safe?sslmode=verify-full&a=b").expect("a mode");
        assert_eq!((&*seen, verifies), ("postgres://ada@db/safe?sslmode=require&a=b", true));
        let why = of("postgres://ada@db/safe?sslmode=verify-ca").expect_err("unknown").to_string();
        assert!(why.contains("verify-ca") && why.contains("verify-full"), "{why}");
        let why = Security::of(url, Some(Path::new("/ca.pem"))).map(drop).expect_err("unused");
        assert!(why.to_string().contains("store.ca_file"), "{why}");
    }
}
