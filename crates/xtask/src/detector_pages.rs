//! The pages under docs/ that say what is detected, printed from the catalogue.
//!
//! catalogue → a page for each detector, a table of all, a table by ATT&CK technique

use std::collections::BTreeMap;
use std::fmt::Write as _;

use detection::{Metadata, ProbeNeed};
use finding::{Tactic, Technique};

use crate::codegen::{Content, Document};

/// Where the detectors' pages are; everything in it is printed.
pub(crate) const FOLDER: &str = "docs/detectors";

/// The order in which ATT&CK's matrix shows its tactics.
const TACTICS: [Tactic; 14] = [
    Tactic::Reconnaissance,
    Tactic::ResourceDevelopment,
    Tactic::InitialAccess,
    Tactic::Execution,
    Tactic::Persistence,
    Tactic::PrivilegeEscalation,
    Tactic::DefenseEvasion,
    Tactic::CredentialAccess,
    Tactic::Discovery,
    Tactic::LateralMovement,
    Tactic::Collection,
    Tactic::CommandAndControl,
    Tactic::Exfiltration,
    Tactic::Impact,
];

const NOTICE: &str = "<!-- printed by `cargo xtask codegen` from crates/detectors; do not edit -->\n";

/// Every page, the catalogue in its own order.
pub(crate) fn documents(catalogue: &[&Metadata]) -> Vec<Document> {
    let page = |path: String, text: String| Document { path: path.into(), content: Content::Whole(text) };
    let mut documents: Vec<Document> =
        catalogue.iter().map(|m| page(format!("{FOLDER}/{}", file_name(m)), detector(m))).collect();
    documents.push(page(format!("{FOLDER}/README.md"), index(catalogue)));
    documents.push(page("docs/attack-coverage.md".to_owned(), coverage(catalogue)));
    documents
}

fn file_name(metadata: &Metadata) -> String {
    format!("{}.md", metadata.module.to_ascii_lowercase())
}

/// One detector, for whoever reads its finding or decides whether to switch it on.
fn detector(m: &Metadata) -> String {
    let mut out = format!("{NOTICE}\n# {}\n\n| | |\n|---|---|\n", m.category);
    let tactics: Vec<String> =
        std::iter::once(&m.tactic).chain(m.additional_tactics).map(|tactic| tactic_link(*tactic)).collect();
    let techniques: Vec<String> = techniques(m).iter().map(|(id, name)| technique_link(id, *name)).collect();
    for (key, value) in [
        ("module", format!("`{}`", m.module)),
        ("severity", title(m.severity.name())),
        ("by default", by_default(m).to_owned()),
        ("ATT&CK tactics", tactics.join(", ")),
        ("ATT&CK techniques", techniques.join(", ")),
    ] {
        let _ = writeln!(out, "| {key} | {} |", cell(&value));
    }
    let _ = write!(out, "\n{}\n\n## Evidence\n\n", m.prose.trim());
    for item in m.evidence {
        let _ = writeln!(out, "- {item}");
    }
    out.push_str("\n## Needs from the kernel\n\n");
    for need in m.needs {
        let _ = writeln!(out, "- {}", probes(*need));
    }
    let fence = "`".repeat(longest_run_of_backticks(m.reproduction).max(2) + 1);
    let _ = write!(
        out,
        "\n## Reproduction\n\nHarmless; run it inside a container. `{{PORT}}` is the port of a listener of your own on \
         loopback in the same\ncontainer.\n\n{fence}sh\n{}\n{fence}\n",
        m.reproduction
    );
    out
}

/// The catalogue as a table.
fn index(catalogue: &[&Metadata]) -> String {
    let mut out = format!(
        "{NOTICE}\n# Detectors\n\nThe first of them that recognises a session names its finding. Settings switch a detector \
         on or off by its module.\n\n| finding | module | severity | by default | tactic |\n|---|---|---|---|---|\n"
    );
    for m in catalogue {
        let _ = writeln!(
            out,
            "| [{}]({}) | `{}` | {} | {} | {} |",
            cell(m.category),
            file_name(m),
            m.module,
            title(m.severity.name()),
            by_default(m),
            title(m.tactic.name())
        );
    }
    out
}

/// What is covered of ATT&CK, and which tactics are not touched at all.
fn coverage(catalogue: &[&Metadata]) -> String {
    let mut out = format!(
        "{NOTICE}\n# ATT&CK coverage\n\nA technique stands here when a detector recognises at least one way to carry it out. \
         The detector's page says which;\nno row claims that every way is recognised.\n\n## Tactics\n\n\
         | tactic | detectors |\n|---|---|\n"
    );
    let has = |m: &Metadata, tactic: Tactic| m.tactic == tactic || m.additional_tactics.contains(&tactic);
    for tactic in TACTICS {
        let links: Vec<String> = catalogue.iter().filter(|m| has(m, tactic)).map(|m| page_link(m)).collect();
        let links = if links.is_empty() { "none".to_owned() } else { links.join(", ") };
        let _ = writeln!(out, "| {} | {links} |", tactic_link(tactic));
    }
    out.push_str("\n## Techniques\n\n| technique | detectors |\n|---|---|\n");
    let mut rows: BTreeMap<&str, (Option<Technique>, Vec<String>)> = BTreeMap::new();
    for m in catalogue {
        for (id, name) in techniques(m) {
            let row = rows.entry(id).or_default();
            row.0 = row.0.or(name);
            row.1.push(page_link(m));
        }
    }
    for (id, (name, links)) in rows {
        let _ = writeln!(out, "| {} | {} |", cell(&technique_link(id, name)), links.join(", "));
    }
    out
}

