//! Two lanes: one says what files are, which needs little of them; the other one hashes them, which needs all.

use super::deadline::{self, Job};
use super::queue::{FairQueue, Urgency};
use super::{Answer, Reply};
use crate::Metrics;
use enrichment::{ExecutableFacts, ImageKey, Need, Started, script_takes_commands};
use event::{FileIdentity, FileSystem, ProcessKey, Text};
use programs::executable::Kind;
use programs::invocation::Invocation;
use programs::script::Verdict;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// What a file is must be known before what waits for it is decided without.
const FACT_DEADLINE: Duration = Duration::from_millis(250);
/// Reading the whole of a large file may take long.
pub(super) const READ_DEADLINE: Duration = Duration::from_secs(15);
/// Requests that wait to be answered. Each holds at most two descriptors.
const FACTS_MAX: usize = 192;
/// Files that wait to be hashed. Each holds one descriptor.
const HASHES_MAX: usize = 64;
/// Files sourced by a script that are read, too.
const SOURCED_MAX: usize = 8;

/// What is asked for: requests for the same are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    File(FileIdentity),
    Loaded(ImageKey),
    Script(ImageKey),
    Arguments(ImageKey),
}

impl From<&Need> for Wanted {
    fn from(need: &Need) -> Self {
        match *need {
            Need::File(identity, _) => Self::File(identity),
            Need::Loaded(image) => Self::Loaded(image),
            Need::Script(image) => Self::Script(image),
            Need::Arguments(image) => Self::Arguments(image),
        }
    }
}

impl Wanted {
    /// Name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Loaded(_) => "loaded_program",
            Self::Script(_) => "script",
            Self::Arguments(_) => "arguments",
        }
    }
}

/// A request, with what it needs held, so that it can be answered when the process is gone.
#[derive(Debug)]
pub(crate) enum Fact {
    File { identity: FileIdentity, process: ProcessKey, file: host::Executable, is_local: bool },
    Loaded { image: ImageKey, asked: host::Asked, argument: Text, working_directory: Text },
    Script { image: ImageKey, asked: host::Asked, script: Script },
    Arguments { image: ImageKey, asked: host::Asked, started: Started, recorded: Vec<Text> },
}

impl Fact {
    fn wanted(&self) -> Wanted {
        self.nothing().wanted()
    }

    /// Whose file it is.
    fn process(&self) -> ProcessKey {
        match *self {
            Self::File { process, .. } => process,
            Self::Loaded { image, .. } | Self::Script { image, .. } | Self::Arguments { image, .. } => {
                image.process
            }
        }
    }

    /// Process and path, as far as they are known; what is hostile is escaped.
    fn subject(&self) -> String {
        let pid = self.process().pid;
        match self {
            Self::File { identity, .. } => {
                format!("process {pid} (device {}, inode {})", identity.device, identity.inode)
            }
            Self::Loaded { argument, .. } => format!("process {pid} ({argument})"),
            Self::Script { script, .. } => format!("process {pid} ({})", script.path),
            Self::Arguments { .. } => format!("process {pid}"),
        }
    }

    /// The answer when it cannot be had.
    fn nothing(&self) -> Found {
        match *self {
            Self::File { identity, process, .. } => Found::File { identity, process, facts: None },
            Self::Loaded { image, .. } => Found::Loaded { image, facts: None },
            Self::Script { image, .. } => Found::Script { image, verdict: None, text: None },
            Self::Arguments { image, .. } => Found::Arguments { image, invocation: None },
        }
    }

    /// Of a file that is named only, what serves it is not known before it was asked.
    fn is_local(&self) -> bool {
        match self {
            Self::File { is_local, .. } => *is_local,
            Self::Arguments { .. } => true,
            Self::Loaded { .. } | Self::Script { .. } => false,
        }
    }
}

/// A script and how it is run.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) path: Text,
    pub(crate) working_directory: Text,
    pub(crate) arguments: Vec<Text>,
    pub(crate) started: Started,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Found {
    File {
        identity: FileIdentity,
        process: ProcessKey,
        facts: Option<Arc<ExecutableFacts>>,
    },
    Loaded {
        image: ImageKey,
        facts: Option<Arc<ExecutableFacts>>,
    },
    /// With its text, where that is an interpreter's and may execute what comes from the network.
    Script {
        image: ImageKey,
        verdict: Option<Verdict>,
        text: Option<Arc<[u8]>>,
    },
    Arguments {
        image: ImageKey,
        invocation: Option<Invocation>,
    },
}

