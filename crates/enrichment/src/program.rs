//! A process seen as a program: what it is, and whether it takes commands.

use crate::channel::leads_elsewhere;
use crate::{ExecutableFacts, Executables, ImageKey, Process};
use event::{Exec, FileIdentity, FileSystem, ProcessKey, Text};
use programs::executable::Kind;
use programs::invocation::{Invocation, ScriptSource, Surroundings, loader_target, start_up_files};
use programs::script::Verdict;
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
    /// What the script file that it was started with executes of what it reads; `None` while that is not known, and
    /// where nobody can write to any of its descriptors.
    pub script: Option<Verdict>,
    /// The text of that script, where it is an interpreter's and may execute what it reads from the network.
    text: Option<Arc<[u8]>>,
    /// The image was established by this very process (not inherited at birth).
    pub own: bool,
    /// It runs through the dynamic loader, as one of the arguments.
    loaded: bool,
}

/// A fact that would make an actor's kind certain, and is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// What the file is; the process runs it.
    File(FileIdentity, ProcessKey),
    /// What the program behind the dynamic loader is.
    Loaded(ImageKey),
    /// Whether the script executes what it reads.
    Script(ImageKey),
    /// What the whole arguments say; the record holds the beginning of them.
    Arguments(ImageKey),
}

/// How an image was started, for whoever looks up the whole of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// What the program is; `None` when its name decides.
    pub kind: Option<Kind>,
    /// The last part of the program's path.
    pub name: Text,
    /// Through the dynamic loader, whose own arguments come first.
    pub loaded: bool,
    /// Where.
    pub working_directory: Text,
    /// With what environment, as far as it was read.
    pub environment: Vec<Text>,
}

impl Started {
    /// What the arguments, all of them, say.
    pub fn invocation(&self, arguments: &[Text], truncated: bool) -> Invocation {
        let first = if self.loaded { loader_target(arguments).unwrap_or(0) } else { 0 };
        let arguments = arguments.get(first..).unwrap_or_default();
        let surroundings = Surroundings {
            truncated,
            working_directory: self.working_directory.bytes(),
            environment: &self.environment,
        };
        brief(Invocation::started(self.kind.as_ref(), self.name.bytes(), arguments, &surroundings))
    }

    /// Files that the environment makes it execute before its script.
    pub fn start_up_files(&self, arguments: &[Text]) -> Vec<Text> {
        let (kind, name, here) = (self.kind.as_ref(), self.name.bytes(), self.working_directory.bytes());
        let files = start_up_files(kind, name, arguments, &self.environment, here);
        let named = |source| match source {
            ScriptSource::Path(path) => Some(path),
            ScriptSource::Descriptor(_) => None,
        };
        files.into_iter().filter_map(named).collect()
    }
}

/// Text of an invocation that is kept for each of many processes, bytes.
const TEXT_MAX: usize = 4 << 10;

fn brief(mut invocation: Invocation) -> Invocation {
    if let Invocation::CommandString { text, .. } | Invocation::InlineProgram { text, .. } = &mut invocation
        && let Some(start) = text.bytes().get(..TEXT_MAX)
    {
        *text = Text::new(start);
    }
    invocation
}

/// What a script with this text executes of what it reads; `None` where it is no text. `arguments` are all those of the
/// program that runs the file called `path`.
pub fn script_takes_commands(
    started: &Started,
    path: &Text,
    text: &[u8],
    arguments: &[Text],
) -> Option<Verdict> {
    // shells, too, refuse to run what begins like this
    if text.get(..80).unwrap_or(text).contains(&0) {
        return None;
    }
    let by_name = Kind::Script { interpreter: started.name.clone(), argument: None };
    let kind = started.kind.as_ref().unwrap_or(&by_name);
    let behind = arguments.iter().position(|argument| argument == path).map_or(arguments.len(), |at| at + 1);
    Some(programs::script::script_takes_commands(kind, text, arguments.get(behind..).unwrap_or_default()))
}

