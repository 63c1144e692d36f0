//! `new-detector TACTIC NAME`: the first draft of a detector and of its scenarios, where the author fills in the blanks.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// What the author starts from; both follow the shape of the crate `detectors`.
const DETECTOR: &str = include_str!("new_detector.txt");
const SCENARIOS: &str = include_str!("new_detector_scenarios.txt");

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

/// Writes the two files, unless one is there, and says where they have to be named.
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
    let source =
        workspace.find("detectors").context("the workspace has no crate `detectors`")?.folder.join("src");
    let detector = source.join(tactic).join(format!("{name}.rs"));
    let scenarios = source.join("tests").join(format!("{name}.rs"));
    for file in [&detector, &scenarios] {
        if file.exists() {
            bail!("{} exists", file.display());
        }
    }
    create(&detector, &fill(DETECTOR, tactic, name))?;
    create(&scenarios, &fill(SCENARIOS, tactic, name))?;
    print!("{}", still_to_do(&source, tactic, name));
    Ok(ExitCode::SUCCESS)
}

fn create(file: &Path, text: &str) -> Result<()> {
    let folder = file.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    println!("new-detector: wrote {}", file.display());
    Ok(())
}

/// The lines that name the new files, for a person to put where they belong: the catalogue's order is a decision.
fn still_to_do(source: &Path, tactic: &str, name: &str) -> String {
    let has_tactic = source.join(format!("{tactic}.rs")).exists();
    let kind = capitalised(name, "");
    let mut lines = vec![
        (format!("{tactic}.rs"), format!("pub mod {name};")),
        ("tests.rs".to_owned(), format!("mod {name};")),
        (
            "lib.rs".to_owned(),
            format!(
                "Box::new({tactic}::{name}::{kind}),   // in the catalogue, before what is less specific"
            ),
        ),
    ];
    if !has_tactic {
        let words = capitalised(tactic, " ");
        lines.insert(0, (format!("{tactic}.rs"), format!("//! Detectors of ATT&CK tactic {words}.")));
        lines.push(("lib.rs".to_owned(), format!("pub mod {tactic};")));
    }
    let mut out = format!("new-detector: add by hand, in {}\n", source.display());
    for (file, text) in lines {
        let _ = writeln!(out, "  {file}: {text}");
    }
    out.push_str(
        "then fill in the blanks until `cargo test -p detectors` passes, and run `cargo xtask codegen`\n",
    );
    out
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
        let filled = fill(DETECTOR, "defense_evasion", "odd_shell");
        for wanted in ["\"Odd Shell\"", "struct OddShell;", "\"ODD_SHELL\"", "Tactic::DefenseEvasion"] {
            assert!(filled.contains(wanted), "{wanted} is missing");
        }
        assert!(!filled.contains("{{"));
        assert!(!fill(SCENARIOS, "defense_evasion", "odd_shell").contains("{{"));
    }

    #[test]
    fn a_tactic_without_detectors_gets_its_module() {
        let folder = std::env::temp_dir().join(format!("xtask-new-detector-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("execution.rs"), "").unwrap();
        let (known, new) =
            (still_to_do(&folder, "execution", "odd_shell"), still_to_do(&folder, "impact", "odd_shell"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(known.contains("execution::odd_shell::OddShell") && !known.contains("pub mod execution;"));
        assert!(new.contains("pub mod impact;") && new.contains("tactic Impact."));
    }

    #[test]
    fn names_that_are_no_module_are_refused() {
        for name in ["", "Odd", "odd__shell", "odd-shell", "../odd", "1odd"] {
            assert!(write("execution", name).unwrap_err().to_string().contains("no detector name"), "{name}");
        }
    }
}
