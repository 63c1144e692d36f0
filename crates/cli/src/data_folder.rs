//! The data folder: one Vedette at a time, closed to everybody else, with the token of its readers.
//!
//! `lock` is held until the process is gone, whatever ends it, and says where the API is; `token` is what a reader shows;
//! the link `/run/vedette/ADDRESS` leads commands that know nothing but an address to the folder.

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::{geteuid, umask};
use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where findings and evidence are kept when nobody says otherwise.
pub(crate) const DEFAULT: &str = "/var/lib/vedette";
/// How another is chosen.
const CHOOSE: &str = "--data (`vedette up`) or `data` in the configuration (`vedette server`)";
/// Links from addresses to data folders.
const RUNNING: &str = "/run/vedette";
/// Longest time for which somebody who looks keeps a folder from being taken.
const A_LOOK: Duration = Duration::from_millis(400);
const LOCK: &str = "lock";
const TOKEN: &str = "token";
/// What Vedette, and `./run`, put into a data folder.
const OWN: [&str; 10] = [
    LOCK,
    TOKEN,
    "authority",
    "evidence",
    "findings.db",
    "findings.db-shm",
    "findings.db-wal",
    "log",
    "server.crt",
    "server.key",
];

/// A data folder that is ours until this is dropped.
pub(crate) struct DataFolder {
    path: PathBuf,
    lock: File,
    token: String,
    /// The token was made at this start.
    is_new: bool,
}

/// Where the API is, for commands of this machine. Withdrawn when dropped.
pub(crate) struct Announcement {
    lock: File,
    link: Option<PathBuf>,
}

/// A Vedette at work.
pub(crate) struct Running {
    pub(crate) folder: PathBuf,
    /// As that one sees itself; unknown while it starts.
    pub(crate) pid: Option<u32>,
    /// Where its API is, once it has one.
    pub(crate) address: Option<SocketAddr>,
}

impl DataFolder {
    /// Makes what is missing and takes the folder. Files that are made from here on are this user's alone.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        umask(Mode::RWXG | Mode::RWXO);
        let shown = path.display();
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| {
            format!("the data folder {shown} cannot be made; choose another with {CHOOSE}")
        })?;
        close_to_others(path)?;
        let name = path.join(LOCK);
        // its words are another's until it is locked
        let lock =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(&name);
        let lock = lock.with_context(|| {
            format!(
                "{} cannot be written; run as the owner of {shown}, or choose another folder with {CHOOSE}",
                name.display()
            )
        })?;
        if let Err(error) = lock_alone(&lock) {
            ensure!(
                error == Errno::WOULDBLOCK,
                "{} cannot be locked ({error}); choose a folder of a local file system with {CHOOSE}",
                name.display()
            );
            bail!(
                "the data folder {shown} is in use by {}; end that one first, or choose another folder with {CHOOSE}",
                Running::with(path).map_or_else(|| "another Vedette".into(), |other| other.words())
            );
        }
        lock.set_len(0)?;
        lock.write_all_at(format!("{} ", std::process::id()).as_bytes(), 0)?;
        let (token, is_new) = token(&path.join(TOKEN))?;
        Ok(Self { path: path.canonicalize()?, lock, token, is_new })
    }

    /// What a reader must show.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Prints a token that was made at this start, once and to somebody who looks: a log that is kept is no place for it.
    pub(crate) fn print_new_token(&self) {
        if self.is_new && std::io::stderr().is_terminal() {
            eprintln!(
                "\nFirst start. The token of this Vedette, for readers of its API:\n\n    {}\n",
                self.token
            );
        }
    }

    /// Where a reader finds it.
    pub(crate) fn token_file(&self) -> PathBuf {
        token_file(&self.path)
    }

    /// Says where the API is, so that commands find the folder. It is said while the API listens, and no longer: nobody
    /// else can listen there then.
    pub(crate) fn announce(&self, address: SocketAddr) -> Result<Announcement> {
        let lock = self.lock.try_clone()?;
        lock.write_all_at(format!("{} {address}\n", std::process::id()).as_bytes(), 0)
            .context("the lock file cannot be written")?;
        let link = Path::new(RUNNING).join(address.to_string());
        let made = DirBuilder::new().recursive(true).mode(0o755).create(RUNNING).and_then(|()| {
            // the umask is ours; which folder an address belongs to is no secret
            let _ = std::fs::set_permissions(RUNNING, Permissions::from_mode(0o755));
            forget_the_killed(&self.path);
            symlink(&self.path, &link)
        });
        if let Err(error) = &made {
            tracing::warn!(
                "{} cannot be made ({error}): other vedette commands find this folder when they are given VEDETTE_DATA={}",
                link.display(),
                self.path.display()
            );
        }
        Ok(Announcement { lock, link: made.is_ok().then_some(link) })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // nothing that could be done if it fails: this process ends, and its lock with it
        let _ = self.lock.set_len(0);
        if let Some(link) = &self.link {
            let _ = std::fs::remove_file(link);
        }
    }
}

