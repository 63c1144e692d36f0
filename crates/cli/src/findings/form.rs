//! Forms of lists, as users of gcloud write them: `json`, `csv(finding.name,finding.severity)`, `value(finding.name)`.

use crate::encoding;
use crate::inert::line;
use anyhow::Result;
use comfy_table::{Table, presets};
use serde_json::Value;
use std::fmt;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::str::FromStr;

/// Characters of one cell of a table shown on a terminal; the whole is in the other forms, and in a pipe.
const CELL_MAX: usize = 64;
/// Characters of the last part of a name that are shown whatever stands before it: more than any name has.
const LAST_MAX: usize = 256;

/// How items are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// For a reader; without fields the command's own columns.
    Table(Vec<FieldPath>),
    /// A list.
    Json,
    /// One item a line.
    Ndjson,
    /// A list.
    Yaml,
    /// For other programs; without fields the command's own columns.
    Csv(Vec<FieldPath>),
    /// One item a line, the fields alone, separated by tabs.
    Value(Vec<FieldPath>),
}

/// The way to a value: keys in either spelling, `[0]` or `[]` for elements of lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Each,
    At(usize),
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no form; write table, json, ndjson, yaml, csv, or with fields like \"csv(finding.name,finding.severity)\", \
                 \"table(…)\" or \"value(…)\""
            )
        };
        let (name, fields) = match text.split_once('(') {
            None => (text, Vec::new()),
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(wrong)?;
                let fields: Option<Vec<FieldPath>> = inner.split(',').map(FieldPath::read).collect();
                (name, fields.ok_or_else(wrong)?)
            }
        };
        match (name, fields.is_empty()) {
            ("table", _) => Ok(Self::Table(fields)),
            ("csv", _) => Ok(Self::Csv(fields)),
            ("value", false) => Ok(Self::Value(fields)),
            ("json", true) => Ok(Self::Json),
            ("ndjson" | "jsonl", true) => Ok(Self::Ndjson),
            ("yaml", true) => Ok(Self::Yaml),
            _ => Err(wrong()),
        }
    }
}

impl FieldPath {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, brackets) = part.find('[').map_or((part, ""), |at| part.split_at(at));
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            for index in brackets.split_terminator(']') {
                let index = index.strip_prefix('[')?;
                steps.push(if index.is_empty() { Step::Each } else { Step::At(index.parse().ok()?) });
            }
        }
        Some(Self { text: text.to_owned(), steps })
    }

    /// What stands there; several values with `;` between them.
    pub(crate) fn of(&self, item: &Value) -> String {
        let mut found = Vec::new();
        walk(item, &self.steps, &mut found);
        found.join(";")
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn walk(value: &Value, steps: &[Step], found: &mut Vec<String>) {
    match (steps.split_first(), value) {
        (Some((Step::At(at), rest)), Value::Array(items)) => {
            if let Some(item) = items.get(*at) {
                walk(item, rest, found);
            }
        }
        (Some((Step::Each, rest)), Value::Array(items)) => {
            items.iter().for_each(|item| walk(item, rest, found));
        }
        // a list on the way means each of its elements
        (_, Value::Array(items)) => items.iter().for_each(|item| walk(item, steps, found)),
        (Some((Step::Key(key), rest)), Value::Object(fields)) => {
            let next = fields.get(key).or_else(|| fields.get(&finding::camel_case(key)));
            if let Some(next) = next {
                walk(next, rest, found);
            }
        }
        (None, Value::String(text)) => found.push(text.clone()),
        (None, Value::Null) | (Some(_), _) => {}
        (None, other) => found.push(other.to_string()),
    }
}

/// Columns of a table or of CSV, when no fields were named.
pub(crate) struct Columns {
    pub(crate) header: &'static [&'static str],
    pub(crate) row: fn(&Value) -> Result<Vec<String>>,
}

/// Prints items as they come, so that nothing piles up.
pub(crate) struct Printer<'a, W: Write> {
    out: W,
    form: &'a Form,
    columns: Columns,
    printed: u64,
    /// Somebody looks at it who has so much room and no more.
    cuts: bool,
}

impl<'a> Printer<'a, StdoutLock<'static>> {
    /// On the standard output, where a terminal is given as much of long words as tells rows apart.
    pub(crate) fn to_reader(form: &'a Form, columns: Columns) -> Self {
        let out = io::stdout();
        Self { cuts: out.is_terminal(), ..Self::new(out.lock(), form, columns) }
    }
}

impl<'a, W: Write> Printer<'a, W> {
    /// Nothing is cut.
    pub(crate) const fn new(out: W, form: &'a Form, columns: Columns) -> Self {
        Self { out, form, columns, printed: 0, cuts: false }
    }

    /// One page of items.
    pub(crate) fn print(&mut self, items: &[Value]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let is_first = self.printed == 0;
        self.printed += items.len() as u64;
        match self.form {
            Form::Json => {
                for (at, item) in items.iter().enumerate() {
                    let between = if is_first && at == 0 { "[\n" } else { ",\n" };
                    write!(self.out, "{between}{}", encoding::json(item))?;
                }
            }
            Form::Ndjson => {
                for item in items {
                    writeln!(self.out, "{}", encoding::json_line(item))?;
                }
            }
            Form::Yaml => write!(self.out, "{}", encoding::yaml(&Value::Array(items.to_vec())))?,
            Form::Table(_) => {
                let table = self.table(items, is_first)?;
                writeln!(self.out, "{table}")?;
            }
            Form::Csv(_) => {
                if is_first {
                    let header = self.header();
                    writeln!(self.out, "{}", csv_line(&header))?;
                }
                for item in items {
                    let row = self.row(item)?;
                    writeln!(self.out, "{}", csv_line(&row))?;
                }
            }
            Form::Value(fields) => {
                for item in items {
                    let cells: Vec<String> = fields.iter().map(|field| line(&field.of(item))).collect();
                    writeln!(self.out, "{}", cells.join("\t"))?;
                }
            }
        }
        self.out.flush()?;
        Ok(())
    }

