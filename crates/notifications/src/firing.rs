//! What an Alertmanager is told again and again, so that it goes on firing until it is resolved.

use std::collections::HashSet;
use std::time::Instant;

use finding::FindingName;
use serde_json::json;
use store::{DocumentKind, DocumentQuery, Expectation, StoreError};

use crate::engine::{Stores, now};
use crate::reader::lease_name;

/// Documents in one page.
const PAGE: u32 = 500;

/// Findings of which one output has told and not yet told the end; each is a document, so that the next server knows.
pub(crate) struct Firing {
    prefix: String,
    names: HashSet<FindingName>,
    /// When all of them were last told.
    pub(crate) told: Instant,
}

impl Firing {
    pub(crate) async fn load(stores: &Stores, config: &str) -> Result<Self, StoreError> {
        let prefix = format!("{}/firing/", lease_name(config));
        let mut names = HashSet::new();
        let mut after = None;
        loop {
            let query =
                DocumentQuery { kind: DocumentKind::Progress, prefix: prefix.clone(), after, limit: PAGE };
            let page = stores.documents.documents(query).await?;
            names
                .extend(page.iter().filter_map(|document| document.name.strip_prefix(&prefix)?.parse().ok()));
            after = page.last().map(|document| document.name.clone());
            if page.len() < PAGE as usize {
                return Ok(Self { prefix, names, told: Instant::now() });
            }
        }
    }

    pub(crate) fn contains(&self, finding: &FindingName) -> bool {
        self.names.contains(finding)
    }

    pub(crate) fn names(&self) -> Vec<FindingName> {
        self.names.iter().cloned().collect()
    }

    pub(crate) async fn begin(&mut self, stores: &Stores, finding: &FindingName) -> Result<(), StoreError> {
        if self.names.insert(finding.clone()) {
            let name = format!("{}{finding}", self.prefix);
            stores
                .documents
                .put_document(DocumentKind::Progress, &name, json!({}), Expectation::Any, now())
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn end(&mut self, stores: &Stores, finding: &FindingName) -> Result<(), StoreError> {
        if self.names.remove(finding) {
            stores
                .documents
                .remove_document(DocumentKind::Progress, &format!("{}{finding}", self.prefix))
                .await?;
        }
        Ok(())
    }
}
