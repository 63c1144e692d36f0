//! One reverse shell that a test opens, keeps and closes itself.

use std::time::Duration;

use anyhow::{Context, Result};

use super::attacker::Attacker;
use super::line::Speech;
use super::namespace::Namespace;
use super::run::{Bench, Input, NAMESPACE};
use super::stage::next_ports;
use crate::{Container, Pod};

/// An open reverse shell over TCP in a pod of its own.
#[derive(Debug)]
pub struct Shell<'node> {
    attacker: Attacker,
    container: Container<'node>,
    pod: Pod<'node>,
    /// The attacker's port.
    pub port: u16,
}

impl<'node> Shell<'node> {
    /// Starts a pod named `pod` whose container runs `line`; `{HOST}` and `{PORT}` are the attacker's.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn start(bench: &Bench<'node>, pod: &str, line: &str) -> Result<Self> {
        let ports = next_ports();
        let pod =
            bench.node.pod(pod).namespace(NAMESPACE).label("app", "shell").network(bench.network).run()?;
        let at = Namespace::of(pod.pid().context("the sandbox's process")?);
        let attacker = Attacker::accept(&at, &[super::namespace::here(ports.port)], &Speech::Tcp)?;
        let container = bench
            .plain_container(&pod, "app", Input::Nothing)
            .command(&["/bin/sh", "-c", &ports.fill(line, "127.0.0.1")])
            .start()?;
        Ok(Self { attacker, container, pod, port: ports.port })
    }

    /// Has the shell work out a sum.
    ///
    /// # Errors
    /// When it does not.
    pub fn prove(&self) -> Result<()> {
        self.attacker.prove(|a, b| format!("expr {a} + {b}\n"), Duration::from_secs(10))
    }

    /// Name of its pod.
    pub fn pod(&self) -> &str {
        &self.pod.name
    }

    /// Its container.
    pub fn container(&self) -> &Container<'node> {
        &self.container
    }

    /// Ends it with its pod.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn remove(self) -> Result<()> {
        self.pod.remove()
    }
}
