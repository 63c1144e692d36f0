//! What the findings service needs of a store: edits, rules, past times, groups, changes, expiry.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use finding::{Connection, FindingResource, Mute, Severity, State, Timestamp};
use finding_filter::Field;
use serde_json::{Value, json};

use super::{all_at_once, everything, example, expected, name};
use crate::{
    ChangeFeed, ChangeKind, Comparison, Created, Edit, EvidenceKind, EvidenceMeta, EvidenceStore,
    FindingStore, Group, GroupField, GroupQuery, MuteRule, MuteRules, Page, PageSize, Refusal, StateChange,
    StoreError, Upserted,
};

pub(super) fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

pub(super) async fn put(store: &dyn FindingStore, item: &FindingResource, order: i64, now: i64) -> Upserted {
    expected(store.upsert(item, order, at(now)).await, "an upsert")
}

async fn set_state(store: &dyn FindingStore, n: i64, state: State, now: i64) {
    let edit = Box::new(move |item: &mut FindingResource| {
        item.finding.state = state;
        Ok(())
    });
    assert!(expected(store.amend(&name(n), edit, at(now)).await, "an edit").is_some());
}

/// What a sensor says late changes nothing; a user's edit in between does not make it newer.
pub async fn what_arrives_late_changes_nothing(store: &dyn FindingStore) {
    let version = |text: &str| {
        let mut item = example(1);
        item.finding.description = text.into();
        item
    };
    assert_eq!(put(store, &version("first"), 10, 1).await, Upserted::Created);
    assert_eq!(put(store, &version("third"), 30, 2).await, Upserted::Updated);
    set_state(store, 1, State::Inactive, 3).await;
    assert_eq!(put(store, &version("second"), 20, 4).await, Upserted::Unchanged);
    assert_eq!(put(store, &version("third"), 30, 5).await, Upserted::Unchanged);
    let found = expected(store.get(&name(1)).await, "get").map(|item| item.finding.description);
    assert_eq!(found.as_deref(), Some("third"));
    assert_eq!(put(store, &version("fourth"), 40, 6).await, Upserted::Updated);
    assert_eq!(put(store, &version("fourth"), 60, 7).await, Upserted::Unchanged);
    assert_eq!(put(store, &version("third"), 50, 8).await, Upserted::Unchanged, "said again since");
}

/// A refused edit changes nothing, and what is written at the same time is written.
pub async fn a_refused_edit_stands_alone(store: &dyn FindingStore) {
    put(store, &example(0), 1, 1).await;
    let refused: Edit = Box::new(|_| Err(Refusal { field: "state".into(), reason: "no".into() }));
    let first = name(0);
    let refused = store.amend(&first, refused, at(2));
    let others: Vec<FindingResource> = (1..20).map(example).collect();
    let writes = others.iter().map(|item| store.upsert(item, 1, at(2))).collect();
    let (answer, written) = both(refused, all_at_once(writes)).await;
    assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
    assert!(written.iter().all(|done| matches!(done, Ok(Upserted::Created))), "{written:?}");
}