/// The folder of the Vedette whose API answers at the address, as far as a user can know who may not look into it.
pub(crate) fn announced(asked: SocketAddr) -> Option<PathBuf> {
    Running::at(asked).map(|running| running.folder).or_else(|| {
        let mut known = std::fs::read_dir(RUNNING).into_iter().flatten().flatten();
        known.find_map(|entry| {
            let listens = entry.file_name().to_str()?.parse().ok()?;
            answers(listens, asked).then(|| entry.path().read_link().ok()).flatten()
        })
    })
}

/// Where the token of a data folder is.
pub(crate) fn token_file(folder: &Path) -> PathBuf {
    folder.join(TOKEN)
}

impl Running {
    /// The one that has the folder.
    pub(crate) fn with(folder: &Path) -> Option<Self> {
        let mut lock = File::open(folder.join(LOCK)).ok()?;
        // what can be locked is nobody's, whatever it says
        if flock(&lock, FlockOperation::NonBlockingLockShared) != Err(Errno::WOULDBLOCK) {
            return None;
        }
        let mut words = String::new();
        lock.read_to_string(&mut words).ok()?;
        let (pid, address) = words.trim_end().split_once(' ').unwrap_or((words.trim_end(), ""));
        Some(Self { folder: folder.to_owned(), pid: pid.parse().ok(), address: address.parse().ok() })
    }

    /// The one whose API answers at the address. What merely listens there is not it: the folder's lock vouches.
    pub(crate) fn at(asked: SocketAddr) -> Option<Self> {
        let known = std::fs::read_dir(RUNNING).into_iter().flatten().flatten();
        let known = known.filter_map(|entry| entry.path().read_link().ok());
        let usual = std::env::var_os("VEDETTE_DATA").map_or_else(|| DEFAULT.into(), PathBuf::from);
        known.chain([usual]).find_map(|folder| {
            Self::with(&folder).filter(|running| running.address.is_some_and(|at| answers(at, asked)))
        })
    }

    /// Its token, where this user may read it.
    pub(crate) fn token(&self) -> Option<String> {
        stored(&self.folder.join(TOKEN)).ok().flatten()
    }

    /// The process, for a reader.
    pub(crate) fn words(&self) -> String {
        let process = match self.pid {
            Some(pid) => format!("process {pid}"),
            None => "another Vedette".into(),
        };
        self.address.map_or_else(|| process.clone(), |address| format!("{process} (API at {address})"))
    }
}

/// Removes the links of those that could not do it themselves, and earlier ones to the folder that is ours now.
fn forget_the_killed(ours: &Path) {
    for entry in std::fs::read_dir(RUNNING).into_iter().flatten().flatten() {
        let link = entry.path();
        if link.read_link().is_ok_and(|folder| folder == ours || Running::with(&folder).is_none()) {
            let _ = std::fs::remove_file(link);
        }
    }
}

/// Somebody who merely looks has the lock too, for an instant.
fn lock_alone(lock: &File) -> Result<(), Errno> {
    let begun = Instant::now();
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if begun.elapsed() < A_LOOK => std::thread::sleep(A_LOOK / 20),
            done => return done,
        }
    }
}

/// Whether one that listens at the first address is who answers at the second.
fn answers(listens: SocketAddr, asked: SocketAddr) -> bool {
    listens == asked
        || (listens.port() == asked.port() && listens.ip().is_unspecified() && asked.ip().is_loopback())
}

