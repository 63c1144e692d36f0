//! Findings that are written and read many at once.

use std::collections::BTreeMap;

use finding::{FindingName, FindingResource, Process};

use super::service::at;
use super::{all_at_once, everything, example, expected, name};
use crate::{Change, ChangeFeed, ChangeKind, FindingStore, StoreError, Upserted};

/// The whole feed: what others still write can hold some of it back.
async fn everything_told(store: &dyn ChangeFeed) -> Vec<Change> {
    let mut told: Vec<Change> = Vec::new();
    loop {
        let place = told.last().map(|change| change.cursor);
        let some = expected(store.changes(place, 1000).await, "changes");
        if some.is_empty() {
            return told;
        }
        told.extend(some);
    }
}

/// Whatever is written with it, a finding that is refused is refused alone; the feed tells each of the others once.
pub async fn a_refused_finding_stands_alone<S: FindingStore + ChangeFeed>(store: &S) {
    let mut items: Vec<FindingResource> = (0..64).map(example).collect();
    items[20].finding.processes = vec![Process { args: vec!["x".repeat(17 << 20)], ..Process::default() }];
    let writes = items.iter().map(|item| store.upsert(item, 1, at(5))).collect();
    for (n, done) in all_at_once(writes).await.into_iter().enumerate() {
        match n {
            20 => assert!(matches!(done, Err(StoreError::TooLarge { .. })), "{done:?}"),
            _ => assert!(matches!(done, Ok(Upserted::Created)), "{n}: {done:?}"),
        }
    }
    assert_eq!(expected(store.get(&name(20)).await, "get"), None);
    let told = everything_told(store).await;
    let mut told: Vec<String> = told.into_iter().map(|change| change.finding.to_string()).collect();
    told.sort();
    assert_eq!(told, (0..64).filter(|n| *n != 20).map(|n| name(n).to_string()).collect::<Vec<_>>());
    assert_eq!(expected(store.list(everything()).await, "list").total_size, 63);
    // its name is free for a version that fits
    assert_eq!(expected(store.upsert(&example(20), 2, at(6)).await, "upsert"), Upserted::Created);
}

/// Versions that arrive together, of one finding and of others, leave the last one; what came before it is told or was late.
pub async fn versions_at_once_leave_the_last<S: FindingStore + ChangeFeed>(store: &S) {
    let version = |n: i64, order: i64| {
        let mut item = example(n);
        item.finding.description = format!("version {order}");
        item
    };
    let items: Vec<(FindingResource, i64)> = (0..20)
        .flat_map(|n| (1..=10).map(move |order| (version(n, (order * 7) % 11), (order * 7) % 11)))
        .collect();
    let writes = items.iter().map(|(item, order)| store.upsert(item, *order, at(*order))).collect();
    let done = all_at_once(writes).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let wrote = done.iter().filter(|done| !matches!(done, Ok(Upserted::Unchanged))).count();
    let names: Vec<FindingName> = (0..20).map(name).collect();
    for found in expected(store.get_many(&names).await, "get many") {
        assert_eq!(found.map(|item| item.finding.description).as_deref(), Some("version 10"));
    }
    let told = everything_told(store).await;
    assert_eq!(told.len(), wrote);
    let mut kinds: BTreeMap<String, Vec<ChangeKind>> = BTreeMap::new();
    for change in told {
        kinds.entry(change.finding.to_string()).or_default().push(change.kind);
    }
    assert_eq!(kinds.len(), names.len());
    for (name, kinds) in kinds {
        let created = kinds.iter().filter(|kind| **kind == ChangeKind::Created).count();
        assert_eq!((created, kinds[0]), (1, ChangeKind::Created), "{name}");
    }
    assert_eq!(expected(store.list(everything()).await, "list").total_size, 20);
}

/// Many names are answered as each of them alone would be, in their order, however often one is asked for.
pub async fn many_names_are_answered_like_each(store: &dyn FindingStore) {
    for n in 0..6 {
        let mut item = example(n);
        if n % 2 == 0 {
            item.finding.canonical_name =
                format!("projects/{n}/sources/vedette/locations/global/findings/f{n:05}");
        }
        // another month each: some stores keep months apart
        item.finding.create_time = Some(at(n * 40 * 86_400_000_000_000));
        expected(store.upsert(&item, 1, at(1)).await, "upsert");
    }
    let mut shared = example(7);
    shared.finding.canonical_name = name(1).to_string();
    expected(store.upsert(&shared, 1, at(1)).await, "upsert");
    let canonical = |n: i64| -> FindingName {
        let text = format!("projects/{n}/sources/vedette/locations/global/findings/f{n:05}");
        expected(text.parse(), "a canonical name")
    };
    let asked =
        [name(5), canonical(2), name(9), name(0), canonical(0), canonical(3), name(5), name(1), name(7)];
    let found = expected(store.get_many(&asked).await, "get many");
    assert_eq!(found.len(), asked.len());
    for (name, found) in asked.iter().zip(&found) {
        assert_eq!(*found, expected(store.get(name).await, "get"), "{name}");
    }
    assert_eq!(found.iter().filter(|found| found.is_none()).count(), 2);
    assert_eq!(expected(store.get_many(&[]).await, "get many"), []);
}
