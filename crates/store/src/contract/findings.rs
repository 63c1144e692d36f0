//! The findings' half of the contract.

use std::collections::{BTreeMap, BTreeSet};

use finding::{FindingResource, Mute, Process, Severity, State, Timestamp};
use serde_json::json;

use super::{all_at_once, everything, example, expected, name};
use crate::{Edit, FindingStore, ListQuery, Page, PageSize, Refusal, StoreError, TimeRange, Upserted, say};

async fn put(store: &dyn FindingStore, item: &FindingResource, now: i64) -> Upserted {
    expected(store.upsert(item, now, Timestamp::from_nanos(now)).await, "upsert")
}

async fn fill(store: &dyn FindingStore, numbers: impl IntoIterator<Item = i64>) {
    for n in numbers {
        assert_eq!(put(store, &example(n), n).await, Upserted::Created);
    }
}

async fn list(store: &dyn FindingStore, query: &ListQuery) -> Page {
    expected(store.list(query.clone()).await, "list")
}

async fn stored(store: &dyn FindingStore, n: i64) -> FindingResource {
    expected(store.get(&name(n)).await, "get").unwrap_or_else(|| panic!("finding {n} is not there"))
}

fn ids(page: &Page) -> Vec<&str> {
    page.results.iter().filter_map(|r| r.finding.name.rsplit('/').next()).collect()
}

/// Every finding of a walk through the pages, `between` called after each page.
async fn walk(
    store: &dyn FindingStore,
    mut query: ListQuery,
    mut between: impl AsyncFnMut(usize),
) -> Vec<String> {
    let mut seen = Vec::new();
    for at in 0.. {
        let page = list(store, &query).await;
        assert!(page.results.len() <= usize::from(query.page_size.get()));
        seen.extend(page.results.into_iter().map(|r| r.finding.name));
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => break,
        }
        between(at).await;
    }
    seen
}

/// A new finding is there at once, with the fields that creation sets; a missing one is `None`; reading is healthy.
pub async fn what_is_acknowledged_is_answered(store: &dyn FindingStore) {
    expected(store.health().await, "health");
    assert_eq!(expected(store.get(&name(1)).await, "get"), None);
    assert_eq!(put(store, &example(1), 77).await, Upserted::Created);
    let found = stored(store, 1).await.finding;
    assert_eq!(found.create_time, Some(Timestamp::from_nanos(77)));
    assert_eq!((found.state, found.mute), (State::Active, Mute::Undefined));
    assert_eq!(list(store, &everything()).await.total_size, 1);
}

/// Writing the same again is no change, and another time of writing is none either.
pub async fn the_same_again_changes_nothing(store: &dyn FindingStore) {
    put(store, &example(1), 10).await;
    assert_eq!(put(store, &example(1), 20).await, Upserted::Unchanged);
    let mut changed = example(1);
    changed.finding.severity = Severity::High;
    assert_eq!(put(store, &changed, 30).await, Upserted::Updated);
    assert_eq!(stored(store, 1).await.finding.severity, Severity::High);
    assert_eq!(stored(store, 1).await.finding.create_time, Some(Timestamp::from_nanos(10)));
    assert_eq!(list(store, &everything()).await.total_size, 1);
    let nameless = store.upsert(&FindingResource::default(), 0, Timestamp::default()).await;
    assert!(matches!(nameless, Err(StoreError::Name(_))), "{nameless:?}");
}

/// State, mute and marks are the users'; the sensor's next update does not touch them.
pub async fn an_update_keeps_what_users_set(store: &dyn FindingStore) {
    put(store, &example(1), 10).await;
    let marks = BTreeMap::from([("team".to_owned(), "red \u{202e}\u{0}".to_owned())]);
    let edit = || -> Edit {
        let marks = marks.clone();
        Box::new(move |item| {
            item.finding.state = State::Inactive;
            item.finding.security_marks.marks.clone_from(&marks);
            say(&mut item.finding, Mute::Muted, "user:a", Timestamp::from_nanos(11));
            Ok(())
        })
    };
    let when = Timestamp::from_nanos(11);
    let amended = expected(store.amend(&name(1), edit(), when).await, "amend");
    assert_eq!(amended.map(|r| r.finding.state), Some(State::Inactive));
    assert_eq!(expected(store.amend(&name(2), edit(), when).await, "amend"), None);
    let refusal = Refusal { field: "marks".into(), reason: "too many".into() };
    let refused: Edit = Box::new({
        let refusal = refusal.clone();
        move |item| {
            item.finding.state = State::Active;
            Err(refusal.clone())
        }
    });
    let answer = store.amend(&name(1), refused, when).await;
    assert!(matches!(&answer, Err(StoreError::Refused(said)) if *said == refusal), "{answer:?}");

    let mut update = example(1);
    update.finding.description = "seen again".into();
    update.finding.state = State::Active;
    update.finding.mute = Mute::Undefined;
    update.finding.create_time = Some(Timestamp::from_nanos(999));
    assert_eq!(put(store, &update, 20).await, Upserted::Updated);
    let found = stored(store, 1).await.finding;
    assert_eq!(found.description, "seen again");
    assert_eq!((found.state, found.mute), (State::Inactive, Mute::Muted));
    assert_eq!(found.security_marks.marks, marks);
    assert_eq!(found.create_time, Some(Timestamp::from_nanos(10)));
}