impl Actor {
    /// An actor from an exec.
    pub fn of_exec(exec: &Arc<Exec>, own: bool, executables: &Executables, needs: &mut Vec<Need>) -> Self {
        let image = ImageKey::of(exec);
        let asked_before = needs.len();
        let identity = exec.executable.identity;
        let file = executables.of_file(&identity);
        if file.is_none() && !executables.is_missing(identity, exec.process) {
            needs.push(Need::File(identity, exec.process));
        }
        let mut facts = file.cloned();
        let mut arguments = exec.arguments.values.as_slice();
        let mut path = exec.executable.path.clone();
        let mut loaded = false;
        if let Some(loader) = &facts
            && matches!(loader.recognised.kind, Kind::DynamicLoader)
            && let Some(target) = loader_target(arguments)
        {
            let behind = executables.of_loaded(image);
            if behind.is_none() && own {
                needs.push(Need::Loaded(image));
            }
            loaded = true;
            path = arguments[target].clone();
            arguments = &arguments[target..];
            facts = behind.flatten().cloned();
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
        let surroundings = Surroundings {
            truncated: exec.arguments.truncated,
            working_directory: exec.working_directory.bytes(),
            environment: &exec.environment.values,
        };
        let invocation = Invocation::started(known, base, arguments, &surroundings);
        let mut actor = Self {
            process: exec.process,
            exec: Some(Arc::clone(exec)),
            name: exec.name.clone(),
            facts,
            kind,
            by,
            invocation,
            script: None,
            text: None,
            own,
            loaded,
        };
        // from what else should commands come; and a born image was looked at where it was executed
        let is_settled = needs.len() == asked_before;
        let inputs = || exec.descriptors.iter().filter(|d| d.number == 0 || d.number > 2);
        let written = own && is_settled && inputs().any(leads_elsewhere);
        if written && exec.arguments.truncated {
            actor.complete_arguments(executables.of_arguments(image), Need::Arguments(image), needs);
        }
        if written {
            actor.read_script(image, executables, needs);
        }
        actor
    }

    /// What the script that it was started with executes.
    fn read_script(&mut self, image: ImageKey, executables: &Executables, needs: &mut Vec<Need>) {
        if !matches!(self.invocation, Invocation::ScriptFile { .. }) || needs.contains(&Need::Script(image)) {
            return;
        }
        match executables.of_script(image) {
            Some(told) => self.script = told,
            None => needs.push(Need::Script(image)),
        }
    }

    /// Its script counts although nobody writes to what it was started with: it has connections of its own.
    pub(crate) fn read_script_of_connected(&mut self, executables: &Executables, needs: &mut Vec<Need>) {
        let Some(image) = self.exec.as_deref().map(ImageKey::of).filter(|_| needs.is_empty()) else { return };
        self.read_script(image, executables, needs);
        self.text = executables.text_of_script(image);
    }

    /// How an exec was started, as far as files are known, for looking up the rest.
    pub fn started(&self) -> Started {
        let kind = (!matches!(self.kind, Kind::Unknown)).then(|| self.kind.clone());
        let arguments = self.exec.as_ref().map(|e| e.arguments.values.as_slice()).unwrap_or_default();
        let behind = loader_target(arguments).filter(|_| self.loaded).and_then(|at| arguments.get(at));
        let path = behind.or(self.exec.as_ref().map(|e| &e.executable.path));
        let name = path.map(|path| Text::new(path.file_name())).unwrap_or_default();
        let exec = self.exec.as_ref();
        Started {
            kind,
            name,
            loaded: self.loaded,
            working_directory: exec.map(|e| e.working_directory.clone()).unwrap_or_default(),
            environment: exec.map(|e| e.environment.values.clone()).unwrap_or_default(),
        }
    }

    /// Where the beginning of the arguments leaves it open, the whole of them decides.
    fn complete_arguments(&mut self, told: Option<Option<&Invocation>>, need: Need, needs: &mut Vec<Need>) {
        match told {
            Some(Some(whole)) => self.invocation = whole.clone(),
            Some(None) => {}
            None if self.invocation.is_undecided() => needs.push(need),
            None => {}
        }
    }

    /// An actor from the tree.
    pub fn of_process(process: &Process, executables: &Executables, needs: &mut Vec<Need>) -> Self {
        if let Some(image) = &process.image {
            let actor = Self::of_exec(&image.exec, image.own, executables, needs);
            let key = ImageKey::of(&image.exec);
            let script = actor.script.or_else(|| executables.of_script(key).flatten());
            // a forked child runs its parent's image under its own pid
            return Self { process: process.key, script, text: executables.text_of_script(key), ..actor };
        }
        let glimpse = process.glimpse.as_ref();
        let name = glimpse.map(|g| g.name.clone()).unwrap_or_default();
        let facts = glimpse.and_then(|g| g.executable).and_then(|identity| {
            let facts = executables.of_file(&identity);
            if facts.is_none() && !executables.is_missing(identity, process.key) {
                needs.push(Need::File(identity, process.key));
            }
            facts.cloned()
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
            script: None,
            text: None,
            own: false,
            loaded: false,
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

    /// The descriptor whose input it executes.
    pub fn command_descriptor(&self) -> Option<u32> {
        let script = self.script.filter(|v| v.takes_commands() && !v.network);
        self.invocation.command_descriptor().or_else(|| Some(script?.descriptor.unwrap_or(0)))
    }

    /// It executes what it reads from a descriptor that it was started with, standard input mostly.
    pub fn takes_commands(&self) -> bool {
        self.command_descriptor().is_some()
    }

    /// It connects to the network by itself and executes what comes from there, without starting anything. Of the other
    /// languages a whole script says that it may: names are followed in it, not what they mean.
    pub fn reads_commands_from_network(&self) -> bool {
        let script = self.script.is_some_and(|v| v.network) && self.is_shell();
        self.invocation.reads_commands_from_network() || script
    }

    /// It executes what comes from the network itself: where it only starts a shell there, that is found.
    pub(crate) fn executes_itself(&self) -> bool {
        self.invocation.executes_network_itself() || self.script.is_some_and(|v| v.itself) && self.is_shell()
    }

    /// The text of an interpreter's program, where that may run what it reads from the network.
    pub fn commanding_text(&self) -> Option<&[u8]> {
        match &self.invocation {
            Invocation::InlineProgram { text, .. } => Some(text.bytes()),
            _ => self.text.as_deref(),
        }
    }

    /// Its text says that it may run what it reads from the network.
    pub fn runs_what_it_receives(&self) -> bool {
        self.text.is_some() || self.invocation.reads_commands_from_network()
    }

    /// A script that an interpreter runs, of which nobody knows yet whether it may.
    pub fn may_command(&self, executables: &Executables) -> bool {
        let may_be_one = matches!(self.kind, Kind::Interpreter(_)) || self.facts.is_none();
        let script = may_be_one && matches!(self.invocation, Invocation::ScriptFile { .. });
        let image = self.exec.as_deref().map(ImageKey::of);
        script && image.is_some_and(|image| executables.of_script(image).is_none())
    }

    /// A server of logins, known by more than words that anybody can put into a file, and not put there by the
    /// container itself: what it starts is its users'.
    pub fn is_login_service(&self) -> bool {
        let genuine = self.facts.as_ref().is_some_and(|f| f.recognised.may_excuse());
        let brought = self.exec.as_ref().is_some_and(|e| {
            matches!(
                e.executable.file_system,
                FileSystem::Overlay { upper: true } | FileSystem::Memfd | FileSystem::Tmpfs
            )
        });
        matches!(self.kind, Kind::SshServer(_)) && genuine && !brought
    }
}
