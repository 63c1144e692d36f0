//! Kernel modules out of the package: found by name, unpacked, in loading order.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A module as `insmod` takes it.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The wanted modules, each after what it depends on. A module that is built into the kernel has no file; asking for
/// it by name is an error, depending on it is not possible.
pub(crate) fn with_dependencies(package: &Path, wanted: &[String]) -> Result<Vec<Module>> {
    let mut loaded = Vec::new();
    for name in wanted {
        load(package, name, &mut loaded, 0)?;
    }
    Ok(loaded)
}

fn load(package: &Path, name: &str, loaded: &mut Vec<Module>, depth: usize) -> Result<()> {
    if loaded.iter().any(|module| module.name == name) {
        return Ok(());
    }
    if depth > 16 {
        bail!("the dependencies of module {name} do not end");
    }
    let file =
        find(package, name)?.with_context(|| format!("this kernel's package has no module `{name}`"))?;
    let bytes = unpack(&file)?;
    for dependency in depends(&bytes) {
        load(package, &dependency, loaded, depth + 1)?;
    }
    loaded.push(Module { name: name.to_owned(), bytes });
    Ok(())
}

/// The file of module `name`; a module may spell `-` in its file name and `_` in its dependencies.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
            continue;
        }
        let file = entry.file_name().to_string_lossy().replace('-', "_");
        if file
            .strip_prefix(&name.replace('-', "_"))
            .is_some_and(|rest| rest == ".ko" || rest.starts_with(".ko."))
        {
            return Ok(Some(entry.path()));
        }
    }
    for folder in folders {
        if let Some(found) = find(&folder, name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn unpack(file: &Path) -> Result<Vec<u8>> {
    let program = match file.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => return std::fs::read(file).with_context(|| format!("cannot read {}", file.display())),
    };
    let output = Command::new(program).arg("-dcq").arg(file).output();
    let output =
        output.with_context(|| format!("{program} could not be started; install it (./setup --for test)"))?;
    if !output.status.success() {
        bail!("{program} could not unpack {}", file.display());
    }
    Ok(output.stdout)
}

/// What the module's own `.modinfo` says it needs.
fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let value = module[at + KEY.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    let names = value.split(|byte| *byte == b',').filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_the_module() {
        assert_eq!(depends(b"x\0license=GPL\0depends=llc,stp\0name=bridge\0"), ["llc", "stp"]);
        assert!(depends(b"x\0depends=\0name=veth\0").is_empty());
        assert!(depends(b"no modinfo").is_empty());
    }
}
