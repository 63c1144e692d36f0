//! What the three kinds of configuration share: mute configs, notification configs, BigQuery exports.
//!
//! A stored document is the configuration as a client sees it, without its name and times, and with what only the server
//! knows of it under [`INTERNAL`].

mod bigquery_export;
pub(crate) mod mute_config;
mod notification_config;

pub(crate) use bigquery_export::BIGQUERY_EXPORT;
pub(crate) use mute_config::MUTE_CONFIG;
pub(crate) use notification_config::NOTIFICATION_CONFIG;

use finding::Timestamp;
use serde_json::{Map, Value};
use store::{Document, DocumentKind, Refusal};

use crate::body::Body;
use crate::call::Call;
use crate::error::ApiError;
use crate::mutes;
use crate::path::Names;
use crate::routes::Version;
use crate::shape::v1_name;

/// The key of what only the server knows.
pub(crate) const INTERNAL: &str = "vedetteInternal";

/// The location of what is named without one.
const GLOBAL: &str = "global";

/// Configurations of one scope and location at most.
pub(crate) const MOST: u32 = 1_000;

type Fields = Map<String, Value>;

/// An enumeration: its field, and its names in the order of their numbers.
type Enumeration = (&'static str, &'static [&'static str]);

/// One kind of configuration.
pub(crate) struct ConfigKind {
    pub(crate) documents: DocumentKind,
    /// In paths and in lists.
    pub(crate) collection: &'static str,
    /// In masks and messages.
    pub(crate) noun: &'static str,
    /// The parameter with a new one's id.
    pub(crate) id_parameter: &'static str,
    /// Fields that a client sets.
    pub(crate) fields: &'static [&'static str],
    /// The fields of a body, checked; with what was stored when it is a change.
    pub(crate) check: fn(&Body, Option<&Fields>, Timestamp) -> Result<Fields, ApiError>,
    /// Whether the times and the last editor are told, besides when it last changed.
    pub(crate) tells_history: bool,
    /// Enumerations, which a client can ask to have as numbers.
    pub(crate) enums: &'static [Enumeration],
}

/// `{scope}/locations/{location}/{collection}/`; for a list every location when none is named.
pub(crate) fn prefix(kind: &ConfigKind, names: &Names, is_list: bool) -> Result<String, ApiError> {
    let scope = names.scope()?;
    match names.get("location") {
        "" if is_list => Ok(format!("{scope}/locations/")),
        "-" if is_list => Ok(format!("{scope}/locations/")),
        "" => Ok(format!("{scope}/locations/{GLOBAL}/{}/", kind.collection)),
        location => {
            check_segment("location", location)?;
            Ok(format!("{scope}/locations/{location}/{}/", kind.collection))
        }
    }
}

fn check_segment(field: &'static str, text: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=63).contains(&text.len()) && text.chars().all(fits) {
        return Ok(());
    }
    Err(ApiError::invalid(field, &"it must be 1 to 63 letters, digits or '-'"))
}

/// A new one's id.
pub(crate) fn check_id(field: &'static str, id: &str) -> Result<(), ApiError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let starts_well = id.starts_with(|c: char| c.is_ascii_lowercase());
    if starts_well && id.len() <= 63 && id.chars().all(fits) && !id.ends_with(['-', '_']) {
        return Ok(());
    }
    let reason =
        "it must be 1 to 63 small letters, digits, '-' or '_', a letter first and a letter or digit last";
    Err(ApiError::invalid(field, &reason))
}

/// The full name that a path means.
pub(crate) fn name(kind: &ConfigKind, names: &Names) -> Result<String, ApiError> {
    let id = names.get("config");
    if id.len() > 128 || !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(ApiError::invalid("name", &format!("{id:?} is not the id of a {}", kind.noun)));
    }
    Ok(format!("{}{id}", prefix(kind, names, false)?))
}

/// The one that a path means.
pub(crate) async fn stored(kind: &ConfigKind, call: &Call) -> Result<Document, ApiError> {
    let name = name(kind, &call.target.names)?;
    let document = call.service.documents.document(kind.documents, &name).await?;
    let document = document.filter(|document| !mutes::is_deleted(document));
    document.ok_or_else(|| ApiError::NotFound { what: format!("{} {name}", kind.noun) })
}

/// As a client sees it.
pub(crate) fn written(kind: &ConfigKind, document: &Document, version: Version, numbers: bool) -> Value {
    let mut fields = document.body.as_object().cloned().unwrap_or_default();
    fields.remove(INTERNAL);
    let name = if version == Version::V1 { v1_name(&document.name) } else { document.name.clone() };
    fields.insert("name".into(), name.into());
    fields.insert("updateTime".into(), document.update_time.to_string().into());
    if kind.tells_history {
        fields.insert("createTime".into(), document.create_time.to_string().into());
    } else {
        fields.remove("mostRecentEditor");
    }
    if numbers {
        for (field, names) in kind.enums {
            let at = names.iter().position(|name| fields.get(*field).is_some_and(|said| said == name));
            if let Some(at) = at {
                fields.insert((*field).into(), at.into());
            }
        }
    }
    Value::Object(fields)
}

/// Refuses what those who work with it could not use.
pub(crate) fn check_use(kind: &ConfigKind, call: &Call, name: &str, fields: &Fields) -> Result<(), ApiError> {
    if kind.documents != DocumentKind::NotificationConfig {
        return Ok(());
    }
    let checked = (call.service.check_notification)(name, &Value::Object(fields.clone()));
    checked.map_err(|Refusal { field, reason }| {
        ApiError::invalid(format!("notificationConfig.{field}"), &reason)
    })
}

/// Of a mute config: what is stored is applied to findings. Nothing for other kinds.
pub(crate) async fn applied(kind: &ConfigKind, call: &Call) -> Result<(), ApiError> {
    if kind.documents == DocumentKind::MuteConfig {
        let service = &call.service;
        mutes::apply(&*service.findings, &*service.documents, call.now).await?;
    }
    Ok(())
}
