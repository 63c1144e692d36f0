//! Execution: Socat Reverse Shell Detected.

use crate::reasons::{
    ON_NETWORK, TAKES_COMMANDS, is_on_network, named, takes_commands, why_on_network, why_takes_commands,
};
use detection::{
    Conditions, Detector, Direction as Way, Evidence, Metadata, ProbeNeed, Session, Settings, Truth,
    direction,
};
use enrichment::{Actor, Enriched};
use event::{Endpoint, Internet, Object};
use finding::{Severity, Tactic, Technique};
use programs::executable::Kind;
use programs::socat::{Channel, Command, Role, environment_mark};
use std::sync::Arc;

/// The detector.
pub struct SocatReverseShell;

static METADATA: Metadata = Metadata {
    category: "Execution: Socat Reverse Shell Detected",
    module: "SOCAT_REVERSE_SHELL_DETECTED",
    severity: Severity::Medium,
    on_by_default: true,
    prose: "socat was used to hand a shell, or another program that executes what it reads, to somebody on the \
network. Whoever is at the other end can run any command that the container's user may run.

Recognised by where the program's standard input leads, not by names: through socat to an internet socket. socat \
itself is known by the content of its executable, so that a renamed, static, deleted or in-memory copy is found as \
well. The shell may be socat's child, a grandchild, the same process (`nofork`), or joined to socat by a \
pseudo-terminal, a named pipe or a UNIX socket. Bind shells are found as well as reverse shells.

Quiet for socat without a program, for a fixed program or script that does not execute what the peer sends, and \
where no network is on the way.",
    tactic: Tactic::Execution,
    techniques: &[Technique::UnixShell, Technique::CommandAndScriptingInterpreter],
    additional_tactics: &[Tactic::CommandAndControl],
    additional_technique_ids: &["T1095"],
    evidence: &[
        "program binary: path, size, SHA-256, bytes",
        "arguments of the shell and of socat",
        "direction, peer address and port, transport, TLS, terminal",
        "user, working directory, ancestry up to the container's first process",
        "descriptors, memory map, environment (redacted), recent log lines of the pod",
    ],
    needs: &[ProbeNeed::Lifecycle, ProbeNeed::SocketState],
    reproduction: "socat TCP:127.0.0.1:{PORT} EXEC:/bin/sh",
};

impl Detector for SocatReverseShell {
    fn metadata(&self) -> &'static Metadata {
        &METADATA
    }

    fn examine(
        &self,
        enriched: &Enriched,
        settings: &Settings,
        conditions: &mut Conditions,
    ) -> Option<Evidence> {
        if settings.parity {
            return published_rule(enriched, conditions);
        }
        let actor = &enriched.actor;
        conditions.that(TAKES_COMMANDS, takes_commands(actor), || why_takes_commands(actor))?;
        conditions.that(ON_NETWORK, is_on_network(enriched), || why_on_network(enriched))?;
        let found = socat_on_the_way(enriched);
        let is_socat = match &found {
            Some(_) => Truth::True,
            None => without_socat(enriched),
        };
        conditions.that("socat is on the way, or was", is_socat, || match &found {
            Some((socat, reason)) => format!("{} is socat. {reason}", named(socat)),
            None => why_without_socat(enriched),
        })?;
        let (route, (socat, reason)) = (enriched.input.as_ref()?, found?);
        let mut reasons = vec![reason];
        if matches!(enriched.actor.kind, Kind::Interpreter(_)) {
            reasons.push(
                "The program is no shell, but it executes what it reads from its standard input.".into(),
            );
        }
        Some(evidence(enriched, socat, Some(route.endpoint), reasons))
    }
}

/// Where no socat is known to be on the way, one may be.
fn without_socat(enriched: &Enriched) -> Truth {
    let is_unknown = |actor: &Actor| matches!(actor.kind, Kind::Unknown) && actor.facts.is_none();
    match (is_on_network(enriched), enriched.relays.iter().any(is_unknown)) {
        (Truth::True, false) | (Truth::False, _) => Truth::False,
        (Truth::True, true) | (Truth::Unknown, _) => Truth::Unknown,
    }
}

fn why_without_socat(enriched: &Enriched) -> String {
    let relays: Vec<String> = enriched.relays.iter().map(named).collect();
    match (is_on_network(enriched), without_socat(enriched)) {
        (Truth::Unknown, _) => "nobody knows where its input leads".into(),
        (Truth::False, _) => "its input does not lead to the network".into(),
        (Truth::True, Truth::Unknown) => format!("nobody has looked at what {} is", relays.join(", ")),
        (Truth::True, _) if relays.is_empty() => {
            "nobody stands between the program and the connection, and no socat started it".into()
        }
        (Truth::True, _) => format!("between them is {}", relays.join(", ")),
    }
}