/// Newest first unless asked otherwise; ten to a page; equal keys are told apart by the name.
pub async fn newest_first_and_any_order(store: &dyn FindingStore) {
    fill(store, 0..12).await;
    let page = list(store, &everything()).await;
    assert_eq!(ids(&page)[..2], ["f00011", "f00010"]);
    assert_eq!((page.results.len(), page.total_size), (10, 12));

    for (n, severity) in [(3, Severity::Critical), (7, Severity::Critical), (5, Severity::Low)] {
        let mut item = example(n);
        item.finding.severity = severity;
        put(store, &item, 50).await;
    }
    for (order, first) in [
        ("event_time", ["f00000", "f00001", "f00002"]),
        ("eventTime desc", ["f00011", "f00010", "f00009"]),
        ("severity desc,name desc", ["f00005", "f00007", "f00003"]),
        ("severity desc,event_time", ["f00005", "f00003", "f00007"]),
        ("category,parent,state,resource_name,name desc", ["f00011", "f00010", "f00009"]),
    ] {
        let mut query = everything();
        query.order_by = expected(order.parse(), order);
        assert_eq!(ids(&list(store, &query).await)[..3], first, "{order}");
        query.page_size = expected(PageSize::new(5), "page size");
        let walked: BTreeSet<String> = walk(store, query, async |_| ()).await.into_iter().collect();
        assert_eq!(walked.len(), 12, "a walk ordered by {order}");
    }
}

/// While findings arrive and change, a walk meets each finding that was there at its start once, in order.
pub async fn a_walk_meets_every_finding_once_while_others_arrive(store: &dyn FindingStore) {
    fill(store, 0..23).await;
    let mut query = everything();
    query.page_size = expected(PageSize::new(4), "page size");
    let mut next = 100;
    let seen = walk(store, query, async |at| {
        fill(store, [next]).await;
        next += 1;
        let mut update = example(i64::try_from(at).unwrap_or_default());
        update.finding.event_time = Some(Timestamp::from_nanos(1_000_000_000));
        put(store, &update, next).await;
    })
    .await;
    let expected: Vec<String> = (0..23).rev().map(|n| example(n).finding.name).collect();
    assert_eq!(seen, expected);
}

/// One source or all, one location or all, one project and no other, whatever their names begin with.
pub async fn listing_follows_the_parent(store: &dyn FindingStore) {
    for (at, text) in [
        "projects/p/sources/vedette/findings/a",
        "projects/p/sources/vedette/locations/eu/findings/b",
        "projects/p/sources/falco/findings/c",
        "projects/pp/sources/vedette/findings/d",
        "folders/p/sources/vedette/findings/e",
    ]
    .into_iter()
    .enumerate()
    {
        let mut item = example(0);
        item.finding.name = text.into();
        put(store, &item, 100 - i64::try_from(at).unwrap_or_default()).await;
    }
    for (parent, found) in [
        ("projects/p/sources/-", vec!["a", "b", "c"]),
        ("projects/p/sources/vedette", vec!["a", "b"]),
        ("projects/p/sources/vedette/locations/eu", vec!["b"]),
        ("projects/p/sources/-/locations/eu", vec!["b"]),
        ("projects/pp/sources/-", vec!["d"]),
        ("folders/p/sources/-", vec!["e"]),
        ("organizations/p/sources/-", vec![]),
    ] {
        let page = list(store, &ListQuery::new(expected(parent.parse(), parent))).await;
        assert_eq!(ids(&page), found, "{parent}");
        assert_eq!(page.total_size, u64::try_from(found.len()).unwrap_or_default(), "{parent}");
    }
}

/// A finding written under its organization is also found under the project of its canonical name.
pub async fn canonical_names_lead_there(store: &dyn FindingStore) {
    let mut item = example(0);
    item.finding.name = "organizations/1/sources/vedette/findings/a".into();
    item.finding.canonical_name = "projects/2/sources/vedette/findings/a".into();
    put(store, &item, 1).await;
    for parent in ["organizations/1/sources/-", "projects/2/sources/vedette"] {
        let page = list(store, &ListQuery::new(expected(parent.parse(), parent))).await;
        assert_eq!((ids(&page), page.total_size), (vec!["a"], 1), "{parent}");
    }
    let canonical = expected(item.finding.canonical_name.parse(), "canonical name");
    let found = expected(store.get(&canonical).await, "get");
    assert_eq!(found.map(|r| r.finding.name), Some(item.finding.name));
}

