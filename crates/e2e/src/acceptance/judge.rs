//! Is what was found what is true?

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::case::{Case, Kind};
use super::findings::Found;
use super::ground_truth::Variant;
use super::report::{Outcome, Verdict};
use super::run::NAMESPACE;
use crate::image::{Image, below};

/// Category of the socat detector.
const SOCAT: &str = "Execution: Socat Reverse Shell Detected";
/// Category of the detector for every other networked shell.
const SHELL: &str = "Reverse Shell";

/// What is true of a shell that worked.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) case: Case,
    pub(crate) pod_uid: String,
    pub(crate) containers: Vec<String>,
    pub(crate) image: Image,
    /// The Debian whose programs the image holds.
    pub(crate) source: PathBuf,
    pub(crate) port: u16,
    /// The attacker's own port, where it is known.
    pub(crate) attacker_port: Option<u16>,
    pub(crate) is_ground_truth: bool,
    pub(crate) variant: Variant,
    pub(crate) mentions_socat: bool,
}

/// Sets the verdict by the findings of the case's own pod.
pub(crate) fn judge(mut outcome: Outcome, expected: Option<&Expected>, found: &[&Found]) -> Outcome {
    let summaries = || found.iter().map(|found| summary(found)).collect::<Vec<_>>();
    if outcome.kind.is_shell() {
        if matches!(outcome.verdict, Verdict::Skipped(_)) {
            return outcome;
        }
        let delays = found.iter().filter_map(|found| found.delay_ms());
        outcome.delay_ms = delays.min_by(f64::total_cmp);
        outcome.verdict = match (found, expected) {
            ([], _) => return outcome,
            ([_], None) => Verdict::Found,
            ([one], Some(expected)) => {
                let wrong = expected.differences(one);
                if wrong.is_empty() {
                    Verdict::Found
                } else if expected.is_ground_truth || wrong.iter().any(|what| what.starts_with("category")) {
                    Verdict::Wrong(wrong.into_iter().chain([summary(one)]).collect())
                } else {
                    outcome.note = wrong.join("; ");
                    Verdict::Found
                }
            }
            _ => Verdict::Twice(summaries()),
        };
        return outcome;
    }
    if !found.is_empty() {
        outcome.verdict = match outcome.kind {
            Kind::BenignByIntent => {
                outcome.note = summaries().join("; ");
                Verdict::FoundByIntent
            }
            _ => Verdict::False(summaries()),
        };
    }
    outcome
}

/// One line about a finding.
pub(crate) fn summary(found: &Found) -> String {
    let session = found.finding.pointer("/vedette/session").cloned().unwrap_or_default();
    let names = found.finding.pointer("/processes").and_then(|list| list.as_array()).map(|list| {
        list.iter()
            .map(|process| process["name"].as_str().unwrap_or("?").to_owned())
            .collect::<Vec<_>>()
            .join(" < ")
    });
    format!(
        "[{}] {} args={} session={session} stdio={}",
        found.text("/category"),
        names.unwrap_or_default(),
        found.finding.pointer("/sourceProperties/Process_Arguments").cloned().unwrap_or_default(),
        found.finding.pointer("/vedette/process/descriptors").cloned().unwrap_or_default(),
    )
}

