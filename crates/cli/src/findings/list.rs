//! `vedette findings list`: page by page, so that nothing piles up.

use crate::arguments::{List, Severity};
use crate::client::Client;
use crate::findings::form::{Columns, Form, Printer};
use crate::findings::{document, lookup};
use crate::is_closed_pipe;
use anyhow::Result;
use finding::{FindingResource, Mute};
use serde_json::Value;
use std::process::ExitCode;

/// Findings that `--fail-on` asks about are there.
const PRESENT: u8 = 4;

const COLUMNS: Columns = Columns {
    header: &["TIME", "SEVERITY", "CATEGORY", "STATE", "MUTE", "WHERE", "PEER", "ID"],
    row: |result| Ok(row(&document(result)?, lookup::id(result).unwrap_or_default()).into()),
};

pub(crate) fn run(options: &List) -> Result<ExitCode> {
    let client = Client::new(&options.server.url)?;
    let filter = options.which.filter();
    let printed = print(options, &client, &filter);
    let Some(limit) = options.fail_on else { return printed.map(|()| ExitCode::SUCCESS) };
    match printed {
        Err(error) if !error.chain().any(is_closed_pipe) => return Err(error),
        // whoever read has seen enough, and still asks
        _ => {}
    }
    // what was shown is not all there is
    let severe = severe(&filter, limit);
    let is_there = is_any(&client, options, &severe)?;
    Ok(if is_there { ExitCode::from(PRESENT) } else { ExitCode::SUCCESS })
}

/// A page may be empty with others behind it: the server looks at a bounded number of findings for each.
fn is_any(client: &Client, options: &List, filter: &str) -> Result<bool> {
    let mut token = None;
    loop {
        let page = client.page(&options.parent, 1, &options.order_by, filter, token.as_deref())?;
        if !page.results.is_empty() {
            return Ok(true);
        }
        token = page.next;
        if token.is_none() {
            return Ok(false);
        }
    }
}

fn print(options: &List, client: &Client, filter: &str) -> Result<()> {
    let form = &options.form.output;
    let mut printer = Printer::to_reader(form, COLUMNS);
    let mut shown: u64 = 0;
    let mut token: Option<String> = None;
    let (total, is_least) = loop {
        let left = if options.limit == 0 { u64::MAX } else { options.limit - shown };
        let size = u16::try_from(left).unwrap_or(u16::MAX).min(options.page_size);
        let page = client.page(&options.parent, size, &options.order_by, filter, token.as_deref())?;
        token = page.next;
        printer.print(&page.results)?;
        shown += page.results.len() as u64;
        if token.is_none() || (options.limit != 0 && shown >= options.limit) {
            break (page.total, page.total_is_least);
        }
    };
    printer.finish()?;
    if shown == 0 && matches!(form, Form::Table(_)) {
        let such = if filter.is_empty() { "" } else { "such " };
        eprintln!("no {such}findings under {}", options.parent);
    }
    if token.is_some() {
        let of = if is_least { "there are more, uncounted".into() } else { format!("of {total} findings") };
        eprintln!("{shown} {of}; --limit 0 shows all");
    }
    Ok(())
}

/// What matches the filter and is at least so severe.
fn severe(filter: &str, limit: Severity) -> String {
    let names = [
        (Severity::Critical, "CRITICAL"),
        (Severity::High, "HIGH"),
        (Severity::Medium, "MEDIUM"),
        (Severity::Low, "LOW"),
    ];
    let terms = names.iter().filter(|(severity, _)| *severity <= limit);
    let terms: Vec<String> = terms.map(|(_, name)| format!("severity={name}")).collect();
    let severities = format!("({})", terms.join(" OR "));
    if filter.is_empty() { severities } else { format!("({filter}) AND {severities}") }
}

fn row(item: &FindingResource, id: &str) -> [String; 8] {
    let finding = &item.finding;
    let time = finding.event_time.map(|t| t.to_string()).unwrap_or_default();
    // whole seconds are enough to find it
    let time = time.split_once('.').map_or(time.clone(), |(seconds, _)| format!("{seconds}Z"));
    [
        time,
        finding.severity.to_string(),
        finding.category.clone(),
        finding.state.to_string(),
        mute(item),
        whereabouts(item),
        peer(item),
        id.to_owned(),
    ]
}

/// Only what is hidden is worth a word.
fn mute(item: &FindingResource) -> String {
    match item.finding.mute {
        Mute::Muted => item.finding.mute.to_string(),
        _ => String::new(),
    }
}

/// Pod, or container, or node.
fn whereabouts(item: &FindingResource) -> String {
    let property =
        |key: &str| item.finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default();
    let (namespace, pod, container) =
        (property("Pod_Namespace"), property("Pod_Name"), property("Container_Name"));
    let id: String = property("Container_Id").chars().take(12).collect();
    match (pod.is_empty(), container.is_empty(), id.is_empty()) {
        (false, _, _) => format!("{namespace}/{pod}/{container}"),
        (true, false, _) => format!("container {container}"),
        (true, true, false) => format!("container {id}"),
        (true, true, true) if is_unclaimed(item) => {
            format!("unclaimed container on {}", property("VM_Instance_Name"))
        }
        (true, true, true) => format!("node {}", property("VM_Instance_Name")),
    }
}

fn is_unclaimed(item: &FindingResource) -> bool {
    let container = item.finding.vedette.get("container");
    container.and_then(|c| c.get("claimed")) == Some(&Value::Bool(false))
}

fn peer(item: &FindingResource) -> String {
    let session = item.finding.vedette.get("session");
    let peer = session.and_then(|s| s.pointer("/endpoint/peer")).and_then(Value::as_str);
    peer.map(str::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::COLUMNS;
    use crate::findings::form::{Form, Printer};
    use serde_json::json;

    #[test]
    fn a_row_is_one_line_whatever_names_say() {
        let result = json!({"finding": {
            "name": "organizations/o/sources/s/locations/l/findings/abc",
            "category": "Execution: Socat Reverse Shell Detected", "severity": "MEDIUM", "state": "ACTIVE", "mute": "MUTED",
            "eventTime": "2026-01-02T03:04:05.678Z",
            "sourceProperties": {"Pod_Namespace": "shop\n\u{1b}[2J", "Pod_Name": "web-1", "Container_Name": "x".repeat(500)},
            "vedette": {"session": {"endpoint": {"peer": "203.0.113.9:4444"}}},
        }});
        let (form, mut out) = (Form::Table(Vec::new()), Vec::new());
        Printer::new(&mut out, &form, COLUMNS).print(&[result]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.chars().all(|c| c == '\n' || crate::inert::is_harmless(c)));
        for part in [
            "2026-01-02T03:04:05Z",
            "MEDIUM",
            "ACTIVE",
            "MUTED",
            "shop\\n\\u{1b}[2J/web-1",
            "203.0.113.9:4444",
            "abc",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