async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (Box::pin(one), Box::pin(other));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|context| {
        use std::task::Poll;
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// A finding of another source is created once.
pub async fn a_finding_is_created_once(store: &dyn FindingStore) {
    let created = expected(store.create(&example(1), at(7)).await, "create");
    let Created::Yes(item) = created else { panic!("there was none") };
    assert_eq!((item.finding.create_time, item.finding.state), (Some(at(7)), State::Active));
    assert_eq!(expected(store.create(&example(1), at(8)).await, "create"), Created::Exists);
    assert_eq!(expected(store.get(&name(1)).await, "get"), Some(*item));
}

/// Rules hide what is new and what is written, and stop when they are gone.
pub async fn rules_decide_when_a_finding_is_written(store: &dyn FindingStore) {
    let rule = |config: &str, filter: &str, is_dynamic| MuteRule {
        config: config.into(),
        filter: expected(filter.parse(), "a filter"),
        is_dynamic,
        expires: None,
    };
    put(store, &example(1), 1, 1).await;
    store.mute_by(Arc::new(MuteRules::new(vec![
        rule("m/static", "name:\"f00002\"", false),
        rule("m/dynamic", "state=\"INACTIVE\"", true),
    ])));
    put(store, &example(2), 1, 2).await;
    let mute = async |n| expected(store.get(&name(n)).await, "get").map(|item| item.finding.mute);
    assert_eq!((mute(1).await, mute(2).await), (Some(Mute::Undefined), Some(Mute::Muted)));
    set_state(store, 1, State::Inactive, 3).await;
    assert_eq!(mute(1).await, Some(Mute::Muted));
    store.mute_by(Arc::default());
    set_state(store, 1, State::Active, 4).await;
    assert_eq!((mute(1).await, mute(2).await), (Some(Mute::Undefined), Some(Mute::Muted)));
}

async fn seen(store: &dyn FindingStore, when: Option<i64>, with: Option<i64>, filter: &str) -> Page {
    let mut query = everything();
    query.at = when.map(at);
    query.compared = with.map(|time| Comparison { with: at(time) });
    query.filter = expected(filter.parse(), "a filter");
    query.order_by = expected("name".parse(), "an order");
    expected(store.list(query).await, "a list")
}

fn told(page: &Page) -> Vec<(String, State, StateChange)> {
    let change = |at: usize| page.changes.get(at).copied().unwrap_or_default();
    let results = page.results.iter().enumerate();
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    results.map(|(n, item)| (last(&item.finding.name), item.finding.state, change(n))).collect()
}

/// A list at an earlier time shows what was stored then; compared, what became of it since.
pub async fn the_past_is_as_it_was(store: &dyn FindingStore) {
    put(store, &example(1), 1, 10).await;
    put(store, &example(2), 1, 10).await;
    set_state(store, 1, State::Inactive, 20).await;
    put(store, &example(3), 1, 30).await;
    let entry = |id: &str, state, change| (id.to_owned(), state, change);
    let (active, inactive, unused) = (State::Active, State::Inactive, StateChange::Unused);
    assert_eq!(told(&seen(store, Some(9), None, "").await), []);
    let then = seen(store, Some(15), None, "").await;
    assert_eq!(then.total_size, 2);
    assert_eq!(told(&then), [entry("f00001", active, unused), entry("f00002", active, unused)]);
    let later = seen(store, Some(25), None, "state=\"ACTIVE\"").await;
    assert_eq!(told(&later), [entry("f00002", active, unused)]);

    let compared = seen(store, None, Some(15), "").await;
    assert_eq!(compared.total_size, 3);
    assert_eq!(
        told(&compared),
        [
            entry("f00001", inactive, StateChange::Changed),
            entry("f00002", active, StateChange::Unchanged),
            entry("f00003", active, StateChange::Added),
        ]
    );
    let compared = seen(store, None, Some(15), "state=\"ACTIVE\"").await;
    assert_eq!(
        told(&compared),
        [
            entry("f00001", inactive, StateChange::Removed),
            entry("f00002", active, StateChange::Unchanged),
            entry("f00003", active, StateChange::Added),
        ]
    );
}

/// The same where a filter asks for addresses: what no longer has one is removed, and what still has it is not.
pub async fn the_past_knows_addresses(store: &dyn FindingStore) {
    let with = |n: i64, address: &str| {
        let mut item = example(n);
        item.finding.connections =
            vec![Connection { destination_ip: address.into(), ..Connection::default() }];
        item
    };
    for (n, address) in [(1, "10.0.0.1"), (2, "10.0.0.2"), (3, "192.0.2.3")] {
        put(store, &with(n, address), 1, 10).await;
    }
    for (n, address) in [(1, "192.0.2.1"), (3, "10.0.0.3")] {
        put(store, &with(n, address), 2, 20).await;
    }
    set_state(store, 2, State::Inactive, 20).await;
    let filter = "inIpRange(connections.destination_ip, \"10.0.0.0/8\")";
    let compared = seen(store, None, Some(15), filter).await;
    let entry = |id: &str, state, change| (id.to_owned(), state, change);
    assert_eq!(
        told(&compared),
        [
            entry("f00001", State::Active, StateChange::Removed),
            entry("f00002", State::Inactive, StateChange::Changed),
            entry("f00003", State::Active, StateChange::Added),
        ]
    );
    assert_eq!(compared.total_size, 3);
    assert_eq!(compared.results[0].finding.connections[0].destination_ip, "192.0.2.1", "as it is now");
    let changes = counts(&grouped(store, &["state_change"], filter, Some(15)).await);
    let one = |change: &str| (json!({"state_change": change}), 1);
    assert_eq!(changes, [one("ADDED"), one("CHANGED"), one("REMOVED")]);
}

pub(super) async fn grouped(
    store: &dyn FindingStore,
    by: &[&str],
    filter: &str,
    with: Option<i64>,
) -> Vec<Group> {
    let field = |name: &&str| match *name {
        "state_change" => GroupField::StateChange,
        name => GroupField::Field(expected(Field::named(name), "a field")),
    };
    let mut query = GroupQuery {
        parent: everything().parent,
        filter: expected(filter.parse(), "a filter"),
        by: by.iter().map(field).collect(),
        page_size: expected(PageSize::new(2), "a size"),
        page_token: None,
        at: None,
        compared: with.map(|time| Comparison { with: at(time) }),
    };
    let mut groups = Vec::new();
    loop {
        let page = expected(store.group(query.clone()).await, "groups");
        groups.extend(page.groups);
        assert!(page.total_size >= groups.len() as u64);
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => {
                assert_eq!(page.total_size, groups.len() as u64);
                return groups;
            }
        }
    }
}

pub(super) fn counts(groups: &[Group]) -> Vec<(Value, u64)> {
    groups.iter().map(|group| (json!(group.properties), group.count)).collect()
}

