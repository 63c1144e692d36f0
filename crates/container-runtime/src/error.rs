//! Why a runtime could not be asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use event::ContainerId;

/// Why the facts of a container did not come.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No runtime was found to ask.
    #[error(
        "no container runtime socket found (looked for {}); mount the runtime's socket or name it in the sensor's extra sockets",
        list(.tried)
    )]
    NoSocket {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// Every runtime answered, and none knows the container.
    #[error("no container runtime knows container {id} (asked {}); it was removed, or its runtime has no CRI", list(.asked))]
    NotFound {
        /// The container.
        id: ContainerId,
        /// Who was asked.
        asked: Vec<PathBuf>,
    },
    /// A runtime that may know the container could not be asked.
    #[error("container runtime at {path}: {problem}")]
    Socket {
        /// The socket.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        problem: SocketProblem,
    },
    /// This process has no descriptors or memory left for a connection.
    #[error("no executor for runtime connections: {0}; raise the sensor's limit of open files")]
    Executor(#[source] io::Error),
}

/// What is wrong with one socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketProblem {
    /// No connection.
    #[error("cannot connect: {0}; is the runtime running, and may the sensor read its socket?")]
    Unreachable(#[source] io::Error),
    /// Connected, and silence.
    #[error("no answer within {} ms; the runtime hangs or is overloaded, look at its own log", .waited.as_millis())]
    Hung {
        /// How long it was waited for.
        waited: Duration,
    },
    /// The runtime answered with an error.
    #[error("refused ({code}): {message}; the CRI v1 plugin may be switched off")]
    Refused {
        /// gRPC status code.
        code: String,
        /// The runtime's words, cut.
        message: String,
    },
    /// The runtime does not know what it was asked about.
    #[error("not known to the runtime")]
    NotFound,
    /// It failed a moment ago and is not asked again yet.
    #[error("left alone for another {} s after it failed ({reason})", .remaining.as_secs() + 1)]
    Resting {
        /// How much longer.
        remaining: Duration,
        /// The failure.
        reason: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
