//! A finding in the shapes that other products read: SCC messages, OCSF, Falco, CloudEvents, Slack, Alertmanager, syslog.
//!
//! `FindingResource → one function per shape → JSON or a line`
//!
//! Formats whose readers interpret text (Slack, syslog, Alertmanager, Falco's sentence) get it without control characters,
//! escaped and bounded, and what was cut ends in `…`. The others carry JSON strings as they are.

mod alertmanager;
mod cloud_event;
mod facts;
mod falco;
mod ocsf;
mod scc;
mod slack;
mod syslog;
mod text;

pub use alertmanager::alert;
pub use cloud_event::cloud_event;
pub use falco::falco;
pub use ocsf::ocsf;
pub use scc::{console, notification_v1, notification_v2};
pub use slack::slack;
pub use syslog::{SYSLOG_BYTES_MIN, syslog};
pub use text::shown;

/// What happened to the finding that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It is new.
    Created,
    /// It changed.
    Updated,
    /// It no longer needs attention.
    Closed,
}
