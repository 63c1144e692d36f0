//! Debian's cloud kernel of a suite, fetched once through an apt configuration of our own.
//!
//! The machine's apt lists and packages stay as they are: everything below happens inside the cache folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DEFAULT_MIRROR: &str = "http://deb.debian.org/debian";

/// A kernel in the cache.
pub(crate) struct Kernel {
    pub(crate) folder: PathBuf,
    pub(crate) vmlinuz: PathBuf,
    /// The folder that holds the package's `.ko` files, at any depth.
    pub(crate) modules: PathBuf,
}

/// The kernel of `suite`, downloaded if the cache has none.
pub(crate) fn of_suite(suite: &str, folder: &Path) -> Result<Kernel> {
    if suite.is_empty() || !suite.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        bail!("`{suite}` is no Debian suite; try bookworm-security");
    }
    let kernel = Kernel {
        folder: folder.to_owned(),
        vmlinuz: folder.join("vmlinuz"),
        modules: folder.join("package"),
    };
    if !kernel.vmlinuz.is_file() {
        fetch(suite, &kernel)
            .with_context(|| format!("cannot get the kernel of {suite}; it needs the network once"))?;
    }
    Ok(kernel)
}

fn fetch(suite: &str, kernel: &Kernel) -> Result<()> {
    let apt = kernel.folder.join("apt");
    for folder in ["lists/partial", "archives/partial", "state"] {
        std::fs::create_dir_all(apt.join(folder))?;
    }
    let unpacked = kernel.folder.join("package");
    std::fs::create_dir_all(&unpacked)?;
    write_configuration(suite, &apt)?;
    eprintln!("kernel-vm: fetching the kernel of {suite}");
    tool(&apt, "apt-get", &["-qq", "update"])?;
    let packages = packages(&apt)?;
    let mut download = vec!["-qq", "download"];
    download.extend(packages.iter().map(String::as_str));
    tool(&apt, "apt-get", &download)?;
    for entry in std::fs::read_dir(&apt)? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            let arguments = ["-x", &package.to_string_lossy(), &unpacked.to_string_lossy()];
            tool(&apt, "dpkg", &arguments)?;
            std::fs::remove_file(&package)?;
        }
    }
    let image = image(&unpacked)?
        .with_context(|| format!("the packages {} hold no kernel image", packages.join(", ")))?;
    std::fs::remove_dir_all(&apt)?;
    // Last, and by rename: a cache with this file is complete.
    std::fs::rename(image, &kernel.vmlinuz)?;
    Ok(())
}

/// The kernel image: older packages keep it in `boot`, newer ones beside the modules, in a folder for each version.
fn image(unpacked: &Path) -> Result<Option<PathBuf>> {
    let mut folders = vec![unpacked.join("boot")];
    for modules in ["usr/lib/modules", "lib/modules"].map(|folder| unpacked.join(folder)) {
        if modules.is_dir() {
            for version in std::fs::read_dir(&modules)? {
                folders.push(version?.path());
            }
        }
    }
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("vmlinuz") {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}

/// Signatures are checked, ages are not: a mirror that is weeks behind has a good enough kernel.
fn write_configuration(suite: &str, apt: &Path) -> Result<()> {
    let mirror = mirror(suite);
    let trust = if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
    std::fs::write(apt.join("sources.list"), format!("deb {trust}{mirror} {suite} main\n"))?;
    std::fs::write(apt.join("status"), "")?;
    let at = apt.display();
    let configuration = format!(
        "Dir::Etc::sourcelist \"{at}/sources.list\"; Dir::Etc::sourceparts \"-\"; Dir::Etc::preferences \"-\";\n\
         Dir::Etc::preferencesparts \"-\"; Dir::State \"{at}/state\"; Dir::State::lists \"{at}/lists\";\n\
         Dir::State::status \"{at}/status\"; Dir::Cache \"{at}\"; APT::Architecture \"amd64\";\n\
         Acquire::Languages \"none\"; Acquire::Check-Valid-Until \"false\"; APT::Sandbox::User \"root\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n"
    );
    std::fs::write(apt.join("apt.conf"), configuration)?;
    Ok(())
}

/// The Debian mirror that this machine already uses, in the form that `suite` needs.
fn mirror(suite: &str) -> String {
    let files = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    let known = files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .find_map(|text| main_mirror(&text));
    let main = known.unwrap_or_else(|| DEFAULT_MIRROR.to_owned());
    if suite.ends_with("-security") { format!("{main}-security") } else { main }
}

/// The first address in an apt source file that is Debian's main archive.
fn main_mirror(sources: &str) -> Option<String> {
    let active = sources.lines().filter(|line| !line.trim_start().starts_with('#'));
    let words = active.flat_map(str::split_whitespace).map(|word| word.trim_end_matches('/'));
    words.filter(|word| word.contains("://")).find(|word| word.ends_with("/debian")).map(str::to_owned)
}

/// The kernel's own package behind the meta package, with the parts that newer kernels keep beside it.
fn packages(apt: &Path) -> Result<Vec<String>> {
    let newest = |wanted: &dyn Fn(&str) -> bool, show: &str| -> Result<Vec<String>> {
        let shown = tool(apt, "apt-cache", &["show", show])?;
        let depends = shown.lines().filter_map(|line| line.strip_prefix("Depends: "));
        let names =
            depends.flat_map(|line| line.split(',')).filter_map(|part| part.split_whitespace().next());
        Ok(names.filter(|name| wanted(name)).map(str::to_owned).collect())
    };
    let is_image = |name: &str| {
        name.strip_prefix("linux-image-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_part = |name: &str| name.starts_with("linux-binary-") || name.starts_with("linux-modules-");
    let images = newest(&is_image, "linux-image-cloud-amd64")?;
    let image = images
        .into_iter()
        .max_by_key(|name| version(name))
        .context("this suite has no package linux-image-cloud-amd64")?;
    let mut packages = newest(&is_part, &image)?;
    packages.sort();
    packages.dedup();
    packages.insert(0, image);
    Ok(packages)
}

/// The numbers in a package's name, for comparing.
fn version(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// Runs one of apt's programs inside our configuration; its output is the result.
fn tool(apt: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(apt)
        .env("APT_CONFIG", apt.join("apt.conf"))
        .output()
        .with_context(|| format!("{program} could not be started; kernel-vm needs Debian's apt"))?;
    if !output.status.success() {
        bail!("{program} {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_archive_is_found_in_both_forms_of_source_files() {
        let list = "# deb http://old/debian x main\ndeb [signed-by=/k] http://mirror/debian/ bookworm main\n";
        assert_eq!(main_mirror(list).as_deref(), Some("http://mirror/debian"));
        assert_eq!(
            main_mirror("URIs: http://m/debian-security\n\nURIs: http://m/debian\n").as_deref(),
            Some("http://m/debian")
        );
        assert_eq!(main_mirror("deb cdrom:[x]/ y"), None);
    }

    #[test]
    fn the_image_is_found_where_old_and_new_packages_keep_it() {
        for place in
            ["boot/vmlinuz-5.10.0-46-cloud-amd64", "usr/lib/modules/7.2.13+deb14-cloud-amd64/vmlinuz"]
        {
            let folder =
                std::env::temp_dir().join(format!("vedette-image-{}-{}", std::process::id(), place.len()));
            let file = folder.join(place);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            assert_eq!(image(&folder).unwrap(), None);
            std::fs::write(&file, "").unwrap();
            assert_eq!(image(&folder).unwrap(), Some(file));
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("linux-image-6.1.0-9-cloud-amd64") < version("linux-image-6.1.0-28-cloud-amd64"));
    }
}
