//! Asking for facts, until they are answered: a full queue delays a decision and does not settle it.
//!
//! What a decision waits for is asked for at once. Where there is no room, the exec waits all the same, and it is asked
//! for again as soon as there is room. An exec that has waited too long is decided with what is known and remembered, so
//! that a late answer decides it again; when so many are remembered that one is forgotten, live processes are looked
//! through until each that others can write to is settled.

use super::Watch;
use crate::lookups::facts::{Fact, Found, Script, ToHash, Wanted, is_local};
use crate::lookups::queue::{Pushed, Urgency};
use crate::lookups::{Lookups, Request, Subject, Taking};
use detection::Session;
use enrichment::{Actor, Enriched, ImageKey, Need};
use event::{Exec, ProcessKey};
use programs::invocation::{Invocation, loader_target};
use std::collections::{HashMap, HashSet, hash_map::DefaultHasher};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Unsettled live processes that are decided again at a time.
const UNSETTLED_MAX: usize = 64;
/// They are looked for again after this long, nanoseconds.
const LOOK_AGAIN_NS: u64 = 1_000_000_000;
/// Processes of a finding whose files are hashed.
const HASHED_MAX: usize = 24;

/// What is being asked for.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// An answer is on its way.
    asked: HashSet<Wanted>,
    /// Something that is awaited found no room.
    refused: bool,
    /// Some process may have been decided for good without its facts.
    overlooked: bool,
    /// When live processes were looked through last.
    looked_ns: u64,
    /// Images of live processes that were decided since some were overlooked.
    turns: HashMap<ImageKey, Turn>,
    round: u64,
}

/// When a process was decided again.
#[derive(Debug, Clone, Copy)]
struct Turn {
    round: u64,
    /// All was known.
    settled: bool,
}

impl Watch {
    /// Asks for what is not known; returns that of which an answer is on its way, or will be asked for again.
    pub(super) fn ask_needs(&mut self, enriched: &Enriched) -> Vec<Need> {
        let mut pending = enriched.needs.clone();
        pending.retain(|need| self.ask(need, Urgency::Awaited, &enriched.exec));
        pending
    }

    /// A program was executed that nothing waits for yet: soon somebody may, and it may be gone by then.
    pub(super) fn ask_executed(&mut self, exec: &Arc<Exec>) {
        let identity = exec.executable.identity;
        if self.state.executables.of_file(&identity).is_none()
            && !self.state.executables.is_missing(identity, exec.process)
        {
            self.ask(&Need::File(identity, exec.process), Urgency::Spare, exec);
        }
    }

    /// Returns false when it is not to be had.
    fn ask(&mut self, need: &Need, urgency: Urgency, exec: &Arc<Exec>) -> bool {
        let wanted = Wanted::from(need);
        let owner = self.owner(exec);
        let Some(lookups) = &self.lookups else { return false };
        if self.asking.asked.contains(&wanted) {
            if urgency == Urgency::Awaited {
                lookups.hasten(wanted, owner);
            }
            return true;
        }
        if !lookups.has_room(urgency, owner) {
            lookups.refused(wanted);
            self.asking.refused |= urgency == Urgency::Awaited;
            return true;
        }
        // held here, at once: the process may be gone before a worker gets to it
        let Some(fact) = self.fact(need, exec) else { return false };
        match lookups.ask_fact(wanted, urgency, owner, fact) {
            Pushed::Refused => self.asking.refused |= urgency == Urgency::Awaited,
            Pushed::Queued => {
                self.asking.asked.insert(wanted);
            }
            Pushed::Instead(given_up) => {
                self.asking.asked.insert(wanted);
                self.asking.asked.remove(&given_up);
                self.asking.refused = true;
            }
        }
        true
    }

    /// Whose requests wait behind each other.
    fn owner(&self, exec: &Exec) -> u64 {
        let Some(container) = self.state.containers.of_id(exec.cgroup.id) else { return exec.cgroup.id };
        let mut hasher = DefaultHasher::new();
        container.id.hash(&mut hasher);
        hasher.finish()
    }

