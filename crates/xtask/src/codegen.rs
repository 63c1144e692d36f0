//! Documents that are printed from the code, so that they cannot disagree with it.
//!
//! generators → (path, text) → write, or compare

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::code_map;
use crate::workspace::Workspace;

/// Something printed from the code.
pub(crate) struct Document {
    /// Relative to the workspace's root.
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

/// How much of the file is printed.
pub(crate) enum Content {
    /// All of it.
    #[expect(dead_code, reason = "the detectors' pages are whole files and come with the detectors")]
    Whole(String),
    /// What stands between `<!-- NAME begin … -->` and `<!-- NAME end -->`; the rest is written by hand.
    Region { name: &'static str, text: String },
}

/// Prints one kind of document from the workspace.
type Generator = fn(&Workspace) -> Result<Vec<Document>>;

/// Every generator there is; a new kind of document is one line here.
const GENERATORS: &[Generator] = &[code_map_page];

fn code_map_page(workspace: &Workspace) -> Result<Vec<Document>> {
    let text = code_map::markdown(workspace);
    Ok(vec![Document { path: "ARCHITECTURE.md".into(), content: Content::Region { name: "code map", text } }])
}

/// Writes what changed and says so.
pub(crate) fn write() -> Result<ExitCode> {
    for (path, text) in stale(&Workspace::read()?)? {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("codegen: wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Documents that differ from what would be written.
pub(crate) fn check() -> Result<Vec<String>> {
    let stale = stale(&Workspace::read()?)?;
    Ok(stale
        .into_iter()
        .map(|(path, _)| format!("{} is out of date; run `cargo xtask codegen`", path.display()))
        .collect())
}

/// The files that differ from the code, with the text that they should have.
fn stale(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let mut stale = Vec::new();
    for generator in GENERATORS {
        for document in generator(workspace)? {
            let path = workspace.root.join(&document.path);
            let present = std::fs::read_to_string(&path).ok();
            let wanted = match document.content {
                Content::Whole(text) => text,
                Content::Region { name, text } => {
                    let page =
                        present.as_deref().with_context(|| format!("{} does not exist", path.display()))?;
                    splice(page, name, &text).with_context(|| format!("in {}", path.display()))?
                }
            };
            if present.as_deref() != Some(&wanted) {
                stale.push((path, wanted));
            }
        }
    }
    Ok(stale)
}

/// `page` with `text` between the markers called `name`.
fn splice(page: &str, name: &str, text: &str) -> Result<String> {
    let open = format!("<!-- {name} begin");
    let close = format!("<!-- {name} end -->");
    let Some(start) = page.find(&open) else { bail!("the marker `{open} … -->` is missing") };
    let Some(head) = page[start..].find("-->\n").map(|length| start + length + "-->\n".len()) else {
        bail!("the marker `{open}` is not closed on its line")
    };
    let Some(end) = page[head..].find(&close).map(|length| head + length) else {
        bail!("the marker `{close}` is missing")
    };
    Ok(format!("{}{}\n{}", &page[..head], text.trim_end(), &page[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_region_changes() {
        let page = "before\n<!-- map begin (generated) -->\nold\n<!-- map end -->\nafter\n";
        let spliced = splice(page, "map", "new\n").unwrap();
        assert_eq!(spliced, "before\n<!-- map begin (generated) -->\nnew\n<!-- map end -->\nafter\n");
        assert_eq!(splice(&spliced, "map", "new\n").unwrap(), spliced);
    }

    #[test]
    fn a_missing_marker_is_named() {
        assert!(splice("nothing", "map", "").unwrap_err().to_string().contains("map begin"));
    }
}
