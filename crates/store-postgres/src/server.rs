//! A real PostgreSQL of a test's own, from Debian's package, in a temporary folder that goes away with it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// Why there is none here.
pub type Missing = String;

/// Ends with the process that started it, however that ends: a shell waits for the pipe to its standard input to close. The folder
/// goes with it, unless it was said to stay.
const KEEPER: &str = r#"
    "$0" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=300 </dev/null >>"$1/log" 2>&1 &
    echo $! >"$1/pid"
    said=
    read -r said
    kill -INT $! 2>/dev/null
    wait $!
    [ "$said" = stays ] || rm -rf "$1"
"#;

/// Lines of its log that tell why it does not start.
const LINES: usize = 40;

/// The server.
pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    keeper: Mutex<Option<Child>>,
}

impl Server {
    /// Makes and starts one.
    ///
    /// # Errors
    /// What is missing here.
    pub fn start() -> Result<Self, Missing> {
        let programs = fs::read_dir("/usr/lib/postgresql")
            .ok()
            .and_then(|versions| versions.flatten().map(|version| version.path().join("bin")).max())
            .filter(|bin| bin.join("initdb").exists())
            .ok_or("no PostgreSQL in /usr/lib/postgresql; run ./setup --for test")?;
        let folder = std::env::temp_dir().join(format!("vedette-postgres-{}", std::process::id()));
        let folder = (0..)
            .map(|n: u32| folder.with_extension(n.to_string()))
            .find(|folder| fs::create_dir(folder).is_ok())
            .ok_or("no temporary folder")?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        if is_root() {
            let (user, group) = account().ok_or("no account 'postgres'; run ./setup --for test")?;
            chown(&folder, Some(user), Some(group)).map_err(|e| e.to_string())?;
        }
        let server = Self { folder, programs, keeper: Mutex::new(None) };
        let made = server
            .command("initdb")
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(server.folder.join("data"))
            .output()
            .map_err(|e| format!("initdb: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        server.resume()?;
        Ok(server)
    }

    fn command(&self, program: &str) -> Command {
        as_postgres(&self.programs.join(program))
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), and waits until it answers.
    ///
    /// # Errors
    /// What it said.
    pub fn resume(&self) -> Result<(), Missing> {
        let mut keeper = as_postgres(Path::new("/bin/sh"));
        keeper.arg("-c").arg(KEEPER).arg(self.programs.join("postgres")).arg(&self.folder);
        let keeper = keeper.stdin(Stdio::piped()).spawn().map_err(|e| format!("sh: {e}"))?;
        *self.keeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(keeper);
        for _ in 0..600 {
            let ready =
                Command::new(self.programs.join("pg_isready")).arg("-q").arg("-h").arg(&self.folder).status();
            if ready.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(LINES).collect();
        Err(last.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }

    /// Ends it in good order, but at once.
    pub fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            if let Some(mut pipe) = keeper.stdin.take() {
                let _ = pipe.write_all(b"stays\n");
            }
            let _ = keeper.wait();
        }
    }

    /// As if the power failed: SIGKILL to the server and what it has started.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("pid")).unwrap_or_default();
        let pid = pid.trim();
        // while it reads what it has started, it must not start another: that one would keep the next server out
        let _ = Command::new("kill").args(["-STOP", pid]).status();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let _ = Command::new("kill").arg("-9").arg(pid).args(children.split_whitespace()).status();
        self.stop();
    }

    /// A new, empty database; its URL.
    ///
    /// # Errors
    /// What the server said.
    pub fn database(&self, name: &str) -> Result<String, String> {
        self.run("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        Ok(self.url(name))
    }

    /// The URL of a database.
    pub fn url(&self, name: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/{name}")
    }

    /// Runs SQL in a database; what it answers, a row a line.
    ///
    /// # Errors
    /// What the server said.
    pub fn run(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql, "-h"])
            .arg(&self.folder)
            .output()
            .map_err(|e| format!("psql: {e}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// User and group of `postgres`.
fn account() -> Option<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.starts_with("postgres:"))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.current_dir("/");
    if is_root()
        && let Some((user, group)) = account()
    {
        command.uid(user).gid(group);
    }
    command
}