    fn fact(&self, need: &Need, exec: &Arc<Exec>) -> Option<Fact> {
        let proc_root = &self.lookups.as_ref()?.proc_root;
        // who executed an image may be gone while its copy, which starts others, runs on
        let copy = |image: ImageKey| exec.parent().filter(|_| image != ImageKey::of(exec));
        let hold = |process| host::Asked::hold(proc_root, process);
        let asked = |image: ImageKey| hold(image.process).or_else(|| hold(copy(image)?));
        let actor = |image| {
            let exec = self.image(image, exec)?;
            Some((Actor::of_exec(&exec, true, &self.state.executables, &mut Vec::new()), exec))
        };
        Some(match *need {
            Need::File(identity, process) => {
                let images = self.images(process).chain([exec]);
                let image = images.map(|e| &e.executable).find(|file| file.identity == identity);
                let is_local = image.is_some_and(|file| is_local(file.file_system));
                let (size, path) = image.map(|file| (file.size, file.path.clone())).unwrap_or_default();
                let file = host::Executable::hold(proc_root, process.pid, &identity, size, &path)?;
                Fact::File { identity, process, file, is_local }
            }
            Need::Loaded(image) => {
                let exec = self.image(image, exec)?;
                let argument = exec.arguments.values.get(loader_target(&exec.arguments.values)?)?.clone();
                let working_directory = exec.working_directory.clone();
                Fact::Loaded { image, asked: asked(image)?, argument, working_directory }
            }
            Need::Script(image) => {
                let (actor, exec) = actor(image)?;
                let Invocation::ScriptFile { path } = &actor.invocation else { return None };
                let script = Script {
                    path: path.clone(),
                    working_directory: exec.working_directory.clone(),
                    arguments: exec.arguments.values.clone(),
                    started: actor.started(),
                };
                Fact::Script { image, asked: asked(image)?, script }
            }
            Need::Arguments(image) => {
                let (actor, exec) = actor(image)?;
                let recorded = exec.arguments.values.clone();
                Fact::Arguments { image, asked: asked(image)?, started: actor.started(), recorded }
            }
        })
    }

    /// What a process executes and executed, as far as that is kept.
    fn images(&self, process: ProcessKey) -> impl Iterator<Item = &Arc<Exec>> {
        let process = self.state.tree.get(process);
        process.into_iter().flat_map(|p| p.image.iter().chain(&p.earlier)).map(|image| &image.exec)
    }

    fn image(&self, image: ImageKey, at_hand: &Arc<Exec>) -> Option<Arc<Exec>> {
        let mut known = [at_hand].into_iter().chain(self.images(image.process));
        known.find(|exec| ImageKey::of(exec) == image).cloned()
    }

    /// A fact has arrived: decides what waited for it.
    pub(super) fn found(&mut self, found: Found, now_ns: u64) {
        let wanted = found.wanted();
        self.asking.asked.remove(&wanted);
        let executables = &mut self.state.executables;
        match found {
            Found::File { identity, facts: Some(facts), .. } => {
                executables.tell_file(identity, Some(facts));
            }
            Found::File { identity, process, facts: None } => executables.tell_missing(identity, process),
            Found::Loaded { image, facts } => executables.tell_loaded(image, facts),
            Found::Script { image, verdict, text } => {
                executables.tell_script(image, verdict);
                if let Some(text) = text {
                    executables.tell_text(image, text);
                }
            }
            Found::Arguments { image, invocation } => executables.tell_arguments(image, invocation),
        }
        self.told(now_ns, |need| Wanted::from(need) == wanted);
        self.ask_again(now_ns);
    }

    fn told(&mut self, now_ns: u64, is_told: impl Fn(&Need) -> bool) {
        for pending in self.waiting.told(is_told) {
            self.decide(&pending.exec, pending.until_ns, now_ns);
        }
    }

    /// There is room, perhaps: asks for what found none.
    fn ask_again(&mut self, now_ns: u64) {
        if !std::mem::take(&mut self.asking.refused) {
            return;
        }
        let mut full = HashSet::new();
        for (exec, need) in self.waiting.needs() {
            let owner = self.owner(&exec);
            let asked = self.asking.asked.contains(&Wanted::from(&need));
            let room = |lookups: &Lookups| lookups.has_room(Urgency::Awaited, owner);
            if asked || full.contains(&owner) {
                continue;
            }
            if !self.lookups.as_ref().is_some_and(room) {
                self.asking.refused = true;
                full.insert(owner);
            } else if !self.ask(&need, Urgency::Awaited, &exec) {
                // gone meanwhile: there is nothing to wait for
                self.told(now_ns, |other| *other == need);
            }
        }
    }

    /// Decided without its facts, and forgotten: it may be alive, and is then found again.
    pub(super) fn overlook(&mut self) {
        self.asking.overlooked = true;
    }

    /// Whether live processes should be looked through.
    pub(super) fn look_again(&mut self, now_ns: u64) -> bool {
        let due = self.asking.overlooked && now_ns >= self.asking.looked_ns + LOOK_AGAIN_NS;
        if due {
            self.asking.looked_ns = now_ns;
        }
        due
    }