    /// After the last page; how many items there were.
    pub(crate) fn finish(mut self) -> Result<u64> {
        match self.form {
            Form::Json if self.printed > 0 => writeln!(self.out, "\n]")?,
            Form::Json | Form::Yaml if self.printed == 0 => writeln!(self.out, "[]")?,
            _ => {}
        }
        self.out.flush()?;
        Ok(self.printed)
    }

    fn table(&self, items: &[Value], with_header: bool) -> Result<Table> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if with_header {
            table.set_header(self.header());
        }
        for item in items {
            let cells = self.row(item)?;
            table.add_row(cells.iter().map(|cell| if self.cuts { cut(&line(cell)) } else { line(cell) }));
        }
        Ok(table)
    }

    fn header(&self) -> Vec<String> {
        match self.form {
            Form::Table(fields) | Form::Csv(fields) if !fields.is_empty() => {
                fields.iter().map(ToString::to_string).collect()
            }
            _ => self.columns.header.iter().map(ToString::to_string).collect(),
        }
    }

    fn row(&self, item: &Value) -> Result<Vec<String>> {
        match self.form {
            Form::Table(fields) | Form::Csv(fields) if !fields.is_empty() => {
                Ok(fields.iter().map(|field| field.of(item)).collect())
            }
            _ => (self.columns.row)(item),
        }
    }
}

/// As much as fits. Of a name the middle goes: its last part tells it from others.
fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= CELL_MAX {
        return text.to_owned();
    }
    let is_name = !text.contains(' ');
    let last = text.rsplit_once('/').filter(|_| is_name).map_or(0, |(_, last)| last.chars().count() + 1);
    let last = if last > LAST_MAX { 0 } else { last };
    let beginning: String = text.chars().take(CELL_MAX.saturating_sub(last + 1)).collect();
    let end: String = text.chars().skip(length - last).collect();
    format!("{beginning}…{end}")
}

/// One line (RFC 4180), every cell quoted; what a spreadsheet would take for a formula is made a text.
fn csv_line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        let text = line(cell);
        let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    });
    quoted.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{Columns, FieldPath, Form, Printer, cut};
    use serde_json::{Value, json};

    fn printed(form: &str, items: &[Value]) -> String {
        let form: Form = form.parse().unwrap();
        let mut out = Vec::new();
        let columns = Columns { header: &["ID"], row: |item| Ok(vec![item["id"].to_string()]) };
        let mut printer = Printer::new(&mut out, &form, columns);
        printer.print(items).unwrap();
        printer.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn forms_are_written_as_gcloud_writes_them() {
        let items = [
            json!({"id": 1, "finding": {"eventTime": "t", "name": "=cmd|' /c'!A0\u{1b}"}}),
            json!({"id": 2}),
        ];
        assert_eq!(printed("value(id,finding.event_time)", &items), "1\tt\n2\t\n");
        assert_eq!(
            printed("csv(id,finding.name)", &items),
            "\"id\",\"finding.name\"\n\"1\",\"'=cmd|' /c'!A0\\u{1b}\"\n\"2\",\"\"\n"
        );
        assert_eq!(printed("csv", &items[1..]), "\"ID\"\n\"2\"\n");
        assert_eq!(printed("json", &[]), "[]\n");
        assert_eq!(serde_json::from_str::<Value>(&printed("json", &items)).unwrap(), json!(items));
        assert_eq!(printed("ndjson", &items).lines().count(), 2);
        for wrong in ["", "xml", "value", "value()", "json(a)", "csv(a", "csv(a,)", "csv(a..b)", "csv(a[x])"]
        {
            assert!(wrong.parse::<Form>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_cut_for_a_terminal_still_tells_rows_apart() {
        let name = format!("projects/shop/sources/{}/findings/f0123456789", "s".repeat(80));
        let shown = cut(&name);
        assert!(shown.starts_with("projects/shop/sources/s") && shown.ends_with("…/f0123456789"), "{shown}");
        assert_eq!(shown.chars().count(), 64);
        let last = "é".repeat(100);
        assert_eq!(cut(&format!("projects/{last}")), format!("…/{last}"));
        assert_eq!(cut(&"word ".repeat(40)).chars().count(), 64);
        assert_eq!(cut(&format!("a/{}", "x".repeat(5_000))).chars().count(), 64);
        assert_eq!(cut("projects/p"), "projects/p");
        let item = [json!({"id": name})];
        assert!(printed("table(id)", &item).contains(&name), "nothing is cut in a pipe");
    }

    #[test]
    fn a_path_goes_through_lists() {
        let item = json!({"finding": {"processes": [{"args": ["a", "b"]}, {"args": ["c"]}]}});
        let of = |path: &str| FieldPath::read(path).unwrap().of(&item);
        assert_eq!(of("finding.processes[].args"), "a;b;c");
        assert_eq!(of("finding.processes.args"), "a;b;c");
        assert_eq!(of("finding.processes[1].args[0]"), "c");
        assert_eq!(of("finding.processes[7].args"), "");
        assert_eq!(of("finding.nothing"), "");
    }
}
