//! The attacker's side: a listener on loopback and the shell that calls.

use super::stage::Started;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LOOK_EVERY: Duration = Duration::from_millis(5);
/// An answer longer than this is cut, bytes.
const ANSWER_MAX: usize = 4_096;

/// Waits for the call.
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// An open shell.
pub(crate) struct Session {
    stream: TcpStream,
    /// The listener's end.
    pub(crate) here: SocketAddr,
    /// socat's end.
    pub(crate) there: SocketAddr,
    /// When the container was about to be made, nanoseconds since the epoch.
    pub(crate) not_before_ns: i64,
}

impl Listener {
    /// On a free port of loopback: nobody beyond this machine can call.
    pub(crate) fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port of 127.0.0.1 is free")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the container's call.
    pub(crate) fn accept(
        &self,
        container: &mut Started,
        patience: Duration,
        interrupt: &Interrupt,
    ) -> Result<Session> {
        let begun = Instant::now();
        loop {
            interrupt.check()?;
            match self.listener.accept() {
                Ok((stream, there)) => {
                    stream.set_nonblocking(true)?;
                    let not_before_ns = container.not_before_ns;
                    return Ok(Session { stream, here: self.address, there, not_before_ns });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(status) = container.child.try_wait()? {
                bail!("the container ended before it called ({status}): {}", container.said());
            }
            ensure!(
                begun.elapsed() < patience,
                "the container did not call within {} s: {}",
                patience.as_secs_f32(),
                container.said()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Session {
    /// Runs one command in the shell and returns the first line of its answer.
    pub(crate) fn ask(
        &mut self,
        command: &str,
        patience: Duration,
        interrupt: &Interrupt,
    ) -> Result<Vec<u8>> {
        self.stream.write_all(format!("{command}\n").as_bytes()).context("the shell cannot be written to")?;
        let begun = Instant::now();
        let mut answer = Vec::new();
        let mut chunk = [0; 1_024];
        while !answer.contains(&b'\n') && answer.len() < ANSWER_MAX {
            interrupt.check()?;
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the shell closed before it answered `{command}`"),
                Ok(read) => answer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(LOOK_EVERY),
                Err(error) => return Err(error).context("the shell cannot be read"),
            }
            ensure!(begun.elapsed() < patience, "the shell did not answer `{command}`");
        }
        let line = answer.split(|b| *b == b'\n').next().unwrap_or_default();
        Ok(line.to_vec())
    }

    /// Asks the shell to end.
    pub(crate) fn end(mut self) {
        let _ = self.stream.write_all(b"exit\n");
    }
}

/// Nanoseconds since the epoch.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
