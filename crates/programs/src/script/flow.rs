//! Following what arrives on standard input through shell commands to where something executes it.

mod builtins;
mod commands;
mod tables;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use event::Text;

use self::tables::{NETWORK, RUNNERS};
use super::Verdict;
use super::origin::{Descriptors, Origin};
use super::syntax::{Direction, List, Node, Part, Redirect, Word};
use crate::invocation::{ScriptSource, script_source};

/// Programs that execute by what the text says which they apply to their input.
const FILTERS_OF_TEXT: [&[u8]; 2] = [b"sed", b"gsed"];
/// More commands than this are not followed (a function may call functions).
const STEPS: usize = 50_000;
/// Deeper calls of functions are not followed.
const CALLS: usize = 4;
/// Variables whose value the shell itself executes or expands as commands.
const EXECUTED_VARIABLES: [&[u8]; 6] = [b"PS4", b"PROMPT_COMMAND", b"BASH_ENV", b"ENV", b"PS1", b"PERL5DB"];

/// What is known of the text's variables.
#[derive(Default)]
struct Values {
    /// Those that hold what was read.
    tainted: HashMap<Vec<u8>, Origin>,
    /// Those whose value is known.
    constant: HashMap<Vec<u8>, Vec<u8>>,
    /// Names of other variables (`declare -n`).
    reference: HashMap<Vec<u8>, Vec<u8>>,
    /// Descriptors whose number is in a variable.
    descriptor: HashMap<Vec<u8>, Origin>,
}

struct Flow {
    values: Values,
    functions: HashMap<Vec<u8>, Rc<Node>>,
    /// Files that hold what was read.
    files: HashMap<Vec<u8>, Origin>,
    /// A named pipe was made: an unknown file read as input may be it.
    named_pipe: bool,
    /// Something in the text makes sure that a value is a number.
    checks_numbers: bool,
    /// What is executed comes from here.
    found: Origin,
    /// A descriptor too high to be told apart from others.
    high: Option<u32>,
    depth: usize,
    calls: usize,
    steps: usize,
    too_deep: bool,
    running: HashSet<Vec<u8>>,
}

/// Whether the commands execute what they read, and from where. `arguments` are theirs (`$1` and on).
pub(super) fn executes_input(list: &List, text: &[u8], arguments: &[Vec<u8>], depth: usize) -> Verdict {
    let mut flow = Flow::new(text, depth);
    for (number, argument) in arguments.iter().enumerate().take(9) {
        flow.values.constant.insert((number + 1).to_string().into_bytes(), argument.clone());
    }
    // A loop may execute in its first line what its last line read: twice around finds it.
    for _ in 0..2 {
        flow.list(list, &mut Descriptors::inherited());
    }
    flow.verdict()
}

/// Whether one command executes what it reads.
pub(super) fn command_executes(name: &[u8], argv: &[Text], depth: usize) -> Verdict {
    let mut flow = Flow::new(b"", depth + 1);
    let words: Vec<Word> = std::iter::once(name)
        .chain(argv.iter().skip(1).map(Text::bytes))
        .map(|word| Word(vec![Part::Literal(word.to_vec())]))
        .collect();
    let origins = vec![Origin::ELSEWHERE; words.len()];
    // Only standard input: a command opens no descriptor that it is not told of.
    let mut descriptors = Descriptors::closed();
    descriptors.set(0, Origin::descriptor(0));
    if FILTERS_OF_TEXT.contains(&name) {
        flow.sed(argv, Origin::descriptor(0));
    } else {
        flow.command(&words, &origins, &mut descriptors);
    }
    flow.verdict()
}

/// Whether a command string executes its own arguments (`"$@"`, `$0 $1`, `eval "$1"`), as `xargs` fills them.
fn executes_arguments(text: &[u8], depth: usize) -> bool {
    let mut flow = Flow::new(text, depth + 1);
    for name in [b"@".as_slice(), b"*", b"0", b"1", b"2", b"3"] {
        flow.values.tainted.insert(name.to_vec(), Origin::descriptor(0));
    }
    flow.list(&super::syntax::parse(text).list, &mut Descriptors::closed());
    flow.found.may_be_input()
}

impl Flow {
    fn new(text: &[u8], depth: usize) -> Self {
        let holds = |needle: &[u8]| text.windows(needle.len()).any(|w| w == needle);
        Self {
            values: Values::default(),
            functions: HashMap::new(),
            files: HashMap::new(),
            named_pipe: false,
            checks_numbers: holds(b"0-9") || holds(b"[:digit:]"),
            found: Origin::ELSEWHERE,
            high: None,
            depth,
            calls: 0,
            steps: 0,
            too_deep: false,
            running: HashSet::new(),
        }
    }

    fn verdict(&self) -> Verdict {
        self.found.verdict(self.high, self.too_deep)
    }

    /// Something executes data from there.
    fn execute(&mut self, origin: Origin) {
        self.found = self.found.and(origin);
    }

    /// As [`Flow::execute`], unless only an unknown program may have passed it on.
    fn execute_certain(&mut self, origin: Origin) {
        if origin.is_input() {
            self.execute(origin);
        }
    }

