//! `new-detector TACTIC NAME`: the first draft of a detector's file, where its author fills in the blanks.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

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
    let template = detectors.folder.join("src/template.txt");
    let template = std::fs::read_to_string(&template).with_context(|| {
        format!("{} does not exist: the crate keeps its own template", template.display())
    })?;
    let file = detectors.folder.join("src").join(tactic).join(format!("{name}.rs"));
    if file.exists() {
        bail!("{} exists", file.display());
    }
    let folder = file.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(&file, fill(&template, tactic, name))
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("new-detector: wrote {}", file.display());
    println!(
        "new-detector: name it in {} and in the catalogue, then run `cargo xtask codegen`",
        folder.with_extension("rs").display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The template's four blanks: `{{name}}`, `{{Category}}`, `{{MODULE}}` and `{{tactic}}`.
fn fill(template: &str, tactic: &str, name: &str) -> String {
    let capitalised = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let category = name.split('_').map(capitalised).collect::<Vec<_>>().join(" ");
    template
        .replace("{{name}}", name)
        .replace("{{Category}}", &category)
        .replace("{{MODULE}}", &name.to_ascii_uppercase())
        .replace("{{tactic}}", tactic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled() {
        assert_eq!(
            fill("{{name}} {{Category}} {{MODULE}} {{tactic}}", "execution", "odd_shell"),
            "odd_shell Odd Shell ODD_SHELL execution"
        );
    }

    #[test]
    fn names_that_are_no_module_are_refused() {
        for name in ["", "Odd", "odd__shell", "odd-shell", "../odd", "1odd"] {
            assert!(write("execution", name).unwrap_err().to_string().contains("no detector name"), "{name}");
        }
    }
}
