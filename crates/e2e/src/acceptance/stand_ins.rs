//! What benign lines expect around them: servers, sockets, files, lines to terminals. And somebody who uses them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::attacker::{Attacker, Credentials};
use super::line::Speech;
use super::namespace::{Namespace, here, inside};

/// The node's end of the pods' bridge.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 213, 0, 1);

/// What one line mentions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentioned {
    names: BTreeSet<String>,
    tcp: BTreeSet<u16>,
    tls: BTreeSet<u16>,
    listens: BTreeSet<u16>,
    sockets: BTreeSet<String>,
    abstract_sockets: BTreeSet<String>,
    folders: BTreeSet<String>,
    files: BTreeSet<String>,
    terminals: BTreeSet<String>,
    certificates: BTreeSet<String>,
}

/// Everything that was put in place for one line; goes away with this value.
#[derive(Debug, Default)]
pub(crate) struct StandIns {
    pub(crate) mounts: Vec<(PathBuf, String)>,
    servers: Vec<Attacker>,
    ports: BTreeSet<u16>,
    _terminals: Vec<OwnedFd>,
    stop: Arc<AtomicBool>,
}

impl Mentioned {
    /// Reads a line.
    pub(crate) fn of(line: &str) -> Self {
        let mut all = Self::default();
        let reads = line.contains("socat -u ");
        let line: String = line.replace("$DISPLAY", "/tmp/.X11-unix/X0").replace(['\'', '"', '\\'], "");
        let breaks = |c: char| c.is_whitespace() || ",|;&<>()!".contains(c);
        for word in line.split(breaks).filter(|word| !word.is_empty()) {
            if let Some((_, path)) = word.split_once("cafile=").filter(|(_, path)| path.starts_with('/')) {
                all.certificates.insert(path.to_owned());
                continue;
            }
            let Some((keyword, rest)) = word.split_once(':').filter(|(keyword, _)| !keyword.contains('/'))
            else {
                all.bare(word, reads);
                continue;
            };
            let mut parts = rest.split(':');
            let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let port = second.parse::<u16>().ok();
            match keyword.to_lowercase().as_str() {
                "tcp" | "tcp4" | "tcp6" | "tcp-connect" | "tcp4-connect" => all.server(first, port, false),
                "openssl" | "openssl-connect" | "ssl" => all.server(first, port, true),
                "socks4" | "socks4a" | "socks5" => all.server(first, Some(1080), false),
                "proxy" | "proxy-connect" => all.server(first, Some(8080), false),
                "udp" | "udp4" | "udp-connect" | "udp4-connect" => all.server(first, None, false),
                "unix" | "unix-connect" | "unix-client" | "local" if first.starts_with('/') => {
                    all.socket(first)
                }
                "abstract" | "abstract-connect" | "abstract-client" => {
                    all.abstract_sockets.insert(first.to_owned());
                }
                "tcp-listen" | "tcp-l" | "tcp4-listen" | "tcp4-l" => {
                    all.listens.extend(first.parse::<u16>().ok())
                }
                "unix-listen" | "unix-l" | "open" | "create" | "creat" => all.folder(first),
                "file" | "gopen" if first.starts_with("/dev/tty") => {
                    all.terminals.insert(first.to_owned());
                }
                "file" | "gopen" if first.starts_with('/') => all.file(first),
                _ => {}
            }
        }
        all
    }

    fn server(&mut self, host: &str, port: Option<u16>, tls: bool) {
        if host.parse::<Ipv4Addr>().is_err() && !host.contains('{') && host != "localhost" {
            self.names.insert(host.to_owned());
        }
        if let Some(port) = port {
            if tls {
                self.tls.insert(port)
            } else {
                self.tcp.insert(port)
            };
        }
    }

    fn bare(&mut self, word: &str, reads: bool) {
        if word.starts_with("/dev/tty") {
            self.terminals.insert(word.to_owned());
        } else if word.starts_with("/tmp/") && reads {
            self.file(word);
        } else if word.starts_with("/var/")
            || word.starts_with("/run/")
            || word.ends_with(".sock")
            || word.ends_with("_sock")
        {
            self.socket(word);
        }
    }

    fn socket(&mut self, path: &str) {
        self.folder(path);
        self.sockets.insert(path.to_owned());
    }

    fn file(&mut self, path: &str) {
        self.folder(path);
        self.files.insert(path.to_owned());
    }

