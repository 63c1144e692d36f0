//! A made-up world in which the commands of a text run.

use super::files::{BOTH, Files, Held, READ, WRITE, peer};
use super::relays;
use enrichment::{Actor, Enriched, ExecutableFacts, State};
use event::{
    Ancestor, Arguments, Cgroup, Credentials, Direction, Environment, Exec, File, FileIdentity, FileSystem,
    Hierarchy, Namespaces, Origin, ProcessKey, Protocol, SocketState, Text,
};
use programs::executable::{Kind, Recognised, ShellFamily};
use programs::invocation::{Invocation, kind_of_name, relay_of_name};
use programs::script::{Led, PlainCommand, Redirection, is_runner, pipelines};
use std::collections::HashMap;
use std::sync::Arc;

/// Commands that are looked at.
const COMMANDS_MAX: usize = 32;
/// Commands within commands within commands.
const DEPTH_MAX: usize = 5;
/// Characters of a command that are shown.
const SHOWN: usize = 200;
/// The container of everything.
const CONTAINER: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The shell that reads the line.
const READER: u32 = 1;

/// A program of the world, as it stands when all of them run.
pub(super) struct Program {
    pub(super) enriched: Enriched,
    /// The command.
    pub(super) shown: String,
    /// Who started it, in words.
    pub(super) starter: String,
    /// Why socat would not begin.
    pub(super) refused: Option<String>,
}

struct Executed {
    exec: Arc<Exec>,
    starter: String,
    refused: Option<String>,
}

pub(super) struct Scene {
    state: State,
    pub(super) files: Files,
    now: u64,
    left: usize,
    processes: HashMap<u32, (ProcessKey, Held, Arc<Exec>)>,
    executed: Vec<Executed>,
}

impl Scene {
    /// The world of a command line.
    pub(super) fn of(command_line: &str) -> Self {
        let mut scene = Self {
            state: State::default(),
            files: Files::default(),
            now: 1_000,
            left: COMMANDS_MAX,
            processes: HashMap::new(),
            executed: Vec::new(),
        };
        let text = Text::from(command_line);
        let reader = [Text::from("bash"), Text::from("-c"), text.clone()];
        scene.execute(READER, None, &reader, &Held::default());
        let reader = scene.executed.pop();
        let connects = scene.connect_by_itself(READER);
        if !connects {
            // whose text would be read again for each of its children
            scene.execute(READER, None, &[Text::from("bash")], &Held::default());
            scene.executed.clear();
        }
        scene.read(text.bytes(), READER, &Held::default(), 0);
        // a reader that executes what it reads is looked at as well; others only start what is looked at
        scene.executed.extend(reader.filter(|_| connects));
        scene
    }

    /// All programs, when all of them run.
    pub(super) fn programs(self) -> Vec<Program> {
        let Self { mut state, executed, now, .. } = self;
        let program = |Executed { exec, starter, refused }: Executed| {
            let shown: Vec<String> = exec.arguments.values.iter().map(Text::lossy).collect();
            let shown = shown.join(" ").chars().take(SHOWN).collect();
            Program { enriched: state.enrich(&exec, now + 1), shown, starter, refused }
        };
        executed.into_iter().map(program).collect()
    }

    /// Runs the commands of a text.
    fn read(&mut self, text: &[u8], parent: u32, held: &Held, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        for stages in pipelines(text, self.left) {
            let last = stages.len().saturating_sub(1);
            let mut from: Option<event::Object> = None;
            for (at, stage) in stages.into_iter().enumerate() {
                let to = (at < last).then(|| self.files.pipe());
                for command in stage {
                    let mut held = held.clone();
                    if let Some(from) = &from {
                        held.set(0, READ, from.clone());
                    }
                    if let Some(to) = &to {
                        held.set(1, WRITE, to.clone());
                    }
                    self.command(command, parent, held, depth);
                }
                from = to;
            }
        }
    }

    fn command(&mut self, command: PlainCommand, parent: u32, mut held: Held, depth: usize) {
        for Redirection { descriptor, led } in command.redirections {
            match led {
                Led::From(path) => held.set(descriptor, READ, self.files.at(&path)),
                Led::To(path) => {
                    // a connection goes both ways, whatever it was opened for
                    let object = self.files.at(&path);
                    let access = if matches!(object, event::Object::Internet(_)) { BOTH } else { WRITE };
                    held.set(descriptor, access, object);
                }
                Led::Both(path) => held.set(descriptor, BOTH, self.files.at(&path)),
                Led::As(Some(from)) => held.copy(from, descriptor),
                Led::As(None) => held.set(descriptor, BOTH, event::Object::Closed),
                Led::Here => held.set(descriptor, READ, self.files.pipe()),
            }
        }
        self.run(parent, without_runners(&command.words), &held, depth);
    }

