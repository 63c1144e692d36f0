//! Writing findings: what a sensor concludes and what a user changes, inside the caller's transaction.

use finding::{FindingName, FindingResource, Timestamp};
use serde_json::Value;
use sqlx::PgConnection;
use store::{ChangeKind, Created, Edit, MuteRules, StoreError, Upserted, merged};

use crate::{addresses, changes, escape, failure, list, versions};

/// The largest document that is kept. Sensors cut arguments and environments long before.
const DOCUMENT_LIMIT: usize = 16 << 20;

/// Source properties with a column of their own; the filter language reaches them by these keys.
pub(crate) const PROPERTY_COLUMNS: [(&str, &str); 3] =
    [("Pod_Namespace", "pod_namespace"), ("Pod_Name", "pod_name"), ("Container_Id", "container_id")];

/// Whose writes, by what rules, when.
pub(crate) struct Write<'a> {
    pub(crate) subject: &'a str,
    pub(crate) rules: &'a MuteRules,
    pub(crate) now: Timestamp,
}

/// A name whose row is locked until the transaction ends.
struct Locked {
    month: i32,
    stored: Option<(FindingResource, i64)>,
}

impl Write<'_> {
    pub(crate) async fn upsert(
        &self,
        connection: &mut PgConnection,
        (name, item): (&FindingName, &FindingResource),
        order: i64,
        month: i32,
    ) -> Result<Upserted, StoreError> {
        let Locked { month, stored } = self.lock(connection, name, Some(month)).await?;
        if stored.as_ref().is_some_and(|(_, delivered)| order < *delivered) {
            return Ok(Upserted::Unchanged);
        }
        let (result, change) = merged(stored.as_ref().map(|(item, _)| item), item, self.rules, self.now);
        let kind = match change {
            Upserted::Unchanged => {
                // said again since: what was said before it is late from now on
                sqlx::query(
                    "UPDATE findings SET delivered = $3 WHERE month = $1 AND name = $2 AND delivered < $3",
                )
                .bind(month)
                .bind(name.to_string())
                .bind(order)
                .execute(connection)
                .await
                .map_err(|e| failure::postgres("write", self.subject, e))?;
                return Ok(change);
            }
            Upserted::Created => ChangeKind::Created,
            Upserted::Updated => ChangeKind::Updated,
        };
        let before = stored.as_ref().map(|(item, _)| item);
        self.save(connection, (name, before, &result), month, Some(order), kind).await?;
        Ok(change)
    }

    pub(crate) async fn create(
        &self,
        connection: &mut PgConnection,
        (name, item): (&FindingName, &FindingResource),
        month: i32,
    ) -> Result<Created, StoreError> {
        let Locked { month, stored } = self.lock(connection, name, Some(month)).await?;
        if stored.is_some() {
            return Ok(Created::Exists);
        }
        let (result, _) = merged(None, item, self.rules, self.now);
        self.save(connection, (name, None, &result), month, None, ChangeKind::Created).await?;
        Ok(Created::Yes(Box::new(result)))
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
        let Locked { month, stored } = self.lock(connection, &name, None).await?;
        let Some((stored, _)) = stored else { return Ok(None) };
        let mut item = stored.clone();
        edit(&mut item)?;
        self.rules.settle(&mut item, false, self.now);
        if item != stored {
            self.save(connection, (&name, Some(&stored), &item), month, None, ChangeKind::Amended).await?;
        }
        Ok(Some(item))
    }

    /// A new name gets `month`.
    async fn lock(
        &self,
        connection: &mut PgConnection,
        name: &FindingName,
        month: Option<i32>,
    ) -> Result<Locked, StoreError> {
        let failed = |e| failure::postgres("write", self.subject, e);
        let text = name.to_string();
        if let Some(month) = month {
            sqlx::query("INSERT INTO finding_names VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(&text)
                .bind(month)
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        let month: Option<i32> =
            sqlx::query_scalar("SELECT month FROM finding_names WHERE name = $1 FOR UPDATE")
                .bind(&text)
                .fetch_optional(&mut *connection)
                .await
                .map_err(failed)?;
        let Some(month) = month else { return Ok(Locked { month: 0, stored: None }) };
        // a statement of its own: it sees what was committed while the lock was waited for
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT document::text, delivered FROM findings WHERE month = $1 AND name = $2")
                .bind(month)
                .bind(&text)
                .fetch_optional(connection)
                .await
                .map_err(failed)?;
        let parse = |(document, order): (String, i64)| {
            Ok::<_, StoreError>((list::parse(self.subject, &text, &document)?, order))
        };
        Ok(Locked { month, stored: row.map(parse).transpose()? })
    }

    /// The version before, the finding, and the change: all or none.
    async fn save(
        &self,
        connection: &mut PgConnection,
        (name, before, item): (&FindingName, Option<&FindingResource>, &FindingResource),
        month: i32,
        order: Option<i64>,
        kind: ChangeKind,
    ) -> Result<(), StoreError> {
        let finding = &item.finding;
        // A finding is made of strings, numbers and maps with string keys: it cannot fail to become JSON.
        let document = serde_json::to_string(item).unwrap_or_default();
        if document.len() > DOCUMENT_LIMIT {
            let (size, limit) = (document.len() as u64, DOCUMENT_LIMIT as u64);
            return Err(StoreError::TooLarge { subject: name.to_string(), size, limit });
        }
        if kind != ChangeKind::Created {
            versions::keep(&mut *connection, self.subject, name, month, self.now).await?;
        }
        let canonical: Option<FindingName> = finding.canonical_name.parse().ok();
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::nanos);
        let property = |key: &str| {
            let text = finding.source_properties.get(key).and_then(Value::as_str);
            escape::text(text.unwrap_or_default())
        };
        let [namespace, pod, container] = PROPERTY_COLUMNS.map(|(key, _)| property(key));
        sqlx::query(UPSERT)
            .bind(month)
            .bind(name.to_string())
            .bind(escape::text(&finding.canonical_name))
            .bind(name.scope().to_string())
            .bind(canonical.map(|c| c.scope().to_string()).unwrap_or_default())
            .bind(name.source())
            .bind(name.location().unwrap_or_default())
            .bind(escape::text(&finding.parent))
            .bind(escape::text(&finding.category))
            .bind(escape::text(&finding.resource_name))
            .bind(i64::from(finding.state.number()))
            .bind(i64::from(finding.severity.number()))
            .bind(i64::from(finding.mute.number()))
            .bind(time(finding.event_time))
            .bind(time(finding.create_time))
            .bind(i64::from(finding.finding_class.number()))
            .bind(escape::text(&finding.module_name))
            // without one the stored order stays
            .bind(order)
            .bind(self.now.nanos())
            .bind(escape::document(document))
            .bind(namespace)
            .bind(pod)
            .bind(container)
            .execute(&mut *connection)
            .await
            .map_err(|e| failure::postgres("write", self.subject, e))?;
        let text = name.to_string();
        addresses::change(&mut *connection, self.subject, &text, (before, Some(item))).await?;
        changes::add(connection, self.subject, name, kind, self.now).await
    }
}

/// The name, its scope, source and location never change.
const UPSERT: &str = "
    INSERT INTO findings AS f (month, name, canonical_name, scope, canonical_scope, source, location, parent, category,
        resource_name, state, severity, mute, event_time, create_time, finding_class, module_name, delivered,
        update_time, document, pod_namespace, pod_name, container_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, coalesce($18, 0), $19,
        $20::text::json, $21, $22, $23)
    ON CONFLICT (month, name) DO UPDATE SET canonical_name = $3, canonical_scope = $5, parent = $8, category = $9,
        resource_name = $10, state = $11, severity = $12, mute = $13, event_time = $14, create_time = $15,
        finding_class = $16, module_name = $17, delivered = coalesce($18, f.delivered), update_time = $19,
        document = $20::text::json, pod_namespace = $21, pod_name = $22, container_id = $23";
