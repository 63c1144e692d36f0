//! Conditions that several detectors share, with the words for how each is known.

use detection::Truth;
use enrichment::channel::{Route, leads_elsewhere};
use enrichment::{Actor, Enriched};
use event::Object;
use programs::invocation::{Invocation, Why};

/// The program executes what it reads.
pub(crate) const TAKES_COMMANDS: &str = "The program executes what it reads";
/// Its input leads to the network.
pub(crate) const ON_NETWORK: &str = "Its input leads to an internet socket";

/// Whether a program executes what it reads from a descriptor that it was started with.
pub(crate) fn takes_commands(actor: &Actor) -> Truth {
    // the script may yet be read
    let is_unread = matches!(actor.invocation, Invocation::ScriptFile { .. }) && actor.script.is_none();
    match (actor.takes_commands(), is_unread) {
        (true, _) => Truth::True,
        (false, true) => Truth::Unknown,
        (false, false) => Truth::False,
    }
}

/// How that is known.
pub(crate) fn why_takes_commands(actor: &Actor) -> String {
    let from = || match actor.command_descriptor() {
        None | Some(0) => "its standard input".to_owned(),
        Some(number) => format!("its descriptor {number}"),
    };
    match &actor.invocation {
        Invocation::TakesCommands { why, .. } => match why {
            Why::NoProgramGiven => {
                format!("{} was given no program, so it reads one from {}", actor.name, from())
            }
            Why::Interactive => format!("{} was asked for an interactive session", actor.name),
            Why::StandardInputAsked => format!("{} was asked to read commands from {}", actor.name, from()),
            Why::StandardInputAsFile => format!("the program file of {} is {}", actor.name, from()),
            Why::Console => format!("{} starts a console", actor.name),
            Why::Environment => format!("the environment of {} makes it read commands", actor.name),
            Why::Undecided => "its arguments were cut before they told; it cannot be excluded".into(),
        },
        Invocation::CommandString { .. } | Invocation::InlineProgram { .. } if actor.takes_commands() => {
            format!("the text on its command line executes what it reads from {}", from())
        }
        Invocation::CommandString { .. } | Invocation::InlineProgram { .. } => {
            "the text on its command line executes nothing that it reads there".into()
        }
        Invocation::ScriptFile { .. } if actor.takes_commands() => {
            format!("its script executes what it reads from {}", from())
        }
        Invocation::ScriptFile { path } if actor.script.is_none() => {
            format!("nobody has read its script {path}")
        }
        Invocation::ScriptFile { .. } => "its script executes nothing that it reads there".into(),
        Invocation::Module { name } => format!("it runs the installed module {name}"),
        Invocation::Wrapper { name } => format!("{name} starts a shell; that one is looked at by itself"),
        Invocation::Other => "what it reads is data to it".into(),
    }
}

/// Whether the input of the program leads to an internet socket.
pub(crate) fn is_on_network(enriched: &Enriched) -> Truth {
    let exec = &enriched.exec;
    let number = enriched.actor.command_descriptor().unwrap_or(0);
    match (&enriched.input, exec.descriptor(number)) {
        (Some(_), _) => Truth::True,
        (None, None) if exec.descriptors_truncated => Truth::Unknown,
        // it is not followed for a program that executes nothing
        (None, Some(descriptor)) if leads_elsewhere(descriptor) && !enriched.actor.takes_commands() => {
            Truth::Unknown
        }
        (None, _) => Truth::False,
    }
}

/// How that is known.
pub(crate) fn why_on_network(enriched: &Enriched) -> String {
    let exec = &enriched.exec;
    let number = enriched.actor.command_descriptor().unwrap_or(0);
    if let Some(route) = &enriched.input {
        return way(enriched, route);
    }
    let Some(descriptor) = exec.descriptor(number) else {
        if exec.descriptors_truncated {
            return format!("nobody knows where its descriptor {number} leads");
        }
        return format!("its descriptor {number} is closed");
    };
    let is = match &descriptor.object {
        Object::Internet(_) => "a socket without a peer",
        Object::Unix { .. } => "a UNIX socket",
        Object::Pipe { .. } => "a pipe",
        Object::Fifo { .. } => "a named pipe",
        Object::PtySlave { .. } | Object::PtyMaster { .. } => "a terminal",
        Object::Regular { .. } => "a file",
        Object::Character { .. } => "a device",
        Object::Closed => "closed",
        Object::OtherSocket { .. } | Object::Other => "of no kind that leads to the network",
    };
    let leads = match (leads_elsewhere(descriptor), enriched.actor.takes_commands()) {
        (true, true) => ", whose other end leads to no internet socket",
        (true, false) => ", which is followed only for a program that executes what it reads",
        (false, _) => "",
    };
    format!("its descriptor {number} is {is}{leads}")
}

fn way(enriched: &Enriched, route: &Route) -> String {
    let peer = route.endpoint.remote;
    let peer = Some(peer).filter(|peer| !peer.address.is_unspecified());
    let peer = peer.map_or_else(
        || "a peer".to_owned(),
        |peer| std::net::SocketAddr::new(peer.address, peer.port).to_string(),
    );
    let relays: Vec<String> = enriched.relays.iter().map(named).collect();
    match route.hops.len() {
        0 => format!("the connection with {peer} is its own"),
        hops if hops == relays.len() => {
            format!("through {} to the connection with {peer}", relays.join(", "))
        }
        hops => format!("over {hops} processes to the connection with {peer}"),
    }
}

/// A process by its name and number.
pub(crate) fn named(actor: &Actor) -> String {
    format!("{} (pid {})", actor.name, actor.process.pid)
}
