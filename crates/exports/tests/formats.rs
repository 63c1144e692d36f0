//! Each format read back, Parquet by somebody else's reader.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use exports::{COLUMNS, Export, ExportError, Format};
use finding::FindingResource;
use serde_json::Value;

fn socat() -> FindingResource {
    serde_json::from_str(include_str!("../../findings/tests/snapshots/pod.json")).unwrap()
}

fn hostile() -> FindingResource {
    let mut item = socat();
    item.finding.category = "=cmd|' /C calc'!A1".into();
    item.finding.description = "a,\"b\"\r\nc\t\u{0}\u{1b}]0;x\u{7}\u{9b}1m\u{7f}\u{202e}\u{2066}é大".into();
    item.finding.source_properties.insert("\u{9b}key".into(), "\u{85}".into());
    item.finding.processes[0].args = vec!["@SUM(1)".into(), "x".into()];
    item.finding.processes[0].pid = -5;
    item.resource.display_name = "\t=1".into();
    item.finding.event_time = None;
    item
}

fn exported(format: Format, items: &[FindingResource]) -> Vec<u8> {
    let mut export = Export::new(format, Vec::new()).unwrap();
    items.iter().for_each(|item| export.write(item).unwrap());
    export.finish().unwrap()
}

/// Whether a terminal or an editor shows it.
fn is_shown(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t')
        || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{2066}')
}

#[test]
fn json_lines_are_what_the_api_says() {
    let items = [socat(), hostile(), FindingResource::default()];
    let text = String::from_utf8(exported(Format::Jsonl, &items)).unwrap();
    let read: Vec<FindingResource> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, items);
    assert!(text.chars().all(is_shown), "{text:?}");
    assert!(text.contains("\\u001b]0;x\\u0007\\u009b1m\\u007f\\u202e\\u2066é大"), "{text}");
    assert!(exported(Format::Jsonl, &[]).is_empty());
}

#[test]
fn csv_is_rfc_4180_and_runs_nothing() {
    let bytes = exported(Format::Csv, &[socat(), hostile()]);
    assert!(bytes.ends_with(b"\r\n"));
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(names, COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>());
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    let cell =
        |row: usize, name: &str| rows[row][names.iter().position(|known| known == name).unwrap()].to_owned();
    for (name, value) in [
        ("severity", "MEDIUM"),
        ("event_time", "2026-01-02T02:04:16Z"),
        ("namespace", "payments"),
        ("pod", "web-7d9"),
        ("process_path", "/bin/sh"),
        ("process_pid", "11"),
        ("destination_ip", "203.0.113.7"),
        ("destination_port", "4444"),
        ("techniques", "T1059.004 T1059"),
    ] {
        assert_eq!(cell(0, name), value, "{name}");
    }
    assert_eq!(cell(1, "category"), "'=cmd|' /C calc'!A1");
    assert_eq!(cell(1, "process_args"), "'@SUM(1) x");
    assert_eq!(cell(1, "cluster"), "'\t=1");
    let description = "a,\"b\"\\x0d\nc\t\\x00\\x1b]0;x\\x07\\x9b1m\\x7f\\u{202e}\\u{2066}é大";
    assert_eq!(cell(1, "description"), description);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.chars().all(is_shown), "{text:?}");
    assert_eq!(cell(1, "event_time"), "");
    assert!(!rows.iter().flatten().any(|cell| cell.starts_with(['=', '+', '@', '\t', '-'])));
}

/// A disk that takes so many bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told() {
    for format in Format::ALL {
        let written = Export::new(*format, Full(100)).and_then(|mut export| {
            export.write(&socat())?;
            export.finish().map(drop)
        });
        assert!(matches!(written, Err(ExportError::Io(_) | ExportError::Parquet(_))), "{}", format.name());
    }
}

const READ: &str = "
import json, sys
import pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1])
table = file.read()
rows = table.to_pylist()
for row in rows:
    for key, value in row.items():
        if hasattr(value, 'isoformat'): row[key] = value.isoformat()
column = file.metadata.row_group(0).column(0)
print(json.dumps({'rows': rows[:2], 'count': len(rows), 'groups': file.metadata.num_row_groups,
                  'compression': column.compression, 'names': table.column_names}))
";

#[test]
fn parquet_is_read_by_pyarrow() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = match pypi::environment(folder, &["pyarrow==26.0.1"]) {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: pyarrow cannot be had from PyPI: {why}"),
    };
    let mut items = vec![socat(), hostile()];
    items.resize(10_003, FindingResource::default());
    let file = folder.join("findings.parquet");
    std::fs::write(&file, exported(Format::Parquet, &items)).unwrap();
    let output = Command::new(programs.join("python")).args(["-c", READ]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&read["count"], &read["groups"], &read["compression"]),
        (&10_003.into(), &2.into(), &"ZSTD".into())
    );
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).chain(["json"]).collect();
    assert_eq!(read["names"], serde_json::json!(names));
    let row = &read["rows"][0];
    assert_eq!(row["category"], "Execution: Socat Reverse Shell Detected");
    assert_eq!((&row["process_pid"], &row["destination_port"]), (&11.into(), &4444.into()));
    assert_eq!(row["event_time"], "2026-01-02T02:04:16+00:00");
    assert_eq!(row["create_time"], Value::Null);
    let whole: FindingResource = serde_json::from_str(row["json"].as_str().unwrap()).unwrap();
    assert_eq!(whole, items[0]);
    assert_eq!(read["rows"][1]["category"], "=cmd|' /C calc'!A1", "no spreadsheet runs it here");
}
