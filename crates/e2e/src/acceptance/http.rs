//! The least of HTTP that asking the API takes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(10);

/// Who serves findings, and what it wants to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) port: u16,
    pub(crate) token: String,
}

/// The body of `GET path` on loopback, for somebody who shows nothing.
///
/// # Errors
/// When nobody answers, or not with 200.
pub(crate) fn get(port: u16, path: &str) -> Result<Vec<u8>> {
    asked(port, path, "")
}

fn asked(port: u16, path: &str, shown: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    // 1.0, so that the body ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{shown}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without a head")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    if head.split(' ').nth(1) != Some("200") {
        bail!("GET {path}: {}", head.lines().next().unwrap_or_default());
    }
    Ok(answer.split_off(end + 4))
}

impl Api {
    /// The JSON of `GET path`, for somebody who shows the token.
    pub(crate) fn json(&self, path: &str) -> Result<Value> {
        let shown = format!("Authorization: Bearer {}\r\n", self.token);
        Ok(serde_json::from_slice(&asked(self.port, path, &shown)?)?)
    }
}

/// A port of loopback that nobody had a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
