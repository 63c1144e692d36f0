//! `vedette outputs`.

use super::address;
use super::pages::List;
use super::{id, number, text, time};
use crate::arguments::{DeadLetters, Listing, OutputOf};
use crate::client::Client;
use crate::findings::form::Columns;
use crate::inert::line;
use anyhow::{Result, bail};
use notifications::metrics_label;
use serde_json::{Value, json};

/// The parent when none is given.
const EVERYWHERE: &str = "organizations/-";

const COLUMNS: Columns = Columns {
    header: &[
        "ID",
        "PARENT",
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
        let mut row = vec![id(output), parent(output)];
        row.extend(fields.map(|field| number(output, field)));
        row.push(metrics_label(&text(output, "name")));
        row.push(text(output, "description"));
        Ok(row)
    },
};

const LETTERS: Columns = Columns {
    header: &["TIME", "CONFIG", "FINDING", "ATTEMPTS", "REASON"],
    row: |letter| {
        let [name, finding, reason] = ["name", "finding", "reason"].map(|field| text(letter, field));
        let config = name.rsplit('/').nth(2).unwrap_or_default().to_owned();
        Ok(vec![time(letter, "createTime"), config, finding, number(letter, "attempts"), reason])
    },
};

/// Organization, folder or project of a config, and its location unless it is the usual one.
fn parent(config: &Value) -> String {
    let name = text(config, "name");
    let parent = name.rsplit_once("/notificationConfigs/").map_or("", |(parent, _)| parent);
    parent.strip_suffix("/locations/global").unwrap_or(parent).to_owned()
}

/// Where a config is: by its full name, or by its id under the parent. Where no parent was given, an id alone is looked for
/// under all of them.
fn path(client: &Client, of: &OutputOf) -> Result<String> {
    if of.config.contains('/') {
        return Ok(format!("/v2/{}", address::name(of.config.trim_matches('/'))));
    }
    let usual = format!("/v2/{}/notificationConfigs/{}", of.at.parent, address::part(&of.config));
    let missing = match client.read(&usual, &[]) {
        Err(error) if error.is_not_found() && of.at.parent.to_string() == EVERYWHERE => error,
        // whoever may send a test may not be the one who may read it: what is asked for says so itself
        _ => return Ok(usual),
    };
    let names = names(client, &of.config)?;
    match names.as_slice() {
        [] => Err(missing.into()),
        [only] => Ok(format!("/v2/{}", address::name(only))),
        several => bail!(
            "{} is the id of several notification configs; name one of them:\n{}",
            line(&of.config),
            several.join("\n")
        ),
    }
}

/// Full names of the configs with this id.
fn names(client: &Client, wanted: &str) -> Result<Vec<String>> {
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let query = [("pageSize", "500"), ("pageToken", token.as_str())];
        let answer = client.read(&format!("/v2/{EVERYWHERE}/notificationConfigs:status"), &query)?;
        let found = answer["outputs"].as_array().into_iter().flatten();
        names.extend(found.filter(|output| id(output) == wanted).map(|output| text(output, "name")));
        token = text(&answer, "nextPageToken");
        if token.is_empty() {
            return Ok(names);
        }
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
    client.post(&format!("{}:test", path(&client, options)?), &json!({}))?;
    eprintln!("{}: the other side took a test finding", line(&options.config));
    Ok(())
}

pub(super) fn dead_letters(options: &DeadLetters) -> Result<()> {
    let client = Client::new(&options.of.at.server.url)?;
    let list = List {
        path: format!("{}/deadLetters", path(&client, &options.of)?),
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
    let path = format!("{}:replayDeadLetters", path(&client, options)?);
    let (mut delivered, mut left) = (0_u64, u64::MAX);
    loop {
        let answer = client.post(&path, &json!({}))?;
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
