//! Reading findings by their names.

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