/// All technique ids of a detector, with the enumeration's value where it has one.
fn techniques(m: &Metadata) -> Vec<(&'static str, Option<Technique>)> {
    let named = m.techniques.iter().filter_map(|technique| Some((technique.id()?, Some(*technique))));
    let others = m.additional_technique_ids.iter().map(|id| (*id, Technique::from_id(id)));
    named.chain(others).collect()
}

fn page_link(m: &Metadata) -> String {
    format!("[{}](detectors/{})", cell(m.category), file_name(m))
}

fn technique_link(id: &str, name: Option<Technique>) -> String {
    let name = name.map(|technique| format!(" {}", title(technique.name()))).unwrap_or_default();
    format!("[{id}](https://attack.mitre.org/techniques/{}/){name}", id.replace('.', "/"))
}

fn tactic_link(tactic: Tactic) -> String {
    let name = title(tactic.name());
    match tactic.id() {
        Some(id) => format!("[{name}](https://attack.mitre.org/tactics/{id}/)"),
        None => name,
    }
}

fn by_default(m: &Metadata) -> &'static str {
    if m.on_by_default { "on" } else { "off" }
}

/// What a need costs the machine, in the words of the page.
fn probes(need: ProbeNeed) -> &'static str {
    match need {
        ProbeNeed::Lifecycle => "lifecycle: programs started, processes forked and ended",
        ProbeNeed::SocketState => "socket state: connections opened, accepted and closed",
    }
}

/// `COMMAND_AND_CONTROL` as `Command and control`.
fn title(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace('_', " ");
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// Text as the content of one table cell.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|")
}

/// A fence must be longer than any run of backticks that it encloses.
fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use finding::Severity;

    use super::*;

    static SAMPLE: Metadata = Metadata {
        category: "Execution: Sample | Detected",
        module: "SAMPLE_DETECTED",
        severity: Severity::Low,
        on_by_default: false,
        prose: "What it is.\n\nQuiet otherwise.",
        tactic: Tactic::Execution,
        techniques: &[Technique::UnixShell],
        additional_tactics: &[Tactic::CommandAndControl],
        additional_technique_ids: &["T1095"],
        evidence: &["the bytes"],
        needs: &[ProbeNeed::Lifecycle],
        reproduction: "echo ```\necho | {PORT}",
    };

    fn page(path: &str) -> String {
        let documents = documents(&[&SAMPLE]);
        let found = documents.into_iter().find(|document| document.path.as_os_str() == path);
        match found.unwrap().content {
            Content::Whole(text) => text,
            Content::Region { .. } => panic!("{path} is printed whole"),
        }
    }

    #[test]
    fn a_page_holds_all_that_is_said_of_the_detector() {
        let text = page("docs/detectors/sample_detected.md");
        for wanted in [
            "# Execution: Sample | Detected\n",
            "| module | `SAMPLE_DETECTED` |",
            "| severity | Low |",
            "| by default | off |",
            "What it is.\n\nQuiet otherwise.",
            "[T1059.004](https://attack.mitre.org/techniques/T1059/004/) Unix shell",
            "[T1095](https://attack.mitre.org/techniques/T1095/)",
            "- the bytes\n",
            "- lifecycle: ",
            "````sh\necho ```\necho | {PORT}\n````\n",
        ] {
            assert!(text.contains(wanted), "{wanted:?} is missing in\n{text}");
        }
    }

    #[test]
    fn the_table_survives_a_bar_in_a_name() {
        let row = "| [Execution: Sample \\| Detected](sample_detected.md) | `SAMPLE_DETECTED` | Low | off | Execution |";
        assert!(page("docs/detectors/README.md").lines().any(|line| line == row));
    }

    #[test]
    fn coverage_names_every_tactic_and_each_technique_once() {
        let text = page("docs/attack-coverage.md");
        let linked = "[Execution: Sample \\| Detected](detectors/sample_detected.md) |";
        assert_eq!(text.matches(linked).count(), 4, "two tactics, two techniques\n{text}");
        assert_eq!(text.matches("| none |").count(), TACTICS.len() - 2);
        assert!(text.find("T1059.004").unwrap() < text.find("T1095").unwrap());
        assert_eq!(TACTICS.len() + 1, Tactic::ALL.len(), "a tactic is missing in the table");
    }
}
