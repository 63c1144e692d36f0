//! `vedette outputs`.

use super::address;
use super::pages::List;
use super::{number, text, time};
use crate::arguments::{DeadLetters, Listing, OutputOf};
use crate::client::Client;
use crate::findings::form::Columns;
use crate::inert::line;
use anyhow::{Result, bail};
use notifications::metrics_label;
use serde_json::json;

const COLUMNS: Columns = Columns {
    header: &[
        "NAME",
        "DELIVERED",
        "FAILED",
        "SET ASIDE",
        "WAITING",
        "DEAD LETTERS",
        "IN METRICS",
        "DESCRIPTION",
    ],
    row: |output| {
        let fields =
            ["deliveredCount", "failedCount", "deadLetteredCount", "waitingCount", "deadLetterCount"];
        let mut row = vec![text(output, "name")];
        row.extend(fields.map(|field| number(output, field)));
        row.push(metrics_label(&text(output, "name")));
        row.push(text(output, "description"));
        Ok(row)
    },
};

const LETTERS: Columns = Columns {
    header: &["TIME", "FINDING", "ATTEMPTS", "REASON"],
    row: |letter| {
        let [finding, reason] = ["finding", "reason"].map(|field| text(letter, field));
        Ok(vec![time(letter, "createTime"), finding, number(letter, "attempts"), reason])
    },
};

/// Where a config is: by its full name, or by its id under the parent.
fn path(of: &OutputOf) -> String {
    if of.config.contains('/') {
        format!("/v2/{}", address::name(of.config.trim_matches('/')))
    } else {
        format!("/v2/{}/notificationConfigs/{}", of.at.parent, address::part(&of.config))
    }
}

pub(super) fn list(options: &Listing) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let list = List {
        path: format!("/v2/{}/notificationConfigs:status", options.at.parent),
        query: &[],
        field: "outputs",
        noun: "notification configs",
        limit: options.limit,
        form: &options.form.output,
        columns: COLUMNS,
    };
    list.print(&client)
}

pub(super) fn test(options: &OutputOf) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    client.post(&format!("{}:test", path(options)), &json!({}))?;
    eprintln!("{}: the other side took a test finding", line(&options.config));
    Ok(())
}

pub(super) fn dead_letters(options: &DeadLetters) -> Result<()> {
    let client = Client::new(&options.of.at.server.url)?;
    let list = List {
        path: format!("{}/deadLetters", path(&options.of)),
        query: &[],
        field: "deadLetters",
        noun: "dead letters",
        limit: options.limit,
        form: &options.form.output,
        columns: LETTERS,
    };
    list.print(&client)
}

/// The server sends as many as fit into one answer, so it is asked until none is left.
pub(super) fn replay(options: &OutputOf) -> Result<()> {
    let client = Client::new(&options.at.server.url)?;
    let (mut delivered, mut left) = (0_u64, u64::MAX);
    loop {
        let answer = client.post(&format!("{}:replayDeadLetters", path(options)), &json!({}))?;
        let count = |field: &str| number(&answer, field).parse::<u64>().unwrap_or_default();
        delivered += count("deliveredCount");
        let remaining = count("remainingCount");
        let reason = text(&answer, "stopReason");
        if !reason.is_empty() {
            bail!(
                "{delivered} were sent again; {remaining} are left, because the other side did not take one: {reason}"
            );
        }
        if remaining == 0 || remaining >= left {
            eprintln!("{}: {delivered} were sent again, {remaining} are left", line(&options.config));
            return Ok(());
        }
        left = remaining;
    }
}