/// Findings name everything that an attacker wants to know about the defence.
fn close_to_others(path: &Path) -> Result<()> {
    let shown = path.display();
    let about = path.metadata().with_context(|| format!("the data folder {shown}"))?;
    ensure!(about.is_dir(), "the data folder {shown} is no folder; choose another with {CHOOSE}");
    ensure!(
        about.uid() == geteuid().as_raw(),
        "the data folder {shown} belongs to another user (uid {}), who could put files under Vedette; give it to the user that runs Vedette, or choose another with {CHOOSE}",
        about.uid()
    );
    if let Some(open) = open_above(path) {
        bail!(
            "everybody may replace what is in {} (mode {:o}), and the data folder {shown} is below it; run: chmod +t {0}, or choose another with {CHOOSE}",
            open.display(),
            open.metadata().map(|about| about.mode() & 0o7777).unwrap_or_default()
        );
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    if is_ours_alone(path, &about) {
        tracing::info!("the data folder {shown} was open to others (mode {mode:o}); it is closed now");
        return std::fs::set_permissions(path, Permissions::from_mode(0o700)).with_context(|| {
            format!("the data folder {shown} cannot be closed to others; run: chmod 700 {shown}")
        });
    }
    ensure!(
        mode & 0o002 == 0,
        "everybody may write into {shown}, so others could put files under Vedette; choose a folder of its own with {CHOOSE}"
    );
    tracing::warn!(
        "{shown} is open to others (mode {mode:o}) and holds more than Vedette's files, so it stays as it is; a folder of its own is safer"
    );
    Ok(())
}

/// A folder above in which everybody may rename what belongs to others.
fn open_above(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().ok()?;
    let mut above = whole.ancestors().skip(1);
    above
        .find(|folder| folder.metadata().is_ok_and(|about| about.mode() & 0o1002 == 0o002))
        .map(Path::to_owned)
}

fn is_ours_alone(path: &Path, about: &Metadata) -> bool {
    about.uid() == geteuid().as_raw()
        && std::fs::read_dir(path).is_ok_and(|mut entries| {
            entries.all(|entry| entry.is_ok_and(|e| OWN.iter().any(|own| e.file_name() == *own)))
        })
}

/// The token of the folder; a new one, and that it is new, when there is none, or when others could read it.
fn token(path: &Path) -> Result<(String, bool)> {
    let failed = || format!("the token {} cannot be kept", path.display());
    if let Some(kept) = stored(path).with_context(failed)? {
        return Ok((kept, false));
    }
    let mut random = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).context("/dev/urandom")?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = path.with_extension("new");
    let write = || {
        let _ = std::fs::remove_file(&draft);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{token}")?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().with_context(failed)?;
    Ok((token, true))
}

/// A token that only its owner can read; another file's words are never taken for one.
fn stored(path: &Path) -> std::io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let about = file.metadata()?;
    let mut words = String::new();
    if about.is_file() && about.mode() & 0o077 == 0 {
        file.take(128).read_to_string(&mut words)?;
    }
    let token = words.trim_end();
    let is_token = token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(is_token.then(|| token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn a_folder_is_closed_and_its_token_stays_unless_others_could_read_it() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b");
        let first = DataFolder::take(&path).unwrap();
        for (name, expected) in [("", 0o700), (LOCK, 0o600), (TOKEN, 0o600)] {
            assert_eq!(mode(&path.join(name)), expected, "{name}");
        }
        let token = first.token().to_owned();
        drop(first);
        assert_eq!(DataFolder::take(&path).unwrap().token(), token);

        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(path.join(TOKEN), Permissions::from_mode(0o644)).unwrap();
        assert_ne!(DataFolder::take(&path).unwrap().token(), token, "others could read the old one");
        assert_eq!((mode(&path), mode(&path.join(TOKEN))), (0o700, 0o600));
        std::fs::write(path.join(TOKEN), "half").unwrap();
        assert_eq!(DataFolder::take(&path).unwrap().token().len(), 64);
    }

    #[test]
    fn a_folder_that_holds_more_is_not_closed_and_one_that_all_write_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("somebody's"), "").unwrap();
        for (bits, fine) in [(0o755, true), (0o777, false)] {
            std::fs::set_permissions(scratch.path(), Permissions::from_mode(bits)).unwrap();
            assert_eq!(DataFolder::take(scratch.path()).is_ok(), fine, "{bits:o}");
            assert_eq!(mode(scratch.path()), bits);
        }
    }

    #[test]
    fn a_folder_of_somebody_else_and_one_that_everybody_can_replace_are_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        std::fs::create_dir(&path).unwrap();
        for (bits, fine) in [(0o777, false), (0o1777, true), (0o755, true)] {
            std::fs::set_permissions(scratch.path(), Permissions::from_mode(bits)).unwrap();
            assert_eq!(DataFolder::take(&path).is_ok(), fine, "{bits:o}");
        }
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            let error = DataFolder::take(&path).err().unwrap().to_string();
            assert!(error.contains("belongs to another user"), "{error}");
        }
    }

    #[test]
    fn one_that_listens_everywhere_answers_on_loopback_and_nowhere_else() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(answers(at("127.0.0.1:1"), at("127.0.0.1:1")));
        assert!(answers(at("0.0.0.0:1"), at("127.0.0.1:1")));
        for (listens, asked) in
            [("127.0.0.1:1", "127.0.0.2:1"), ("0.0.0.0:1", "127.0.0.1:2"), ("0.0.0.0:1", "10.0.0.1:1")]
        {
            assert!(!answers(at(listens), at(asked)), "{listens} {asked}");
        }
    }
}
