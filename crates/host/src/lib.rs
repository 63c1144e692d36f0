//! What /proc and the file system say: executables, processes, evidence, the machine.
//!
//! Everything here may block and may be read from a process that an attacker controls: sizes are capped, links out
//! of a process's root are not followed, and a process that is gone is `None`, not an error.

mod clock;
mod executable;
mod machine;
mod memory;
mod process;
mod taking;

pub use clock::Clock;
pub use executable::{CONTENT_MAX, RECOGNISE_MAX, facts, loader_target, open_executable, sha256};
pub use machine::{Machine, boot_id};
pub use memory::keep_small;
pub use process::{arguments, environment};
pub use taking::{Content, Item, ItemKind, Taken, take};
