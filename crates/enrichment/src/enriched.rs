//! `Exec → Enriched`: the event with its ancestry, its container, and where its input and output lead.

use crate::channel::{self, Flow, Holder, Hop, Route};
use crate::reported::Reported;
use crate::{Actor, Containers, Executables, Image, ImageKey, Known, Need, Process, RecognisedBy, Tree};
use event::{
    Container, ContainerId, Descriptor, Exec, Internet, Object, Origin, ProcessKey, Protocol, SocketState,
};
use programs::executable::Kind;
use programs::invocation::Invocation;
use programs::script::Verdict;
use programs::socat::environment_mark;
use std::collections::HashMap;
use std::sync::Arc;

/// Ancestors whose kind may decide: socat, or what stands between it and the shell.
const DECIDING_ANCESTORS: usize = 4;
/// Programs whose clients are remembered.
const CLIENTS_MAX: usize = 1_024;

/// An exec with everything a detector may ask.
#[derive(Debug, Clone)]
pub struct Enriched {
    /// The event.
    pub exec: Arc<Exec>,
    /// The new program.
    pub actor: Actor,
    /// What the same process ran before, the most recent first.
    pub earlier: Vec<Actor>,
    /// Parent first.
    pub ancestors: Vec<Actor>,
    /// The container; `None` for the node's own processes.
    pub container: Option<Arc<Container>>,
    /// What the answer about its container will be about; also where a runtime may yet claim a process of the node.
    pub asked: Option<ContainerId>,
    /// Where its commands come from.
    pub input: Option<Route>,
    /// Where its output goes (standard output, else standard error).
    pub output: Option<Route>,
    /// The processes on the way of `input` (else of `output`), the nearest first.
    pub relays: Vec<Actor>,
    /// What could still become known.
    pub needs: Vec<Need>,
}

/// All state that enrichment needs.
#[derive(Debug, Default)]
pub struct State {
    /// Processes.
    pub tree: Tree,
    /// Files.
    pub executables: Executables,
    /// Containers.
    pub containers: Containers,
    reported: Reported,
    /// Clients that connected and the socket's inode, by the program that started them and waits for what they read.
    clients: HashMap<ProcessKey, (ProcessKey, u64)>,
}

impl State {
    /// Enriches an exec with what is known now; may be asked again when more is known.
    pub fn enrich(&mut self, exec: &Arc<Exec>, now_ns: u64) -> Enriched {
        let mut needs = Vec::new();
        let mut actor = Actor::of_exec(exec, true, &self.executables, &mut needs);
        if self.own_sockets(exec).next().is_some() || self.clients.contains_key(&exec.process) {
            actor.read_script_of_connected(&self.executables, &mut needs);
        }
        let (container, asked) = match self.container_of(exec, now_ns) {
            Known::Node => (None, None),
            Known::New(container) | Known::Seen(container) => {
                let id = container.id.clone();
                let is_in = id.is_claimed() || self.containers.node().are_left(&exec.namespaces);
                let asked = (is_in || !container.complete).then_some(id);
                (is_in.then_some(container), asked)
            }
        };
        let process = self.tree.get(exec.process);
        let current = process.and_then(|p| p.image.as_ref()).map(|i| i.exec.time_ns);
        let mut nobody = Vec::new();
        let mut earlier: Vec<Actor> = process
            .map(|p| p.earlier.as_slice())
            .unwrap_or_default()
            .iter()
            // an exec that is enriched again later must not see itself, or what came after, as earlier
            .filter(|image| image.exec.time_ns < exec.time_ns || current == Some(exec.time_ns))
            .enumerate()
            .map(|(at, image)| {
                let wanted = if at == 0 { &mut needs } else { &mut nobody };
                Actor::of_exec(&image.exec, image.own, &self.executables, wanted)
            })
            .collect();
        let mut ancestors: Vec<Actor> = self
            .tree
            .ancestors(exec.process)
            .enumerate()
            .map(|(at, p)| {
                // what the node's own ancestors are decides nothing about a container's shell
                let near = at < DECIDING_ANCESTORS && (container.is_none() || self.is_contained(p));
                Actor::of_process(p, &self.executables, if near { &mut needs } else { &mut nobody })
            })
            .collect();
        mark_socat(exec, &mut ancestors, &mut earlier);
        if let Some(parent) = ancestors.first_mut()
            && parent.may_command(&self.executables)
            && (exec.parent_descriptors.iter().any(Descriptor::is_internet)
                || self.tree.get(parent.process).is_some_and(Process::is_on_network))
        {
            parent.read_script_of_connected(&self.executables, &mut needs);
        }
        let (input, output, relays) = self.routes(exec, &actor, container.as_ref(), &ancestors, &mut needs);
        Enriched {
            exec: Arc::clone(exec),
            actor,
            earlier,
            ancestors,
            container,
            asked,
            input,
            output,
            relays,
            needs,
        }
    }

