//! The store of many servers: PostgreSQL, partitioned by month.
//!
//! ```text
//! upsert, amend → lock the name's row → read, merge, write, tell the change → COMMIT → acknowledged
//! evidence      → parts in the database, so that any server goes on with an upload
//! ```
//!
//! Every server writes; none leads. What must not happen twice at once is ordered by a row's lock, and what a lost
//! connection left open is done again where doing it again changes nothing.

mod addresses;
mod audit;
mod changes;
mod database;
mod documents;
mod doors;
mod escape;
mod evidence;
mod expire;
mod failure;
mod filter;
mod group;
mod list;
mod months;
mod open;
mod past;
mod present;
mod quota;
mod row;
mod schema;
#[cfg(feature = "server")]
pub mod server;
mod uploads;
mod url;
mod versions;
mod write;
mod writer;

pub use open::PostgresStore;
