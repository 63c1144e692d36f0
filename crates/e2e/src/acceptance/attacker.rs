//! The other end: takes or makes the connection, and has the shell work out a sum.

use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use super::line::Speech;
use super::namespace::{Namespace, here};

const TICK: Duration = Duration::from_millis(20);
/// A question is asked again after this long: a shell may throw away what comes before it reads.
const AGAIN: Duration = Duration::from_millis(700);

/// An attacker at work. Lets go of everything with this value.
#[derive(Debug)]
pub(crate) struct Attacker {
    shared: Arc<Shared>,
    processes: Vec<Child>,
}

#[derive(Default)]
struct Shared {
    ways: Mutex<Vec<Box<dyn Write + Send>>>,
    received: Mutex<Vec<u8>>,
    /// The attacker's port, by the last connection.
    port: Mutex<Option<u16>>,
    stop: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Certificate and key of the attacker's TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Credentials<'a> {
    /// PEM with both.
    pub(crate) file: &'a Path,
}

impl Attacker {
    /// Waits for the shell's call on `ports`.
    pub(crate) fn listen(
        at: &Namespace,
        ports: &[u16],
        speech: &Speech,
        tls: Credentials<'_>,
    ) -> Result<Self> {
        let mut attacker = Self { shared: Arc::default(), processes: Vec::new() };
        let port = *ports.first().context("no port to listen on")?;
        let place = format!("127.0.0.1:{port}");
        match speech {
            Speech::Tcp | Speech::Socks(_) | Speech::Proxy => {
                let places: Vec<SocketAddr> = ports.iter().copied().map(here).collect();
                attacker = Self::accept(at, &places, speech)?;
                // Where there is no IPv6, no line can use it.
                let six = at.enter(|| {
                    Ok(ports
                        .iter()
                        .filter_map(|port| TcpListener::bind((Ipv6Addr::LOCALHOST, *port)).ok())
                        .collect::<Vec<_>>())
                })?;
                six.into_iter()
                    .try_for_each(|listener| accept_all(&attacker.shared, listener, speech.clone()))?;
            }
            Speech::Udp(from) => {
                let socket = at.enter(|| Ok(UdpSocket::bind(here(port))?))?;
                attacker.datagrams(socket, from.map(here))?;
            }
            Speech::Tls => attacker.openssl(at, &["s_server", "-quiet", "-accept", &place], Some(tls))?,
            Speech::Dtls => {
                attacker.openssl(at, &["s_server", "-quiet", "-dtls", "-accept", &place], Some(tls))?
            }
            Speech::SharedKey(key) => attacker.openssl(
                at,
                &["s_server", "-quiet", "-tls1_2", "-nocert", "-psk", key, "-accept", &place],
                None,
            )?,
        }
        Ok(attacker)
    }

    /// Takes every connection to `places`.
    pub(crate) fn accept(at: &Namespace, places: &[SocketAddr], speech: &Speech) -> Result<Self> {
        let attacker = Self { shared: Arc::default(), processes: Vec::new() };
        let bind = || places.iter().map(|place| Ok(TcpListener::bind(place)?)).collect::<Result<Vec<_>>>();
        at.enter(bind)?
            .into_iter()
            .try_for_each(|listener| accept_all(&attacker.shared, listener, speech.clone()))?;
        Ok(attacker)
    }

    /// Calls the shell that waits on `port`.
    pub(crate) fn call(at: &Namespace, port: u16, speech: &Speech) -> Result<Self> {
        let mut attacker = Self { shared: Arc::default(), processes: Vec::new() };
        let place = format!("127.0.0.1:{port}");
        match speech {
            Speech::Tls | Speech::SharedKey(_) => {
                attacker.openssl(at, &["s_client", "-quiet", "-connect", &place], None)?;
            }
            Speech::Dtls => {
                attacker.openssl(at, &["s_client", "-quiet", "-dtls", "-connect", &place], None)?
            }
            Speech::Udp(_) => {
                let socket = at.enter(|| Ok(UdpSocket::bind(here(0))?))?;
                *attacker.shared.port() = Some(socket.local_addr()?.port());
                attacker.datagrams(socket, Some(here(port)))?;
            }
            Speech::Tcp | Speech::Socks(_) | Speech::Proxy => {
                let stream = at.enter(|| {
                    let four = TcpStream::connect(here(port));
                    Ok(four.or_else(|_| TcpStream::connect((Ipv6Addr::LOCALHOST, port)))?)
                })?;
                *attacker.shared.port() = Some(stream.local_addr()?.port());
                converse(&attacker.shared, stream)?;
            }
        }
        Ok(attacker)
    }

