//! Writing findings: what a sensor concludes and what a user changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::{QueryBuilder, SqliteConnection};
use store::{ChangeKind, Created, Edit, MuteRules, Pending, Refusal, StoreError, Upserted, merged};

use tokio::sync::oneshot;

use crate::addresses::Changed;
use crate::row::{INSERT, OR_UPDATE, Place, Row, Written};
use crate::{failure, list, versions};

/// A sensor's finding.
pub(crate) struct Upsert {
    pub(crate) name: FindingName,
    pub(crate) item: Box<FindingResource>,
    pub(crate) order: i64,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) done: Option<Upserted>,
    pub(crate) reply: oneshot::Sender<Result<Upserted, StoreError>>,
}

/// Many at once, each of another name: few statements, because each is a trip to the connection's thread.
pub(crate) async fn many(
    connection: &mut SqliteConnection,
    path: &Path,
    upserts: &mut [&mut Upsert],
) -> Result<(), StoreError> {
    let names: Vec<String> = upserts.iter().map(|upsert| upsert.name.to_string()).collect();
    let stored = list::with_order(&mut *connection, path, &names).await?;
    let mut places: HashMap<Place, i64> = HashMap::new();
    let mut rows = Vec::with_capacity(upserts.len());
    for (upsert, name) in upserts.iter_mut().zip(&names) {
        let known = stored.get(name);
        if known.is_some_and(|(_, delivered)| upsert.order < *delivered) {
            upsert.done = Some(Upserted::Unchanged);
            continue;
        }
        let (result, done) = merged(known.map(|(item, _)| item), &upsert.item, &upsert.rules, upsert.now);
        upsert.done = Some(done);
        let change = match done {
            Upserted::Unchanged => {
                // the same again, later: what comes now from before it is late
                if known.is_some_and(|(_, delivered)| upsert.order > *delivered) {
                    heard(&mut *connection, path, name, upsert.order).await?;
                }
                continue;
            }
            Upserted::Created => ChangeKind::Created,
            Upserted::Updated => ChangeKind::Updated,
        };
        if change != ChangeKind::Created {
            versions::keep(&mut *connection, path, &upsert.name, upsert.now).await?;
        }
        let at = Place::of(&upsert.name, &result);
        let place = match places.get(&at) {
            Some(place) => *place,
            None => {
                let number = place(&mut *connection, path, &at).await?;
                places.insert(at, number);
                number
            }
        };
        let written = Written { place, order: upsert.order, change, now: upsert.now };
        let before = known.map(|(item, _)| item);
        rows.push(Change { row: Row::new(&upsert.name, &result)?, before, now: result, written });
    }
    write(connection, path, &rows).await
}

/// A finding to be written.
struct Change<'a> {
    row: Row,
    before: Option<&'a FindingResource>,
    now: FindingResource,
    written: Written,
}

async fn heard(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &str,
    order: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE findings SET delivered = ?2 WHERE name = ?1")
        .bind(name)
        .bind(order)
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(())
}

async fn write(
    connection: &mut SqliteConnection,
    path: &Path,
    changes: &[Change<'_>],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(INSERT);
    sql.push_values(changes, |place, change| change.row.bind(place, &change.now, &change.written));
    sql.push(OR_UPDATE);
    // one statement for each number of rows: only that of a single one is worth keeping
    let statement = sql.build_query_as::<(i64, String)>().persistent(changes.len() == 1);
    let ids = statement.fetch_all(&mut *connection).await.map_err(|e| failure::sqlite("write", path, e))?;
    let ids: HashMap<String, i64> = ids.into_iter().map(|(id, name)| (name, id)).collect();
    let mut changed = Changed::default();
    for change in changes {
        if let Some(id) = ids.get(change.row.name()) {
            changed.note(*id, change.before, Some(&change.now));
        }
    }
    changed.write(connection, path).await
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
            save(connection, path, name, (None, &result), ChangeKind::Created, *now).await?;
            Ok(Created::Yes(Box::new(result)))
        })
    }
}

/// What became of an edit. A refusal is an answer and no failure: it does not undo what is committed with it.
pub(crate) type Amended = Result<Option<FindingResource>, Refusal>;

/// A user's change.
pub(crate) struct Amend {
    pub(crate) name: FindingName,
    pub(crate) edit: Edit,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
}

impl Amend {
    pub(crate) fn apply<'a>(&'a self, connection: &'a mut SqliteConnection) -> Pending<'a, Amended> {
        Box::pin(async move {
            let Self { name, edit, rules, now, path } = self;
            let Some(stored) = list::by_any_name(&mut *connection, path, name).await? else {
                return Ok(Ok(None));
            };
            let mut item = stored.clone();
            if let Err(refusal) = edit(&mut item) {
                return Ok(Err(refusal));
            }
            rules.settle(&mut item, false, *now);
            if item != stored {
                // it may have been asked for by its canonical name
                let name: FindingName = stored.finding.name.parse()?;
                save(connection, path, &name, (Some(&stored), &item), ChangeKind::Amended, *now).await?;
            }
            Ok(Ok(Some(item)))
        })
    }
}

/// The version before and the finding: both or none. The order of the sensor's words stays.
async fn save(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
    (before, item): (Option<&FindingResource>, &FindingResource),
    change: ChangeKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    if change != ChangeKind::Created {
        versions::keep(&mut *connection, path, name, now).await?;
    }
    let place = place(&mut *connection, path, &Place::of(name, item)).await?;
    let written = Written { place, order: i64::MIN, change, now };
    let row = Row::new(name, item)?;
    write(connection, path, &[Change { row, before, now: item.clone(), written }]).await
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
