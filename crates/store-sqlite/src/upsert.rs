//! Writing findings: what a sensor concludes and what a user changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::{QueryBuilder, SqliteConnection};
use store::sql::{AddressEntry, addresses};
use store::{ChangeKind, Created, Edit, MuteRules, Pending, Refusal, StoreError, Upserted, merged};
use tokio::sync::oneshot;

use crate::addresses::Changed;
use crate::row::{INSERT, OR_UPDATE, Place, Row, Written};
use crate::{failure, list, versions};

/// A sensor's finding.
pub(crate) struct Upsert {
    pub(crate) name: FindingName,
    /// Shared with whoever waits for the answer, who takes it apart: it is many pieces of memory.
    pub(crate) item: Arc<FindingResource>,
    pub(crate) order: i64,
    pub(crate) rules: Arc<MuteRules>,
    pub(crate) now: Timestamp,
    /// Until it is used.
    pub(crate) fresh: Option<Box<Fresh>>,
    pub(crate) done: Option<Upserted>,
    pub(crate) reply: oneshot::Sender<Result<Upserted, StoreError>>,
}

/// What is written when there is nothing of the name yet, as most often: whoever brings it makes it, while the one writer writes
/// what others brought.
pub(crate) struct Fresh {
    row: Row,
    place: Place,
    addresses: Vec<AddressEntry>,
}

impl Fresh {
    pub(crate) fn new(
        name: &FindingName,
        item: &FindingResource,
        rules: &MuteRules,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (item, _) = merged(None, item, rules, now);
        let row = Row::new(name, &item)?;
        Ok(Self { row, place: Place::of(name, &item), addresses: addresses(&item).into_iter().collect() })
    }
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
    let mut changes = Vec::with_capacity(upserts.len());
    for (upsert, name) in upserts.iter_mut().zip(&names) {
        let (order, now) = (upsert.order, upsert.now);
        let Some((before, delivered)) = stored.get(name) else {
            let fresh = match upsert.fresh.take() {
                Some(fresh) => *fresh,
                // used by a transaction that was rolled back
                None => Fresh::new(&upsert.name, &upsert.item, &upsert.rules, now)?,
            };
            let place = number(&mut *connection, path, &mut places, fresh.place).await?;
            let written = Written { place, order, change: ChangeKind::Created, now };
            changes.push(Change { row: fresh.row, gone: Vec::new(), come: fresh.addresses, written });
            upsert.done = Some(Upserted::Created);
            continue;
        };
        if order < *delivered {
            upsert.done = Some(Upserted::Unchanged);
            continue;
        }
        let (item, done) = merged(Some(before), &upsert.item, &upsert.rules, now);
        upsert.done = Some(done);
        if done == Upserted::Unchanged {
            // the same again, later: what comes now from before it is late
            if order > *delivered {
                heard(&mut *connection, path, name, order).await?;
            }
            continue;
        }
        versions::keep(&mut *connection, path, &upsert.name, now).await?;
        let place = number(&mut *connection, path, &mut places, Place::of(&upsert.name, &item)).await?;
        let written = Written { place, order, change: ChangeKind::Updated, now };
        changes.push(Change::new(&upsert.name, Some(before), &item, written)?);
    }
    write(connection, path, changes).await
}

/// A finding to be written.
struct Change {
    row: Row,
    gone: Vec<AddressEntry>,
    come: Vec<AddressEntry>,
    written: Written,
}

impl Change {
    fn new(
        name: &FindingName,
        before: Option<&FindingResource>,
        item: &FindingResource,
        written: Written,
    ) -> Result<Self, StoreError> {
        let (before, now) = (before.map(addresses).unwrap_or_default(), addresses(item));
        let gone = before.difference(&now).cloned().collect();
        let come = now.difference(&before).cloned().collect();
        Ok(Self { row: Row::new(name, item)?, gone, come, written })
    }
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

/// The rows of one statement at most: while it runs, SQLite notes every page that it changes.
const ROWS: usize = 256;

async fn write(
    connection: &mut SqliteConnection,
    path: &Path,
    mut changes: Vec<Change>,
) -> Result<(), StoreError> {
    let mut changed = Changed::default();
    while !changes.is_empty() {
        let rest = changes.split_off(changes.len().min(ROWS));
        let count = changes.len();
        let mut named = HashMap::with_capacity(count);
        let mut sql = QueryBuilder::new(INSERT);
        sql.push_values(changes, |place, Change { row, gone, come, written }| {
            named.insert(row.name().to_owned(), (gone, come));
            row.bind(place, &written);
        });
        sql.push(OR_UPDATE);
        // one statement for each number of rows: only that of a single one is worth keeping
        let statement = sql.build_query_as::<(i64, String)>().persistent(count == 1);
        let ids = statement.fetch_all(&mut *connection).await;
        for (id, name) in ids.map_err(|e| failure::sqlite("write", path, e))? {
            if let Some((gone, come)) = named.remove(&name) {
                changed.note(id, gone, come);
            }
        }
        changes = rest;
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
    write(connection, path, vec![Change::new(name, before, item, written)?]).await
}

/// The number of a place, asked for once.
async fn number(
    connection: &mut SqliteConnection,
    path: &Path,
    known: &mut HashMap<Place, i64>,
    at: Place,
) -> Result<i64, StoreError> {
    if let Some(number) = known.get(&at) {
        return Ok(*number);
    }
    let number = place(connection, path, &at).await?;
    known.insert(at, number);
    Ok(number)
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
