//! Mute configs at work: what they say becomes the store's rules, and what is stored is brought in line with it.
//!
//! A config whose effect on stored findings is not complete says so itself: its document holds the filters that are still
//! to be walked. Whoever calls [`apply`] next finishes that, so a server that ends in between leaves nothing half done.

use std::sync::Arc;

use finding::{FindingName, Parent, Timestamp};
use finding_filter::Filter;
use serde_json::{Value, json};
use store::{
    Document, DocumentKind, DocumentQuery, DocumentStore, Expectation, FindingStore, ListQuery, MuteRule,
    MuteRules, PageSize, StoreError,
};

use crate::config::INTERNAL;

/// Documents read at once.
const PAGE: u32 = 500;

/// The mute rules that are configured, in the order of their names.
pub async fn mute_rules(documents: &dyn DocumentStore) -> Result<MuteRules, StoreError> {
    let configs = all(documents).await?;
    let rules = configs.iter().filter(|document| !is_deleted(document)).filter_map(rule);
    Ok(MuteRules::new(rules.collect()))
}

/// From now on the configured rules decide, and what configs that were changed, deleted or have expired said before is
/// undone in what is stored. To be called when the server starts, now and then (expiry), and whenever another server may
/// have changed a config. How many findings were looked at.
pub async fn apply(
    findings: &dyn FindingStore,
    documents: &dyn DocumentStore,
    now: Timestamp,
) -> Result<u64, StoreError> {
    findings.mute_by(Arc::new(mute_rules(documents).await?));
    let mut looked_at = 0;
    for document in all(documents).await? {
        let mut filters = unsettled(&document);
        let expires = !has_expired(&document) && expiry(&document).is_some_and(|expires| expires <= now);
        if expires {
            filters.push(filter_text(&document).to_owned());
        }
        for filter in &filters {
            if let Some((parent, filter)) = scoped(&document.name, filter) {
                looked_at += settle(findings, parent, filter, now).await?;
            }
        }
        let expected = Expectation::Revision(document.revision);
        if is_deleted(&document) {
            documents.remove_document(DocumentKind::MuteConfig, &document.name).await?;
        } else if !filters.is_empty() {
            let mut body = document.body.clone();
            body[INTERNAL] = json!({"expired": expires || has_expired(&document)});
            // changed by others meanwhile: they say what is to be done, and do it
            documents
                .put_document(DocumentKind::MuteConfig, &document.name, body, expected, document.update_time)
                .await?;
        }
    }
    Ok(looked_at)
}

/// Lets the rules decide again about every stored finding that matches. How many they were.
pub async fn settle(
    findings: &dyn FindingStore,
    parent: Parent,
    filter: Filter,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut query = ListQuery { page_size: PageSize::MAX, filter, ..ListQuery::new(parent) };
    let mut settled = 0;
    loop {
        let page = findings.list(query.clone()).await?;
        for item in &page.results {
            let name: FindingName = item.finding.name.parse()?;
            findings.amend(&name, Box::new(|_| Ok(())), now).await?;
            settled += 1;
        }
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => return Ok(settled),
        }
    }
}

/// What the server notes of a config that was written: which filters are to be walked again.
pub(crate) fn to_settle(stored: Option<&Document>, is_dynamic: bool, filter: &str) -> Value {
    let mut filters = stored.map(unsettled).unwrap_or_default();
    if is_dynamic {
        let before = stored.map(filter_text).filter(|before| !before.is_empty());
        filters.extend(before.map(str::to_owned));
        filters.push(filter.to_owned());
        filters.dedup();
    }
    json!({"unsettled": filters})
}

/// What the server notes of a config that is to go once its effect is undone.
pub(crate) fn to_delete(stored: &Document) -> Value {
    let mut filters = unsettled(stored);
    if is_dynamic(stored) {
        filters.push(filter_text(stored).to_owned());
    }
    json!({"unsettled": filters, "deleted": true})
}

/// Whether it is gone for clients.
pub(crate) fn is_deleted(document: &Document) -> bool {
    document.body[INTERNAL]["deleted"].as_bool().unwrap_or_default()
}

async fn all(documents: &dyn DocumentStore) -> Result<Vec<Document>, StoreError> {
    let mut configs: Vec<Document> = Vec::new();
    loop {
        let after = configs.last().map(|last| last.name.clone());
        let query =
            DocumentQuery { kind: DocumentKind::MuteConfig, prefix: String::new(), after, limit: PAGE };
        let page = documents.documents(query).await?;
        let is_last = page.len() < PAGE as usize;
        configs.extend(page);
        if is_last {
            return Ok(configs);
        }
    }
}

fn is_dynamic(document: &Document) -> bool {
    document.body["type"] == "DYNAMIC"
}

fn filter_text(document: &Document) -> &str {
    document.body["filter"].as_str().unwrap_or_default()
}

fn expiry(document: &Document) -> Option<Timestamp> {
    document.body["expiryTime"].as_str()?.parse().ok()
}

fn has_expired(document: &Document) -> bool {
    document.body[INTERNAL]["expired"].as_bool().unwrap_or_default()
}

fn unsettled(document: &Document) -> Vec<String> {
    let filters = document.body[INTERNAL]["unsettled"].as_array();
    filters.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The scope of a config and its filter.
fn scoped(name: &str, filter: &str) -> Option<(Parent, Filter)> {
    let (scope, _) = name.split_once("/locations/")?;
    Some((format!("{scope}/sources/-").parse().ok()?, filter.parse().ok()?))
}

/// A config's filter, limited to its scope.
pub(crate) fn within(scope: &str, filter: &str) -> String {
    match scope {
        "organizations/-" => filter.to_owned(),
        _ => format!("(name:\"{scope}/sources/\" OR canonical_name:\"{scope}/sources/\") AND ({filter})"),
    }
}

/// A config as a rule. It hides what belongs to its scope: what has its name, or its canonical name, there.
fn rule(document: &Document) -> Option<MuteRule> {
    let (scope, _) = document.name.split_once("/locations/")?;
    let filter = within(scope, filter_text(document));
    let filter = match filter.parse() {
        Ok(filter) => filter,
        Err(error) => {
            tracing::error!(config = document.name, %error, "a stored mute config cannot be read and hides nothing");
            return None;
        }
    };
    let config = document.name.clone();
    Some(MuteRule { config, filter, is_dynamic: is_dynamic(document), expires: expiry(document) })
}
