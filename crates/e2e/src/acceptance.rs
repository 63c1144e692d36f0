//! Does the product find what it must, and is it quiet where it must be? Real attacks, real benign uses, in real pods.
//!
//! `Case (a line of a corpus) → Stage (pod, stand-ins, attacker) → Outcome → Report (table, exit code)`
//!
//! Everything happens on loopback inside network namespaces of the test's own.

mod attacker;
mod case;
mod findings;
mod ground_truth;
mod http;
mod images;
mod judge;
mod line;
mod namespace;
mod product;
mod report;
mod rootfs;
mod run;
mod shell;
mod stage;
mod stand_ins;

pub(crate) use namespace::Namespace;

pub use case::{Case, Kind, read_cases};
pub use findings::{Found, Watch};
pub use ground_truth::{Variant, variants};
pub use product::{Product, vedette_binary};
pub use report::{Outcome, Report, Verdict};
pub use rootfs::Tools;
pub use run::{Bench, other_corpus, own_corpus, run_all};
pub use shell::Shell;
