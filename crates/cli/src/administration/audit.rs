//! `vedette audit`.

use super::pages::List;
use super::{text, time};
use crate::arguments::AuditList;
use crate::client::Client;
use crate::findings::form::Columns;
use anyhow::Result;

const COLUMNS: Columns = Columns {
    header: &["TIME", "PRINCIPAL", "METHOD", "OUTCOME", "FROM", "RESOURCE"],
    row: |entry| {
        let [principal, method, outcome, from, resource] =
            ["principal", "method", "outcome", "address", "resource"].map(|field| text(entry, field));
        Ok(vec![time(entry, "time"), principal, method, outcome, from, resource])
    },
};

pub(super) fn list(options: &AuditList) -> Result<()> {
    let at = &options.listing.at;
    let client = Client::new(&at.server.url)?;
    let [since, until] =
        [options.since, options.until].map(|time| time.map(|t| t.to_string()).unwrap_or_default());
    let list = List {
        path: format!("/v2/{}/auditLogEntries", at.parent),
        query: &[
            ("startTime", since.as_str()),
            ("endTime", until.as_str()),
            ("principal", options.principal.as_deref().unwrap_or_default()),
            ("method", options.method.as_deref().unwrap_or_default()),
        ],
        field: "auditLogEntries",
        noun: "entries of the audit log",
        limit: options.listing.limit,
        form: &options.listing.form.output,
        columns: COLUMNS,
    };
    list.print(&client)
}