    /// The container of a process, as far as it is known now.
    pub fn container_of(&mut self, exec: &Exec, now_ns: u64) -> Known {
        let (tree, node) = (&self.tree, self.containers.node());
        let outermost = || {
            let line = tree.ancestors(exec.process).take_while(|p| p.cgroup == exec.cgroup.id);
            let entered = line.map_while(|p| p.image.as_ref()).map(|image| image.exec.namespaces);
            let last = entered.take_while(|of| node.are_left(of)).last();
            last.map_or(exec.namespaces.pid, |of| of.pid)
        };
        self.containers.of(exec, outermost, now_ns)
    }

    /// A shell was reported: what its relay opens or starts later is told from it.
    pub fn report(&mut self, enriched: &Enriched, endpoint: &Internet) {
        let route = enriched.input.as_ref().or(enriched.output.as_ref());
        if let Some(relay) = route.and_then(|route| route.hops.last()) {
            self.reported.note(relay.process, endpoint.inode, enriched.exec.process);
        }
    }

    fn routes(
        &self,
        exec: &Exec,
        actor: &Actor,
        container: Option<&Arc<Container>>,
        ancestors: &[Actor],
        needs: &mut Vec<Need>,
    ) -> (Option<Route>, Option<Route>, Vec<Actor>) {
        let commands = actor.command_descriptor().unwrap_or(0);
        let direct = |number| exec.descriptor(number).and_then(Descriptor::internet).is_some_and(is_peered);
        let commanded = ancestors.first().is_some_and(|p| {
            p.commanding_text().is_some() && (actor.is_shell() || p.runs_what_it_receives())
        });
        let worth_following = actor.takes_commands() || commanded;
        if actor.reads_commands_from_network() && !actor.takes_commands() {
            let route = self.own_connection(exec, actor);
            if route.is_some() || !worth_following {
                let relays = self.relays_on(exec, route.as_ref(), needs);
                return (route, None, relays);
            }
        }
        if !worth_following && !direct(commands) {
            return (None, None, Vec::new());
        }
        let opposite = |from: ProcessKey, descriptor: &Descriptor| {
            let mut holders: Vec<&Process> = self
                .tree
                .opposite(descriptor, exec.time_ns)
                .filter(|p| from == exec.process || self.passes_on(from, descriptor, p))
                .collect();
            self.leave_to_multiplexer(from, &mut holders);
            // terminals are numbered anew at once, and the end of who had the number before may not be known yet
            holders.sort_by_key(|p| std::cmp::Reverse(p.descriptors_ns));
            let as_known = holders.into_iter().map(|p| (p, &*p.descriptors));
            let as_then = self.held_then(exec).filter(|_| from == exec.process);
            let holders: Vec<Holder<'_>> = as_known
                .chain(as_then)
                .map(|(p, descriptors)| {
                    let program = Actor::of_process(p, &self.executables, &mut Vec::new());
                    let opaque = self.is_opaque(p, &program, container, ancestors)
                        || self.is_fixed(p, &program)
                        || self.is_stage(p, ancestors);
                    Holder { process: p.key, descriptors, opaque }
                })
                .collect();
            holders
        };
        let kin = |shell| shell == exec.process || ancestors.iter().any(|a| a.process == shell);
        let lives = |shell| self.tree.get(shell).is_some_and(|p| p.ended_ns.is_none());
        let interactive = actor.takes_commands();
        let socket_of = |holder: &Holder<'_>| {
            let sockets =
                channel::sockets(holder, |socket| !holder.opaque && self.counts(holder.process, socket));
            self.reported.choose(holder.process, &sockets, interactive, kin, lives)
        };
        let follow = |number, flow| {
            let descriptor: &Descriptor = exec.descriptor(number)?;
            channel::follow(exec.process, descriptor, flow, opposite, socket_of)
        };
        let input = follow(commands, Flow::In);
        let output = follow(1, Flow::Out).or_else(|| follow(2, Flow::Out));
        let relays = self.relays_on(exec, input.as_ref().or(output.as_ref()), needs);
        (input, output, relays)
    }

    /// What parent and grandparent held at the exec, where that has been read again since: who runs one command after
    /// the other has other pipes by the time what the first one was is known.
    fn held_then<'a>(&'a self, exec: &'a Exec) -> impl Iterator<Item = (&'a Process, &'a [Descriptor])> + 'a {
        let read = [exec.parent_descriptors.as_slice(), exec.grandparent_descriptors.as_slice()];
        let kin = exec.ancestors.iter().filter_map(|ancestor| self.tree.get(ancestor.process)).zip(read);
        kin.filter(|(process, held)| !held.is_empty() && process.descriptors_ns > exec.time_ns)
    }

    /// The processes on a route.
    fn relays_on(&self, exec: &Exec, route: Option<&Route>, needs: &mut Vec<Need>) -> Vec<Actor> {
        let hops = route.map(|route| route.hops.as_slice()).unwrap_or_default().iter();
        let relays = hops
            .filter_map(|hop| self.tree.get(hop.process))
            .map(|p| Actor::of_process(p, &self.executables, needs))
            .map(|mut relay| {
                mark_one(exec, &mut relay);
                relay
            });
        relays.collect()
    }

    /// The connection that a process has made by itself since it was executed.
    fn own_connection(&self, exec: &Exec, program: &Actor) -> Option<Route> {
        let made = self.own_sockets(exec).filter(is_peered);
        if let Some(endpoint) = made.max_by_key(|socket| socket.inode) {
            return Some(Route { endpoint, hops: Vec::new(), terminal: false });
        }
        // a client that it started (`nc h p | while read l; do eval "$l"; done`)
        let (client, inode) = *self.clients.get(&exec.process).filter(|_| program.executes_itself())?;
        let client = self.tree.get(client)?;
        let client = Holder { process: client.key, descriptors: &client.descriptors, opaque: false };
        let endpoint = *channel::sockets(&client, |s| is_peered(s) && s.inode == inode).first()?;
        let hop = Hop { process: client.process, through: None };
        Some(Route { endpoint, hops: vec![hop], terminal: false })
    }

    /// A process has a connection: says which programs above it may execute what it reads, those that wait for that and
    /// the shells above a relay.
    pub fn connected(
        &mut self,
        process: ProcessKey,
        socket: u64,
        is_waiting: impl Fn(ProcessKey) -> bool,
    ) -> Vec<ProcessKey> {
        let unknown = |p: &Process| {
            let file = p.image.as_ref().map(|image| &image.exec.executable.identity);
            file.is_none_or(|file| self.executables.of_file(file).is_none())
        };
        let relay = self.tree.get(process).is_some_and(|p| is_relay(&self.kind_of(p)) || unknown(p));
        let above = self.tree.ancestors(process).take(DECIDING_ANCESTORS);
        let may = |p: &&Process| {
            is_waiting(p.key) || relay && (matches!(self.kind_of(p), Kind::Shell(_)) || unknown(p))
        };
        let programs: Vec<ProcessKey> = above.filter(may).map(|p| p.key).collect();
        if self.clients.len() >= CLIENTS_MAX {
            self.clients.clear();
        }
        self.clients.extend(programs.iter().map(|program| (*program, (process, socket))));
        programs
    }

    /// Sockets that a process has opened since it was executed. What it held when it was met later may be its own.
    fn own_sockets<'a>(&'a self, exec: &'a Exec) -> impl Iterator<Item = Internet> + 'a {
        let held = |socket: &Internet| {
            exec.origin == Origin::Probe && exec.descriptors.iter().any(|d| d.is_socket(socket.inode))
        };
        let holder = self.tree.get(exec.process);
        let all = holder.into_iter().flat_map(|p| p.descriptors.iter()).filter_map(Descriptor::internet);
        all.filter(move |socket| !held(socket)).copied()
    }

    /// The runtime's own processes pass a container's standard streams on to whoever is attached with the cluster's
    /// permission; a login service does so for whoever has logged in. Neither is followed. Other processes of the node
    /// are: what commands a container's shell may stand outside.
    fn is_opaque(
        &self,
        holder: &Process,
        program: &Actor,
        container: Option<&Arc<Container>>,
        ancestors: &[Actor],
    ) -> bool {
        if program.is_login_service() {
            return true;
        }
        container.is_some()
            && !self.is_contained(holder)
            && (ancestors.iter().any(|a| a.process == holder.key) || is_runtime(holder))
    }

    /// Whether a process hands on what it gets from that one. A terminal that a program keeps for its children is a
    /// window of its own (multiplexers, supervisors), and a service that many connect to (syslog, a database) does
    /// not pass on to one what it gets from another; relays do. A multiplexer reads from terminals only; its pipes are
    /// what it was started with.
    fn passes_on(&self, from: ProcessKey, descriptor: &Descriptor, to: &Process) -> bool {
        let is_multiplexer =
            || self.tree.get(from).is_some_and(|p| matches!(self.kind_of(p), Kind::Multiplexer(_)));
        match descriptor.object {
            Object::Pipe { .. } | Object::Fifo { .. } | Object::Unix { .. } if is_multiplexer() => false,
            Object::PtyMaster { .. } => {
                let is_relay = self.tree.get(from).is_some_and(|p| is_relay(&self.kind_of(p)));
                is_relay || !self.tree.ancestors(to.key).any(|ancestor| ancestor.key == from)
            }
            Object::Unix { .. } => {
                let serves = |d: &Descriptor| matches!(d.object, Object::Unix { listening: true, .. });
                !to.descriptors.iter().any(serves) || is_relay(&self.kind_of(to))
            }
            _ => true,
        }
    }

    /// What a multiplexer holds is its own affair; its helpers (who is logged in where) only inherit it.
    fn leave_to_multiplexer(&self, from: ProcessKey, holders: &mut Vec<&Process>) {
        let keeps = |d: &Descriptor| matches!(d.object, Object::PtyMaster { .. });
        let is_multiplexer = |p: &&Process| {
            p.key != from
                && p.descriptors.iter().any(keeps)
                && matches!(self.kind_of(p), Kind::Multiplexer(_))
        };
        if holders.len() > 1 && holders.iter().any(is_multiplexer) {
            holders.retain(is_multiplexer);
        }
    }

    fn kind_of(&self, process: &Process) -> Kind {
        Actor::of_process(process, &self.executables, &mut Vec::new()).kind
    }

    /// A shell whose text is known, and executes nothing that it reads: what it writes to others are its own words.
    fn is_fixed(&self, process: &Process, program: &Actor) -> bool {
        let Some(image) = &process.image else { return false };
        let verdict = match program.invocation {
            Invocation::CommandString { verdict, .. } => Some(verdict),
            Invocation::ScriptFile { .. } => self.executables.of_script(ImageKey::of(&image.exec)).flatten(),
            _ => None,
        };
        program.is_shell() && verdict == Some(Verdict::QUIET)
    }

    /// A command of the same script of known text as the program: what the script executes of what its commands read
    /// and write is known (`(sleep 1; echo date) | sh`). What opened a channel of its own is another matter.
    fn is_stage(&self, process: &Process, ancestors: &[Actor]) -> bool {
        let Some(image) = process.image.as_ref().filter(|image| image.own) else { return false };
        let given = |d: &Descriptor| image.exec.descriptors.iter().any(|had| had.object == d.object);
        let mut above = self.tree.ancestors(process.key).take(DECIDING_ANCESTORS);
        process.descriptors.iter().all(given)
            && !process.is_on_network()
            && above.any(|p| {
                let script = ancestors.iter().find(|a| a.process == p.key);
                script.is_some_and(|script| self.is_fixed(p, script))
            })
    }

    fn is_contained(&self, process: &Process) -> bool {
        let has_left = |image: &Image| self.containers.node().are_left(&image.exec.namespaces);
        process.cgroup == 0
            || self.containers.of_id(process.cgroup).is_some()
            || process.image.as_ref().is_some_and(has_left)
    }

    /// A connected socket counts for everyone but a multiplexer, which only inherits one; for socat one that receives
    /// datagrams without a peer does, too.
    fn counts(&self, process: ProcessKey, socket: &Internet) -> bool {
        let kind = || self.tree.get(process).map(|p| self.kind_of(p));
        match socket.state {
            SocketState::Connected | SocketState::Connecting => !matches!(kind(), Some(Kind::Multiplexer(_))),
            SocketState::Listening => false,
            SocketState::Unconnected => {
                socket.protocol != Protocol::Tcp && matches!(kind(), Some(Kind::Socat { .. }))
            }
        }
    }
}

