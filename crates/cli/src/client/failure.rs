//! Why a question got no answer, and what the user can do about it.

use super::ClientError;
use rustls::CertificateError as Wrong;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Longest wait for each step of finding out what listens there.
const LOOK: Duration = Duration::from_secs(2);
/// First byte of a TLS alert: how a TLS server answers words in clear.
const TLS_ALERT: u8 = 0x15;

/// `server` is its address, with the scheme.
pub(super) fn of(server: &str, error: &ureq::Error) -> ClientError {
    let (scheme, host) = server.split_once("://").unwrap_or(("", server));
    let owned = || server.to_owned();
    let tls = |reason: String| ClientError::Tls { server: owned(), reason };
    if let Some(error) = from_tls(error) {
        return tls(handshake(host, error));
    }
    match error {
        ureq::Error::HostNotFound => ClientError::Host { server: owned() },
        ureq::Error::Io(e) if e.to_string().starts_with("failed to lookup address") => {
            ClientError::Host { server: owned() }
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => ClientError::Address(owned()),
        ureq::Error::Protocol(_) | ureq::Error::Io(_) if scheme == "http" && speaks_tls(host) => {
            tls(format!("speaks TLS; write https://{host}"))
        }
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::Protocol(_) => {
            ClientError::Answer { server: owned(), reason: error.to_string() }
        }
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => {
            ClientError::Answer { server: owned(), reason: e.to_string() }
        }
        ureq::Error::Io(e) => ClientError::Unreachable { server: owned(), reason: e.to_string() },
        _ => ClientError::Unreachable { server: owned(), reason: error.to_string() },
    }
}

/// What the TLS library says, wherever it stands.
fn from_tls(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

fn handshake(host: &str, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidMessage(_) => format!("does not speak TLS; write http://{host}"),
        rustls::Error::InvalidCertificate(Wrong::NotValidForName | Wrong::NotValidForNameContext { .. }) => {
            format!(
                "has a certificate without this name ({error}); ask by one of the names in it, or let it have this one: \
                 with `hosts` in the configuration of `vedette server`, with --host for `vedette up`"
            )
        }
        rustls::Error::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. }) => {
            format!("has a certificate that ended ({error}); its log says why it was not renewed")
        }
        rustls::Error::InvalidCertificate(Wrong::NotValidYet | Wrong::NotValidYetContext { .. }) => {
            format!("has a certificate that does not count yet ({error}); set this machine's clock")
        }
        // without a certificate of this machine's own that is a general error
        rustls::Error::InvalidCertificate(_) | rustls::Error::General(_) => {
            format!(
                "has a certificate of an authority that is not known here ({error}); give its certificate with --ca-file \
                 or VEDETTE_CA_FILE: it is authority/authority.crt in the data folder of a Vedette that made its own"
            )
        }
        _ => format!("does not agree on TLS ({error})"),
    }
}

/// Whether words in clear are answered with a TLS alert.
fn speaks_tls(host: &str) -> bool {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let host = if has_port { host.to_owned() } else { format!("{host}:80") };
    let asked = || -> io::Result<u8> {
        let address = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, LOOK)?;
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        Ok(first[0])
    };
    asked().is_ok_and(|first| first == TLS_ALERT)
}
