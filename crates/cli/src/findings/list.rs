//! `vedette findings list`: page by page, so that nothing piles up.

use crate::arguments::{List, ListForm};
use crate::client::Client;
use crate::encoding;
use crate::findings::{document, lookup};
use crate::inert::line;
use anyhow::Result;
use comfy_table::{Table, presets};
use finding::FindingResource;
use serde_json::Value;
use std::io::{self, Write};

const HEADER: [&str; 6] = ["TIME", "SEVERITY", "CATEGORY", "WHERE", "PEER", "ID"];
/// Characters of one cell shown at most; the whole is in the other forms.
const CELL_MAX: usize = 64;

pub(crate) fn run(options: &List) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let mut out = io::stdout().lock();
    let mut shown: u64 = 0;
    let mut token: Option<String> = None;
    let filter = options.which.filter();
    let total = loop {
        let left = if options.limit == 0 { u64::MAX } else { options.limit - shown };
        let size = u16::try_from(left).unwrap_or(u16::MAX).min(options.page_size);
        let page = client.page(&options.parent, size, &options.order_by, &filter, token.as_deref())?;
        token = page.next.filter(|_| !page.results.is_empty());
        write_page(&mut out, options.output, &page.results, shown)?;
        out.flush()?;
        shown += page.results.len() as u64;
        if token.is_none() || (options.limit != 0 && shown >= options.limit) {
            break page.total;
        }
    };
    match options.output {
        ListForm::Json if shown == 0 => writeln!(out, "[]")?,
        ListForm::Json => writeln!(out, "\n]")?,
        ListForm::Yaml if shown == 0 => writeln!(out, "[]")?,
        ListForm::Table if shown == 0 && filter.is_empty() => {
            eprintln!("no findings under {}", options.parent)
        }
        ListForm::Table if shown == 0 => eprintln!("no such findings under {}", options.parent),
        ListForm::Yaml | ListForm::Table => {}
    }
    if token.is_some() {
        eprintln!("{shown} of {total} findings; --limit 0 shows all");
    }
    Ok(())
}

fn write_page(out: &mut impl Write, form: ListForm, results: &[Value], before: u64) -> Result<()> {
    match form {
        ListForm::Table if !results.is_empty() => writeln!(out, "{}", table(results, before == 0)?)?,
        ListForm::Table => {}
        ListForm::Json => {
            for (at, result) in results.iter().enumerate() {
                let between = if before == 0 && at == 0 { "[\n" } else { ",\n" };
                write!(out, "{between}{}", encoding::json(result))?;
            }
        }
        ListForm::Yaml => {
            let items: Vec<Value> = results.to_vec();
            if !items.is_empty() {
                write!(out, "{}", encoding::yaml(&Value::Array(items)))?;
            }
        }
    }
    Ok(())
}

fn table(results: &[Value], with_header: bool) -> Result<Table> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if with_header {
        table.set_header(HEADER);
    }
    for result in results {
        let finding = document(result)?;
        table.add_row(row(&finding, lookup::id(result).unwrap_or_default()));
    }
    Ok(table)
}

fn row(item: &FindingResource, id: &str) -> [String; 6] {
    let finding = &item.finding;
    let time = finding.event_time.map(|t| t.to_string()).unwrap_or_default();
    // whole seconds are enough to find it
    let time = time.split_once('.').map_or(time.clone(), |(seconds, _)| format!("{seconds}Z"));
    [
        time,
        finding.severity.to_string(),
        finding.category.clone(),
        whereabouts(item),
        peer(item),
        id.to_owned(),
    ]
    .map(|text| cut(&line(&text)))
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

fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::table;
    use serde_json::json;

    #[test]
    fn a_row_is_one_line_whatever_names_say() {
        let result = json!({"finding": {
            "name": "organizations/o/sources/s/locations/l/findings/abc",
            "category": "Execution: Socat Reverse Shell Detected", "severity": "MEDIUM",
            "eventTime": "2026-01-02T03:04:05.678Z",
            "sourceProperties": {"Pod_Namespace": "shop\n\u{1b}[2J", "Pod_Name": "web-1", "Container_Name": "x".repeat(500)},
            "vedette": {"session": {"endpoint": {"peer": "203.0.113.9:4444"}}},
        }});
        let text = table(&[result], true).unwrap().to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.chars().all(|c| c == '\n' || crate::inert::is_harmless(c)));
        for part in ["2026-01-02T03:04:05Z", "MEDIUM", "shop\\n\\u{1b}[2J/web-1", "203.0.113.9:4444", "abc"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