/// A program whose work is to pass on what it gets.
fn is_relay(kind: &Kind) -> bool {
    matches!(kind, Kind::Socat { .. } | Kind::Relay(_))
}

/// Known by name: what a node's owner calls so outside of every container is the owner's.
fn is_runtime(process: &Process) -> bool {
    const NAMES: [&[u8]; 9] = [
        b"containerd",
        b"dockerd",
        b"crio",
        b"conmon",
        b"kubelet",
        b"podman",
        b"runc",
        b"crun",
        b"cri-dockerd",
    ];
    let path = process.image.as_ref().map(|image| &image.exec.executable.path);
    path.is_some_and(|path| {
        NAMES.contains(&path.file_name()) || path.file_name().starts_with(b"containerd-shim")
    })
}

fn is_peered(socket: &Internet) -> bool {
    socket.state.has_peer()
}

/// socat tells every child its pid, its parent's pid and its version, whatever its file is called or holds.
fn mark_socat(exec: &Exec, ancestors: &mut [Actor], earlier: &mut [Actor]) {
    for actor in ancestors.iter_mut().take(3).chain(earlier.iter_mut().take(1)) {
        mark_one(exec, actor);
    }
}

fn mark_one(exec: &Exec, actor: &mut Actor) {
    let settled = actor.by == Some(RecognisedBy::Content);
    let Some(mark) = environment_mark(&exec.environment.values) else { return };
    let is_marked =
        actor.exec.as_ref().is_some_and(|e| mark.pid == e.pid_in_namespace) || actor.process.pid == mark.pid;
    if !settled && is_marked {
        actor.kind = Kind::Socat { version: Some(mark.version) };
        actor.by = Some(RecognisedBy::Environment);
    }
}
