//! Arguments of `vedette findings`.

use super::Server;
use crate::findings::form::Form;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use exports::Format;
use finding::{Parent, Timestamp};
use std::path::PathBuf;

const EVERYTHING: &str = "organizations/-/sources/-";

#[derive(Subcommand)]
pub(crate) enum Findings {
    /// List findings, those that happened last first.
    List(Box<List>),
    /// Count findings by what some of their fields say.
    Group(Box<Group>),
    /// Write all findings, or those that are meant, into a file: JSON lines, CSV or Parquet.
    Export(Box<Export>),
    /// Show one finding, for a reader.
    #[command(alias = "describe")]
    Show(Show),
    /// Save everything that was kept for a finding.
    Evidence(Evidence),
    /// Change a finding's state or facts.
    Update(Update),
    /// Hide a finding, show it again, or leave that to the mute rules.
    SetMute(SetMute),
    /// Hide everything that matches now, or take that back.
    BulkMute(BulkMute),
    /// Show a finding's marks.
    ListMarks(ListMarks),
    /// Change a finding's marks.
    UpdateMarks(UpdateMarks),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) server: Server,
    /// What they are listed under: {organizations|folders|projects}/ID/sources/ID[/locations/LOCATION]; - is all.
    #[arg(default_value = EVERYTHING)]
    pub(crate) parent: Parent,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Stop after this many; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    /// Findings asked for at once, 1 to 1000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) page_size: u16,
    /// Fields to sort by, such as "severity desc,event_time".
    #[arg(long, default_value = "event_time desc")]
    pub(crate) order_by: String,
    #[command(flatten)]
    pub(crate) form: FormOf,
    /// Exit with 4 when there is such a finding that is this severe or worse: for scripts.
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) fail_on: Option<Severity>,
}

/// Form of what is printed.
#[derive(Args)]
pub(crate) struct FormOf {
    /// Form: table, json, ndjson, yaml, csv, or with fields: "table(finding.name,finding.severity)", "csv(…)",
    /// "value(finding.name)".
    #[arg(short, long, visible_alias = "format", default_value = "table", value_name = "FORM")]
    pub(crate) output: Form,
}

#[derive(Clone, Copy, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Severity {
    Critical,
    High,
    Medium,
    Low,
}

/// Which findings: those to which every word given applies.
#[derive(Args, Default)]
pub(crate) struct Which {
    /// Of this container: its name, its id, or the first 8 or more characters of its id.
    #[arg(long)]
    pub(crate) container: Option<String>,
    /// Of the pod of this name.
    #[arg(long)]
    pub(crate) pod: Option<String>,
    /// Of pods in this namespace.
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
    /// Of this category, by its name or the detector's.
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// That match this filter of findings, such as severity="HIGH" AND NOT mute="MUTED"; see docs/filter.md.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) filter: Option<String>,
    /// Whose event time is not before this: RFC 3339, or how long ago (15m, 6h, 2d).
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) since: Option<Timestamp>,
    /// Whose event time is before this.
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) server: Server,
    /// What is exported, as for list.
    #[arg(default_value = EVERYTHING)]
    pub(crate) parent: Parent,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Format; see docs/exports.md. Default: as the file's name ends; jsonl on standard output.
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.iter().map(|format| format.name())))]
    pub(crate) format: Option<String>,
    /// File to write: a new one that only you can read, there when it is whole. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Let the export replace a file that is there.
    #[arg(long, requires = "output")]
    pub(crate) overwrite: bool,
    /// Findings asked for at once, 1 to 1000.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) page_size: u16,
}

#[derive(Args)]
pub(crate) struct Group {
    #[command(flatten)]
    pub(crate) server: Server,
    /// What they are counted under, as for list.
    #[arg(default_value = EVERYTHING)]
    pub(crate) parent: Parent,
    /// Fields that tell groups apart, such as category,severity.
    #[arg(long, required = true)]
    pub(crate) group_by: String,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Stop after this many groups; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    #[command(flatten)]
    pub(crate) form: FormOf,
}

#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Form of the answer.
    #[arg(short, long, visible_alias = "format", value_enum, default_value_t = ShowForm::Text)]
    pub(crate) output: ShowForm,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum ShowForm {
    Text,
    Json,
    Yaml,
}

#[derive(Args)]
pub(crate) struct Evidence {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Folder to save into; made when it is not there. Default: vedette-evidence-ID.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Update {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Whether it still needs attention.
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) state: Option<State>,
    /// Facts to set: KEY=VALUE[,KEY=VALUE…]; the others stay.
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    pub(crate) source_properties: Vec<(String, String)>,
    /// When it happened: RFC 3339, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) event_time: Option<Timestamp>,
    /// Web page with more about it.
    #[arg(long, value_name = "URL")]
    pub(crate) external_uri: Option<String>,
    /// Show the whole answer, in this form. Default: a line that says what changed.
    #[arg(short, long, visible_alias = "format", value_enum)]
    pub(crate) output: Option<ShowForm>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum State {
    Active,
    Inactive,
}

#[derive(Args)]
pub(crate) struct SetMute {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Hidden, shown whatever the rules say, or as the rules say.
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) mute: Mute,
    /// Show the whole answer, in this form. Default: a line that says what changed.
    #[arg(short, long, visible_alias = "format", value_enum)]
    pub(crate) output: Option<ShowForm>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Mute {
    Muted,
    Unmuted,
    Undefined,
}

#[derive(Args)]
pub(crate) struct BulkMute {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Where: {organizations|folders|projects}/ID.
    #[arg(long, default_value = "organizations/-")]
    pub(crate) parent: String,
    /// Which findings; see docs/filter.md.
    #[arg(long, required = true, allow_hyphen_values = true)]
    pub(crate) filter: String,
    /// Hidden, or as the rules say.
    #[arg(long, value_enum, ignore_case = true, default_value_t = BulkState::Muted)]
    pub(crate) mute_state: BulkState,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum BulkState {
    Muted,
    Undefined,
}

#[derive(Args)]
pub(crate) struct ListMarks {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Form of the answer.
    #[arg(short, long, visible_alias = "format", value_enum, default_value_t = ShowForm::Yaml)]
    pub(crate) output: ShowForm,
}

#[derive(Args)]
pub(crate) struct UpdateMarks {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Marks to set: KEY=VALUE[,KEY=VALUE…].
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    pub(crate) security_marks: Vec<(String, String)>,
    /// Which marks change, as marks.KEY[,marks.KEY…]: one without a value above is removed. Default: those that are set;
    /// "marks" replaces all.
    #[arg(long, value_delimiter = ',')]
    pub(crate) update_mask: Vec<String>,
    /// Show the whole answer, in this form. Default: a line that says what changed.
    #[arg(short, long, visible_alias = "format", value_enum)]
    pub(crate) output: Option<ShowForm>,
}

/// `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not KEY=VALUE")),
    }
}
