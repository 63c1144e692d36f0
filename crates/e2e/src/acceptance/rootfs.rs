//! A Debian with interpreters and network tools, made once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::skip::{Skip, program, root};

/// Everything that the lines of a corpus call, from Debian's own archive.
const PACKAGES: &str = "bash,busybox-static,ca-certificates,curl,wget,socat,python3,perl,ruby,php-cli,nodejs,lua5.4,\
lua-socket,gawk,ncat,netcat-traditional,netcat-openbsd,openssl,inetutils-telnet,golang-go,zsh,ksh,tcl,expect,screen,\
tmux,rlwrap,procps,iproute2,xxd,openjdk-17-jdk-headless,cron";

/// A Debian to be made.
struct Recipe {
    suite: &'static str,
    packages: &'static str,
    name: &'static str,
}

const SHELLS: Recipe = Recipe { suite: "bookworm", packages: PACKAGES, name: "bookworm-shells" };
/// The release with socat 1.8.
const NEWER_SOCAT: Recipe =
    Recipe { suite: "trixie", packages: "busybox-static,python3,socat", name: "trixie-socat" };

/// The tree.
#[derive(Debug, Clone)]
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// The kept tree, or a new one (several minutes, about 1 GB). It is kept in `$VEDETTE_CACHE`, else in `.cache` of
    /// the working copy.
    ///
    /// # Errors
    /// [`Skip`] where it cannot be made.
    pub fn ready() -> Result<Self, Skip> {
        let tools = Self::kept(&SHELLS)?;
        tools
            .prepare()
            .map_err(|error| Skip { reason: format!("the Debian tree for the corpus: {error:#}") })?;
        Ok(tools)
    }

    /// A tree with socat 1.8, kept in the same place (half a minute, 300 MB).
    ///
    /// # Errors
    /// [`Skip`] where it cannot be made.
    pub fn newer_socat() -> Result<Self, Skip> {
        Self::kept(&NEWER_SOCAT)
    }

    fn kept(recipe: &Recipe) -> Result<Self, Skip> {
        let cache = std::env::var_os("VEDETTE_CACHE").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache")),
            PathBuf::from,
        );
        let folder = cache.join("rootfs").join(recipe.name);
        root()?;
        if !folder.join("usr/bin/socat").exists() {
            program("debootstrap", "debootstrap")?;
            make(recipe, &folder)
                .map_err(|error| Skip { reason: format!("no Debian tree {}: {error:#}", recipe.name) })?;
        }
        Ok(Self { folder })
    }

    /// A path of the tree on this machine.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.join(inside.trim_start_matches('/'))
    }

    /// Whether it has a program.
    pub(crate) fn has(&self, name: &str) -> bool {
        ["usr/bin", "usr/sbin"]
            .iter()
            .any(|folder| self.folder.join(folder).join(name).symlink_metadata().is_ok())
    }

    /// Files that must be there before the tree is mounted read-only, and users that lines name.
    fn prepare(&self) -> Result<()> {
        for name in ["hosts", "hostname", "resolv.conf"] {
            let path = self.folder.join("etc").join(name);
            if path.symlink_metadata().is_err() {
                fs::write(&path, "").with_context(|| format!("writing {}", path.display()))?;
            }
        }
        let path = self.folder.join("etc/passwd");
        let mut users = fs::read_to_string(&path)?;
        let before = users.len();
        for (at, name) in ["ctf", "sandbox", "codespace"].iter().enumerate() {
            if !users.contains(&format!("\n{name}:")) {
                users.push_str(&format!("{name}:x:{id}:{id}::/work:/bin/sh\n", id = 7001 + at));
            }
        }
        if users.len() != before {
            fs::write(&path, users)?;
        }
        Ok(())
    }
}

fn make(recipe: &Recipe, folder: &Path) -> Result<()> {
    let parent = folder.parent().context("a folder for the tree")?;
    fs::create_dir_all(parent)?;
    let part = folder.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    let output = Command::new("debootstrap")
        .args(["--variant=minbase", &format!("--include={}", recipe.packages), recipe.suite])
        .arg(&part)
        .arg("http://deb.debian.org/debian")
        .output()
        .context("starting debootstrap")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        bail!("debootstrap: {}", text.lines().last().unwrap_or("no word"));
    }
    fs::rename(&part, folder)?;
    Ok(())
}