/// The socat through which the commands come, and how it is joined to the program.
fn socat_on_the_way(enriched: &Enriched) -> Option<(&Actor, String)> {
    if let Some(index) = enriched.relays.iter().position(Actor::is_socat) {
        let socat = &enriched.relays[index];
        let is_parent = enriched.ancestors.first().is_some_and(|p| p.process == socat.process);
        let how = match (is_parent, index) {
            (true, _) => {
                "The shell's parent is socat, which holds both the other end of the shell's standard input and the internet socket."
            }
            (false, 0) => {
                "The other end of the shell's standard input is held by socat, which also holds the internet socket."
            }
            (false, _) => {
                "The shell's standard input leads through a relay to socat, which holds the internet socket."
            }
        };
        return Some((socat, how.into()));
    }
    if enriched.input.as_ref().is_some_and(|route| route.hops.is_empty()) {
        if let Some(socat) = enriched.earlier.iter().find(|image| image.is_socat()) {
            return Some((socat, "The process was socat and became the shell; its standard input is the internet socket itself.".into()));
        }
        // with nothing but shells between, what socat started is what socat handed the socket to
        let socat = enriched.ancestors.iter().find(|a| !a.is_shell()).filter(|a| a.is_socat())?;
        return Some((
            socat,
            "socat started the shell with the internet socket as its standard input.".into(),
        ));
    }
    // a relay that is no socat, started by socat on the way (`script`, `su`)
    let socat = enriched.ancestors.iter().take(4).find(|a| a.is_socat())?;
    let endpoint = enriched.input.as_ref()?.endpoint;
    let holds =
        socat.exec.as_ref().is_some_and(|e| e.descriptors.iter().any(|d| d.is_socket(endpoint.inode)));
    holds.then(|| (socat, "socat is an ancestor of the shell and holds the internet socket.".into()))
}

/// The literal rule: a shell whose parent is socat.
fn published_rule(enriched: &Enriched, conditions: &mut Conditions) -> Option<Evidence> {
    let (actor, parent) = (&enriched.actor, enriched.ancestors.first());
    conditions.that("The program is a shell", actor.is_shell(), || named(actor))?;
    let is_socat = parent.is_some_and(Actor::is_socat);
    let its_parent = || parent.map_or_else(|| "its parent is not known".into(), named);
    conditions.that("Its parent is socat", is_socat, its_parent)?;
    let parent = parent?;
    let endpoint = enriched.input.as_ref().map(|r| r.endpoint);
    Some(evidence(enriched, parent, endpoint, vec!["The shell's parent is socat.".into()]))
}

/// The socket's history knows; where it is not known (datagrams, a socket older than the sensor), socat's own arguments
/// say whether it waited or called.
fn way(endpoint: Option<&Internet>, command: Option<&Command>) -> Way {
    let told = command.and_then(Command::direction).map(|told| match told {
        programs::socat::Direction::Reverse => Way::Reverse,
        programs::socat::Direction::Bind => Way::Bind,
    });
    match endpoint {
        Some(socket) if socket.direction != event::Direction::Unknown => direction(socket),
        Some(socket) => told.unwrap_or_else(|| direction(socket)),
        None => told.unwrap_or(Way::Reverse),
    }
}

/// A socket for datagrams need not be connected: then socat says whom it answers, to its child or in its arguments.
fn with_peer(mut socket: Internet, enriched: &Enriched, command: Option<&Command>) -> Internet {
    let told = || {
        let mark = environment_mark(&enriched.exec.environment.values)?;
        endpoint(mark.peer_address?.bytes(), mark.peer_port?.bytes())
    };
    let called = || {
        let Channel::Network { role: Role::Connect | Role::Datagram | Role::Send, endpoint: at, .. } =
            &command?.network()?.channel
        else {
            return None;
        };
        endpoint(at.host.as_ref()?.bytes(), at.port.as_ref()?.bytes())
    };
    if socket.remote.port == 0
        && let Some(peer) = told().or_else(called)
    {
        socket.remote = peer;
    }
    socket
}

/// An address and a port as socat writes and reads them; names are not looked up.
fn endpoint(address: &[u8], port: &[u8]) -> Option<Endpoint> {
    let text = std::str::from_utf8(address).ok()?;
    let address = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let port = std::str::from_utf8(port).ok()?.parse().ok()?;
    Some(Endpoint { address: address.parse().ok()?, port })
}

fn evidence(
    enriched: &Enriched,
    socat: &Actor,
    endpoint: Option<Internet>,
    reasons: Vec<String>,
) -> Evidence {
    let command = socat.exec.as_ref().map(|e| Command::parse(&e.arguments.values));
    let endpoint = endpoint.map(|socket| with_peer(socket, enriched, command.as_ref()));
    let terminal = enriched.input.as_ref().is_some_and(|r| r.terminal)
        || matches!(enriched.exec.descriptor(0).map(|d| &d.object), Some(Object::PtySlave { .. }));
    Evidence {
        metadata: &METADATA,
        session: Session::of(enriched.input.as_ref(), enriched.exec.process),
        direction: way(endpoint.as_ref(), command.as_ref()),
        endpoint,
        opener: Some(socat.clone()),
        tls: command.as_ref().map(Command::encrypted),
        terminal,
        recognised_by: socat.by,
        reasons,
        enriched: Arc::new(enriched.clone()),
    }
}