impl Found {
    pub(crate) fn wanted(&self) -> Wanted {
        match *self {
            Self::File { identity, .. } => Wanted::File(identity),
            Self::Loaded { image, .. } => Wanted::Loaded(image),
            Self::Script { image, .. } => Wanted::Script(image),
            Self::Arguments { image, .. } => Wanted::Arguments(image),
        }
    }
}

/// A file to be hashed.
#[derive(Debug)]
pub(crate) enum ToHash {
    Open(File),
    Held(host::Executable),
    Named { asked: host::Asked, argument: Text, working_directory: Text },
}

impl ToHash {
    /// Process and path, as far as they are known; what is hostile is escaped.
    fn subject(&self, wanted: Wanted) -> String {
        let whose = match wanted {
            Wanted::File(identity) => format!("device {}, inode {}", identity.device, identity.inode),
            Wanted::Loaded(image) | Wanted::Script(image) | Wanted::Arguments(image) => {
                format!("process {}", image.process.pid)
            }
        };
        match self {
            Self::Named { argument, .. } => format!("{whose} ({argument})"),
            Self::Open(_) | Self::Held(_) => whose,
        }
    }

    fn open(self) -> Option<File> {
        match self {
            Self::Open(file) => Some(file),
            Self::Held(file) => file.open(),
            Self::Named { asked, argument, working_directory } => {
                host::open_named(asked.root(), &argument, &working_directory).ok()
            }
        }
    }
}

/// Both queues.
#[derive(Clone)]
pub(crate) struct Queues {
    pub(crate) facts: Arc<FairQueue<Wanted, Fact>>,
    pub(crate) hashes: Arc<FairQueue<Wanted, (Wanted, ToHash)>>,
}

impl Queues {
    /// Queues that nobody serves yet.
    pub(crate) fn new() -> Self {
        let (facts, hashes) = (FairQueue::new(FACTS_MAX), FairQueue::new(HASHES_MAX));
        Self { facts: Arc::new(facts), hashes: Arc::new(hashes) }
    }

    /// Starts the workers; they end when the queues are closed.
    pub(crate) fn serve(&self, reply: &Reply, metrics: &Metrics) -> std::io::Result<()> {
        let (queues, answers) = (self.clone(), reply.clone());
        deadline::serve("facts", FACT_DEADLINE, metrics.clone(), move || {
            let (owner, fact) = queues.facts.pop()?;
            let (is_local, kind, process) = (fact.is_local(), fact.wanted().name(), fact.process());
            let (nothing, subject) = (fact.nothing(), fact.subject());
            let (work, refused, unread) = (answers.clone(), answers.clone(), answers.clone());
            let queues = queues.clone();
            Some(Job {
                owner,
                is_local,
                kind,
                subject,
                work: Box::new(move || {
                    let (found, file) = find(fact);
                    queues.hash_later(owner, &found, file);
                    Box::new(move || work.send(Answer::Fact(found)))
                }),
                refused: Box::new(move || {
                    refused.send(Answer::Unread { process, kind });
                    refused.send(Answer::Fact(nothing));
                }),
                // what waits for it is decided without it when its time comes, and again should the answer come
                unread: Box::new(move || unread.send(Answer::Unread { process, kind })),
            })
        })?;
        let (queues, answers) = (self.clone(), reply.clone());
        deadline::serve("hashes", READ_DEADLINE, metrics.clone(), move || {
            let (owner, (wanted, file)) = queues.hashes.pop()?;
            let answers = answers.clone();
            Some(Job {
                owner,
                is_local: false,
                kind: "hash",
                subject: file.subject(wanted),
                work: Box::new(move || {
                    let hash = file.open().and_then(|file| host::hash(&file).ok());
                    Box::new(move || {
                        if let Some((sha256, size)) = hash {
                            answers.send(Answer::Hash { wanted, sha256, size });
                        }
                    })
                }),
                refused: Box::new(|| ()),
                unread: Box::new(|| ()),
            })
        })
    }

    /// A file that is something in particular is hashed while it is there; of the others, those that a finding names.
    fn hash_later(&self, owner: u64, found: &Found, file: Option<File>) {
        let (Found::File { facts, .. } | Found::Loaded { facts, .. }) = found else { return };
        let is_known = facts.as_ref().is_some_and(|facts| !matches!(facts.recognised.kind, Kind::Unknown));
        let wanted = found.wanted();
        if let (true, Some(file)) = (is_known, file) {
            self.hashes.push(wanted, Urgency::Spare, owner, (wanted, ToHash::Open(file)));
        }
    }