    /// A process of `parent` runs a command.
    pub(super) fn run(&mut self, parent: u32, words: &[Text], held: &Held, depth: usize) {
        let Some(first) = words.first().filter(|_| self.left > 0) else { return };
        self.left -= 1;
        let made = match first.file_name() {
            b"mkfifo" => words.len(),
            b"mknod" if words.last().is_some_and(|kind| kind.bytes() == b"p") => 2,
            _ => 0,
        };
        for path in words.iter().take(made).skip(1) {
            self.files.make_fifo(path);
        }
        let pid = READER + u32::try_from(self.processes.len()).unwrap_or(u32::MAX - READER);
        self.become_program(pid, Some(parent), words, held, depth);
    }

    /// A process, new or not, becomes a program and does what its command line says.
    pub(super) fn become_program(
        &mut self,
        pid: u32,
        parent: Option<u32>,
        words: &[Text],
        held: &Held,
        depth: usize,
    ) {
        let Some(name) = words.first().map(|first| first.file_name().to_vec()) else { return };
        if depth > DEPTH_MAX {
            return;
        }
        self.execute(pid, parent, words, held);
        let mut opened = held.clone();
        for path in words.iter().skip(1) {
            if let Some(object) =
                self.files.special(path).filter(|o| !matches!(o, event::Object::Internet(_)))
            {
                opened.open(if name == b"tee" { WRITE } else { READ }, object);
            }
        }
        self.holds(pid, &opened);
        match kind_of(&name) {
            Kind::Socat { .. } => relays::socat(self, pid, words, opened, depth),
            Kind::Relay(_) => relays::netcat(self, pid, words, opened, depth),
            _ if CLIENTS.contains(&name.as_slice()) => {
                let connection = self.reverse(peer(b"", b""));
                opened.open(BOTH, connection);
                self.holds(pid, &opened);
            }
            _ => {
                self.connect_by_itself(pid);
                match self.actor(pid).map(|actor| actor.invocation) {
                    Some(Invocation::CommandString { text, .. }) => {
                        self.read(text.bytes(), pid, &opened, depth + 1);
                    }
                    // where it leads what it starts, its text does not tell to whoever cannot read its language
                    Some(Invocation::InlineProgram { text, .. }) => {
                        for shell in shells_in(text.bytes()) {
                            self.run(pid, &[shell], &Held::default(), depth + 1);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// A connection that was called for.
    pub(super) fn reverse(&mut self, remote: event::Endpoint) -> event::Object {
        self.files.connection(Protocol::Tcp, SocketState::Connected, Direction::Connected, remote)
    }

    /// Where in the order of executions the latest one is.
    pub(super) fn latest(&self) -> usize {
        self.executed.len().saturating_sub(1)
    }

    /// socat would not begin as it was executed there, and so nothing that it starts.
    pub(super) fn refuse(&mut self, from: usize, problem: &str) {
        for executed in self.executed.iter_mut().skip(from) {
            executed.refused = Some(problem.to_owned());
        }
    }

    /// Who started a process.
    pub(super) fn parent_of(&self, pid: u32) -> Option<u32> {
        self.processes.get(&pid).and_then(|(_, _, exec)| exec.parent()).map(|parent| parent.pid)
    }

    /// A process has opened something by now.
    pub(super) fn holds(&mut self, pid: u32, held: &Held) {
        self.now += 1_000;
        if let Some((key, known, _)) = self.processes.get_mut(&pid) {
            known.clone_from(held);
            self.state.tree.learn(*key, &held.all(), self.now);
        }
    }

    /// A program whose text connects to somebody has done so. Whether it has.
    fn connect_by_itself(&mut self, pid: u32) -> bool {
        let connects = self.actor(pid).is_some_and(|actor| actor.reads_commands_from_network());
        let Some((_, held, _)) = self.processes.get(&pid).filter(|_| connects) else { return false };
        let mut held = held.clone();
        let connection = self.reverse(peer(b"", b""));
        held.open(BOTH, connection);
        self.holds(pid, &held);
        true
    }

    fn actor(&self, pid: u32) -> Option<Actor> {
        let (_, _, exec) = self.processes.get(&pid)?;
        Some(Actor::of_exec(exec, true, &self.state.executables, &mut Vec::new()))
    }

    fn execute(&mut self, pid: u32, parent: Option<u32>, words: &[Text], held: &Held) {
        self.now += 1_000;
        let first = words.first().cloned().unwrap_or_default();
        let name = Text::new(first.file_name());
        let is_whole = first.bytes().starts_with(b"/");
        let path = if is_whole { first } else { Text::new([b"/usr/bin/", name.bytes()].concat()) };
        let identity = FileIdentity { device: 1, inode: hash(path.bytes()), changed_ns: 1 };
        let facts = ExecutableFacts {
            recognised: Recognised { kind: kind_of(name.bytes()), elf: None, examined: 0 },
            sha256: String::new(),
            hashed_size: 0,
            size: 0,
            path: None,
        };
        self.state.executables.tell_file(identity, Some(Arc::new(facts)));
        let start_ns = self.processes.get(&pid).map_or(self.now, |(key, ..)| key.start_ns);
        let mut ancestors = Vec::new();
        let mut above = parent;
        while let Some((key, _, exec)) = above.and_then(|pid| self.processes.get(&pid)) {
            ancestors.push(Ancestor {
                process: *key,
                name: exec.name.clone(),
                executable: Some(exec.executable.identity),
                cgroup: exec.cgroup.id,
            });
            above = exec.parent().map(|parent| parent.pid);
        }
        let starter =
            ancestors.first().map(|parent| format!(", started by {}", parent.name)).unwrap_or_default();
        let parent_held = parent.and_then(|pid| self.processes.get(&pid)).map(|(_, held, _)| held.all());
        let exec = Arc::new(Exec {
            time_ns: self.now,
            origin: Origin::Probe,
            process: ProcessKey { pid, start_ns },
            pid_in_namespace: pid,
            name,
            ancestors,
            credentials: Credentials::default(),
            session: READER,
            terminal: None,
            namespaces: Namespaces::default(),
            cgroup: Cgroup {
                id: 42,
                hierarchy: Hierarchy::V2,
                path: ["kubepods", "pod00000000-0000-0000-0000-000000000000", CONTAINER]
                    .map(Text::from)
                    .to_vec(),
                truncated: false,
            },
            executable: File {
                identity,
                path: path.clone(),
                path_truncated: false,
                size: 0,
                links: 1,
                mode: 0o100_755,
                file_system: FileSystem::Overlay { upper: false },
            },
            invoked_as: path,
            arguments: Arguments { values: words.to_vec(), truncated: false },
            environment: Environment::default(),
            working_directory: Text::from("/"),
            descriptors: held.all(),
            descriptors_truncated: held.is_partly_known(),
            parent_descriptors: parent_held.unwrap_or_default(),
            grandparent_descriptors: Vec::new(),
            parent_descriptors_truncated: false,
        });
        self.processes.insert(pid, (exec.process, held.clone(), Arc::clone(&exec)));
        self.state.tree.exec(&exec);
        self.executed.push(Executed { exec, starter, refused: None });
    }
}

/// Programs that open a connection and pass on what they read there.
const CLIENTS: [&[u8]; 6] = [b"curl", b"wget", b"telnet", b"gnutls-cli", b"websocat", b"fetch"];

/// What a program is, if it is what its name says.
fn kind_of(name: &[u8]) -> Kind {
    relay_of_name(name).or_else(|| kind_of_name(name)).unwrap_or(Kind::Unknown)
}

/// A shell whose name is hardly a word of anything else (`rc` and `es` are).
fn is_plain_shell(word: &Text) -> bool {
    matches!(kind_of(word.file_name()), Kind::Shell(family) if family != ShellFamily::Other)
}

/// Shells that a program text names, each once.
fn shells_in(text: &[u8]) -> Vec<Text> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let words = text.split(|byte| !is_part(byte)).map(Text::new);
    let mut shells = Vec::new();
    for word in words.filter(is_plain_shell) {
        if !shells.contains(&word) && shells.len() < 4 {
            shells.push(word);
        }
    }
    shells
}

/// The command that others only run (`timeout 9 env A=b nohup …`).
fn without_runners(words: &[Text]) -> &[Text] {
    let mut words = words;
    while let [first, rest @ ..] = words
        && (is_runner(first.file_name()) || first.file_name() == b"sudo")
    {
        let is_own = |word: &Text| {
            let bytes = word.bytes();
            bytes.starts_with(b"-") || bytes.contains(&b'=') || bytes.first().is_some_and(u8::is_ascii_digit)
        };
        let own = rest.iter().take_while(|word| is_own(word)).count();
        words = rest.get(own..).unwrap_or_default();
    }
    words
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}
