//! Sessions that ended while nobody watched: stored findings that still call them open.
//!
//! stored findings → the connection's socket, or the process → had ended by now

use crate::intake;
use finding::{Finding, FindingResource, Parent, Timestamp};
use findings::Ended;
use host::Clock;
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use store::{FindingStore, ListQuery, PageSize, StoreError};

/// Findings looked through, the newest.
const LOOKED_THROUGH: usize = 10_000;
const EVERYTHING: &str = "organizations/-/sources/-";
const PROC: &str = "/proc";

/// Looks once, after the sensor has begun to watch: what lives then is the sensor's. `node` is this machine's name.
pub(crate) fn run<S: FindingStore>(store: &Arc<S>, node: &str, runtime: &tokio::runtime::Handle) {
    let now_ns = Clock::read().wall_ns(Clock::now_ns());
    let open = match runtime.block_on(open_before(&**store, node, now_ns)) {
        Ok(open) => open,
        Err(error) => return tracing::warn!("which sessions were open is not known: {error}"),
    };
    if open.is_empty() {
        return;
    }
    let held = match host::held_sockets(Path::new(PROC)) {
        Ok(held) => held,
        Err(error) => return tracing::warn!("whether sessions go on cannot be read from {PROC}: {error}"),
    };
    let boot = Boot { id: host::boot_id(), began_ns: Clock::read().wall_ns(0), held };
    for mut item in open {
        let Some(ended) = boot.end_of(&item.finding, now_ns, |pid| host::start_ticks(Path::new(PROC), pid))
        else {
            continue;
        };
        findings::end(&mut item.finding, ended);
        let name = item.finding.name.clone();
        if let Err(error) =
            runtime.block_on(store.upsert(&item, intake::IN_ORDER, Timestamp::from_nanos(now_ns)))
        {
            tracing::warn!("finding {name} was not told that its session has ended: {error}");
        }
    }
}

/// Findings of this node from before that time whose session was open when they were stored.
async fn open_before<S: FindingStore>(
    store: &S,
    node: &str,
    before_ns: i64,
) -> Result<Vec<FindingResource>, StoreError> {
    let Ok(parent) = EVERYTHING.parse::<Parent>() else { return Ok(Vec::new()) };
    let mut query = ListQuery { page_size: PageSize::MAX, ..ListQuery::new(parent) };
    let (mut open, mut looked) = (Vec::new(), 0);
    loop {
        let page = store.list(query.clone()).await?;
        looked += page.results.len();
        let is_ours = |f: &Finding| {
            f.source_properties.get("VM_Instance_Name").and_then(Value::as_str) == Some(node)
                && f.event_time.is_some_and(|time| time.nanos() < before_ns)
        };
        open.extend(
            page.results.into_iter().filter(|i| findings::is_open(&i.finding) && is_ours(&i.finding)),
        );
        query.page_token = page.next_page_token;
        if query.page_token.is_none() || looked >= LOOKED_THROUGH {
            return Ok(open);
        }
    }
}

/// This boot of the machine.
struct Boot {
    id: String,
    began_ns: i64,
    /// Sockets that somebody holds.
    held: HashSet<u64>,
}

impl Boot {
    /// The end of a session, if it is over.
    fn end_of(
        &self,
        finding: &Finding,
        now_ns: i64,
        start_ticks: impl Fn(i64) -> Option<u64>,
    ) -> Option<Ended> {
        let said = |path: &str| {
            let (key, rest) = path.split_once('/')?;
            finding.vedette.get(key)?.pointer(&format!("/{rest}"))?.as_str()
        };
        if said("process/bootId")? != self.id {
            return Some(Ended { at_ns: self.began_ns, exactly: false });
        }
        let socket = said("session/endpoint/socketInode").and_then(|inode| inode.parse::<u64>().ok());
        let goes_on = match socket.filter(|inode| *inode != 0) {
            Some(inode) => self.held.contains(&inode),
            None => {
                let start = said("process/startTicks").and_then(|ticks| ticks.parse::<u64>().ok());
                let shell = finding.processes.first()?;
                start.is_some() && start_ticks(shell.pid) == start
            }
        };
        (!goes_on).then_some(Ended { at_ns: now_ns, exactly: false })
    }
}

#[cfg(test)]
mod tests {
    use super::Boot;
    use finding::Finding;
    use findings::Ended;
    use serde_json::{Value, json};

    fn finding(boot: &str, socket: Value) -> Finding {
        serde_json::from_value(json!({
            "processes": [{"pid": "12"}],
            "vedette": {
                "process": {"bootId": boot, "startTicks": "400"},
                "session": {"ended": null, "endpoint": socket},
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_session_is_over_when_nobody_can_hold_its_connection() {
        let boot = Boot { id: "this".into(), began_ns: 5, held: [77].into() };
        let end = |finding: &Finding, ticks: Option<u64>| boot.end_of(finding, 9, |_| ticks);
        let over = |at_ns| Some(Ended { at_ns, exactly: false });
        let socket = |inode: &str| json!({"socketInode": inode});
        assert_eq!(end(&finding("this", socket("77")), None), None, "held");
        assert_eq!(end(&finding("this", socket("78")), Some(400)), over(9), "held by nobody");
        assert_eq!(end(&finding("before", socket("77")), Some(400)), over(5), "of another boot");
        assert_eq!(end(&finding("this", Value::Null), Some(400)), None, "the same process");
        assert_eq!(end(&finding("this", Value::Null), Some(401)), over(9), "another process of its number");
        assert_eq!(end(&finding("this", socket("0")), None), over(9), "no process");
        assert_eq!(end(&Finding::default(), None), None, "it does not say which boot it is of");
    }
}
