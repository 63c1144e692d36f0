//! `vedette.story`: who did what and when, and through which channels the commands came.
//!
//! It repeats what the finding says elsewhere, put together for whoever draws it: the processes with their parts, the way
//! from the shell to the network, and what happened in order of time.

use crate::description::end as end_of;
use crate::descriptors::transport;
use crate::processes::{Listed, Role, binary, listed};
use crate::{Circumstances, Ended, EvidenceItem};
use detection::{Direction, Evidence};
use enrichment::channel::{ChannelKind, Hop, Route};
use event::{Internet, Origin, ProcessKey};
use finding::Timestamp;
use serde_json::{Map, Value, json};

const SESSION_END: &str = "SESSION_END";

/// The story as far as it is known now.
pub(crate) fn write(evidence: &Evidence, at: &Circumstances<'_>) -> Value {
    let listed = listed(evidence);
    let processes: Vec<Value> =
        listed.iter().enumerate().map(|(index, listed)| process(listed, index, at)).collect();
    let enriched = &evidence.enriched;
    let routes = [("INPUT", enriched.input.as_ref()), ("OUTPUT", enriched.output.as_ref())];
    let routes: Vec<Value> =
        routes.into_iter().filter_map(|(flow, route)| Some(way(flow, route?, evidence))).collect();
    json!({"processes": processes, "routes": routes, "events": events(evidence, &listed, at)})
}

fn process(listed: &Listed<'_>, index: usize, at: &Circumstances<'_>) -> Value {
    let Listed { role, actor, parent } = listed;
    let role = match role {
        Role::Shell => "SHELL",
        Role::Opener => "OPENER",
        Role::Relay => "RELAY",
        Role::Ancestor => "ANCESTOR",
    };
    let born = actor.process.start_ns;
    json!({
        "pid": pid(actor.process),
        "parentPid": parent.map(pid),
        "role": role,
        "name": actor.name.lossy(),
        "startTime": (born != 0).then(|| wall(born, at)),
        "process": index,
    })
}

fn way(flow: &str, route: &Route, evidence: &Evidence) -> Value {
    let program = evidence.enriched.exec.process;
    let mut from = program;
    let hops: Vec<Value> = route
        .hops
        .iter()
        .map(|Hop { process, through }| {
            let from = std::mem::replace(&mut from, *process);
            json!({"fromPid": pid(from), "toPid": pid(*process), "channel": through.map(channel)})
        })
        .collect();
    // who receives datagrams is told by more than the socket
    let told = evidence.endpoint.as_ref().filter(|told| told.inode == route.endpoint.inode);
    let Internet { local, remote, protocol, .. } = told.unwrap_or(&route.endpoint);
    let holder = route.hops.last().map_or(program, |hop| hop.process);
    json!({
        "flow": flow,
        "hops": hops,
        "endpoint": {
            "pid": pid(holder),
            "local": end_of(*local),
            "peer": end_of(*remote),
            "transport": transport(*protocol).to_uppercase(),
        },
    })
}

const fn channel(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Pty => "PTY",
        ChannelKind::Pipe => "PIPE",
        ChannelKind::UnixSocket => "UNIX_SOCKET",
        ChannelKind::Fifo => "FIFO",
    }
}

/// What happened at times that are known, the first first.
fn events(evidence: &Evidence, listed: &[Listed<'_>], at: &Circumstances<'_>) -> Vec<Value> {
    let executions = listed.iter().filter_map(|listed| execution(listed, at));
    let taken = at.items.iter().map(|item| taken(item, evidence));
    let mut events: Vec<(i64, Value)> =
        executions.chain(connection(evidence, at)).chain(taken).chain(at.ended.map(over)).collect();
    events.sort_by_key(|(time, _)| *time);
    events.into_iter().map(|(_, event)| event).collect()
}

/// Of a program that was there before, and of one that a process was born with, nobody saw when it was executed.
fn execution(listed: &Listed<'_>, at: &Circumstances<'_>) -> Option<(i64, Value)> {
    let actor = listed.actor;
    let exec = actor.exec.as_ref().filter(|exec| actor.own && exec.origin == Origin::Probe)?;
    let text = format!("executed {}", binary(actor).path);
    Some(event(wall_ns(exec.time_ns, at), "EXEC", Some(actor.process), &text))
}

fn connection(evidence: &Evidence, at: &Circumstances<'_>) -> Option<(i64, Value)> {
    let enriched = &evidence.enriched;
    let socket = evidence.endpoint.as_ref()?;
    let route = enriched.input.as_ref().or(enriched.output.as_ref());
    let holder = route.and_then(|route| route.hops.last()).map_or(enriched.exec.process, |hop| hop.process);
    let told = |time, text: String| Some(event(time, "CONNECTION", Some(holder), &text));
    if let Some(called) = at.called_ns {
        return told(called, format!("began to connect to {}", end_of(socket.remote)));
    }
    // one that was there when the program was executed came before, nobody knows when
    let came_later = at.event_time_ns > wall_ns(enriched.exec.time_ns, at);
    let text = match evidence.direction {
        Direction::Reverse => format!("was connected to {} by then", end_of(socket.remote)),
        Direction::Bind => {
            format!("was serving {} on port {} by then", end_of(socket.remote), socket.local.port)
        }
    };
    came_later.then(|| told(at.event_time_ns, text)).flatten()
}

/// Of whom it is, its name begins with.
fn taken(item: &EvidenceItem, evidence: &Evidence) -> (i64, Value) {
    let process = match item.name.split_once(": ") {
        Some(("shell", _)) => Some(evidence.enriched.exec.process),
        Some(("opener", _)) => evidence.opener.as_ref().map(|opener| opener.process),
        _ => None,
    };
    event(item.taken_at_ns, "EVIDENCE", process, &format!("took {}: {}", item.kind, item.name))
}

fn over(ended: Ended) -> (i64, Value) {
    let text = if ended.exactly { "the session ended" } else { "the session had ended by then" };
    event(ended.at_ns, SESSION_END, None, text)
}

fn event(at_ns: i64, kind: &str, process: Option<ProcessKey>, text: &str) -> (i64, Value) {
    let time = Timestamp::from_nanos(at_ns);
    (at_ns, json!({"time": time, "kind": kind, "pid": process.map(pid), "text": text}))
}

fn pid(process: ProcessKey) -> String {
    process.pid.to_string()
}

fn wall_ns(since_boot_ns: u64, at: &Circumstances<'_>) -> i64 {
    at.boot_ns.saturating_add(i64::try_from(since_boot_ns).unwrap_or(i64::MAX))
}

fn wall(since_boot_ns: u64, at: &Circumstances<'_>) -> Timestamp {
    Timestamp::from_nanos(wall_ns(since_boot_ns, at))
}

/// The session of a stored finding has ended: its story says so, once.
pub(crate) fn end(vedette: &mut Map<String, Value>, ended: Ended) {
    let events = vedette.get_mut("story").and_then(|story| story.get_mut("events"));
    let Some(events) = events.and_then(Value::as_array_mut) else { return };
    events.retain(|event| event.get("kind").and_then(Value::as_str) != Some(SESSION_END));
    let is_later = |event: &Value| {
        let time = event.get("time").and_then(Value::as_str).and_then(|time| time.parse::<Timestamp>().ok());
        time.is_some_and(|time| time.nanos() > ended.at_ns)
    };
    let place = events.iter().position(is_later).unwrap_or(events.len());
    events.insert(place, over(ended).1);
}

#[cfg(test)]
mod tests;
