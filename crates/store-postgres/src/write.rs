//! Writing findings: what a sensor concludes and what a user changes, inside the caller's transaction.

use std::collections::{BTreeMap, HashMap};

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::PgConnection;
use store::{ChangeKind, Created, Edit, MuteRules, StoreError, Upserted, merged};

use crate::addresses::Addresses;
use crate::writer::Upsert;
use crate::{changes, failure, list, row, versions};

/// A finding to be written.
pub(crate) struct Change<'a> {
    pub(crate) name: &'a FindingName,
    pub(crate) month: i32,
    pub(crate) before: Option<&'a FindingResource>,
    pub(crate) item: FindingResource,
    pub(crate) order: i64,
    pub(crate) kind: ChangeKind,
    pub(crate) now: Timestamp,
}

/// A name whose row is locked until the transaction ends.
#[derive(Clone, Copy)]
struct Locked {
    month: i32,
    /// Its finding is not there yet.
    is_new: bool,
}

/// What stands under a name, with the order of its sensor's words.
type Stored = (FindingResource, i64);

/// What sensors say: many findings, and several versions of one. `None` when the transaction was overtaken and is to begin
/// anew.
pub(crate) async fn upserts(
    connection: &mut PgConnection,
    subject: &str,
    upserts: &[Upsert],
) -> Result<Option<Vec<Upserted>>, StoreError> {
    let names: Vec<String> = upserts.iter().map(|upsert| upsert.name.to_string()).collect();
    let months = names.iter().cloned().zip(upserts.iter().map(|upsert| upsert.month)).collect();
    let mut locked = lock(&mut *connection, subject, months).await?;
    if is_overtaken(&mut *connection, subject, &locked).await? {
        return Ok(None);
    }
    let mut done = vec![Upserted::Unchanged; upserts.len()];
    for round in rounds(&names) {
        let known = stored(&mut *connection, subject, &locked, round.iter().map(|at| &*names[*at])).await?;
        let (mut changes, mut heard) = (Vec::with_capacity(round.len()), Vec::new());
        for at in round {
            let (upsert, name) = (&upserts[at], &*names[at]);
            let Some(Locked { month, is_new }) = locked.get_mut(name) else { continue };
            *is_new = false;
            let known = known.get(name);
            if known.is_some_and(|(_, delivered)| upsert.order < *delivered) {
                continue;
            }
            let before = known.map(|(item, _)| item);
            let (item, what) = merged(before, &upsert.item, &upsert.rules, upsert.now);
            done[at] = what;
            let kind = match what {
                Upserted::Unchanged => {
                    if known.is_some_and(|(_, delivered)| upsert.order > *delivered) {
                        heard.push((*month, name, upsert.order));
                    }
                    continue;
                }
                Upserted::Created => ChangeKind::Created,
                Upserted::Updated => ChangeKind::Updated,
            };
            let Upsert { name, order, now, .. } = upsert;
            changes.push(Change { name, month: *month, before, item, order: *order, kind, now: *now });
        }
        hear(&mut *connection, subject, heard).await?;
        save(&mut *connection, subject, &changes).await?;
    }
    Ok(Some(done))
}

/// Places of what is written at once: versions of one finding after one another, because the second must see the first.
fn rounds(names: &[String]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut versions: HashMap<&str, usize> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        let version = versions.entry(name).or_default();
        match rounds.get_mut(*version) {
            Some(round) => round.push(at),
            None => rounds.push(vec![at]),
        }
        *version += 1;
    }
    rounds
}

/// Whose writes, by what rules, when.
pub(crate) struct Write<'a> {
    pub(crate) subject: &'a str,
    pub(crate) rules: &'a MuteRules,
    pub(crate) now: Timestamp,
}

impl Write<'_> {
    pub(crate) async fn create(
        &self,
        connection: &mut PgConnection,
        (name, item): (&FindingName, &FindingResource),
        month: i32,
    ) -> Result<Created, StoreError> {
        let locked = lock(&mut *connection, self.subject, [(name.to_string(), month)].into()).await?;
        if self.stored(&mut *connection, &locked, name).await?.is_some() {
            return Ok(Created::Exists);
        }
        let (item, _) = merged(None, item, self.rules, self.now);
        let month = locked.values().next().map_or(month, |locked| locked.month);
        let (kind, now) = (ChangeKind::Created, self.now);
        let change = Change { name, month, before: None, item, order: 0, kind, now };
        save(connection, self.subject, std::slice::from_ref(&change)).await?;
        Ok(Created::Yes(Box::new(change.item)))
    }

    pub(crate) async fn amend(
        &self,
        connection: &mut PgConnection,
        name: &FindingName,
        edit: &Edit,
    ) -> Result<Option<FindingResource>, StoreError> {
        let Some(found) = list::by_any_name(connection, self.subject, name).await? else { return Ok(None) };
        // it may have been asked for by its canonical name
        let name: FindingName = found.finding.name.parse()?;
        let locked = lock_known(&mut *connection, self.subject, vec![name.to_string()]).await?;
        let Some((before, order)) = self.stored(&mut *connection, &locked, &name).await? else {
            return Ok(None);
        };
        let mut item = before.clone();
        edit(&mut item)?;
        self.rules.settle(&mut item, false, self.now);
        if item == before {
            return Ok(Some(item));
        }
        let month = locked.values().next().map_or(0, |locked| locked.month);
        let (kind, now) = (ChangeKind::Amended, self.now);
        let change = Change { name: &name, month, before: Some(&before), item, order, kind, now };
        save(connection, self.subject, std::slice::from_ref(&change)).await?;
        Ok(Some(change.item))
    }

    async fn stored(
        &self,
        connection: &mut PgConnection,
        locked: &BTreeMap<String, Locked>,
        name: &FindingName,
    ) -> Result<Option<Stored>, StoreError> {
        let name = name.to_string();
        let mut found = stored(connection, self.subject, locked, std::iter::once(&*name)).await?;
        Ok(found.remove(&name))
    }
}

