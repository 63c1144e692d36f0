//! The columns of CSV and Parquet. Names and order stay; new ones come behind.

use finding::{FindingResource, Timestamp};
use serde_json::Value;

/// What a column holds of a finding.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    Time(Timestamp),
    Number(i64),
    Nothing,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Microseconds since 1970 in Parquet, RFC 3339 in CSV.
    Time,
    Number,
}

/// One column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) of: fn(&FindingResource) -> Cell,
}

impl Column {
    /// As text; `None` when the finding says nothing.
    pub(crate) fn text(&self, item: &FindingResource) -> Option<String> {
        match (self.of)(item) {
            Cell::Text(text) => Some(text),
            Cell::Time(time) => Some(time.to_string()),
            Cell::Number(number) => Some(number.to_string()),
            Cell::Nothing => None,
        }
    }
}

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Nothing } else { Cell::Text(text.to_owned()) }
}

fn time(time: Option<Timestamp>) -> Cell {
    time.map_or(Cell::Nothing, Cell::Time)
}

fn property(item: &FindingResource, key: &str) -> Cell {
    text(item.finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default())
}

fn list<'item>(texts: impl Iterator<Item = &'item str>) -> Cell {
    text(&texts.collect::<Vec<_>>().join(" "))
}

const fn column(name: &'static str, kind: Kind, of: fn(&FindingResource) -> Cell) -> Column {
    Column { name, kind, of }
}

/// Every column, in order.
pub const COLUMNS: &[Column] = &[
    column("name", Kind::Text, |item| text(&item.finding.name)),
    column("category", Kind::Text, |item| text(&item.finding.category)),
    column("severity", Kind::Text, |item| text(item.finding.severity.name())),
    column("state", Kind::Text, |item| text(item.finding.state.name())),
    column("mute", Kind::Text, |item| text(item.finding.mute.name())),
    column("finding_class", Kind::Text, |item| text(item.finding.finding_class.name())),
    column("event_time", Kind::Time, |item| time(item.finding.event_time)),
    column("create_time", Kind::Time, |item| time(item.finding.create_time)),
    column("resource_name", Kind::Text, |item| text(&item.finding.resource_name)),
    column("cluster", Kind::Text, |item| text(&item.resource.display_name)),
    column("project", Kind::Text, |item| text(&item.resource.gcp_metadata.project_display_name)),
    column("location", Kind::Text, |item| text(&item.resource.location)),
    column("namespace", Kind::Text, |item| property(item, "Pod_Namespace")),
    column("pod", Kind::Text, |item| property(item, "Pod_Name")),
    column("container", Kind::Text, |item| property(item, "Container_Name")),
    column("image", Kind::Text, |item| property(item, "Container_Image_Uri")),
    column("node", Kind::Text, |item| property(item, "VM_Instance_Name")),
    column("process_path", Kind::Text, |item| {
        text(item.finding.processes.first().map(|process| process.binary.path.as_str()).unwrap_or_default())
    }),
    column("process_args", Kind::Text, |item| {
        let args = item.finding.processes.first().map(|process| process.args.as_slice()).unwrap_or_default();
        list(args.iter().map(String::as_str))
    }),
    column("process_pid", Kind::Number, |item| {
        let pid = item.finding.processes.first().map(|process| process.pid).filter(|pid| *pid != 0);
        pid.map_or(Cell::Nothing, Cell::Number)
    }),
    column("process_sha256", Kind::Text, |item| {
        text(item.finding.processes.first().map(|process| process.binary.sha256.as_str()).unwrap_or_default())
    }),
    column("destination_ip", Kind::Text, |item| {
        text(
            item.finding
                .connections
                .first()
                .map(|connection| connection.destination_ip.as_str())
                .unwrap_or_default(),
        )
    }),
    column("destination_port", Kind::Number, |item| {
        let port = item.finding.connections.first().map(|connection| connection.destination_port);
        port.filter(|port| *port != 0).map_or(Cell::Nothing, |port| Cell::Number(port.into()))
    }),
    column("tactic", Kind::Text, |item| {
        text(item.finding.mitre_attack.primary_tactic.id().unwrap_or_default())
    }),
    column("techniques", Kind::Text, |item| {
        list(item.finding.mitre_attack.primary_techniques.iter().filter_map(|technique| technique.id()))
    }),
    column("description", Kind::Text, |item| text(&item.finding.description)),
    column("marks", Kind::Text, |item| {
        let marks = &item.finding.security_marks.marks;
        // A map of texts cannot fail to become JSON.
        if marks.is_empty() { Cell::Nothing } else { text(&serde_json::to_string(marks).unwrap_or_default()) }
    }),
];
