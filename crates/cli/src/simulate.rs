//! `vedette simulate`: a harmless attack in a container of its own, and the finding it makes.
//!
//! `listener ← socat in a throw-away container → probes → finding → API → here`

mod cleanup;
mod commands;
mod containerd;
mod finding;
mod namespaces;
mod own_containerd;
mod rootfs;
mod runc;
mod session;
mod stage;

use crate::arguments::{Attack, RuntimeChoice, Simulate};
use crate::client::Client;
use crate::findings::text;
use crate::inert;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use cleanup::Cleanup;
use session::{Listener, Session};
use stage::{Stage, Started};
use std::io::Write;
use std::time::Instant;

pub(crate) fn run(options: &Simulate) -> Result<()> {
    let Attack::SocatReverseShell = options.attack;
    ensure!(
        rustix::process::geteuid().is_root(),
        "a container can only be made by root: run `sudo vedette simulate socat-reverse-shell`"
    );
    let client = Client::new(&options.server.url)?;
    if let Err(reason) = client.ready()? {
        bail!("Vedette at {} answers but does not watch: {reason}", client.server());
    }
    let interrupt = Interrupt::install()?;
    // what is made from here on is undone when these are dropped, whichever way this function is left
    let mut cleanup = Cleanup::default();
    let stage = Stage::set(&mut cleanup)?;
    let listener = Listener::open()?;
    say(&format!("listening on {}; the attacker is this very command", listener.address()));
    let (mut session, started) = connect(options, &stage, &listener, &mut cleanup, &interrupt)?;
    let answer = session.ask("id", options.timeout, &interrupt)?;
    say(&format!("the shell is open; its answer to `id`: {}", inert::bytes(&answer)));

    let found = finding::wait_for(&client, &session, options.timeout, &interrupt)?;
    let took = found.readable_at.duration_since(started.at);
    let complete = finding::with_evidence(&client, found, &interrupt)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{}", text(&complete.document))?;
    let exact = finding::since_start(&complete).unwrap_or(took);
    writeln!(
        out,
        "From the start of socat to the finding: {} ms. The container was made by {}.",
        exact.as_millis(),
        started.by
    )?;
    out.flush()?;
    drop(out);
    if options.keep {
        say(&format!("the session stays open in container {}; Ctrl-C ends it and cleans up", stage.id));
        interrupt.wait();
    }
    session.end();
    Ok(())
}

/// Starts the container and waits for its call, with the first runtime that can.
fn connect(
    options: &Simulate,
    stage: &Stage,
    listener: &Listener,
    cleanup: &mut Cleanup,
    interrupt: &Interrupt,
) -> Result<(Session, Begun)> {
    use RuntimeChoice::{Auto, Containerd, Namespaces, OwnContainerd, Runc};
    let choices: &[RuntimeChoice] = match options.runtime {
        Auto => &[Containerd, OwnContainerd, Runc, Namespaces],
        Containerd => &[Containerd],
        OwnContainerd => &[OwnContainerd],
        Runc => &[Runc],
        Namespaces => &[Namespaces],
    };
    let mut refusals = Vec::new();
    for choice in choices {
        let command = stage.command(listener.address());
        let begun = Instant::now();
        let started = match choice {
            Auto | Containerd => containerd::start(stage, &command, options.containerd.as_deref(), cleanup),
            OwnContainerd => own_containerd::start(stage, &command, cleanup, interrupt),
            Runc => runc::start(stage, &command, cleanup),
            Namespaces => namespaces::start(stage, &command, cleanup),
        };
        let attempt = started.and_then(|mut started: Started| {
            say(&format!("container {} made by {}", short(&stage.id), started.by));
            let session = listener.accept(&mut started, options.timeout, interrupt)?;
            let by = started.by.clone();
            cleanup.ends(started);
            if matches!(choice, Runc | Namespaces) {
                say("a container made this way belongs to no pod, so the finding will name none");
            }
            Ok((session, Begun { at: begun, by }))
        });
        match attempt {
            Ok(connected) => return Ok(connected),
            Err(error) if interrupt.is_set() => return Err(error),
            Err(error) => {
                let refusal = inert::told(&format!("{error:#}"));
                if choices.len() > 1 {
                    say(&format!("not with {choice}: {refusal}"));
                }
                refusals.push(format!("{choice}: {refusal}"));
                cleanup.undo_container();
            }
        }
    }
    bail!("no container could be made.\n{}", refusals.join("\n"))
}

/// A container that called.
struct Begun {
    at: Instant,
    by: String,
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Progress goes to the error stream: the finding alone is the output.
fn say(text: &str) {
    eprintln!("simulate: {text}");
}

/// An error that says what to install.
fn need(program: &str, package: &str) -> Result<std::path::PathBuf> {
    commands::find(program).with_context(|| format!("{program} is not installed: apt-get install {package}"))
}
