//! A real containerd of its own for end-to-end tests.
//!
//! `Node (containerd, runc, CNI, a network namespace) ← Image (from this machine's files) → Pod → Container`
//!
//! Everything lives in one temporary folder, one network namespace and one control group, and goes away with the
//! [`Node`], also when a test panics. The machine's own container runtime, if any, is not touched. Needs root and the
//! Debian packages `containerd runc busybox-static util-linux` (and `containernetworking-plugins` for pods with a
//! network of their own); where something lacks there is a [`Skip`], which a test prints and passes.

pub mod acceptance;
mod cleanup;
mod image;
mod network;
mod node;
mod pod;
mod process;
mod skip;
mod stream;
mod tar;

pub use image::{Image, ImageBuilder};
pub use network::Network;
pub use node::Node;
pub use pod::{Container, ContainerBuilder, Output, Pod, PodBuilder};
pub use process::{ancestors, control_groups};
pub use skip::{NotStarted, Skip};
pub use stream::Stream;

/// A node, or `None` after saying on standard output why there is none.
///
/// # Errors
/// When everything needed is here and the node does not start all the same.
pub fn node_or_skip() -> anyhow::Result<Option<Node>> {
    match Node::start() {
        Ok(node) => Ok(Some(node)),
        Err(NotStarted::Skip(skip)) => {
            skip.print();
            Ok(None)
        }
        Err(NotStarted::Failed(error)) => Err(error),
    }
}
