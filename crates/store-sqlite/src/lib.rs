//! The embedded store: SQLite for findings, a folder for evidence.
//!
//! ```text
//! upsert, amend, put → queue (bounded) → writer: BEGIN IMMEDIATE, many jobs, COMMIT, fsync → acknowledged
//! get, list          → pool of read-only connections
//! evidence bytes     → temporary file, fsync, rename to evidence/<2 digits>/<sha256>
//! ```
//!
//! One connection writes, so that no transaction ever has to be repeated because another one wrote in between. A
//! store never deletes or replaces a file it cannot read.

mod addresses;
mod audit;
mod changes;
mod documents;
mod doors;
mod evidence;
mod expire;
mod failure;
mod filter;
mod folder;
mod group;
mod list;
mod open;
mod past;
mod present;
mod row;
mod schema;
mod sweep;
mod upsert;
mod versions;
mod writer;

pub use open::SqliteStore;
