//! What /proc and the file system say: executables, processes, evidence, the machine.
//!
//! Everything here may block and may be read from a process that an attacker controls: sizes are capped, links out
//! of a process's root are not followed, what is no regular file is not opened, and a process that is gone is `None`, not an error.

mod clock;
mod executable;
mod machine;
mod memory;
mod process;
mod regular;
mod scheduling;
mod script;
mod sockets;
mod taking;

pub use clock::Clock;
pub use executable::{
    CONTENT_MAX, Executable, RECOGNISE_MAX, hash, hold_root, open_executable, open_named, recognised, sha256,
};
pub use machine::{Machine, boot_id, mount_namespace};
pub use memory::{give_back, keep_small};
pub use process::{arguments, environment, namespace, start_ticks};
pub use regular::Pinned;
pub use scheduling::go_first;
pub use script::{ARGUMENTS_MAX, Asked, SCRIPT_MAX};
pub use sockets::held_sockets;
pub use taking::{Content, Item, ItemKind, Taken, take, take_executable};