    fn folder(&mut self, path: &str) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_ours = |own: &str| folder == own || folder.starts_with(&format!("{own}/"));
        if folder.starts_with('/') && !["/usr", "/etc", "/dev", "/bin"].iter().any(|own| is_ours(own)) {
            self.folders.insert(folder.to_owned());
        }
    }
}

impl StandIns {
    /// Puts everything in place.
    pub(crate) fn prepare(
        mentioned: &Mentioned,
        at: &Namespace,
        outside: &Namespace,
        folder: &Path,
        tls: Credentials<'_>,
    ) -> Result<Self> {
        let mut all = Self::default();
        fs::create_dir_all(folder)?;
        // Where the line itself takes a port, its servers are outside of the pod.
        let taken = mentioned.tcp.intersection(&mentioned.listens).next().is_some();
        let (server, server_at) = if taken { (GATEWAY, outside) } else { (Ipv4Addr::LOCALHOST, at) };
        let names: String = mentioned.names.iter().map(|name| format!("{server} {name}\n")).collect();
        let hosts = folder.join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost\n{names}"))?;
        all.mounts.push((hosts, "/etc/hosts".to_owned()));
        let mut single = Vec::new();
        // One mount for each topmost folder; those below it are folders in it.
        let tops: Vec<&String> =
            mentioned.folders.iter().filter(|folder| !has_parent(folder, &mentioned.folders)).collect();
        for (at, top) in tops.iter().enumerate() {
            let place = folder.join(at.to_string());
            fs::create_dir_all(&place)?;
            all.mounts.push((place, (*top).clone()));
        }
        let place = |path: &str| -> Result<PathBuf> {
            let (host, top) = all
                .mounts
                .iter()
                .find(|(_, top)| path.starts_with(&format!("{top}/")))
                .context("a folder for it")?;
            let place = host.join(path[top.len()..].trim_start_matches('/'));
            fs::create_dir_all(place.parent().context("its folder")?)?;
            Ok(place)
        };
        for folder in &mentioned.folders {
            fs::create_dir_all(place(&format!("{folder}/x"))?.parent().context("its folder")?)?;
        }
        for path in &mentioned.files {
            fs::write(place(path)?, "some text\n")?;
        }
        for path in mentioned.sockets.iter().filter(|path| path.matches('/').count() == 1) {
            // Its folder is the root: the socket alone is mounted.
            let file = folder.join(path.trim_start_matches('/'));
            answer(Arc::clone(&all.stop), UnixListener::bind(&file)?)?;
            single.push((file, path.clone()));
        }
        let sockets = mentioned
            .sockets
            .iter()
            .filter(|path| path.matches('/').count() > 1)
            .map(|path| Ok(UnixListener::bind(place(path)?)?))
            .collect::<Result<Vec<_>>>()?;
        for listener in sockets {
            answer(Arc::clone(&all.stop), listener)?;
        }
        for name in &mentioned.abstract_sockets {
            let listener =
                at.enter(|| Ok(UnixListener::bind_addr(&UnixAddress::from_abstract_name(name)?)?))?;
            answer(Arc::clone(&all.stop), listener)?;
        }
        for path in &mentioned.terminals {
            let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
            grantpt(&master)?;
            unlockpt(&master)?;
            let slave = ptsname(&master, Vec::new())?.to_string_lossy().into_owned();
            all.mounts.push((slave.into(), path.clone()));
            all._terminals.push(master);
        }
        all.mounts.append(&mut single);
        let ports: Vec<u16> = mentioned.tcp.iter().copied().collect();
        if !ports.is_empty() {
            let ports: Vec<_> = ports.into_iter().map(|port| (server, port).into()).collect();
            all.servers.push(Attacker::accept(server_at, &ports, &Speech::Tcp)?);
        }
        for port in &mentioned.tls {
            all.servers.push(Attacker::listen(at, &[*port], &Speech::Tls, tls)?);
        }
        if !taken {
            all.ports.extend(&mentioned.tcp);
        }
        all.ports.extend(&mentioned.tls);
        Ok(all)
    }

    /// Files that must be mounted over ones of a tree that is read-only.
    pub(crate) fn certificates(mentioned: &Mentioned) -> impl Iterator<Item = &str> {
        mentioned.certificates.iter().map(String::as_str)
    }

