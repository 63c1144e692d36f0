//! Accepted TLS connections as tonic takes them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use certificates::{Peer, TlsConnection, TlsListener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::codegen::tokio_stream::Stream;
use tonic::transport::server::Connected;

/// What a request knows of its connection.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Option<Arc<Peer>>,
    pub(crate) address: SocketAddr,
}

pub(crate) struct NodeConnection(TlsConnection);

impl Connected for NodeConnection {
    type ConnectInfo = Origin;

    fn connect_info(&self) -> Origin {
        Origin { peer: self.0.peer(), address: self.0.address() }
    }
}

impl AsyncRead for NodeConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for NodeConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The connections of a listener, as a stream.
pub(crate) struct Incoming(pub(crate) TlsListener);

impl Stream for Incoming {
    type Item = Result<NodeConnection, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx).map(|next| next.map(NodeConnection).map(Ok))
    }
}
