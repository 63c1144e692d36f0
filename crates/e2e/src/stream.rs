//! The streams of an exec or attach, as a kubelet carries them: a WebSocket to the runtime's streaming server.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::acceptance::Namespace;
use crate::node::Node;

const LIMIT: Duration = Duration::from_secs(10);
/// Channel of the standard input, and the least one of those that carry output.
const INPUT: u8 = 0;

/// One session.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    received: Vec<u8>,
    text: String,
}

impl Stream {
    /// `url` is what the runtime answered: `http://127.0.0.1:port/exec/token`.
    pub(crate) fn open(node: &Node, url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| format!("a stream at {url:?}"))?;
        let (place, path) = rest.split_once('/').context("a stream without a path")?;
        // The runtime listens in the node's namespace.
        let mut socket = Namespace::of_node(node).enter(|| Ok(TcpStream::connect(place)?))?;
        socket.set_read_timeout(Some(LIMIT))?;
        write!(
            socket,
            "GET /{path} HTTP/1.1\r\nHost: {place}\r\nOrigin: http://{place}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
        )?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            ensure!(socket.read(&mut byte)? == 1 && head.len() < 8192, "the runtime closed the stream");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        ensure!(head.starts_with("HTTP/1.1 101"), "the runtime refused the stream: {head}");
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        Ok(Self { socket, received: Vec::new(), text: String::new() })
    }

    /// Writes to the standard input.
    ///
    /// # Errors
    /// When the session has ended.
    pub fn say(&mut self, text: &str) -> Result<()> {
        let length =
            u8::try_from(text.len() + 1).ok().filter(|length| *length < 126).context("short texts only")?;
        // One masked binary frame; a mask of zeros changes nothing.
        let mut frame = vec![0x82, 0x80 | length, 0, 0, 0, 0, INPUT];
        frame.extend_from_slice(text.as_bytes());
        self.socket.write_all(&frame)?;
        Ok(())
    }

    /// Waits until the output holds `wanted`.
    ///
    /// # Errors
    /// When it does not within ten seconds.
    pub fn wait_for(&mut self, wanted: &str) -> Result<()> {
        let until = Instant::now() + LIMIT;
        let mut buffer = [0; 4096];
        while !self.text.contains(wanted) {
            if Instant::now() > until {
                bail!("{wanted:?} did not come, only {:?}", self.text);
            }
            match self.socket.read(&mut buffer) {
                Ok(0) => bail!("the session ended before {wanted:?}: {:?}", self.text),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            while self.take_frame() {}
        }
        Ok(())
    }

    /// Moves one whole frame's output to the text.
    fn take_frame(&mut self) -> bool {
        let Some(&[_, short]) = self.received.get(..2) else { return false };
        let (start, length) = match short & 0x7f {
            126 => match self.received.get(2..4) {
                Some(&[high, low]) => (4, usize::from(u16::from_be_bytes([high, low]))),
                _ => return false,
            },
            127 => return false,
            length => (2, usize::from(length)),
        };
        let Some(payload) = self.received.get(start..start + length) else { return false };
        if let Some((channel, output)) = payload.split_first()
            && *channel != INPUT
        {
            self.text.push_str(&String::from_utf8_lossy(output));
        }
        self.received.drain(..start + length);
        true
    }
}