    /// Has the shell add two numbers; `ask` writes the question for it.
    ///
    /// # Errors
    /// When no right answer came within `limit`.
    pub(crate) fn prove(&self, ask: impl Fn(u32, u32) -> String, limit: Duration) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(7, |since| since.subsec_nanos());
        let (a, b) = (now % 90_000 + 10_000, now / 7 % 90_000 + 10_000);
        let (question, answer) = (ask(a, b), (a + b).to_string());
        let until = Instant::now() + limit;
        let mut asked: Option<Instant> = None;
        while Instant::now() < until {
            if asked.is_none_or(|at| at.elapsed() > AGAIN) && self.shared.say(question.as_bytes()) {
                asked = Some(Instant::now());
            }
            if self.shared.heard(answer.as_bytes()) {
                return Ok(());
            }
            std::thread::sleep(TICK);
        }
        let heard = String::from_utf8_lossy(&self.shared.received()).chars().take(160).collect::<String>();
        match asked {
            None => bail!("nobody called within {} s", limit.as_secs()),
            Some(_) => bail!("no right answer within {} s, only {heard:?}", limit.as_secs()),
        }
    }

    /// Says it to everybody who is there.
    pub(crate) fn say(&self, text: &[u8]) {
        self.shared.say(text);
    }

    /// The attacker's own port, where it is known.
    pub(crate) fn port(&self) -> Option<u16> {
        *self.shared.port()
    }

    fn datagrams(&mut self, socket: UdpSocket, to: Option<SocketAddr>) -> Result<()> {
        socket.set_read_timeout(Some(TICK))?;
        if let Some(to) = to {
            socket.connect(to)?;
            self.shared.ways().push(Box::new(Datagrams(socket.try_clone()?)));
        }
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut known = to.is_some();
            while !shared.stop.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                shared.received().extend_from_slice(&buffer[..length]);
                if !known
                    && socket.connect(from).is_ok()
                    && let Ok(clone) = socket.try_clone()
                {
                    shared.ways().push(Box::new(Datagrams(clone)));
                    known = true;
                }
            }
        });
        Ok(())
    }

    fn openssl(&mut self, at: &Namespace, arguments: &[&str], tls: Option<Credentials<'_>>) -> Result<()> {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", at.path().display())).arg("openssl").args(arguments);
        if let Some(tls) = tls {
            command.arg("-cert").arg(tls.file).arg("-key").arg(tls.file);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting openssl (package openssl)")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        self.processes.push(child);
        self.shared.ways().push(Box::new(input.context("openssl's input")?));
        hear(&self.shared, output.context("openssl's output")?);
        // It says nothing when it listens.
        std::thread::sleep(Duration::from_millis(150));
        Ok(())
    }
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.ways().clear();
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Shared {
    fn ways(&self) -> MutexGuard<'_, Vec<Box<dyn Write + Send>>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self) -> MutexGuard<'_, Vec<u8>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn port(&self) -> MutexGuard<'_, Option<u16>> {
        self.port.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says it to everybody; whether there is anybody.
    fn say(&self, text: &[u8]) -> bool {
        let mut ways = self.ways();
        ways.retain_mut(|way| way.write_all(text).and_then(|()| way.flush()).is_ok());
        !ways.is_empty()
    }

    fn heard(&self, wanted: &[u8]) -> bool {
        self.received().windows(wanted.len()).any(|window| window == wanted)
    }
}

struct Datagrams(UdpSocket);

impl Write for Datagrams {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A refusal that an earlier datagram earned is no failure of this one.
        Ok(self.0.send(bytes).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn accept_all(shared: &Arc<Shared>, listener: TcpListener, speech: Speech) -> Result<()> {
    listener.set_nonblocking(true)?;
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        while !shared.stop.load(Ordering::Relaxed) {
            let Ok((stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(3));
                continue;
            };
            // Somebody who calls and goes away again is his own fault.
            let _ = stream.set_nonblocking(false);
            if greet(&stream, &speech).is_ok() {
                let _ = converse(&shared, stream);
            }
        }
    });
    Ok(())
}

/// Says yes to whatever a proxy is asked for.
fn greet(mut stream: &TcpStream, speech: &Speech) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut buffer = [0; 1024];
    match speech {
        Speech::Socks(4) => {
            let _ = stream.read(&mut buffer)?;
            stream.write_all(&[0, 0x5a, 0, 0, 0, 0, 0, 0])
        }
        Speech::Socks(_) => {
            let _ = stream.read(&mut buffer)?;
            stream.write_all(&[5, 0])?;
            let _ = stream.read(&mut buffer)?;
            stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 1])
        }
        Speech::Proxy => {
            let _ = stream.read(&mut buffer)?;
            stream.write_all(b"HTTP/1.0 200 Connection established\r\n\r\n")
        }
        _ => Ok(()),
    }
}

fn converse(shared: &Arc<Shared>, stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    shared.ways().push(Box::new(stream.try_clone()?));
    hear(shared, stream);
    Ok(())
}

fn hear(shared: &Arc<Shared>, mut from: impl Read + Send + 'static) {
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while !shared.stop.load(Ordering::Relaxed) {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => shared.received().extend_from_slice(&buffer[..length]),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) => {}
                Err(_) => return,
            }
        }
    });
}