/// Groups say what the findings' JSON says, the largest first, page by page.
pub async fn groups_count_what_findings_say(store: &dyn FindingStore) {
    for n in 0..12 {
        let mut item = example(n);
        item.finding.severity = if n % 3 == 0 { Severity::High } else { Severity::Low };
        item.finding.category = format!("c{}", n % 4);
        item.finding.source_properties = BTreeMap::from([("Odd".to_owned(), json!(n % 2 == 0))]);
        item.resource.display_name = if n < 9 { "big".into() } else { String::new() };
        put(store, &item, 1, n + 1).await;
    }
    set_state(store, 0, State::Inactive, 50).await;
    let by = async |fields: &[&str], filter: &str| counts(&grouped(store, fields, filter, None).await);
    assert_eq!(
        by(&["severity"], "").await,
        [(json!({"severity": "LOW"}), 8), (json!({"severity": "HIGH"}), 4)]
    );
    assert_eq!(
        by(&["state", "severity"], "category=\"c0\"").await,
        [
            (json!({"state": "ACTIVE", "severity": "LOW"}), 2),
            (json!({"state": "INACTIVE", "severity": "HIGH"}), 1),
        ]
    );
    assert_eq!(by(&["category"], "").await.len(), 4);
    assert_eq!(
        by(&["resource.display_name"], "").await,
        [(json!({"resource.display_name": "big"}), 9), (json!({"resource.display_name": ""}), 3)]
    );
    assert_eq!(
        by(&["source_properties.Odd"], "severity=HIGH").await,
        [(json!({"source_properties.Odd": false}), 2), (json!({"source_properties.Odd": true}), 2),]
    );
    assert_eq!(by(&["severity"], "category=\"none\"").await, []);
    let changes = counts(&grouped(store, &["state_change"], "", Some(8)).await);
    assert_eq!(
        changes,
        [
            (json!({"state_change": "UNCHANGED"}), 7),
            (json!({"state_change": "ADDED"}), 4),
            (json!({"state_change": "CHANGED"}), 1),
        ]
    );
    let foreign = GroupQuery {
        parent: everything().parent,
        filter: Default::default(),
        by: vec![GroupField::StateChange],
        page_size: PageSize::default(),
        page_token: Some("2-abc".into()),
        at: None,
        compared: None,
    };
    assert!(matches!(store.group(foreign).await, Err(StoreError::PageToken)));
}

/// Every change is in the feed, in order, and a reader goes on where it was.
pub async fn changes_are_told_in_order<S: FindingStore + ChangeFeed>(store: &S) {
    let start = expected(store.newest_change().await, "the newest change");
    for n in 0..5 {
        put(store, &example(n), 1, n + 1).await;
    }
    put(store, &example(3), 1, 9).await;
    set_state(store, 2, State::Inactive, 10).await;
    set_state(store, 2, State::Inactive, 11).await;
    let mut known = Vec::new();
    let mut place = start;
    loop {
        let some = expected(store.changes(Some(place), 2).await, "changes");
        let Some(last) = some.last() else { break };
        place = last.cursor;
        known.extend(some);
    }
    let told: Vec<_> =
        known.iter().map(|change| (change.finding.clone(), change.kind, change.time.nanos())).collect();
    let mut wanted: Vec<_> = (0..5).map(|n| (name(n), ChangeKind::Created, n + 1)).collect();
    wanted.push((name(2), ChangeKind::Amended, 10));
    assert_eq!(told, wanted);
    assert_eq!(place, expected(store.newest_change().await, "the newest change"));
    assert_eq!(expected(store.forget_changes(at(4)).await, "forget"), 3);
    assert_eq!(expected(store.changes(None, 100).await, "changes").len(), 3);
    assert_eq!(place, expected(store.newest_change().await, "the newest change"));
}

/// What is too old goes, with its evidence, unless it changed since.
pub async fn what_is_too_old_goes<S: FindingStore + EvidenceStore>(store: &S) {
    let meta = |n: i64| EvidenceMeta {
        finding: name(n),
        kind: EvidenceKind::Executable,
        name: "socat".into(),
        taken_at: at(1),
        original_size: 5,
        truncated: false,
    };
    for n in 0..6 {
        put(store, &example(n), 1, 10).await;
        expected(store.put(b"alike".to_vec(), meta(n)).await, "evidence");
    }
    let own = expected(store.put(b"own".to_vec(), meta(0)).await, "evidence");
    let shared = expected(store.put(b"alike".to_vec(), meta(0)).await, "evidence");
    set_state(store, 5, State::Inactive, 30).await;
    let mut gone = 0;
    loop {
        match expected(store.expire(at(20), 2).await, "expire") {
            0 => break,
            some => gone += some,
        }
    }
    assert_eq!(gone, 5);
    let page = seen(store, None, None, "").await;
    assert_eq!((page.total_size, told(&page)[0].0.as_str()), (1, "f00005"));
    assert_eq!(expected(store.open(own).await, "open"), None);
    assert!(expected(store.open(shared).await, "open").is_some(), "another finding has it");
    assert_eq!(expected(store.evidence_of(&name(0)).await, "evidence"), []);
}