    /// Calls everything that waits in the pod, and says a few bytes to it and to whoever called a stand-in; for
    /// `time`. Returns what was talked to.
    pub(crate) fn use_for(&self, time: Duration, at: &Namespace, container: Option<u32>) -> Vec<String> {
        let mut called = BTreeSet::new();
        let mut open: Vec<Box<dyn Talk>> = Vec::new();
        let steps = (time.as_millis() / 100).max(1);
        for step in 0..steps {
            let waiting = at.waiting();
            for port in waiting.tcp.into_iter().filter(|port| !self.ports.contains(port)) {
                if called.insert(format!("tcp {port}"))
                    && let Ok(stream) =
                        at.enter(|| Ok(TcpStream::connect_timeout(&here(port), Duration::from_millis(500))?))
                {
                    open.push(Box::new(stream));
                }
            }
            for port in waiting.udp {
                if called.insert(format!("udp {port}"))
                    && let Ok(socket) = at.enter(|| {
                        let socket = UdpSocket::bind(here(0))?;
                        socket.connect(here(port))?;
                        Ok(socket)
                    })
                {
                    open.push(Box::new(socket));
                }
            }
            for path in waiting.unix.into_iter().filter(|path| !path.starts_with('@')) {
                let Some(pid) = container else { continue };
                let place = if path.starts_with('/') {
                    inside(pid, &path)
                } else {
                    format!("/proc/{pid}/cwd/{path}").into()
                };
                if called.insert(format!("unix {path}"))
                    && let Ok(stream) = UnixStream::connect(place)
                {
                    open.push(Box::new(stream));
                }
            }
            if step % 3 == 0 {
                let text: &[u8] =
                    if step % 2 == 0 { b"GET /hello HTTP/1.0\r\n\r\n" } else { b"echo hello\nid\n" };
                open.iter_mut().for_each(|way| way.talk(text));
                self.servers.iter().for_each(|server| server.say(text));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        called.into_iter().collect()
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Somebody to talk to. What does not work does not matter here.
trait Talk {
    fn talk(&mut self, text: &[u8]);
}

impl Talk for TcpStream {
    fn talk(&mut self, text: &[u8]) {
        let _ = self.set_read_timeout(Some(Duration::from_millis(1)));
        let _ = self.write_all(text);
        let _ = self.read(&mut [0; 4096]);
    }
}

impl Talk for UnixStream {
    fn talk(&mut self, text: &[u8]) {
        let _ = self.set_read_timeout(Some(Duration::from_millis(1)));
        let _ = self.write_all(text);
        let _ = self.read(&mut [0; 4096]);
    }
}

impl Talk for UdpSocket {
    fn talk(&mut self, text: &[u8]) {
        let _ = self.send(text);
    }
}

/// Serves one file over HTTP on `port` until `stop`.
pub(crate) fn serve_file(at: &Namespace, port: u16, file: &Path, stop: Arc<AtomicBool>) -> Result<()> {
    let listener = at.enter(|| Ok(TcpListener::bind(here(port))?))?;
    listener.set_nonblocking(true)?;
    let content = fs::read(file)?;
    std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            let Ok((mut stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
            let _ = stream.write_all(&content);
        }
    });
    Ok(())
}

fn answer(stop: Arc<AtomicBool>, listener: UnixListener) -> Result<()> {
    listener.set_nonblocking(true)?;
    std::thread::spawn(move || {
        let mut open = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            if let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(b"Name: stand-in\n");
                open.push(stream);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    Ok(())
}

fn has_parent(folder: &str, all: &BTreeSet<String>) -> bool {
    all.iter().any(|other| other.len() < folder.len() && folder.starts_with(&format!("{other}/")))
}

#[cfg(test)]
mod tests {
    use super::Mentioned;

    #[test]
    fn what_a_line_expects_is_read_from_it() {
        let all = Mentioned::of("socat -ls TCP4-LISTEN:3306,fork,reuseaddr TCP4:db:3306");
        assert!(all.names.contains("db") && all.tcp.contains(&3306), "{all:?}");
        let all = Mentioned::of("echo x | socat - /var/lib/haproxy/run/haproxy.sock");
        assert!(all.sockets.contains("/var/lib/haproxy/run/haproxy.sock"), "{all:?}");
        let all =
            Mentioned::of("socat UNIX-LISTEN:/tmp/.X11-unix/X100,fork ABSTRACT-CONNECT:/tmp/.X11-unix/X0");
        assert!(all.folders.contains("/tmp/.X11-unix") && all.abstract_sockets.len() == 1, "{all:?}");
        let all = Mentioned::of("socat TCP-LISTEN:4001 FILE:/dev/ttyUSB0,b115200,rawer");
        assert!(all.terminals.contains("/dev/ttyUSB0"), "{all:?}");
        assert_eq!(Mentioned::of("/usr/bin/socat -hhh"), Mentioned::default());
    }
}