/// The first moment belongs, the last does not; the total counts only what is in the range.
pub async fn a_time_range_is_half_open(store: &dyn FindingStore) {
    fill(store, 0..6).await;
    let mut query = everything();
    query.happened =
        Some(TimeRange { from: Timestamp::from_nanos(2_000), until: Timestamp::from_nanos(4_000) });
    let page = list(store, &query).await;
    assert_eq!((ids(&page), page.total_size), (vec!["f00003", "f00002"], 2));
}

/// A token of another list, or no token at all, is refused and not guessed at.
pub async fn a_foreign_page_token_is_refused(store: &dyn FindingStore) {
    fill(store, 0..12).await;
    let token = list(store, &everything()).await.next_page_token;
    assert!(token.is_some());
    let mut other = everything();
    other.page_token.clone_from(&token);
    other.order_by = expected("name".parse(), "order");
    assert!(matches!(store.list(other).await, Err(StoreError::PageToken)));
    for bad in ["x", "00", "7b7d", "' or 1=1 --"] {
        let mut query = everything();
        query.page_token = Some(bad.into());
        let result = store.list(query).await;
        assert!(matches!(result, Err(StoreError::PageToken)), "{bad:?}: {result:?}");
    }
}

/// Whatever an attacker writes comes back as it was: NUL, escapes that look like surrogates, quotes, overrides.
pub async fn hostile_text_survives(store: &dyn FindingStore) {
    let texts = [
        "\u{0}",
        "a\u{0}b",
        r"\ud800",
        r"\u0000",
        "\u{fffd}",
        "\u{10ffff}\u{e000}",
        "\u{202e}\u{feff}\u{1b}]0;x\u{7}",
        "'; DROP TABLE findings; --",
        "\"}],\"state\":\"INACTIVE",
        "%00%2e%2e/",
        "\r\n\r\n",
        "\u{85}\u{2028}",
        "",
    ];
    for (at, text) in texts.iter().enumerate() {
        let n = i64::try_from(at).unwrap_or_default();
        let mut item = example(n);
        let finding = &mut item.finding;
        finding.category = (*text).into();
        finding.resource_name = (*text).into();
        finding.source_properties.insert("Pod_Name".into(), json!(text));
        finding.vedette.insert((*text).into(), json!([text, {"k": text}]));
        finding.processes = vec![Process { args: vec![(*text).into(); 3], ..Process::default() }];
        finding.kubernetes.pods =
            vec![finding::Pod { name: (*text).into(), ns: (*text).into(), ..<_>::default() }];
        finding.security_marks.marks.insert((*text).into(), (*text).into());
        put(store, &item, n).await;
        assert_eq!(put(store, &item, n).await, Upserted::Unchanged, "{text:?}");
        item.finding.create_time = Some(Timestamp::from_nanos(n));
        (item.finding.state, item.finding.mute) = (State::Active, Mute::Undefined);
        assert_eq!(stored(store, n).await, item, "{text:?}");
    }
    let mut query = everything();
    query.order_by = expected("category,resource_name desc".parse(), "order");
    query.page_size = expected(PageSize::new(2), "page size");
    let walked: BTreeSet<String> = walk(store, query, async |_| ()).await.into_iter().collect();
    assert_eq!(walked.len(), texts.len());
}

/// One very long argument is kept whole, and a list of such findings still ends.
pub async fn a_megabyte_argument_survives(store: &dyn FindingStore) {
    let long = "\u{1}x".repeat(512 * 1024);
    for n in 0..4 {
        let mut item = example(n);
        item.finding.processes = vec![Process { args: vec![long.clone()], ..Process::default() }];
        put(store, &item, n).await;
    }
    assert_eq!(stored(store, 0).await.finding.processes[0].args[0], long);
    assert_eq!(walk(store, everything(), async |_| ()).await.len(), 4);
}

/// Writers of different findings lose nothing; writers of the same finding agree on one creation.
pub async fn many_writers_at_once_lose_nothing(store: &dyn FindingStore) {
    let items: Vec<FindingResource> = (0..200).map(|n| example(n % 100)).collect();
    let writes = items.iter().map(|item| store.upsert(item, 5, Timestamp::from_nanos(5))).collect();
    let results = all_at_once(writes).await;
    let created = results.iter().filter(|r| matches!(r, Ok(Upserted::Created))).count();
    let unchanged = results.iter().filter(|r| matches!(r, Ok(Upserted::Unchanged))).count();
    assert_eq!((created, unchanged), (100, 100));
    let names: Vec<_> = (0..100).map(name).collect();
    let reads = all_at_once(names.iter().map(|name| store.get(name)).collect()).await;
    assert!(reads.iter().all(|r| matches!(r, Ok(Some(_)))));
    assert_eq!(list(store, &everything()).await.total_size, 100);
}
