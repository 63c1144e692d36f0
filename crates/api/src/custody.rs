//! In whose hands pieces of evidence were: when each was taken and stored, and who downloaded it.

use std::collections::{BTreeSet, HashMap};

use finding::{FindingName, Timestamp};
use serde_json::{Value, json};
use store::{AuditRecord, EvidenceItem, Sha256};

use crate::error::ApiError;
use crate::method::ApiMethod;
use crate::service::Service;
use crate::shape::v1_name;
use crate::stored;

/// Downloads that are told of, the newest.
const DOWNLOADS_MAX: u32 = 1_000;

/// Who was where, by piece.
pub(crate) struct Custody {
    stored: HashMap<Sha256, Timestamp>,
    downloads: Vec<AuditRecord>,
}

/// Every name that a finding is asked for by: v1 has no locations.
fn spellings(name: &FindingName, into: &mut BTreeSet<String>) {
    into.insert(name.to_string());
    into.insert(v1_name(&name.to_string()));
    into.extend(stored::other_name(name).map(|name| name.to_string()));
}

impl Custody {
    /// Of the pieces of a finding that was asked for by `asked`.
    pub(crate) async fn read(
        service: &Service,
        asked: &FindingName,
        items: &[EvidenceItem],
    ) -> Result<Self, ApiError> {
        let mut names = BTreeSet::new();
        spellings(asked, &mut names);
        if let Some(item) = stored::find(&*service.findings, asked).await? {
            for name in [&item.finding.name, &item.finding.canonical_name] {
                if let Ok(name) = name.parse() {
                    spellings(&name, &mut names);
                }
            }
        }
        let mut about = Vec::new();
        for name in &names {
            about.push(format!("{name}/evidence:archive"));
            about.extend(items.iter().map(|item| format!("{name}/evidence/{}", item.sha256)));
        }
        let mut downloads = service.audit.audit_about(about, DOWNLOADS_MAX).await?;
        downloads.retain(|record| record.entry.outcome == "OK");
        let mut stored = HashMap::new();
        // all of them are under one name of the finding
        if let Some(first) = items.first() {
            stored.extend(service.evidence.stored_times(&first.meta.finding).await?);
        }
        Ok(Self { stored, downloads })
    }

    /// What is known of one piece, the oldest first.
    pub(crate) fn of(&self, item: &EvidenceItem) -> Value {
        let taken = json!({
            "time": item.meta.taken_at.to_string(), "principal": "sensor", "action": "taken",
        });
        let stored = self
            .stored
            .get(&item.sha256)
            .map(|time| json!({"time": time.to_string(), "principal": "server", "action": "stored"}));
        let downloads = self.downloads.iter().rev().filter(|record| is_of(record, item)).map(|record| {
            let entry = &record.entry;
            json!({"time": entry.time.to_string(), "principal": entry.principal, "action": "downloaded"})
        });
        std::iter::once(taken).chain(stored).chain(downloads).collect()
    }
}

/// Whether somebody took this piece away.
fn is_of(record: &AuditRecord, item: &EvidenceItem) -> bool {
    let sha256 = item.sha256.to_string();
    let entry = &record.entry;
    if entry.method == ApiMethod::EvidenceArchive.name() {
        let pieces = entry.detail["pieces"].as_array();
        return pieces.is_some_and(|pieces| pieces.iter().any(|piece| *piece == sha256));
    }
    entry.method == ApiMethod::EvidenceDownload.name() && entry.resource.ends_with(&sha256)
}
