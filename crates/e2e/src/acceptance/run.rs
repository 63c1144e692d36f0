//! Runs cases in pods, several at a time, and judges what was found.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::attacker::Credentials;
use super::case::{Case, Kind};
use super::findings::{Found, Watch};
use super::ground_truth::Variant;
use super::images::{self, Ground};
use super::judge::{self, Expected};
use super::report::{Outcome, Report, Verdict};
use super::rootfs::Tools;
use super::stage::{attack, use_it};
use crate::{ContainerBuilder, Network, Node, Pod};

/// After the last case: what comes late must come by then.
const SETTLE: Duration = Duration::from_secs(2);
/// Kubernetes namespace of the pods.
pub(crate) const NAMESPACE: &str = "acceptance";

/// Where cases run.
#[derive(Debug)]
pub struct Bench<'node> {
    pub(crate) node: &'node Node,
    pub(crate) watch: &'node Watch,
    pub(crate) network: Network,
    pub(crate) ground: Ground,
    pub(crate) tools: Option<Tools>,
    pub(crate) folder: PathBuf,
}

/// How a container's standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// `/dev/null`.
    Nothing,
    /// A pipe that stays open.
    Open,
    /// A terminal.
    Terminal,
}

impl<'node> Bench<'node> {
    /// A bench with shells, socat and Python of this machine in an image of their own.
    ///
    /// # Errors
    /// When the image cannot be made.
    pub fn ground_truth(node: &'node Node, watch: &'node Watch) -> Result<Self> {
        Self::of_debian(node, watch, Path::new("/"))
    }

    /// The same with the programs of a Debian that has a newer socat.
    ///
    /// # Errors
    /// When the image cannot be made.
    pub fn newer_socat(node: &'node Node, watch: &'node Watch, debian: &Tools) -> Result<Self> {
        Self::of_debian(node, watch, &debian.path("/"))
    }

    fn of_debian(node: &'node Node, watch: &'node Watch, source: &Path) -> Result<Self> {
        let folder = node.folder().join("ground-truth");
        std::fs::create_dir_all(&folder)?;
        Self::new(node, watch, images::small(source, &folder)?, None, folder)
    }

    /// A bench with the programs that a corpus needs.
    ///
    /// # Errors
    /// When the image cannot be made.
    pub fn corpus(node: &'node Node, watch: &'node Watch, tools: &Tools) -> Result<Self> {
        let folder = node.folder().join("corpus");
        std::fs::create_dir_all(&folder)?;
        Self::new(node, watch, images::wide(tools, &folder)?, Some(tools.clone()), folder)
    }

    fn new(
        node: &'node Node,
        watch: &'node Watch,
        ground: Ground,
        tools: Option<Tools>,
        folder: PathBuf,
    ) -> Result<Self> {
        node.import(&ground.image)?;
        let network = if Network::Pod.available().is_ok() { Network::Pod } else { Network::Node };
        Ok(Self { node, watch, network, ground, tools, folder })
    }

    pub(crate) fn credentials(&self) -> Credentials<'_> {
        Credentials { file: &self.ground.certificate }
    }

    pub(crate) fn container<'a>(
        &self,
        pod: &'a Pod<'node>,
        name: &str,
        case: &Case,
        input: Input,
    ) -> ContainerBuilder<'node, 'a> {
        let mut container = pod.container(name, &self.ground.image);
        let traditional = if case.needs.contains("nc.traditional") { self.ground.traditional } else { "" };
        container = container
            .env("PATH", &format!("{traditional}{}", self.ground.path))
            .env("HOME", "/root")
            .env("DISPLAY", "/tmp/.X11-unix/X0");
        for (host, inside) in &self.ground.mounts {
            container = container.mount(host, inside, true);
        }
        match input {
            Input::Nothing => container,
            Input::Open => container.open_input(),
            Input::Terminal => container.terminal(),
        }
    }

    /// A container of the bench's image that needs nothing more.
    pub(crate) fn plain_container<'a>(
        &self,
        pod: &'a Pod<'node>,
        name: &str,
        input: Input,
    ) -> ContainerBuilder<'node, 'a> {
        let container = pod.container(name, &self.ground.image).env("PATH", self.ground.path);
        if input == Input::Open { container.open_input() } else { container }
    }

    /// Name and digest of the image.
    pub fn image(&self) -> (&str, &str) {
        (&self.ground.image.reference, &self.ground.image.digest)
    }

    /// A pod with one container that runs `line` with an open standard input.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn pod(&self, name: &str, line: &str) -> Result<(Pod<'node>, crate::Container<'node>)> {
        let pod = self.node.pod(name).namespace(NAMESPACE).network(self.network).run()?;
        let container =
            self.plain_container(&pod, "app", Input::Open).command(&["/bin/sh", "-c", line]).start()?;
        Ok((pod, container))
    }

    /// Why a case cannot run here.
    fn lacks(&self, case: &Case) -> Option<String> {
        if case.kind.is_shell() && !case.verified {
            return Some("nobody has seen this line work (not verified in the corpus)".to_owned());
        }
        if let Some(reason) = case.word("skip") {
            return Some(reason.to_owned());
        }
        if let Some(wanted) = case.word("socat") {
            let version = socat_version(&self.ground.source);
            if version.as_deref().is_none_or(|version| version < wanted) {
                return Some(format!(
                    "needs socat {wanted}, here is {}",
                    version.as_deref().unwrap_or("none")
                ));
            }
        }
        if let Some(program) = case.word("program").filter(|path| *path == "/usr/bin/python3")
            && images::python(&self.ground.source).is_none()
        {
            return Some(format!("no {program} here; install the package python3"));
        }
        let tools = self.tools.as_ref()?;
        let known = [
            "jjs", "julia", "ghc", "rustc", "socket", "java", "go", "lua", "zsh", "ruby", "php", "telnet",
            "tclsh", "ksh",
        ];
        let lacking = known.iter().find(|name| {
            let needed = case.needs.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == **name);
            needed && !tools.has(name)
        })?;
        Some(format!("needs {lacking}, which the Debian tree does not have"))
    }
}

