//! Is the house tidy? File sizes, names, safety comments, unfinished work, the code map.

use std::path::Path;

use anyhow::{Context, Result};

use crate::policy::{EMPTY_NAMES, LINES_PER_FILE, UNFINISHED};
use crate::sources::{self, Source};
use crate::workspace::Workspace;

/// How many lines above an `unsafe` its safety comment may start: attributes and a long sentence fit between.
const SAFETY_REACH: usize = 8;

/// Every breach of the habits, in words; prints the sizes on the way.
pub(crate) fn check() -> Result<Vec<String>> {
    let workspace = Workspace::read()?;
    let sources = sources::read_all(&workspace.root.join("crates"))?;
    let mut complaints = Vec::new();
    for source in &sources {
        let path = source.path.strip_prefix(&workspace.root).unwrap_or(&source.path);
        complaints
            .extend(of_source(source).into_iter().map(|complaint| format!("{}{complaint}", path.display())));
    }
    complaints.extend(undocumented_crates(&workspace)?);
    print_sizes(&sources);
    Ok(complaints)
}

/// Complaints about one file, each starting with `:LINE: ` or `: `.
fn of_source(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = source.product_lines();
    if lines > LINES_PER_FILE {
        complaints.push(format!(
            ": {lines} lines without tests, {LINES_PER_FILE} are allowed; split it where two subjects meet"
        ));
    }
    if source.stem() == "mod" {
        complaints.push(
            ": a folder's module is called after the folder (`x.rs` beside `x/`), never mod.rs".to_owned(),
        );
    }
    if let Some(name) = empty_name(&source.path) {
        complaints.push(format!(": `{name}` says nothing about what it holds; name the subject"));
    }
    for (number, line) in source.text.lines().enumerate() {
        for mark in UNFINISHED.iter().filter(|mark| line.contains(**mark)) {
            complaints.push(format!(":{}: `{mark}` is work for an issue, not for a comment", number + 1));
        }
    }
    complaints.extend(unexplained_unsafe(source));
    complaints
}

/// The first part of the path below `src` that is a banned name.
fn empty_name(path: &Path) -> Option<String> {
    let names = path.iter().filter_map(|part| part.to_str()).map(|part| part.trim_end_matches(".rs"));
    names.skip_while(|part| *part != "crates").find(|part| EMPTY_NAMES.contains(part)).map(str::to_owned)
}

/// Each `unsafe` block, impl or function needs a comment that says why it is sound; one comment may serve neighbours.
fn unexplained_unsafe(source: &Source) -> Vec<String> {
    let written: Vec<&str> = source.text.lines().collect();
    let mut complaints = Vec::new();
    for (number, line) in source.code.lines().enumerate() {
        let opens =
            ["unsafe {", "unsafe impl", "unsafe fn", "unsafe extern"].iter().any(|form| line.contains(form));
        let nearby = &written[number.saturating_sub(SAFETY_REACH)..=number];
        let explained = nearby.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
        if opens && !explained {
            complaints.push(format!(
                ":{}: `unsafe` without a `// SAFETY:` line that says why it is sound",
                number + 1
            ));
        }
    }
    complaints
}

/// Crates that ARCHITECTURE.md does not describe, or that do not describe themselves.
fn undocumented_crates(workspace: &Workspace) -> Result<Vec<String>> {
    let page = workspace.root.join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(&page).with_context(|| format!("cannot read {}", page.display()))?;
    let mut complaints = Vec::new();
    for member in &workspace.crates {
        if member.description.is_empty() {
            complaints.push(format!("{}: its Cargo.toml has no description", member.name));
        }
        if !page.contains(&format!("`{}`", member.name)) {
            complaints.push(format!(
                "{}: missing in ARCHITECTURE.md's code map; run `cargo xtask codegen`",
                member.name
            ));
        }
    }
    Ok(complaints)
}

fn print_sizes(sources: &[Source]) {
    let mut sizes: Vec<(usize, &Source)> =
        sources.iter().map(|source| (source.product_lines(), source)).collect();
    sizes.retain(|(lines, _)| *lines > 0);
    sizes.sort_by_key(|(lines, _)| *lines);
    let Some((most, largest)) = sizes.last() else { return };
    let at = |percent: usize| sizes[(sizes.len() - 1) * percent / 100].0;
    println!(
        "tidy: {} files, lines without tests: median {}, 95th percentile {}, largest {most} ({})",
        sizes.len(),
        at(50),
        at(95),
        largest.path.display()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!("xtask-tidy-{}-{name}", std::process::id()));
        let file = folder.join("crates/a/src").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let read = sources::read_all(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        of_source(&read[0])
    }

    #[test]
    fn a_long_file_is_refused_and_its_tests_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// line\n".repeat(700));
        assert!(source("tested.rs", &tests).is_empty());
        assert_eq!(source("long.rs", &"// line\n".repeat(601)).len(), 1);
    }

    #[test]
    fn empty_names_are_refused_as_file_and_as_folder() {
        assert_eq!(source("utils.rs", "").len(), 1);
        assert_eq!(source("helpers/socket.rs", "").len(), 1);
        assert_eq!(source("mod.rs", "").len(), 1);
        assert!(source("corefile.rs", "").is_empty());
    }

    #[test]
    fn unsafe_needs_its_reason() {
        assert_eq!(source("bare.rs", "fn f() { unsafe { g() } }\n").len(), 1);
        assert!(
            source("said.rs", "// SAFETY: g has no preconditions.\nfn f() { unsafe { g() } }\n").is_empty()
        );
        assert!(source("prose.rs", "// an unsafe { block } in prose\n").is_empty());
    }

    #[test]
    fn unfinished_work_is_refused() {
        assert_eq!(source("open.rs", &format!("// {} later\n", UNFINISHED[0])).len(), 1);
    }
}