impl Expected {
    /// What the finding says that is not so.
    fn differences(&self, found: &Found) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |what: &str, is: &str, should: &[&str]| {
            if !should.contains(&is) {
                wrong.push(format!("{what} is {is:?}, should be {}", should.join(" or ")));
            }
        };
        let word = |key: &str| self.case.word(key);
        let categories: &[&str] = match (self.is_ground_truth, self.mentions_socat) {
            (true, _) | (_, true) => &[SOCAT],
            _ => &[SHELL],
        };
        check("category", found.text("/category"), categories);
        let direction = if self.case.kind == Kind::Bind { "bind" } else { "reverse" };
        check("direction", found.text("/vedette/session/direction"), &[direction]);
        let transport = word("transport");
        if let Some(transport) = transport {
            check("transport", found.text("/vedette/session/endpoint/transport"), &[transport]);
        }
        for (key, pointer) in [("tls", "/vedette/session/tls"), ("terminal", "/vedette/session/terminal")] {
            if let Some(should) = self.case.more.get(key).and_then(serde_json::Value::as_bool) {
                let is =
                    found.finding.pointer(pointer).and_then(serde_json::Value::as_bool).unwrap_or_default();
                check(key, &is.to_string(), &[&should.to_string()]);
            }
        }
        let port =
            |pointer: &str| found.text(pointer).rsplit_once(':').map_or("", |(_, port)| port).to_owned();
        let (peer, local) = (port("/vedette/session/endpoint/peer"), port("/vedette/session/endpoint/local"));
        match self.case.kind {
            Kind::Reverse => check("peer's port", &peer, &[&self.port.to_string()]),
            _ => {
                check("local port", &local, &[&self.port.to_string()]);
                if let Some(port) = self.attacker_port {
                    check("peer's port", &peer, &[&port.to_string()]);
                }
            }
        }
        self.identity(found, &mut check);
        if self.is_ground_truth {
            self.programs(found, &mut check);
        }
        wrong
    }

    fn identity(&self, found: &Found, check: &mut impl FnMut(&str, &str, &[&str])) {
        let node = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let containers: Vec<&str> = self.containers.iter().map(String::as_str).collect();
        check("container", found.container(), &containers);
        check("pod uid", found.text("/vedette/container/podUid"), &[&self.pod_uid]);
        check("Pod_Namespace", found.text("/sourceProperties/Pod_Namespace"), &[NAMESPACE]);
        check("Container_Name", found.text("/sourceProperties/Container_Name"), &["app", "relay"]);
        check(
            "Container_Image_Uri",
            found.text("/sourceProperties/Container_Image_Uri"),
            &[&self.image.reference],
        );
        check("image digest", found.text("/sourceProperties/Container_Image_Id"), &[&self.image.digest]);
        check("VM_Instance_Name", found.text("/sourceProperties/VM_Instance_Name"), &[node.trim()]);
        let complete =
            found.finding.pointer("/vedette/container/identityComplete").is_some_and(|flag| flag == true);
        check("identityComplete", &complete.to_string(), &["true"]);
    }

    /// The shell's binary and socat's own.
    fn programs(&self, found: &Found, check: &mut impl FnMut(&str, &str, &[&str])) {
        // Where a shell only starts another, either is right.
        let programs = [Some(self.case.word("program").unwrap_or("/bin/sh")), self.case.word("or")];
        let programs: Vec<&str> = programs.into_iter().flatten().collect();
        let real = |program: &str| {
            if program == "/bin/sh" { "/usr/bin/dash".to_owned() } else { program.to_owned() }
        };
        let mut paths: Vec<String> = programs.iter().map(|program| (*program).to_owned()).collect();
        paths.extend(programs.iter().map(|program| real(program)));
        let file = |program: &str| below(&self.source, program);
        paths.extend(programs.iter().filter_map(|program| {
            let whole = std::fs::canonicalize(file(&real(program))).ok()?;
            let source = std::fs::canonicalize(&self.source).ok()?;
            Some(format!("/{}", whole.strip_prefix(source).ok()?.display()))
        }));
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let sums: Vec<String> = programs.iter().map(|program| hash(&file(&real(program)))).collect();
        let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
        check("the program's path", found.text("/processes/0/binary/path"), &paths);
        check("the program's SHA-256", found.text("/processes/0/binary/sha256"), &sums);
        // The kernel calls the loader the executable of what it runs; the finding may name either.
        let mut wanted = vec![hash(&file("/usr/bin/socat"))];
        if self.variant == Variant::Loader {
            wanted.push(hash(&file(super::images::LOADER)));
        }
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let listed =
            found.finding.pointer("/processes").and_then(|list| list.as_array()).cloned().unwrap_or_default();
        let sums: Vec<&str> =
            listed.iter().skip(1).filter_map(|process| process.pointer("/binary/sha256")?.as_str()).collect();
        match sums.iter().find(|sum| wanted.contains(sum)) {
            Some(_) => {}
            None if self.was_gone_at_once(found) => {}
            None => check("SHA-256 of socat among the other processes", &sums.join(" "), &wanted),
        }
    }
}

impl Expected {
    /// socat was deleted and had become the shell within milliseconds: on a loaded machine nobody can have read it. Then
    /// the finding must say so itself.
    fn was_gone_at_once(&self, found: &Found) -> bool {
        let becomes_shell = self.case.text().contains(",nofork");
        let missing = found.finding.pointer("/vedette/evidenceMissing").map(ToString::to_string);
        self.variant == Variant::Deleted
            && becomes_shell
            && missing.is_some_and(|missing| missing.contains("opener: executable"))
    }
}

fn hash(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
