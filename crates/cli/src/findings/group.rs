//! `vedette findings group`: how many findings of each kind.

use crate::arguments::Group;
use crate::client::Client;
use crate::findings::form::{Columns, Printer};
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::io;

/// Groups asked for at once.
const PAGE: u64 = 1000;

const COLUMNS: Columns = Columns {
    header: &["COUNT", "GROUP"],
    row: |group| {
        let words = |(key, value): (&String, &Value)| match value {
            Value::String(text) => format!("{key}={text}"),
            other => format!("{key}={other}"),
        };
        let empty = Map::new();
        let properties = group["properties"].as_object().unwrap_or(&empty);
        let count = group["count"].as_str().map_or_else(|| group["count"].to_string(), str::to_owned);
        Ok(vec![count, properties.iter().map(words).collect::<Vec<_>>().join("  ")])
    },
};

pub(crate) fn run(options: &Group) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    // whole: groups may differ in their last letter alone
    let mut printer = Printer::new(io::stdout().lock(), &options.form.output, COLUMNS);
    let (mut shown, mut token) = (0_u64, String::new());
    loop {
        let left = if options.limit == 0 { PAGE } else { (options.limit - shown).min(PAGE) };
        let question = json!({
            "filter": options.which.filter(), "groupBy": options.group_by, "pageSize": left, "pageToken": token,
        });
        let mut answer = client.post(&format!("/v2/{}/findings:group", options.parent), &question)?;
        let groups = match answer["groupByResults"].take() {
            Value::Array(groups) => groups,
            _ => Vec::new(),
        };
        printer.print(&groups)?;
        shown += groups.len() as u64;
        token = answer["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() || (options.limit != 0 && shown >= options.limit) {
            break;
        }
    }
    printer.finish()?;
    if !token.is_empty() {
        eprintln!("there are more groups; --limit 0 shows all");
    }
    Ok(())
}