/// What a case left to judge.
struct Ran {
    outcome: Outcome,
    expected: Option<Expected>,
    pod: String,
}

/// Runs every job, `workers` at a time, prints nothing, and judges at the end.
///
/// # Errors
/// When the API does not answer at the end.
pub fn run_all(bench: &Bench<'_>, jobs: Vec<(Case, Variant)>, workers: usize) -> Result<Report> {
    let names: Vec<String> = jobs.iter().map(|(case, _)| format!("{}-", case.id)).collect();
    let queue: Mutex<VecDeque<(usize, Case, Variant)>> =
        Mutex::new(jobs.into_iter().enumerate().map(|(at, (case, variant))| (at, case, variant)).collect());
    let done: Mutex<Vec<(usize, Ran)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((at, case, variant)) = next else { return };
                    let ran = run(bench, &case, variant);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, ran));
                }
            });
        }
    });
    std::thread::sleep(SETTLE);
    let all = bench.watch.all()?;
    let mut ran = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    ran.sort_by_key(|(at, _)| *at);
    let is_ours = |found: &Found| names.iter().any(|name| found.pod().starts_with(name));
    let strays = all.iter().filter(|found| !is_ours(found)).map(judge::summary).collect();
    Ok(Report { outcomes: ran.into_iter().map(|(_, ran)| finish(ran, &all)).collect(), strays })
}

fn finish(ran: Ran, all: &[Found]) -> Outcome {
    let own: Vec<&Found> = all.iter().filter(|found| found.pod() == ran.pod).collect();
    judge::judge(ran.outcome, ran.expected.as_ref(), &own)
}

fn run(bench: &Bench<'_>, case: &Case, variant: Variant) -> Ran {
    let id =
        if variant == Variant::Plain { case.id.clone() } else { format!("{}/{}", case.id, variant.name()) };
    let mut outcome = Outcome {
        id,
        kind: case.kind,
        line: case.text(),
        verdict: Verdict::Quiet,
        delay_ms: None,
        note: String::new(),
    };
    if let Some(reason) = bench.lacks(case) {
        outcome.verdict = Verdict::Skipped(reason);
        return Ran { outcome, expected: None, pod: String::new() };
    }
    // Some shells end when nothing can ever come from their standard input.
    let inputs: &[Input] = match case.kind {
        Kind::Reverse | Kind::Bind if variant == Variant::Plain => {
            &[Input::Nothing, Input::Open, Input::Terminal]
        }
        Kind::Reverse | Kind::Bind => &[Input::Nothing],
        Kind::Attacker => &[Input::Terminal],
        Kind::Benign | Kind::BenignByIntent => &[Input::Open],
    };
    let mut last = (None, String::new());
    for (at, input) in inputs.iter().enumerate() {
        let pod = format!(
            "{}-{}{}",
            case.id,
            variant.name(),
            if at == 0 { String::new() } else { format!("-{at}") }
        );
        let tried = if case.kind.is_shell() {
            attack(bench, case, variant, &pod, *input).map(|expected| (Some(expected), String::new()))
        } else {
            use_it(bench, case, &pod, *input).map(|note| (None, note))
        };
        last.1.clone_from(&pod);
        match tried {
            Ok((expected, note)) => {
                outcome.note = note;
                last.0 = expected;
                break;
            }
            Err(error) => {
                outcome.verdict = Verdict::Unproven(format!("{error:#}"));
                // A finding for a shell that did not answer counts as well: it is looked for in the last pod.
                if !bench.watch.now(|found| found.pod() == pod).is_empty() {
                    break;
                }
            }
        }
    }
    if last.0.is_some() {
        outcome.verdict = Verdict::Missed;
    } else if !case.kind.is_shell() && !matches!(outcome.verdict, Verdict::Unproven(_)) {
        outcome.verdict = Verdict::Quiet;
    }
    Ran { outcome, expected: last.0, pod: last.1 }
}

/// Such as `1.7.4.4`.
fn socat_version(source: &Path) -> Option<String> {
    let output = std::process::Command::new("chroot").arg(source).args(["socat", "-V"]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split("socat version ").nth(1)?.split_whitespace().next()?.to_owned())
}

/// The folder of the working copy's own corpus.
pub fn own_corpus(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus")).join(name)
}

/// A corpus kept elsewhere: `$VEDETTE_CORPUS`, or a folder beside the working copy.
pub fn other_corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("VEDETTE_CORPUS").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}
