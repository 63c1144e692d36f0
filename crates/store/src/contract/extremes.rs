//! What is as large, as deep or as far away as it can be.

use std::collections::BTreeSet;

use finding::Timestamp;
use finding_filter::{DEPTH_MAX, TERMS_MAX};

use super::{everything, example, expected};
use crate::{EvidenceStore, FindingStore, PageSize};

async fn listed(store: &dyn FindingStore, filter: &str) -> BTreeSet<String> {
    let begins: String = filter.chars().take(60).collect();
    let mut query = everything();
    query.page_size = PageSize::MAX;
    query.filter = expected(filter.parse(), &begins);
    let page = expected(store.list(query).await, &begins);
    let names = page.results.into_iter().map(|item| item.finding.name);
    names.map(|name| name.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// A filter that can be written can be answered, also where a database has limits of its own.
pub async fn the_largest_filters_are_answered(store: &dyn FindingStore) {
    for n in 0..4 {
        let mut item = example(n);
        item.finding.description = if n % 2 == 0 { "even".into() } else { "odd".into() };
        item.finding.connections = vec![finding::Connection { destination_port: 53, ..Default::default() }];
        expected(store.upsert(&item, 1, Timestamp::from_nanos(n + 1)).await, "an upsert");
    }
    let even: BTreeSet<String> = ["f00000".to_owned(), "f00002".to_owned()].into();
    let different = |operator: &str| -> String {
        let last = TERMS_MAX - 1;
        let terms = (0..last).map(|n| match operator {
            "OR" => format!("description=\"{n}\""),
            _ => format!("-description=\"{n}\""),
        });
        let terms: Vec<String> = terms.chain(["description=\"even\"".to_owned()]).collect();
        terms.join(&format!(" {operator} "))
    };
    let parentheses = format!("{}description=even{}", "(".repeat(DEPTH_MAX - 1), ")".repeat(DEPTH_MAX - 1));
    let mixed = (0..DEPTH_MAX - 1).fold("description=even".to_owned(), |inner, n| match n % 2 {
        0 => format!("({inner} OR description=\"{n}\")"),
        _ => format!("({inner} AND -description=\"{n}\")"),
    });
    let lists = vec!["contains(connections, destination_port=53)"; TERMS_MAX / 2 - 1].join(" AND ");
    let lists = format!("{lists} AND description=even");
    for filter in [
        different("OR"),
        different("AND"),
        parentheses,
        mixed,
        "-".repeat(DEPTH_MAX - 2) + "description=even",
        lists,
        format!("description=even OR description=\"{}\"", "x".repeat(32_000)),
        format!("description=even AND -vedette{}:*", ".a".repeat(15_000)),
    ] {
        assert_eq!(listed(store, &filter).await, even, "{}", filter.chars().take(60).collect::<String>());
    }
}

/// Clocks of nodes may be wrong by centuries: what they say is kept and in order, and only the server's own clock lets a finding
/// expire.
pub async fn times_far_away_are_kept_and_in_order<S: FindingStore + EvidenceStore>(store: &S) {
    let times = [
        "1678-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:00.000000001Z",
        "2026-11-23T20:13:52.500Z",
        "2126-01-01T00:00:00Z",
        "2261-12-31T23:59:59Z",
    ];
    let stored: Timestamp = expected("2026-11-23T20:14:00Z".parse(), "a time");
    for (n, time) in (0..).zip(times) {
        let mut item = example(n);
        item.finding.event_time = Some(expected(time.parse(), time));
        expected(store.upsert(&item, 1, stored).await, "an upsert");
        let name = expected(item.finding.name.parse(), "a name");
        let kept = expected(store.get(&name).await, "a get").unwrap_or_default();
        assert_eq!(kept.finding.event_time, item.finding.event_time, "{time}");
        assert_eq!(listed(store, &format!("event_time=\"{time}\"")).await.len(), 1, "{time}");
    }
    for (order, backwards) in [("event_time", false), ("event_time desc", true)] {
        let mut query = everything();
        query.page_size = expected(PageSize::new(2), "a page size");
        query.order_by = expected(order.parse(), order);
        let mut met = Vec::new();
        loop {
            let page = expected(store.list(query.clone()).await, order);
            met.extend(page.results.into_iter().filter_map(|item| item.finding.event_time));
            let Some(token) = page.next_page_token else { break };
            query.page_token = Some(token);
        }
        let mut should: Vec<Timestamp> = times.iter().map(|time| expected(time.parse(), time)).collect();
        if backwards {
            should.reverse();
        }
        assert_eq!(met, should, "{order}");
    }
    // an hour later nothing is a day old
    let day_ago = Timestamp::from_nanos(stored.nanos() - 23 * 3_600_000_000_000);
    expected(store.expire(day_ago, 1_000).await, "expire");
    assert_eq!(listed(store, "").await.len(), times.len());
}
