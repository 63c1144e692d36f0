//! Reading findings by their names.

use std::collections::HashMap;
use std::path::Path;

use finding::{FindingName, FindingResource};
use sqlx::SqliteConnection;
use store::StoreError;

use crate::failure;

fn parse(path: &Path, name: &FindingName, document: &str) -> Result<FindingResource, StoreError> {
    serde_json::from_str(document).map_err(|e| failure::document(path, &name.to_string(), &e))
}

pub(crate) async fn by_name(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    let document: Option<String> = sqlx::query_scalar("SELECT document FROM findings WHERE name = ?1")
        .bind(name.to_string())
        .fetch_optional(connection)
        .await
        .map_err(|e| failure::sqlite("read", path, e))?;
    document.map(|document| parse(path, name, &document)).transpose()
}

/// Those of the names that are stored, each with the order of its sensor's words.
pub(crate) async fn with_order(
    connection: &mut SqliteConnection,
    path: &Path,
    names: &[String],
) -> Result<HashMap<String, (FindingResource, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT name, document, delivered FROM findings WHERE name IN (SELECT value FROM json_each(?1))",
    )
    .bind(serde_json::to_string(names).unwrap_or_default())
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    let read = |(name, document, order): (String, String, i64)| {
        let item = serde_json::from_str(&document).map_err(|e| failure::document(path, &name, &e))?;
        Ok((name, (item, order)))
    };
    rows.into_iter().map(read).collect()
}

/// By the name, or else by the canonical name.
pub(crate) async fn by_any_name(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    if let Some(item) = by_name(&mut *connection, path, name).await? {
        return Ok(Some(item));
    }
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document FROM findings WHERE canonical_name = ?1 AND canonical_name <> '' ORDER BY id LIMIT 1",
    )
    .bind(name.to_string())
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    document.map(|document| parse(path, name, &document)).transpose()
}

/// The same as [`by_any_name`] for each of many names.
pub(crate) async fn by_any_names(
    connection: &mut SqliteConnection,
    path: &Path,
    names: &[FindingName],
) -> Result<Vec<Option<FindingResource>>, StoreError> {
    let texts: Vec<String> = names.iter().map(FindingName::to_string).collect();
    let stored = with_order(&mut *connection, path, &texts).await?;
    let mut found: HashMap<String, FindingResource> =
        stored.into_iter().map(|(name, (item, _))| (name, item)).collect();
    let others: Vec<&String> = texts.iter().filter(|text| !found.contains_key(*text)).collect();
    if !others.is_empty() {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT canonical_name, document FROM findings
             WHERE canonical_name IN (SELECT value FROM json_each(?1)) AND canonical_name <> '' ORDER BY id",
        )
        .bind(serde_json::to_string(&others).unwrap_or_default())
        .fetch_all(connection)
        .await
        .map_err(|e| failure::sqlite("read", path, e))?;
        for (name, document) in rows {
            let item = serde_json::from_str(&document).map_err(|e| failure::document(path, &name, &e))?;
            found.entry(name).or_insert(item);
        }
    }
    Ok(texts.iter().map(|text| found.get(text).cloned()).collect())
}
