//! The catalogue: one file per detector; and `trial`, which tries them on a command line.

use detection::Detector;

pub mod execution;
mod reasons;
pub mod trial;

/// All detectors, the most specific first: of several that recognise a session, the first names the finding.
pub fn catalogue() -> Vec<Box<dyn Detector>> {
    vec![
        Box::new(execution::socat_reverse_shell::SocatReverseShell),
        Box::new(execution::reverse_shell::ReverseShell),
    ]
}

#[cfg(test)]
mod tests;
