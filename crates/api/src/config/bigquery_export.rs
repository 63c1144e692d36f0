//! BigQuery exports: kept as definitions. Nothing is written to BigQuery.

use finding::Timestamp;
use serde_json::{Map, Value};
use store::DocumentKind;

use super::ConfigKind;
use crate::body::Body;
use crate::call::filter;
use crate::error::ApiError;

/// BigQuery exports.
pub(crate) const BIGQUERY_EXPORT: ConfigKind = ConfigKind {
    documents: DocumentKind::BigQueryExport,
    collection: "bigQueryExports",
    noun: "bigQueryExport",
    id_parameter: "bigQueryExportId",
    fields: &["description", "filter", "dataset"],
    check,
    tells_history: true,
    enums: &[],
};

fn check(body: &Body, _: Option<&Map<String, Value>>, _: Timestamp) -> Result<Map<String, Value>, ApiError> {
    let mut fields = Map::new();
    for (field, most) in [("description", 1_024), ("filter", finding_filter::LENGTH_MAX), ("dataset", 1_200)]
    {
        let text = body.text(field, most)?;
        if !text.is_empty() {
            fields.insert(field.into(), text.into());
        }
    }
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default();
    filter("bigQueryExport.filter", text("filter"))?;
    let parts: Vec<&str> = text("dataset").split('/').collect();
    let fits = |text: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        !text.is_empty() && text.chars().all(inner)
    };
    match parts.as_slice() {
        ["projects", project, "datasets", dataset] if fits(project) && fits(dataset) => Ok(fields),
        _ => {
            Err(ApiError::invalid("bigQueryExport.dataset", &"it must be projects/PROJECT/datasets/DATASET"))
        }
    }
}