    pub(crate) fn close(&self) {
        self.facts.close();
        self.hashes.close();
    }
}

/// Whether the kernel itself reads such a file system, from memory or a disk.
pub(crate) fn is_local(of: FileSystem) -> bool {
    /// ext2 to ext4, XFS, btrfs, squashfs, EROFS, F2FS, ZFS, ISO 9660, ramfs.
    const MAGIC: [u64; 9] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0x7371_7368,
        0xE0F5_E1E2,
        0xF2F5_2010,
        0x2FC1_2FC1,
        0x9660,
        0x8584_58F6,
    ];
    match of {
        FileSystem::Overlay { .. } | FileSystem::Memfd | FileSystem::Tmpfs => true,
        FileSystem::Other(magic) => MAGIC.contains(&magic),
    }
}

/// Answers; gives the file back that was looked at.
pub(crate) fn find(fact: Fact) -> (Found, Option<File>) {
    match fact {
        Fact::File { identity, process, file, .. } => {
            let file = file.open();
            let facts = file.as_ref().and_then(|file| host::recognised(file, None).ok()).map(Arc::new);
            (Found::File { identity, process, facts }, file)
        }
        Fact::Loaded { image, asked, argument, working_directory } => {
            let file = host::open_named(asked.root(), &argument, &working_directory).ok();
            let facts = file.as_ref().and_then(|file| host::recognised(file, Some(argument)).ok());
            (Found::Loaded { image, facts: facts.map(Arc::new) }, file)
        }
        Fact::Script { image, asked, script } => {
            let found = verdict(&asked, &script);
            let is_commanding = |verdict: &Verdict| {
                verdict.network && matches!(script.started.kind, Some(Kind::Interpreter(_)))
            };
            let (verdict, text) = found.map_or((None, None), |(verdict, text)| (Some(verdict), Some(text)));
            let text = text.filter(|_| verdict.as_ref().is_some_and(is_commanding)).map(Arc::from);
            (Found::Script { image, verdict, text }, None)
        }
        Fact::Arguments { image, asked, started, recorded } => {
            let whole = asked.arguments().ok().filter(|(whole, _)| begins_alike(&recorded, whole));
            let invocation = whole.map(|(arguments, truncated)| started.invocation(&arguments, truncated));
            (Found::Arguments { image, invocation }, None)
        }
    }
}

/// A process may write over its arguments; then what was recorded when it started is all there is.
fn begins_alike(recorded: &[Text], whole: &[Text]) -> bool {
    let Some((last, before)) = recorded.split_last() else { return true };
    whole.get(..before.len()) == Some(before)
        && whole.get(before.len()).is_some_and(|argument| argument.bytes().starts_with(last.bytes()))
}

/// What the script, those that it sources, and those that come before it execute of what they read.
fn verdict(asked: &host::Asked, script: &Script) -> Option<(Verdict, Vec<u8>)> {
    let Script { path, working_directory, arguments, started } = script;
    if let Some(number) = asked.descriptor_behind(path, working_directory) {
        return Some((Verdict::reads(number), Vec::new()));
    }
    let read = |path: &Text| asked.script(path, working_directory).ok();
    let decide = |text: &[u8]| script_takes_commands(started, path, text, arguments);
    let text = read(path)?;
    let own = decide(&text)?;
    let mut others = started.start_up_files(arguments);
    others.truncate(SOURCED_MAX);
    others.extend(sourced(&text));
    let all = others.iter().filter_map(read).filter_map(|text| decide(&text)).fold(own, Verdict::or);
    Some((all, text))
}

/// Files that shell text reads its commands from, where they are named outright.
fn sourced(text: &[u8]) -> Vec<Text> {
    let commands = text.split(|byte| matches!(byte, b'\n' | b';' | b'&' | b'|'));
    let named = commands.filter_map(|command| {
        let mut words = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let first = words.find(|word| !matches!(*word, b"if" | b"then" | b"else" | b"do" | b"{" | b"!"))?;
        let name = words.next().filter(|_| matches!(first, b"." | b"source"))?;
        let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
        let name = name.strip_prefix(b"'").and_then(|n| n.strip_suffix(b"'")).unwrap_or(name);
        (!name.iter().any(|byte| b"$`*?\\\"'".contains(byte))).then(|| Text::new(name))
    });
    named.take(SOURCED_MAX).collect()
}

#[cfg(test)]
mod tests;
