//! Documents that are printed from the code, so that they cannot disagree with it.
//!
//! generators → (path, text) → write, or compare

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{code_map, detector_pages};

/// Something printed from the code.
pub(crate) struct Document {
    /// Relative to the workspace's root.
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

/// How much of the file is printed.
pub(crate) enum Content {
    /// All of it.
    Whole(String),
    /// What stands between `<!-- NAME begin … -->` and `<!-- NAME end -->`; the rest is written by hand.
    Region { name: &'static str, text: String },
}

/// Prints one kind of document from the workspace.
type Generator = fn(&Workspace) -> Result<Vec<Document>>;

/// Every generator there is; a new kind of document is one line here.
const GENERATORS: &[Generator] = &[code_map_page, detectors];

/// Folders in which every file is printed; what no generator prints there is left over from something gone.
const PRINTED_FOLDERS: &[&str] = &[detector_pages::FOLDER];

fn code_map_page(workspace: &Workspace) -> Result<Vec<Document>> {
    let text = code_map::markdown(workspace);
    Ok(vec![Document { path: "ARCHITECTURE.md".into(), content: Content::Region { name: "code map", text } }])
}

fn detectors(_: &Workspace) -> Result<Vec<Document>> {
    let catalogue = detectors::catalogue();
    let catalogue: Vec<_> = catalogue.iter().map(|detector| detector.metadata()).collect();
    Ok(detector_pages::documents(&catalogue))
}

/// Writes what changed, removes what is left over, and says so.
pub(crate) fn write() -> Result<ExitCode> {
    let Comparison { stale, left_over } = compare(&Workspace::read()?)?;
    for (path, text) in stale {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("codegen: wrote {}", path.display());
    }
    for path in left_over {
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        println!("codegen: removed {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Documents that differ from what would be written, or that would not be written at all.
pub(crate) fn check() -> Result<Vec<String>> {
    let Comparison { stale, left_over } = compare(&Workspace::read()?)?;
    let stale = stale.iter().map(|(path, _)| (path, "is out of date"));
    let left_over = left_over.iter().map(|path| (path, "is not printed from anything any more"));
    Ok(stale
        .chain(left_over)
        .map(|(path, what)| format!("{} {what}; run `cargo xtask codegen`", path.display()))
        .collect())
}

/// How the files differ from the code.
struct Comparison {
    /// Files that differ, with the text that they should have.
    stale: Vec<(PathBuf, String)>,
    /// Files in a printed folder that no generator prints.
    left_over: Vec<PathBuf>,
}

fn compare(workspace: &Workspace) -> Result<Comparison> {
    let mut stale = Vec::new();
    let mut printed = HashSet::new();
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
            printed.insert(path.clone());
            if present.as_deref() != Some(&wanted) {
                stale.push((path, wanted));
            }
        }
    }
    let mut left_over = Vec::new();
    for folder in PRINTED_FOLDERS {
        left_over.extend(not_printed(&workspace.root.join(folder), &printed)?);
    }
    Ok(Comparison { stale, left_over })
}

/// Files of `folder` that are not among the printed ones; a folder that does not exist yet has none.
fn not_printed(folder: &Path, printed: &HashSet<PathBuf>) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if !printed.contains(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
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
    fn a_page_of_something_gone_is_found() {
        let folder = std::env::temp_dir().join(format!("xtask-codegen-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (kept, gone) = (folder.join("kept.md"), folder.join("gone.md"));
        std::fs::write(&kept, "").unwrap();
        std::fs::write(&gone, "").unwrap();
        let left_over = not_printed(&folder, &HashSet::from([kept]));
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left_over.unwrap(), [gone]);
        assert!(not_printed(&folder, &HashSet::new()).unwrap().is_empty());
    }

    #[test]
    fn a_missing_marker_is_named() {
        assert!(splice("nothing", "map", "").unwrap_err().to_string().contains("map begin"));
    }
}