/// Locks names in their order, so that those who write the same ones wait for each other and never in a circle. New ones get
/// the month beside them.
async fn lock(
    connection: &mut PgConnection,
    subject: &str,
    mut wanted: BTreeMap<String, i32>,
) -> Result<BTreeMap<String, Locked>, StoreError> {
    let mut locked = BTreeMap::new();
    // what is removed between the two statements is new after all
    while !wanted.is_empty() {
        let (names, months): (Vec<&str>, Vec<i32>) =
            wanted.iter().map(|(name, month)| (&**name, *month)).unzip();
        let new: Vec<(String, i32)> = sqlx::query_as(
            "INSERT INTO finding_names (name, month) SELECT * FROM unnest($1::text[], $2::int[])
             ON CONFLICT DO NOTHING RETURNING name, month",
        )
        .bind(names)
        .bind(months)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
        locked.extend(new.into_iter().map(|(name, month)| (name, Locked { month, is_new: true })));
        wanted.retain(|name, _| !locked.contains_key(name));
        if !wanted.is_empty() {
            let names = wanted.keys().cloned().collect();
            locked.extend(lock_known(&mut *connection, subject, names).await?);
            wanted.retain(|name, _| !locked.contains_key(name));
        }
    }
    Ok(locked)
}

async fn lock_known(
    connection: &mut PgConnection,
    subject: &str,
    names: Vec<String>,
) -> Result<BTreeMap<String, Locked>, StoreError> {
    let found: Vec<(String, i32)> = sqlx::query_as(
        "SELECT name, month FROM finding_names WHERE name = ANY ($1) ORDER BY name FOR UPDATE",
    )
    .bind(names)
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(found.into_iter().map(|(name, month)| (name, Locked { month, is_new: false })).collect())
}

/// Whether a later transaction has changed some of what is locked now: it came first to one name while another was waited for.
/// The feed is ordered by the number of the transaction, which the first lock gives, and would tell its change last.
async fn is_overtaken(
    connection: &mut PgConnection,
    subject: &str,
    locked: &BTreeMap<String, Locked>,
) -> Result<bool, StoreError> {
    let known = locked.iter().filter(|(_, locked)| !locked.is_new);
    let known: Vec<&str> = known.map(|(name, _)| &**name).collect();
    if known.is_empty() {
        return Ok(false);
    }
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM changes WHERE transaction > pg_current_xact_id() AND finding = ANY ($1))",
    )
    .bind(known)
    .fetch_one(connection)
    .await
    .map_err(|e| failure::postgres("write", subject, e))
}

/// What stands under locked names: read after they were locked, it holds what was committed while the lock was waited for.
async fn stored<'n>(
    connection: &mut PgConnection,
    subject: &str,
    locked: &BTreeMap<String, Locked>,
    names: impl Iterator<Item = &'n str>,
) -> Result<HashMap<String, Stored>, StoreError> {
    // a month at a time: one partition instead of a plan for all
    let mut months: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for name in names {
        if let Some(Locked { month, is_new: false }) = locked.get(name) {
            months.entry(*month).or_default().push(name);
        }
    }
    let mut found = HashMap::new();
    for (month, names) in months {
        found.extend(list::with_order(&mut *connection, subject, month, &names).await?);
    }
    Ok(found)
}

/// The same was said again since: what was said before it is late from now on.
async fn hear(
    connection: &mut PgConnection,
    subject: &str,
    heard: Vec<(i32, &str, i64)>,
) -> Result<(), StoreError> {
    let mut months: BTreeMap<i32, (Vec<&str>, Vec<i64>)> = BTreeMap::new();
    for (month, name, order) in heard {
        let (names, orders) = months.entry(month).or_default();
        names.push(name);
        orders.push(order);
    }
    for (month, (names, orders)) in months {
        sqlx::query(
            "UPDATE findings SET delivered = said FROM unnest($2::text[], $3::bigint[]) AS heard (finding, said)
             WHERE month = $1 AND name = finding",
        )
        .bind(month)
        .bind(names)
        .bind(orders)
        .execute(&mut *connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
    }
    Ok(())
}

/// The versions before, the findings, and what changed: all or none.
async fn save(
    connection: &mut PgConnection,
    subject: &str,
    changes: &[Change<'_>],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    versions::keep(&mut *connection, subject, changes).await?;
    row::write(&mut *connection, subject, changes).await?;
    let mut addresses = Addresses::default();
    for Change { name, before, item, .. } in changes {
        addresses.note(&name.to_string(), *before, Some(item));
    }
    addresses.write(&mut *connection, subject).await?;
    changes::add(connection, subject, changes).await
}
