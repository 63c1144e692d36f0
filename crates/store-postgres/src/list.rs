//! Reading findings by their names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use finding::{FindingName, FindingResource};
use sqlx::PgConnection;
use store::StoreError;

use crate::{escape, failure};

pub(crate) fn parse(subject: &str, name: &str, document: &str) -> Result<FindingResource, StoreError> {
    let read = || -> Result<FindingResource, serde_json::Error> {
        if escape::is_plain(document) {
            return serde_json::from_str(document);
        }
        serde_json::from_value(escape::parsed(document)?)
    };
    read().map_err(|e| failure::document(subject, name, &e))
}

/// Those of the names in a month that are stored, each with the order of its sensor's words.
pub(crate) async fn with_order(
    connection: &mut PgConnection,
    subject: &str,
    month: i32,
    names: &[&str],
) -> Result<HashMap<String, (FindingResource, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT name, document::text, delivered FROM findings WHERE month = $1 AND name = ANY ($2)",
    )
    .bind(month)
    .bind(names)
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    let read = |(name, document, order): (String, String, i64)| {
        let item = parse(subject, &name, &document)?;
        Ok((name, (item, order)))
    };
    rows.into_iter().map(read).collect()
}

/// The same as [`by_any_name`] for each of many names.
pub(crate) async fn by_any_names(
    connection: &mut PgConnection,
    subject: &str,
    names: &[FindingName],
) -> Result<Vec<Option<FindingResource>>, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let texts: Vec<String> = names.iter().map(FindingName::to_string).collect();
    let places: Vec<(String, i32)> =
        sqlx::query_as("SELECT name, month FROM finding_names WHERE name = ANY ($1)")
            .bind(&texts)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let mut months: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for (name, month) in &places {
        months.entry(*month).or_default().push(name);
    }
    let mut found: HashMap<String, FindingResource> = HashMap::new();
    for (month, names) in months {
        let stored = with_order(&mut *connection, subject, month, &names).await?;
        found.extend(stored.into_iter().map(|(name, (item, _))| (name, item)));
    }
    let others: BTreeSet<&str> =
        texts.iter().map(|text| &**text).filter(|text| !found.contains_key(*text)).collect();
    if !others.is_empty() {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT ON (canonical_name) canonical_name, document::text FROM findings
             WHERE canonical_name = ANY ($1) ORDER BY canonical_name, name",
        )
        .bind(others.into_iter().collect::<Vec<_>>())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
        for (name, document) in rows {
            let item = parse(subject, &name, &document)?;
            found.insert(name, item);
        }
    }
    Ok(texts.iter().map(|text| found.get(text).cloned()).collect())
}

/// By the name, or else by the canonical name.
pub(crate) async fn by_any_name(
    connection: &mut PgConnection,
    subject: &str,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    let text = name.to_string();
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document::text FROM findings
         WHERE name = $1 AND month = (SELECT month FROM finding_names WHERE name = $1)
         UNION ALL (SELECT document::text FROM findings WHERE canonical_name = $1 ORDER BY name LIMIT 1) LIMIT 1",
    )
    .bind(&text)
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    document.map(|document| parse(subject, &text, &document)).transpose()
}