    fn descriptor(&mut self, number: u32, descriptors: &Descriptors) -> Origin {
        let origin = descriptors.of(number);
        if number >= 15 && origin.may_be_input() {
            self.high = Some(number);
        }
        origin
    }

    fn shown(&self, word: &Word) -> Vec<u8> {
        word.shown(|name| self.values.constant.get(name).cloned())
    }

    fn list(&mut self, list: &List, descriptors: &mut Descriptors) -> Origin {
        let mut written = Origin::ELSEWHERE;
        for pipeline in list {
            self.steps += pipeline.len();
            if self.steps > STEPS {
                self.too_deep = true;
                break;
            }
            if let [only] = pipeline.as_slice() {
                written = written.and(self.node(only, descriptors, true));
                continue;
            }
            let mut input = descriptors.of(0);
            let mut last = Origin::ELSEWHERE;
            for node in pipeline {
                let mut own = *descriptors;
                own.set(0, input);
                last = self.node(node, &mut own, false);
                input = last;
            }
            written = written.and(last);
        }
        written
    }

    fn node(&mut self, node: &Node, descriptors: &mut Descriptors, alone: bool) -> Origin {
        match node {
            Node::Group { list, redirects } => {
                let mut own = *descriptors;
                let output = self.redirect(redirects, &mut own);
                let written = self.list(list, &mut own);
                self.deliver(written, output)
            }
            Node::Function { name, body } => {
                self.functions.insert(name.clone(), Rc::clone(body));
                // Somebody may call it whom this text does not show.
                self.node(body, &mut descriptors.clone(), true)
            }
            Node::Test { words } => {
                const ARITHMETIC: [&[u8]; 7] = [b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-v"];
                let evaluates =
                    words.iter().any(|w| w.literal().is_some_and(|t| ARITHMETIC.contains(&t.as_slice())));
                for word in words {
                    let origin = self.word(word, descriptors);
                    if evaluates && !self.checks_numbers {
                        self.execute_certain(origin);
                    }
                }
                Origin::ELSEWHERE
            }
            Node::Simple { assignments, words, redirects } => {
                let mut own = *descriptors;
                let output = self.redirect(redirects, &mut own);
                for (name, value) in assignments {
                    let origin = self.word(value, &own);
                    self.store(name, value, origin);
                }
                let origins: Vec<Origin> = words.iter().map(|w| self.word(w, &own)).collect();
                if is_bare_exec(words) && alone {
                    *descriptors = own;
                }
                // `$(</dev/stdin)`: redirections alone write what they read.
                let read_alone = words.is_empty() && redirects.iter().any(|r| r.direction == Direction::In);
                let written = if read_alone && own.of(0).may_be_input() {
                    own.of(0)
                } else {
                    self.command(words, &origins, &mut own)
                };
                self.deliver(written, output)
            }
        }
    }

    /// Sends what a command wrote to the file that its output was redirected to, if any.
    fn deliver(&mut self, written: Origin, output: Option<Vec<u8>>) -> Origin {
        match output {
            None => written,
            Some(path) => {
                if written.is_input() {
                    self.files.insert(path, written);
                }
                Origin::ELSEWHERE
            }
        }
    }

    /// Applies redirections; returns the file that standard output goes to, if one.
    fn redirect(&mut self, redirects: &[Redirect], descriptors: &mut Descriptors) -> Option<Vec<u8>> {
        let mut output = None;
        for redirect in redirects {
            let descriptor = redirect.descriptor;
            let target = self.shown(&redirect.target);
            let leads = match redirect.direction {
                Direction::Here => {
                    let origin = self.word(&redirect.target, descriptors);
                    if origin.is_input() { origin } else { Origin::ELSEWHERE }
                }
                Direction::Duplicate => self.duplicated(&redirect.target, &target, descriptors),
                Direction::In | Direction::Both => {
                    let value = self.word(&redirect.target, descriptors);
                    let process = redirect.target.0.iter().any(|p| matches!(p, Part::Process(_)));
                    let file = self.file_leads(&redirect.target, &target, descriptors);
                    if process { file.and(value) } else { file }
                }
                Direction::Out | Direction::OutAndErrors => {
                    let network = if is_network(&target) { Origin::NETWORK } else { Origin::ELSEWHERE };
                    if redirect.direction == Direction::OutAndErrors {
                        descriptors.set(1, network);
                        descriptors.set(2, network);
                    }
                    if (descriptor == 1 || redirect.direction == Direction::OutAndErrors)
                        && !is_network(&target)
                    {
                        output = Some(target);
                    }
                    network
                }
            };
            match &redirect.variable {
                Some(name) => {
                    self.values.descriptor.insert(name.clone(), leads);
                }
                None => descriptors.set(descriptor, leads),
            }
        }
        output
    }

    /// Where `<&target` leads.
    fn duplicated(&mut self, word: &Word, target: &[u8], descriptors: &Descriptors) -> Origin {
        let moved = target.strip_suffix(b"-").and_then(number);
        if let Some(from) = number(target).or(moved) {
            return self.descriptor(from, descriptors);
        }
        // `<&-` closes; a variable may hold any descriptor.
        if target == b"-" {
            return Origin::ELSEWHERE;
        }
        let known = word.0.iter().find_map(|part| match part {
            Part::Variable(name) => self.values.descriptor.get(name).copied(),
            _ => None,
        });
        known.unwrap_or_else(|| descriptors.any())
    }

    /// Where a file that is read as input leads.
    fn file_leads(&mut self, word: &Word, path: &[u8], descriptors: &Descriptors) -> Origin {
        if is_network(path) {
            return Origin::NETWORK;
        }
        if let ScriptSource::Descriptor(number) = script_source(path, b"") {
            return self.descriptor(number, descriptors);
        }
        if let Some(origin) = self.files.get(path) {
            return *origin;
        }
        // The name of a pipe made here may be in a variable.
        let may_be_pipe = self.named_pipe && (word.literal().is_none() || !path.starts_with(b"/dev/"));
        if may_be_pipe { Origin::descriptor(0) } else { Origin::ELSEWHERE }
    }

    /// Where a word's value comes from; the commands inside it are followed.
    fn word(&mut self, word: &Word, descriptors: &Descriptors) -> Origin {
        let mut origin = Origin::ELSEWHERE;
        for part in &word.0 {
            let of = match part {
                Part::Literal(_) => Origin::ELSEWHERE,
                Part::Variable(name) => self.value(name),
                Part::Prompt(name) => {
                    let value = self.value(name);
                    self.execute_certain(value);
                    value
                }
                Part::Indirect(name) => {
                    let named = self.values.constant.get(name).cloned();
                    let through = named.map_or(Origin::ELSEWHERE, |named| self.value(&named));
                    through.and(self.value(name))
                }
                Part::Arithmetic(names) => {
                    if !self.checks_numbers {
                        for name in names {
                            let value = self.value(name);
                            self.execute_certain(value);
                        }
                    }
                    Origin::ELSEWHERE
                }
                Part::InputLine => descriptors.of(0),
                Part::Output(list) | Part::Process(list) => self.list(list, &mut descriptors.clone()),
            };
            origin = origin.and(of);
        }
        origin
    }

    /// Where a variable's value comes from.
    fn value(&self, name: &[u8]) -> Origin {
        let name = self.values.reference.get(name).map_or(name, Vec::as_slice);
        self.values.tainted.get(name).copied().unwrap_or_default()
    }

    /// A variable now holds what came from there. What it held before stays possible: another way may lead here.
    fn taint(&mut self, name: &[u8], origin: Origin) {
        if !origin.is_input() {
            return;
        }
        if EXECUTED_VARIABLES.contains(&name) {
            self.execute(origin);
        }
        let name = self.values.reference.get(name).map_or(name, Vec::as_slice).to_vec();
        self.values.constant.remove(&name);
        let entry = self.values.tainted.entry(name).or_default();
        *entry = entry.and(origin);
    }

    fn store(&mut self, name: &[u8], value: &Word, origin: Origin) {
        self.taint(name, origin);
        let plain = value.0.iter().all(|p| matches!(p, Part::Literal(_) | Part::Variable(_)));
        let text = self.shown(value);
        // A value that is still expanded is not known; long ones name no program and no variable.
        if plain && !origin.may_be_input() && !text.contains(&b'$') && text.len() <= 256 {
            self.values.constant.insert(name.to_vec(), text);
        } else {
            self.values.constant.remove(name);
        }
        // A number of a descriptor that was stored under another name.
        let from = value.0.iter().find_map(|part| match part {
            Part::Variable(from) => self.values.descriptor.get(from).copied(),
            _ => None,
        });
        if let Some(from) = from {
            self.values.descriptor.insert(name.to_vec(), from);
        }
    }

    /// Whether text executed inside this text executes what it reads; it sees the same variables.
    fn inner(&mut self, text: &[u8], input: Origin, descriptors: &Descriptors) {
        if self.depth + 1 >= super::DEPTH_LIMIT {
            self.too_deep = true;
            return;
        }
        let parsed = super::syntax::parse(text);
        self.too_deep |= parsed.too_deep;
        self.depth += 1;
        let mut descriptors = *descriptors;
        descriptors.set(0, input);
        self.list(&parsed.list, &mut descriptors);
        self.depth -= 1;
    }
}

/// Whether a command runs the command that follows it.
pub fn is_runner(name: &[u8]) -> bool {
    RUNNERS.contains(&name)
}

/// `exec` with redirections only changes the shell's own descriptors.
fn is_bare_exec(words: &[Word]) -> bool {
    matches!(words, [only] if only.literal().as_deref() == Some(b"exec"))
}

fn is_network(path: &[u8]) -> bool {
    [b"/dev/tcp/".as_slice(), b"/dev/udp/", b"/inet/", b"/inet4/", b"/inet6/"]
        .iter()
        .any(|p| path.starts_with(p))
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
