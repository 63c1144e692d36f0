//! One case in a pod of its own: what it needs around it, the line, and whoever uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::attacker::Attacker;
use super::case::{Case, Kind};
use super::ground_truth::Variant;
use super::judge::Expected;
use super::line::{Ports, Speech, called_ports, speech};
use super::namespace::Namespace;
use super::run::{Bench, Input, NAMESPACE};
use super::stand_ins::{Mentioned, StandIns, serve_file};
use crate::Container;

/// Longest wait for a finding after the shell has proved to work.
const FOUND_WITHIN: Duration = Duration::from_secs(5);
/// How long a benign line is used.
const USED_FOR: Duration = Duration::from_millis(1_500);

static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);

/// A shell, and somebody who uses it.
pub(crate) fn attack(
    bench: &Bench<'_>,
    case: &Case,
    variant: Variant,
    name: &str,
    input: Input,
) -> Result<Expected> {
    let ports = next_ports();
    let all = case.lines.join(" ; ");
    let speech = speech(&all, &ports);
    let pod =
        bench.node.pod(name).namespace(NAMESPACE).label("app", &case.id).network(bench.network).run()?;
    let at = Namespace::of(pod.pid().context("the sandbox's process")?);
    let folder = bench.folder.join(name);
    std::fs::create_dir_all(folder.join("shared"))?;
    let stop = Guard::default();
    if let Some(tools) = bench.tools.as_ref().filter(|_| all.contains("{HTTP}")) {
        serve_file(&at, ports.http, &tools.path("/usr/bin/socat"), Arc::clone(&stop.0))?;
    }
    let host = case.word("host").unwrap_or("127.0.0.1");
    let listener = match case.kind {
        Kind::Reverse => {
            Some(Attacker::listen(&at, &called_ports(&all, &ports), &speech, bench.credentials())?)
        }
        _ => None,
    };
    let mut containers: Vec<Container<'_>> = Vec::new();
    let mut executed = Vec::new();
    for (index, line) in case.lines.iter().enumerate() {
        let filled = ports.fill(&variant.apply(line), host);
        let shell = if bench.tools.is_some() { "/bin/bash" } else { "/bin/sh" };
        let filled = if bench.tools.is_some() { format!("cd /work; {filled}") } else { filled };
        let builder = bench.container(&pod, ["app", "relay", "third"][index.min(2)], case, input).mount(
            &folder.join("shared"),
            "/shared",
            false,
        );
        // The runtime's own /dev/shm lets nothing be executed; a volume there does.
        let volume = folder.join("shm");
        std::fs::create_dir_all(&volume)?;
        let builder =
            if all.contains("/dev/shm") { builder.mount(&volume, "/dev/shm", false) } else { builder };
        if variant == Variant::Exec {
            let container = builder.command(&[shell, "-c", "sleep infinity"]).start()?;
            executed.push((containers.len(), vec![shell.to_owned(), "-c".to_owned(), filled]));
            containers.push(container);
        } else {
            containers.push(builder.command(&[shell, "-c", &filled]).start()?);
        }
    }
    let slow = ["go", "java"].iter().any(|tool| case.needs.split(' ').any(|word| word == *tool));
    let limit = if slow { Duration::from_secs(90) } else { Duration::from_secs(10) };
    let asks_python = case.word("asks") == Some("python");
    let ask =
        |a: u32, b: u32| if asks_python { format!("print({a}+{b})\n") } else { format!("expr {a} + {b}\n") };

    std::thread::scope(|scope| {
        let containers = &containers;
        for (index, command) in executed {
            scope.spawn(move || {
                let words: Vec<&str> = command.iter().map(String::as_str).collect();
                // It ends with its pod; how does not matter.
                let _ = containers[index].exec(&words, Duration::from_secs(60));
            });
        }
        let proved = (|| {
            let attacker = match listener {
                Some(attacker) => attacker,
                None => {
                    wait_for_port(&at, ports.port, limit)?;
                    Attacker::call(&at, ports.port, &speech)?
                }
            };
            attacker.prove(ask, limit)?;
            Ok::<Attacker, anyhow::Error>(attacker)
        })();
        let logs: String = containers.iter().map(Container::logs).collect::<String>();
        let proved = proved.with_context(|| {
            format!("(container said: {})", logs.chars().take(200).collect::<String>().escape_debug())
        });
        let expected = proved.map(|attacker| {
            let until = Instant::now() + FOUND_WITHIN;
            while bench.watch.now(|found| found.pod() == name).is_empty() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            Expected {
                case: case.clone(),
                pod_uid: pod.uid.clone(),
                containers: containers.iter().map(|container| container.id.clone()).collect(),
                image: bench.ground.image.clone(),
                source: bench.ground.source.clone(),
                port: ports.port,
                attacker_port: attacker.port(),
                is_ground_truth: bench.tools.is_none(),
                variant,
                mentions_socat: all.contains("socat") || all.contains("{SOCAT}"),
            }
        });
        // Executed commands end with the pod.
        let removed = pod.remove();
        let expected = expected?;
        removed?;
        Ok(expected)
    })
}

