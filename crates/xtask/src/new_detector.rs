//! `new-detector TACTIC NAME`: the first draft of a detector's file, where its author fills in the blanks.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// What the author starts from; it follows the shape of the crate `detectors`.
const TEMPLATE: &str = include_str!("new_detector.txt");

/// The folder of `crates/detectors/src` for each tactic of ATT&CK.
const TACTICS: &[&str] = &[
    "initial_access",
    "execution",
    "persistence",
    "privilege_escalation",
    "defense_evasion",
    "credential_access",
    "discovery",
    "lateral_movement",
    "collection",
    "command_and_control",
    "exfiltration",
    "impact",
];

/// Writes the file, unless it is there.
pub(crate) fn write(tactic: &str, name: &str) -> Result<ExitCode> {
    if !TACTICS.contains(&tactic) {
        bail!("`{tactic}` is no tactic; one of: {}", TACTICS.join(", "));
    }
    let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase());
    let is_plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if name.is_empty() || !is_plain || !name.split('_').all(is_word) {
        bail!("`{name}` is no detector name; write it like socat_reverse_shell");
    }
    let workspace = Workspace::read()?;
    let detectors = workspace.find("detectors").context("the workspace has no crate `detectors`")?;
    let file = detectors.folder.join("src").join(tactic).join(format!("{name}.rs"));
    if file.exists() {
        bail!("{} exists", file.display());
    }
    let folder = file.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(&file, fill(TEMPLATE, tactic, name))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("new-detector: wrote {}", file.display());
    println!(
        "new-detector: name it in {} and in the catalogue, then run `cargo xtask codegen`",
        folder.with_extension("rs").display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Fills the template's blanks: `{{Category}}`, `{{Type}}`, `{{MODULE}}` and `{{Tactic}}`.
fn fill(template: &str, tactic: &str, name: &str) -> String {
    template
        .replace("{{Category}}", &capitalised(name, " "))
        .replace("{{Type}}", &capitalised(name, ""))
        .replace("{{MODULE}}", &name.to_ascii_uppercase())
        .replace("{{Tactic}}", &capitalised(tactic, ""))
}

/// `odd_shell` as `Odd Shell` or `OddShell`. Names are plain ASCII by now.
fn capitalised(name: &str, between: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').map(word).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled() {
        let filled = fill(TEMPLATE, "defense_evasion", "odd_shell");
        for wanted in ["\"Odd Shell\"", "struct OddShell;", "\"ODD_SHELL\"", "Tactic::DefenseEvasion"] {
            assert!(filled.contains(wanted), "{wanted} is missing");
        }
        assert!(!filled.contains("{{"));
    }

    #[test]
    fn names_that_are_no_module_are_refused() {
        for name in ["", "Odd", "odd__shell", "odd-shell", "../odd", "1odd"] {
            assert!(write("execution", name).unwrap_err().to_string().contains("no detector name"), "{name}");
        }
    }
}
