//! Sources of findings: the sensors' own, which is there from the start, and those that somebody made.

use finding::{Scope, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Document, DocumentKind, DocumentQuery, DocumentStore, StoreError};

use crate::body::Body;
use crate::error::ApiError;

/// The sensors' source.
const OWN: &str = "container-threat-detection";
const OWN_NAME: &str = "Container Threat Detection";
const OWN_DESCRIPTION: &str = "Attacks on containers, as Vedette's sensors recognise them.";

const NAME_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 1_024;

/// A source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    /// Its revision, when it is stored.
    pub(crate) revision: Option<i64>,
}

impl Source {
    fn own(scope: &Scope) -> Self {
        Self {
            name: format!("{scope}/sources/{OWN}"),
            display_name: OWN_NAME.into(),
            description: OWN_DESCRIPTION.into(),
            revision: None,
        }
    }

    fn stored(document: &Document) -> Self {
        let text = |field: &str| document.body[field].as_str().unwrap_or_default().to_owned();
        Self {
            name: document.name.clone(),
            display_name: text("displayName"),
            description: text("description"),
            revision: Some(document.revision),
        }
    }

    pub(crate) fn written(&self) -> Value {
        json!({
            "name": self.name, "canonicalName": self.name,
            "displayName": self.display_name, "description": self.description,
        })
    }

    /// What is stored of it.
    pub(crate) fn body(&self) -> Value {
        json!({"displayName": self.display_name, "description": self.description})
    }

    /// With what a body says of these fields.
    pub(crate) fn changed(mut self, body: &Body, fields: &[&str]) -> Result<Self, ApiError> {
        if fields.contains(&"displayName") {
            self.display_name = display_name(body)?;
        }
        if fields.contains(&"description") {
            self.description = body.text("description", DESCRIPTION_MAX)?;
        }
        Ok(self)
    }
}

/// A new one; equal names give equal ids, so that two at once cannot both be made.
pub(crate) fn new(scope: &Scope, body: &Body, now: Timestamp, taken: &[Source]) -> Result<Source, ApiError> {
    let display_name = display_name(body)?;
    let digest = Sha256::digest(format!("{scope}\n{display_name}"));
    let number = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)) >> 1;
    let mut name = format!("{scope}/sources/{number}");
    if taken.iter().any(|source| source.name == name) {
        // the one of that id was renamed since
        name = format!("{scope}/sources/{}", now.nanos());
    }
    let description = body.text("description", DESCRIPTION_MAX)?;
    Ok(Source { name, display_name, description, revision: None })
}

fn display_name(body: &Body) -> Result<String, ApiError> {
    let name = body.text("displayName", NAME_MAX)?;
    let inner = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let is_end = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    if is_end(name.chars().next()) && is_end(name.chars().last()) && name.chars().all(inner) {
        return Ok(name);
    }
    let reason = "it must be 1 to 64 letters, digits, blanks, '-' or '_', a letter or digit at both ends";
    Err(ApiError::invalid("source.displayName", &reason))
}

/// Refuses a name that another source of the scope has.
pub(crate) fn check_unique(source: &Source, all: &[Source]) -> Result<(), ApiError> {
    let same = |other: &&Source| {
        other.name != source.name && other.display_name.eq_ignore_ascii_case(&source.display_name)
    };
    match all.iter().find(same) {
        None => Ok(()),
        Some(other) => Err(ApiError::Exists {
            what: format!("a source named {:?} ({})", source.display_name, other.name),
        }),
    }
}

/// One of them.
pub(crate) async fn find(
    documents: &dyn DocumentStore,
    scope: &Scope,
    id: &str,
) -> Result<Option<Source>, StoreError> {
    let name = format!("{scope}/sources/{id}");
    match documents.document(DocumentKind::Source, &name).await? {
        Some(document) => Ok(Some(Source::stored(&document))),
        None => Ok((id == OWN).then(|| Source::own(scope))),
    }
}

/// All of a scope, in the order of their names. Few enough that they are not paged in the store.
pub(crate) async fn all(documents: &dyn DocumentStore, scope: &Scope) -> Result<Vec<Source>, StoreError> {
    let prefix = format!("{scope}/sources/");
    let query = DocumentQuery { kind: DocumentKind::Source, prefix, after: None, limit: MOST + 1 };
    let found = documents.documents(query).await?;
    let mut sources: Vec<Source> = found.iter().map(Source::stored).collect();
    if !sources.iter().any(|source| source.name.ends_with(&format!("/{OWN}"))) {
        sources.push(Source::own(scope));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

/// Sources of one scope at most.
pub(crate) const MOST: u32 = 1_000;
