//! Writing findings: what a sensor concludes and what a user changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::SqliteConnection;
use store::{ChangeKind, Created, Edit, MuteRules, Pending, StoreError, Upserted, merged};

use crate::row::{Place, Row, UPSERT};
use crate::{changes, failure, list, versions};

/// A sensor's finding.
pub(crate) struct Upsert {
    pub(crate) name: FindingName,
    pub(crate) item: Box<FindingResource>,
    pub(crate) order: i64,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
}

impl Upsert {
    pub(crate) fn apply<'a>(&'a self, connection: &'a mut SqliteConnection) -> Pending<'a, Upserted> {
        Box::pin(async move {
            let Self { name, item, order, rules, now, path } = self;
            let stored = list::with_order(&mut *connection, path, name).await?;
            if stored.as_ref().is_some_and(|(_, delivered)| order < delivered) {
                return Ok(Upserted::Unchanged);
            }
            let stored = stored.map(|(item, _)| item);
            let (result, change) = merged(stored.as_ref(), item, rules, *now);
            if change != Upserted::Unchanged {
                let kind =
                    if change == Upserted::Created { ChangeKind::Created } else { ChangeKind::Updated };
                save(connection, path, name, &result, Some(*order), kind, *now).await?;
            }
            Ok(change)
        })
    }
}

/// A new finding of another source.
pub(crate) struct Create {
    pub(crate) name: FindingName,
    pub(crate) item: Box<FindingResource>,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
}

impl Create {
    pub(crate) fn apply<'a>(&'a self, connection: &'a mut SqliteConnection) -> Pending<'a, Created> {
        Box::pin(async move {
            let Self { name, item, rules, now, path } = self;
            if list::by_name(&mut *connection, path, name).await?.is_some() {
                return Ok(Created::Exists);
            }
            let (result, _) = merged(None, item, rules, *now);
            save(connection, path, name, &result, None, ChangeKind::Created, *now).await?;
            Ok(Created::Yes(Box::new(result)))
        })
    }
}

/// A user's change.
pub(crate) struct Amend {
    pub(crate) name: FindingName,
    pub(crate) edit: Edit,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
}

impl Amend {
    pub(crate) fn apply<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> Pending<'a, Option<FindingResource>> {
        Box::pin(async move {
            let Self { name, edit, rules, now, path } = self;
            let Some(stored) = list::by_any_name(&mut *connection, path, name).await? else {
                return Ok(None);
            };
            let mut item = stored.clone();
            edit(&mut item)?;
            rules.settle(&mut item, false, *now);
            if item != stored {
                // it may have been asked for by its canonical name
                let name: FindingName = stored.finding.name.parse()?;
                save(connection, path, &name, &item, None, ChangeKind::Amended, *now).await?;
            }
            Ok(Some(item))
        })
    }
}

/// The version before, the finding, and the change: all or none.
async fn save(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
    item: &FindingResource,
    order: Option<i64>,
    kind: ChangeKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("write", path, e);
    if kind != ChangeKind::Created {
        versions::keep(&mut *connection, path, name, now).await?;
    }
    let place = place(&mut *connection, path, &Place::of(name, item)).await?;
    let arguments = Row::new(name, item)?.arguments(item, place, order, now);
    let arguments = arguments.map_err(|e| failed(sqlx::Error::Encode(e)))?;
    sqlx::query_with(UPSERT, arguments).execute(&mut *connection).await.map_err(failed)?;
    changes::add(connection, path, name, kind, now).await
}

/// The number of a place; a new one the first time.
async fn place(connection: &mut SqliteConnection, path: &Path, place: &Place) -> Result<i64, StoreError> {
    let failed = |e| failure::sqlite("write", path, e);
    let Place([scope, canonical_scope, source, location]) = place;
    let known: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM places WHERE scope = ?1 AND canonical_scope = ?2 AND source = ?3 AND location = ?4",
    )
    .bind(scope)
    .bind(canonical_scope)
    .bind(source)
    .bind(location)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    if let Some(known) = known {
        return Ok(known);
    }
    sqlx::query_scalar(
        "INSERT INTO places (scope, canonical_scope, source, location) VALUES (?1, ?2, ?3, ?4) RETURNING id",
    )
    .bind(scope)
    .bind(canonical_scope)
    .bind(source)
    .bind(location)
    .fetch_one(connection)
    .await
    .map_err(failed)
}
