//! A TLS listener: handshakes side by side, bounded in number and time, so that a slow or hostile client keeps nobody
//! waiting.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::admission::{Admission, Place};
use crate::{Peer, ServerTls};

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// After this long a failed accept is tried again: the process has no descriptors left, and some may be closed meanwhile.
const BREATH: Duration = Duration::from_millis(200);

/// Bounds of handshakes and connections. A share is that of an address: of the /64 with IPv6. Whoever has its share is
/// refused at once, so that it does not stand in front of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeLimits {
    /// So many handshakes at once; further connections wait in the kernel's queue.
    pub at_once: usize,
    /// So many of them with one address.
    pub per_address: usize,
    /// A handshake that takes longer is ended.
    pub time: Duration,
    /// So many connections in all.
    pub connections: usize,
    /// So many of them with one address; many nodes can be behind one.
    pub connections_per_address: usize,
}

impl Default for HandshakeLimits {
    fn default() -> Self {
        Self {
            at_once: 128,
            per_address: 16,
            time: Duration::from_secs(3),
            connections: 8_192,
            connections_per_address: 1_024,
        }
    }
}

/// An accepted connection whose handshake is done.
pub struct TlsConnection {
    stream: Box<TlsStream<TcpStream>>,
    address: SocketAddr,
    peer: Option<Arc<Peer>>,
    /// Counted among the connections of its address until it is closed.
    _place: Place,
}

impl TlsConnection {
    /// Whom it is with, when a certificate was presented.
    pub fn peer(&self) -> Option<Arc<Peer>> {
        self.peer.clone()
    }

    /// The other side's address.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }
}

/// Accepts TLS connections; `axum::serve` takes it as it is. The certificate's files are looked at every 10 seconds, and a
/// changed one is used from the next handshake on.
pub struct TlsListener {
    ready: mpsc::Receiver<TlsConnection>,
    local: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl TlsListener {
    /// Begins to accept. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the socket does not know its own address.
    pub fn new(listener: TcpListener, tls: Arc<ServerTls>, limits: HandshakeLimits) -> io::Result<Self> {
        let local = listener.local_addr()?;
        let (send, ready) = mpsc::channel(limits.at_once.max(1));
        let tasks = [tokio::spawn(accept(listener, tls.clone(), limits, send)), tokio::spawn(follow(tls))];
        Ok(Self { ready, local, tasks })
    }

    /// The next connection; a failed handshake is logged and none of the caller's business. `None` when the listener has
    /// ended.
    pub async fn next(&mut self) -> Option<TlsConnection> {
        self.ready.recv().await
    }

    /// As [`next`](Self::next), for whoever polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<TlsConnection>> {
        self.ready.poll_recv(cx)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsConnection, SocketAddr) {
        match self.next().await {
            Some(connection) => {
                let address = connection.address;
                (connection, address)
            }
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

async fn follow(tls: Arc<ServerTls>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let again = tls.clone();
        match tokio::task::spawn_blocking(move || again.reload()).await {
            Ok(Ok(true)) => tracing::info!("a changed certificate is in use"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!("the certificate stays as it was: {error}"),
            Err(error) => tracing::error!("the certificate's files could not be looked at: {error}"),
        }
    }
}

async fn accept(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    limits: HandshakeLimits,
    ready: mpsc::Sender<TlsConnection>,
) {
    let places = Arc::new(Semaphore::new(limits.at_once.max(1)));
    let admission = Admission::new(limits);
    // a connection that is refused leaves its turn to the next
    let mut free = None;
    loop {
        let turn = match free.take() {
            Some(turn) => turn,
            None => match places.clone().acquire_owned().await {
                Ok(turn) => turn,
                // never closed
                Err(_) => return,
            },
        };
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(BREATH).await;
                free = Some(turn);
                continue;
            }
        };
        let Some(mut place) = admission.enter(address.ip()) else {
            tracing::debug!(
                "{address}: closed: it has as many connections or handshakes as it may, or all are taken"
            );
            free = Some(turn);
            continue;
        };
        let (acceptor, ready) = (TlsAcceptor::from(tls.current()), ready.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            match tokio::time::timeout(limits.time, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let presented = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                    let peer = presented.and_then(|der| Peer::of(der)).map(Arc::new);
                    place.established();
                    // refused only when nobody accepts any more
                    let connection = TlsConnection { stream: Box::new(stream), address, peer, _place: place };
                    let _ = ready.send(connection).await;
                }
                Ok(Err(error)) => tracing::debug!("{address}: no TLS connection: {error}"),
                Err(_) => tracing::debug!("{address}: no TLS connection within {:?}", limits.time),
            }
            drop(turn);
        });
    }
}
