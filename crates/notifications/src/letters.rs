//! Messages that could not be delivered: kept, bounded, sent again when somebody asks.

use finding::{FindingName, Timestamp};
use serde_json::json;
use store::{Change, Document, DocumentKind, DocumentQuery, Expectation, StoreError};

use crate::engine::Stores;

/// Documents in one page.
const PAGE: u32 = 500;

pub(crate) struct Letter<'message> {
    pub(crate) id: &'message str,
    pub(crate) change: &'message Change,
    pub(crate) attempts: u32,
    pub(crate) reason: &'message str,
}

pub(crate) async fn of_config(stores: &Stores, config: &str) -> Result<Vec<Document>, StoreError> {
    let mut letters: Vec<Document> = Vec::new();
    loop {
        let query = DocumentQuery {
            kind: DocumentKind::DeadLetter,
            prefix: format!("{config}/"),
            after: letters.last().map(|letter| letter.name.clone()),
            limit: PAGE,
        };
        let page = stores.documents.documents(query).await?;
        let is_last = page.len() < PAGE as usize;
        letters.extend(page);
        if is_last {
            return Ok(letters);
        }
    }
}

/// Sets a message aside; of more than `limit` the oldest go.
pub(crate) async fn put(
    stores: &Stores,
    config: &str,
    letter: Letter<'_>,
    limit: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Names are listed in the order of their bytes: the oldest first.
    let name = format!("{config}/{:020}-{}", now.nanos(), letter.id);
    let body = json!({
        "notificationConfig": config,
        "id": letter.id,
        "finding": letter.change.finding.to_string(),
        "changeTime": letter.change.time.to_string(),
        "attempts": letter.attempts,
        "reason": letter.reason,
    });
    stores.documents.put_document(DocumentKind::DeadLetter, &name, body, Expectation::Any, now).await?;
    let letters = of_config(stores, config).await?;
    for oldest in letters.iter().take(letters.len().saturating_sub(limit)) {
        tracing::warn!(
            config,
            letter = oldest.name,
            "dropped the oldest dead letter: there are more than {limit}"
        );
        stores.documents.remove_document(DocumentKind::DeadLetter, &oldest.name).await?;
    }
    Ok(())
}

/// Which finding and which id a letter is about.
pub(crate) fn subject(letter: &Document) -> Option<(FindingName, String)> {
    let text = |key: &str| letter.body.get(key)?.as_str();
    Some((text("finding")?.parse().ok()?, text("id")?.to_owned()))
}