/// A benign line, and somebody who uses it.
pub(crate) fn use_it(bench: &Bench<'_>, case: &Case, name: &str, input: Input) -> Result<String> {
    let ports = next_ports();
    let all = case.lines.join(" ; ");
    let privileged = ["TUN:", "unshare", "nsenter"].iter().any(|word| all.contains(word));
    let pod = bench.node.pod(name).namespace(NAMESPACE).label("app", &case.id).network(bench.network);
    let pod = if privileged { pod.privileged() } else { pod }.run()?;
    let at = Namespace::of(pod.pid().context("the sandbox's process")?);
    let filled = ports.fill(&all, "127.0.0.1");
    let mut mentioned = Mentioned::of(&filled);
    if case.kind == Kind::Attacker {
        mentioned = Mentioned::of(&filled.replace(":22 ", &format!(":{} ", ports.http)));
    }
    let folder = bench.folder.join(name);
    let stand_ins =
        StandIns::prepare(&mentioned, &at, &Namespace::of_node(bench.node), &folder, bench.credentials())?;
    let mut container = bench.container(&pod, "app", case, input);
    for (host, inside) in &stand_ins.mounts {
        container = container.mount(host, inside, false);
    }
    for inside in StandIns::certificates(&mentioned) {
        if let Some(tools) = bench.tools.as_ref().filter(|_| inside.starts_with("/etc/")) {
            let place = tools.path(inside);
            std::fs::create_dir_all(place.parent().context("its folder")?)?;
            std::fs::write(&place, "")?;
        }
        container = container.mount(&bench.ground.certificate, inside, true);
    }
    if privileged {
        container = container.privileged();
    }
    let shell = if bench.tools.is_some() { "/bin/bash" } else { "/bin/sh" };
    let filled = if bench.tools.is_some() { format!("cd /work; {filled}") } else { filled };
    // What goes to the background must not end the container.
    let leaves = filled.trim_end().ends_with('&') || filled.contains("setsid socat");
    let filled = if leaves { format!("{filled}\nsleep 5") } else { filled };
    // A terminal without a size is none for some programs.
    let filled = if input == Input::Terminal { format!("stty rows 24 cols 80; {filled}") } else { filled };
    let started = Instant::now();
    let container = container.command(&[shell, "-c", &filled]).start()?;
    let speaks = speech(&all, &ports);
    let caller = if case.kind == Kind::Attacker && matches!(speaks, Speech::Tls) {
        wait_for_port(&at, ports.port, USED_FOR)?;
        Some(Attacker::call(&at, ports.port, &speaks)?)
    } else {
        None
    };
    let talked = if let Some(caller) = caller {
        caller.say(b"hello\n");
        std::thread::sleep(USED_FOR);
        vec![format!("tls {}", ports.port)]
    } else {
        stand_ins.use_for(USED_FOR, &at, container.pid())
    };
    let ended = container.wait(Duration::from_millis(1));
    let waits = ["LISTEN", "listen", "-l:", "-L:", "RECVFROM"].iter().any(|word| all.contains(word));
    let mut note = if waits && talked.is_empty() { "it listens nowhere".to_owned() } else { String::new() };
    if let Ok(code) = ended
        && code != 0
    {
        let logs = container.logs();
        let last = logs.lines().last().unwrap_or_default().chars().take(160).collect::<String>();
        note =
            format!("did not run on: ended with {code} within {} ms: {last}", started.elapsed().as_millis());
    }
    pod.remove()?;
    Ok(note)
}

fn wait_for_port(at: &Namespace, port: u16, limit: Duration) -> Result<()> {
    let until = Instant::now() + limit;
    loop {
        let waiting = at.waiting();
        if waiting.tcp.contains(&port) || waiting.udp.contains(&port) {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < until, "nobody listens on {port} after {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn next_ports() -> Ports {
    let port = NEXT_PORT.fetch_add(3, Ordering::Relaxed);
    Ports { port, second: port + 1, http: port + 2 }
}

/// Ends a server with its scope.
#[derive(Default)]
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
