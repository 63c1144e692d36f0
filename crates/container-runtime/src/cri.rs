//! One connection to a runtime's CRI socket, for callers that block.
//!
//! `socket file → connection → call (one request, one answer, one deadline)`

#[cfg(feature = "authoring")]
pub mod authoring;
pub mod messages;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;

use crate::error::SocketProblem;
use crate::files::Root;

/// An answer larger than this is refused, bytes.
const ANSWER_MAX: usize = 4 << 20;

/// A request, the method it belongs to and what answers it.
pub trait Call: prost::Message + 'static {
    /// What the runtime answers.
    type Answer: prost::Message + Default + 'static;
    /// `/package.Service/Method`.
    const METHOD: &'static str;
}

/// What carries the connections of one owner: a single-threaded executor that runs only while somebody waits.
#[derive(Debug)]
pub struct Executor(Runtime);

impl Executor {
    /// # Errors
    /// When the kernel gives no epoll instance or no timer.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread().enable_io().enable_time().build().map(Self)
    }

    /// Runs `work` for at most `limit`.
    pub(crate) fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, SocketProblem>>,
    ) -> Result<T, SocketProblem> {
        self.0.block_on(async {
            match tokio::time::timeout(limit, work).await {
                Ok(answer) => answer,
                Err(_) => Err(SocketProblem::Hung { waited: limit }),
            }
        })
    }
}

/// An open connection.
#[derive(Debug, Clone)]
pub struct Connection {
    channel: Channel,
}

impl Connection {
    /// Connects to the socket at `path` below `root`. Must run inside [`Executor::within`].
    pub(crate) async fn open(root: &Root, path: &Path) -> Result<Self, SocketProblem> {
        let socket = Arc::new(root.socket(path).map_err(SocketProblem::Unreachable)?);
        // Any authority will do: the connector ignores it.
        let channel = Endpoint::from_static("http://cri.invalid")
            .connect_with_connector(tower::service_fn(move |_: Uri| connect(Arc::clone(&socket))))
            .await
            .map_err(|error| SocketProblem::Unreachable(io::Error::other(innermost(&error))))?;
        Ok(Self { channel })
    }

    /// One request and its answer. Must run inside [`Executor::within`].
    pub(crate) async fn ask<C: Call>(&self, request: C) -> Result<C::Answer, SocketProblem> {
        self.send(tonic::Request::new(request)).await
    }

    /// The same of containerd's own services, within one of its namespaces.
    pub(crate) async fn ask_in<C: Call>(
        &self,
        namespace: &str,
        request: C,
    ) -> Result<C::Answer, SocketProblem> {
        let mut request = tonic::Request::new(request);
        let value = namespace.parse().map_err(|_| SocketProblem::NotFound)?;
        request.metadata_mut().insert("containerd-namespace", value);
        self.send(request).await
    }

    async fn send<C: Call>(&self, request: tonic::Request<C>) -> Result<C::Answer, SocketProblem> {
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_MAX);
        client
            .ready()
            .await
            .map_err(|error| SocketProblem::Unreachable(io::Error::other(innermost(&error))))?;
        let codec = ProstCodec::<C, C::Answer>::default();
        let answer =
            client.unary(request, PathAndQuery::from_static(C::METHOD), codec).await.map_err(|status| {
                match status.code() {
                    tonic::Code::NotFound => SocketProblem::NotFound,
                    tonic::Code::Unavailable => {
                        SocketProblem::Unreachable(io::Error::other(status.message().to_owned()))
                    }
                    code => SocketProblem::Refused {
                        code: format!("{code:?}"),
                        message: shortened(status.message()),
                    },
                }
            })?;
        Ok(answer.into_inner())
    }
}

/// The file is opened once and connected to through its descriptor: a path may be longer than a socket address allows,
/// and what was checked is what is connected to.
async fn connect(socket: Arc<OwnedFd>) -> io::Result<TokioIo<UnixStream>> {
    let stream = UnixStream::connect(format!("/proc/self/fd/{}", socket.as_raw_fd())).await?;
    Ok(TokioIo::new(stream))
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// A runtime's message may quote whatever a container's owner wrote.
fn shortened(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// A connection together with its executor, for a caller that wants nothing else (tests, a command).
#[derive(Debug)]
pub struct Client {
    executor: Executor,
    connection: Connection,
}

impl Client {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// When there is no such socket or nobody answers within `limit`.
    pub fn connect(path: &Path, limit: Duration) -> Result<Self, SocketProblem> {
        let executor = Executor::new().map_err(SocketProblem::Unreachable)?;
        let root = Root::open(Path::new("/")).map_err(SocketProblem::Unreachable)?;
        let connection = executor.within(limit, Connection::open(&root, path))?;
        Ok(Self { executor, connection })
    }

    /// One request and its answer.
    ///
    /// # Errors
    /// What the runtime refused, or that it did not answer within `limit`.
    pub fn call<C: Call>(&self, request: C, limit: Duration) -> Result<C::Answer, SocketProblem> {
        self.executor.within(limit, self.connection.ask(request))
    }
}
