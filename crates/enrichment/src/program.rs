//! A process seen as a program: what it is, and whether it takes commands.

use crate::{ExecutableFacts, Executables, Process};
use event::{Exec, FileIdentity, ProcessKey, Text};
use programs::executable::Kind;
use programs::invocation::{Invocation, loader_target};
use std::sync::Arc;

/// How a program was recognised, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecognisedBy {
    /// By the content of its executable.
    Content,
    /// By the marks it leaves in the environment of its children.
    Environment,
    /// By its name only.
    Name,
}

impl RecognisedBy {
    /// Word used in findings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Content => "content of the executable",
            Self::Environment => "environment given to its child",
            Self::Name => "name",
        }
    }
}

/// A process, its image and what the image is.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The process.
    pub process: ProcessKey,
    /// Its image; `None` when only its pid and name are known.
    pub exec: Option<Arc<Exec>>,
    /// Command name.
    pub name: Text,
    /// Facts of the file (of the program behind the dynamic loader, if it runs through that).
    pub facts: Option<Arc<ExecutableFacts>>,
    /// What it is.
    pub kind: Kind,
    /// How that is known; `None` when it is not known what it is.
    pub by: Option<RecognisedBy>,
    /// How it was started.
    pub invocation: Invocation,
    /// The image was established by this very process (not inherited at birth).
    pub own: bool,
}

/// A fact that would make an actor's kind certain, and is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// What the file is; the process runs it.
    File(FileIdentity, ProcessKey),
    /// What the program behind the dynamic loader is.
    Loaded(ProcessKey),
}

impl Actor {
    /// An actor from an exec.
    pub fn of_exec(exec: &Arc<Exec>, own: bool, executables: &Executables, needs: &mut Vec<Need>) -> Self {
        let identity = exec.executable.identity;
        let file = executables.of_file(&identity);
        if file.is_none() {
            needs.push(Need::File(identity, exec.process));
        }
        let mut facts = file.flatten().cloned();
        let mut arguments = exec.arguments.values.as_slice();
        let mut path = exec.executable.path.clone();
        if let Some(loader) = &facts
            && matches!(loader.recognised.kind, Kind::DynamicLoader)
            && let Some(target) = loader_target(arguments)
        {
            let loaded = executables.of_loaded(exec.process);
            if loaded.is_none() && own {
                needs.push(Need::Loaded(exec.process));
            }
            path = arguments[target].clone();
            arguments = &arguments[target..];
            facts = loaded.flatten().cloned();
        }
        let kind = facts.as_ref().map_or(Kind::Unknown, |f| f.recognised.kind.clone());
        let base = path.file_name();
        let (kind, by) = match kind {
            Kind::Unknown if base == b"socat" && facts.is_none() => {
                (Kind::Socat { version: None }, Some(RecognisedBy::Name))
            }
            Kind::Unknown => (Kind::Unknown, None),
            known => (known, Some(RecognisedBy::Content)),
        };
        let known = (!matches!(kind, Kind::Unknown)).then_some(&kind);
        let invocation = Invocation::of(known, base, arguments, exec.arguments.truncated);
        Self {
            process: exec.process,
            exec: Some(Arc::clone(exec)),
            name: exec.name.clone(),
            facts,
            kind,
            by,
            invocation,
            own,
        }
    }

    /// An actor from the tree.
    pub fn of_process(process: &Process, executables: &Executables, needs: &mut Vec<Need>) -> Self {
        if let Some(image) = &process.image {
            let actor = Self::of_exec(&image.exec, image.own, executables, needs);
            // a forked child runs its parent's image under its own pid
            return Self { process: process.key, ..actor };
        }
        let glimpse = process.glimpse.as_ref();
        let name = glimpse.map(|g| g.name.clone()).unwrap_or_default();
        let facts =
            glimpse.and_then(|g| g.executable).and_then(|identity| match executables.of_file(&identity) {
                Some(facts) => facts.cloned(),
                None => {
                    needs.push(Need::File(identity, process.key));
                    None
                }
            });
        let kind = facts.as_ref().map_or(Kind::Unknown, |f| f.recognised.kind.clone());
        let by = (!matches!(kind, Kind::Unknown)).then_some(RecognisedBy::Content);
        Self {
            process: process.key,
            exec: None,
            name,
            facts,
            kind,
            by,
            invocation: Invocation::Other,
            own: false,
        }
    }

    /// It is socat.
    pub fn is_socat(&self) -> bool {
        matches!(self.kind, Kind::Socat { .. })
    }

    /// It is a shell.
    pub fn is_shell(&self) -> bool {
        matches!(self.kind, Kind::Shell(_))
    }

    /// It executes what it reads from its standard input.
    pub fn takes_commands(&self) -> bool {
        self.invocation.takes_commands()
    }
}
