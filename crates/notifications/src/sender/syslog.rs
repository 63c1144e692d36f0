//! Syslog: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, counted) and TLS (RFC 5425).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use finding_shapes::syslog;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use super::chain;
use crate::Settings;
use crate::address::Reach;
use crate::message::Message;
use crate::output::{Output, OutputError, wrong};

/// Bytes of one datagram that every receiver should take (RFC 5424, 6.1).
const DATAGRAM: usize = 2_048;

/// Bytes of one counted message: common receivers take 8 KiB unless told otherwise.
const FRAME: usize = 8_192;

/// How long the receiver is given to close: one that refuses says so before.
const CLOSING: Duration = Duration::from_secs(2);

#[derive(Clone)]
enum Transport {
    Udp,
    Tcp,
    Tls(TlsConnector, ServerName<'static>),
}

pub(super) struct Syslog {
    host: String,
    port: u16,
    reach: Reach,
    transport: Transport,
}

impl std::fmt::Debug for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Syslog({}:{})", self.host, self.port)
    }
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The authorities of the server's configuration.
pub(super) fn roots(authorities: &str) -> Result<RootCertStore, OutputError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        if certificate.ok().and_then(|certificate| roots.add(certificate).ok()).is_none() {
            return wrong(
                "vedette.url",
                "the server's configuration holds a certificate authority that is no certificate",
            );
        }
    }
    if roots.is_empty() {
        return wrong(
            "vedette.url",
            "TLS needs a certificate authority in the server's configuration; there is none",
        );
    }
    Ok(roots)
}

/// TLS that trusts the authorities of the server's configuration.
fn tls(authorities: &str) -> Result<ClientConfig, OutputError> {
    let roots = roots(authorities)?;
    match ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions() {
        Ok(builder) => Ok(builder.with_root_certificates(roots).with_no_client_auth()),
        Err(error) => wrong("vedette.url", format!("TLS cannot be spoken here: {error}")),
    }
}

impl Syslog {
    pub(super) fn new(output: &Output, settings: &Settings) -> Result<Self, OutputError> {
        let Some((url, host, port)) =
            output.url.as_ref().and_then(|url| Some((url, url.host_str()?, url.port()?)))
        else {
            return wrong("vedette.url", "must name host and port");
        };
        let transport = match url.scheme() {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                let Ok(name) = ServerName::try_from(bare.to_owned()) else {
                    return wrong(
                        "vedette.url",
                        format!("{host:?} is not a name that a certificate can hold"),
                    );
                };
                Transport::Tls(TlsConnector::from(Arc::new(tls(&settings.authorities)?)), name)
            }
        };
        Ok(Self { host: host.to_owned(), port, reach: Reach::of(&output.config, settings), transport })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), String> {
        let sent = self.sent(message).await;
        sent.map_err(|error| format!("{}:{}: {}", self.host, self.port, chain(&error)))
    }

    async fn sent(&self, message: &Message) -> io::Result<()> {
        let addresses = self.reach.resolved(&self.host, self.port).await?;
        let limit = if matches!(self.transport, Transport::Udp) { DATAGRAM } else { FRAME };
        let line = syslog(message.happening, &message.item, limit);
        let frame = format!("{} {line}", line.len());
        match &self.transport {
            Transport::Udp => datagram(&addresses, line.as_bytes()).await,
            Transport::Tcp => framed(TcpStream::connect(addresses.as_slice()).await?, frame.as_bytes()).await,
            Transport::Tls(connector, name) => {
                let stream = TcpStream::connect(addresses.as_slice()).await?;
                framed(connector.connect(name.clone(), stream).await?, frame.as_bytes()).await
            }
        }
    }
}

async fn datagram(addresses: &[SocketAddr], line: &[u8]) -> io::Result<()> {
    let Some(address) = addresses.first() else { return Err(io::ErrorKind::NotFound.into()) };
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    let sent = socket.send(line).await?;
    if sent == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Syslog acknowledges nothing. A receiver that dies or refuses is noticed by closing in order: it answers with a reset.
async fn framed(mut stream: impl AsyncRead + AsyncWrite + Unpin, frame: &[u8]) -> io::Result<()> {
    stream.write_all(frame).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    let mut answer = [0; 256];
    let closing = async {
        loop {
            match stream.read(&mut answer).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // Many receivers close without TLS's farewell.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    // One that keeps the connection open has said nothing against it.
    tokio::time::timeout(CLOSING, closing).await.unwrap_or(Ok(()))
}