    /// Of live processes those that others can write to and of which it is not known what they are; of many, so many at
    /// a time, each in its turn, containers in turn.
    pub(super) fn unsettled(&mut self, live: &[Arc<Exec>]) -> Vec<Arc<Exec>> {
        if !std::mem::take(&mut self.asking.overlooked) {
            return Vec::new();
        }
        let turns = std::mem::take(&mut self.asking.turns);
        let mut all: Vec<(Turn, Arc<Exec>)> = Vec::new();
        for exec in live.iter().filter_map(|exec| self.images(exec.process).next()) {
            let mut needs = Vec::new();
            let actor = Actor::of_exec(exec, true, &self.state.executables, &mut needs);
            let before = turns.get(&ImageKey::of(exec));
            // its facts may have come when nobody remembered that it waited for them
            let unheard = (actor.takes_commands() || actor.is_shell()) && before.is_none_or(|t| !t.settled);
            if (!needs.is_empty() || unheard) && self.is_interesting(exec) {
                let round = before.map_or(0, |turn| turn.round);
                all.push((Turn { round, settled: needs.is_empty() }, Arc::clone(exec)));
            }
        }
        all.sort_by_key(|(turn, exec)| (turn.round, exec.process));
        let mut of_owner: HashMap<u64, usize> = HashMap::new();
        let mut ranked: Vec<(usize, Turn, Arc<Exec>)> = Vec::with_capacity(all.len());
        for (turn, exec) in all {
            let rank = of_owner.entry(self.owner(&exec)).or_default();
            ranked.push((*rank, turn, exec));
            *rank += 1;
        }
        ranked.sort_by_key(|(rank, ..)| *rank);
        if ranked.len() > UNSETTLED_MAX {
            self.asking.overlooked = true;
            self.asking.turns = turns;
            self.asking.turns.retain(|image, _| self.state.tree.get(image.process).is_some());
        }
        self.asking.round += 1;
        ranked.truncate(UNSETTLED_MAX);
        for (_, turn, exec) in &ranked {
            let turn = Turn { round: self.asking.round, ..*turn };
            self.asking.turns.insert(ImageKey::of(exec), turn);
        }
        ranked.into_iter().map(|(.., exec)| exec).collect()
    }

    /// What a finding's files are is known; their hashes come later.
    pub(super) fn ask_hashes(&self, session: Session) {
        let (Some(lookups), Some(evidence)) = (&self.lookups, self.open.evidence_of(session)) else { return };
        let enriched = &evidence.enriched;
        let near = [&enriched.actor].into_iter().chain(&evidence.opener).chain(&enriched.relays);
        for actor in near.chain(&enriched.ancestors).take(HASHED_MAX) {
            let (Some(exec), Some(facts)) = (&actor.exec, &actor.facts) else { continue };
            if !facts.sha256.is_empty() {
                continue;
            }
            let (proc_root, process) = (&lookups.proc_root, actor.process);
            let file = &exec.executable;
            if let Some(argument) = &facts.path {
                lookups.ask_hash(Wanted::Loaded(ImageKey::of(exec)), self.owner(exec), || {
                    let (argument, working_directory) = (argument.clone(), exec.working_directory.clone());
                    let asked = host::Asked::hold(proc_root, process)?;
                    Some(ToHash::Named { asked, argument, working_directory })
                });
            } else {
                lookups.ask_hash(Wanted::File(file.identity), self.owner(exec), || {
                    let (identity, pid) = (&file.identity, process.pid);
                    let held = host::Executable::hold(proc_root, pid, identity, file.size, &file.path)?;
                    Some(ToHash::Held(held))
                });
            }
        }
    }

    /// A file was hashed.
    pub(super) fn hashed(&mut self, wanted: Wanted, sha256: &str, size: u64) {
        match wanted {
            Wanted::File(identity) => self.state.executables.tell_file_hash(&identity, sha256, size),
            Wanted::Loaded(image) => self.state.executables.tell_loaded_hash(image, sha256, size),
            Wanted::Script(_) | Wanted::Arguments(_) => return,
        }
        self.open.tell_hash(wanted, sha256, size);
    }

    /// Of the shell and of its opener.
    pub(super) fn take_evidence(&mut self, session: Session) {
        let Some(evidence) = self.open.evidence_of(session) else { return };
        let script = |actor: &Actor| match &actor.invocation {
            Invocation::ScriptFile { path } => Some(path.clone()),
            _ => None,
        };
        let subject = |role, actor: &Actor| {
            let exec = actor.exec.as_ref()?;
            let own = &evidence.enriched.exec;
            let is_past = actor.process == own.process && exec.time_ns != own.time_ns;
            let exec = Exec { process: actor.process, ..Exec::clone(exec) };
            Some(Subject { role, exec, script: script(actor), is_past })
        };
        let shell = subject("shell", &evidence.enriched.actor);
        let opener = evidence.opener.as_ref().and_then(|opener| subject("opener", opener));
        // a program that connects by itself and executes what it receives is its own opener
        let opener = opener.filter(|opener| {
            opener.is_past || shell.as_ref().is_none_or(|shell| shell.exec.process != opener.exec.process)
        });
        let log = evidence.enriched.container.as_ref().and_then(|c| c.log_path.clone());
        let subjects = shell.into_iter().chain(opener).collect();
        let request = Request::Evidence(Taking { session, subjects, log });
        if self.lookups.as_ref().is_some_and(|lookups| !lookups.ask(request)) {
            // evidence vanishes: what cannot be taken now is not asked for again, and the finding says so
            let missing = "everything: more shells were found than evidence could be taken of at a time";
            self.open.tell_evidence(session, Vec::new(), vec![missing.into()]);
        }
    }
}

#[cfg(test)]
mod tests;
