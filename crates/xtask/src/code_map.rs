//! The code map of ARCHITECTURE.md: one table for each floor, printed from the crates' manifests.

use std::fmt::Write as _;

use crate::workspace::{Crate, Purpose, Workspace};

/// What each floor is for; the index is the floor.
const FLOORS: [&str; 5] = [
    "words: plain values, no I/O, no clock",
    "thinking: pure functions; time is a parameter",
    "doors: traits and the use cases that need them",
    "edges: the only crates that touch the world",
    "roles and tools: arguments, wiring, shutdown; the project's own chores",
];

/// The Markdown between the markers.
pub(crate) fn markdown(workspace: &Workspace) -> String {
    let mut out = String::new();
    for (floor, purpose) in (0u64..).zip(FLOORS) {
        let members: Vec<&Crate> =
            workspace.crates.iter().filter(|member| member.floor == Some(floor)).collect();
        if members.is_empty() {
            continue;
        }
        let _ =
            write!(out, "\n### Floor {floor}, {purpose}\n\n| crate | holds | stands on |\n|---|---|---|\n");
        for member in members {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} |",
                member.name,
                cell(&member.description),
                stands_on(member)
            );
        }
    }
    out
}

fn stands_on(member: &Crate) -> String {
    let local = member.dependencies.iter().filter(|d| d.is_local && d.purpose == Purpose::Product);
    let mut names: Vec<&str> = local.map(|dependency| dependency.name.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}

/// A manifest's free text as the content of one table cell.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}
