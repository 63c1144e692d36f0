//! The kernel side: eBPF programs (`bpf/`), their loader and the reader of their records.
//!
//! `kernel → ring buffers → Reader::drain → bytes`; nothing is decoded here.

mod load;
mod losses;
mod reader;
mod snapshot;

pub use load::{LoadError, Probes, Settings};
pub use losses::{LossCounter, Losses};
pub use reader::{Lane, Reader};
pub use snapshot::{SnapshotError, Snapshotter};
