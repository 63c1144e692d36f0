//! Scenarios: short written sequences of events, and what each detector makes of them.

mod catalogue;
mod reverse_shell;
mod scenario;
mod socat_reverse_shell;
