//! Opening a store, and the store itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqlitePool};
use store::{
    Amendment, EvidenceItem, EvidenceMeta, EvidenceStore, FindingStore, ListQuery, Page, Pending, Sha256,
    StoreError, Upserted,
};

use crate::evidence::{self, Record};
use crate::folder::{self, Folder};
use crate::upsert::{Amend, Upsert};
use crate::writer::Writer;
use crate::{failure, list, schema};

/// Connections that read at the same time.
const READERS: u32 = 4;

/// How long another process's write, or a free reader, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest piece of evidence that is kept, in bytes.
const EVIDENCE_LIMIT: u64 = 256 << 20;

/// The embedded store. Needs a tokio runtime; may be used from any task of it.
pub struct SqliteStore {
    path: PathBuf,
    readers: SqlitePool,
    writer: Writer,
    evidence: Arc<Folder>,
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
            .pragma("journal_size_limit", (64 << 20).to_string());
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
        Ok(Self { writer: Writer::start(connection, path.clone()), path, readers, evidence })
    }

    /// Writes everything that waits and closes the file. Later writes get [`StoreError::Closed`].
    pub async fn close(&self) {
        self.writer.stop().await;
        self.readers.close().await;
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(|e| failure::sqlite("read", &self.path, e))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, StoreError> + Send + 'static,
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

impl FindingStore for SqliteStore {
    fn upsert(&self, item: &FindingResource, now: Timestamp) -> Pending<'_, Upserted> {
        let item = Box::new(item.clone());
        Box::pin(async move {
            let name: FindingName = item.finding.name.parse()?;
            let path = self.path.clone();
            self.writer.write(|reply| Box::new(Upsert { name, item, now, path, done: None, reply })).await
        })
    }

    fn amend(&self, name: &FindingName, amendment: Amendment) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move {
            let path = self.path.clone();
            self.writer.write(|reply| Box::new(Amend { name, amendment, path, done: None, reply })).await
        })
    }

    fn get(&self, name: &FindingName) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move { list::by_any_name(&mut *self.reader().await?, &self.path, &name).await })
    }

    fn list(&self, query: ListQuery) -> Pending<'_, Page> {
        Box::pin(async move { list::page(&mut *self.reader().await?, &self.path, &query).await })
    }

    fn health(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_schema");
            let found = query.fetch_one(&mut *self.reader().await?).await;
            found.map(drop).map_err(|e| failure::sqlite("read", &self.path, e))
        })
    }
}

impl EvidenceStore for SqliteStore {
    fn put(&self, bytes: Vec<u8>, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let size = bytes.len() as u64;
            if size > EVIDENCE_LIMIT {
                let subject = format!("evidence {:?} of {}", meta.name, meta.finding);
                return Err(StoreError::TooLarge { subject, size, limit: EVIDENCE_LIMIT });
            }
            let sha256 = self.blocking(move |folder| folder.keep(&bytes)).await?;
            let item = EvidenceItem { sha256, size, meta };
            let path = self.path.clone();
            self.writer.write(|reply| Box::new(Record { item, path, reply })).await?;
            Ok(sha256)
        })
    }

    fn put_file(&self, file: File, size: u64, expected: Sha256, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let size = size.min(EVIDENCE_LIMIT);
            let (sha256, size) = self.blocking(move |folder| folder.keep_file(file, size, expected)).await?;
            let item = EvidenceItem { sha256, size, meta };
            let path = self.path.clone();
            self.writer.write(|reply| Box::new(Record { item, path, reply })).await?;
            Ok(sha256)
        })
    }

    fn open(&self, sha256: Sha256) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(self.blocking(move |folder| folder.read(sha256)))
    }

    fn evidence_of(&self, finding: &FindingName) -> Pending<'_, Vec<EvidenceItem>> {
        let finding = finding.clone();
        Box::pin(async move { evidence::of(&mut *self.reader().await?, &self.path, &finding).await })
    }
}
