//! Opening a store; what it does is in `doors`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqlitePool};
use store::{MuteRules, PATIENCE_SECONDS, StoreError};

use crate::folder::{self, Folder};
use crate::writer::Writer;
use crate::{failure, schema};

/// Connections that read at the same time.
const READERS: u32 = 4;

/// How long another process's write, or a free reader, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Steps of SQLite's machine between two looks at the clock: some milliseconds. What takes fewer is never stopped, whatever
/// question the connection was used for before.
const STEPS: i32 = 100_000;

/// The embedded store. Needs a tokio runtime; may be used from any task of it.
pub struct SqliteStore {
    pub(crate) path: PathBuf,
    readers: SqlitePool,
    pub(crate) writer: Writer,
    pub(crate) evidence: Arc<Folder>,
    pub(crate) rules: RwLock<Arc<MuteRules>>,
    pub(crate) receiving: tokio::sync::Mutex<()>,
}

impl SqliteStore {
    /// Opens the store in `folder` (`findings.db` and `evidence/`), and creates what is missing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Newer`] leave the file as it was. [`StoreError::Full`] when there is
    /// no room to bring an older file up to date.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        folder::make(folder)?;
        let path = folder.join("findings.db");
        let evidence = Arc::new(Folder::open(folder.join("evidence"))?);
        let options =
            SqliteConnectOptions::new().filename(&path).busy_timeout(PATIENCE).disable_statement_logging();

        look(&path, &options).await?;

        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Only with FULL does a commit in WAL mode survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", (64 << 20).to_string())
            // pages that every finding's indexes touch stay here, and are copied into the file less often
            .pragma("cache_size", "-49152")
            .pragma("wal_autocheckpoint", "8192")
            // a statement of many rows can be taken back alone: what it changes is noted here and not in a file
            .pragma("temp_store", "memory");
        let failed = |e| failure::sqlite("open", &path, e);
        let mut connection = sqlx::SqliteConnection::connect_with(&writing).await.map_err(failed)?;
        schema::migrate(&mut connection, &path).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            // A connection to a local file does not go stale; asking first would cost a trip per read.
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await
            .map_err(failed)?;
        let writer = Writer::start(connection, path.clone());
        Ok(Self {
            writer,
            path,
            readers,
            evidence,
            rules: RwLock::default(),
            receiving: tokio::sync::Mutex::default(),
        })
    }

    /// Takes no new evidence when its disk would have fewer bytes free; findings go on. Without this it leaves a twentieth of
    /// the disk, and no more than a gibibyte.
    #[must_use]
    pub fn with_evidence_floor(self, bytes: u64) -> Self {
        self.evidence.leave(bytes);
        self
    }

    /// Writes everything that waits and closes the file. Later writes get [`StoreError::Closed`].
    pub async fn close(&self) {
        self.writer.stop().await;
        self.readers.close().await;
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(|e| failure::sqlite("read", &self.path, e))
    }

    /// A reader for what may take long: it is stopped when it takes too long.
    pub(crate) async fn patient_reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let mut reader = self.reader().await?;
        let deadline = Instant::now() + Duration::from_secs(PATIENCE_SECONDS);
        let handle = reader.lock_handle().await;
        let mut handle = handle.map_err(|e| failure::sqlite("read", &self.path, e))?;
        handle.set_progress_handler(STEPS, move || Instant::now() < deadline);
        drop(handle);
        Ok(reader)
    }

    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Folder>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = Arc::clone(&self.evidence);
        // The task ends early only when the runtime shuts down.
        let closed = |_| StoreError::Closed { subject: self.path.display().to_string() };
        tokio::task::spawn_blocking(move || work(&folder)).await.map_err(closed)?
    }
}

/// Examines a file that exists, without writing to it.
async fn look(path: &Path, options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return create(path),
        Err(error) => return Err(failure::file("open", path, error)),
    };
    if size == 0 {
        return Ok(());
    }
    let failed = |e| failure::sqlite("open", path, e);
    let mut connection = options.clone().read_only(true).connect().await.map_err(failed)?;
    let verdict = schema::examine(&mut connection, path, size).await;
    connection.close().await.map_err(failed)?;
    verdict
}

/// SQLite gives its other files the mode of the first: only the owner may read findings.
fn create(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = fs::File::options().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|e| failure::file("create", path, e))
}
