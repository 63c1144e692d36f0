//! GET from a loopback port, nothing more: one connection, one answer, bounded in size and time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const LARGEST_ANSWER: u64 = 256 << 20;

/// Who serves findings, and what it wants to be shown.
pub(crate) struct Api {
    pub(crate) port: u16,
    pub(crate) token: String,
}

/// The body of a 200 answer for somebody who shows nothing; anything else is an error.
pub(crate) fn get(port: u16, path: &str) -> Result<Vec<u8>> {
    asked(port, path, "")
}

impl Api {
    /// The same, with the token.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        asked(self.port, path, &format!("Authorization: Bearer {}\r\n", self.token))
    }
}

fn asked(port: u16, path: &str, shown: &str) -> Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))
        .with_context(|| format!("nothing answers on {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // HTTP/1.0, so that the answer ends with the connection and comes unchunked.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n{shown}\r\n")?;
    let mut answer = Vec::new();
    stream
        .take(LARGEST_ANSWER)
        .read_to_end(&mut answer)
        .with_context(|| format!("{path} was not answered in full"))?;
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        bail!("{path}: no HTTP answer")
    };
    let status = String::from_utf8_lossy(&answer[..end]).lines().next().unwrap_or_default().to_owned();
    if status.split_whitespace().nth(1) != Some("200") {
        bail!("{path} answered `{status}`");
    }
    Ok(answer.split_off(end + 4))
}

/// A loopback port that is free now.
pub(crate) fn free_port() -> Result<u16> {
    let listener =
        std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no loopback port is free")?;
    Ok(listener.local_addr()?.port())
}
