//! Detectors of ATT&CK tactic Execution.

pub mod reverse_shell;
pub mod socat_reverse_shell;
