//! The contract that every backend passes.

use std::ops::Deref;

use store_sqlite::SqliteStore;
use tempfile::TempDir;

/// A store in a folder that goes away with it.
struct Fresh {
    store: SqliteStore,
    _folder: TempDir,
}

impl Deref for Fresh {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

async fn fresh(_case: &str) -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Fresh { store: SqliteStore::open(folder.path()).await.expect("a new store"), _folder: folder }
}

store::contract::tests!(fresh);
