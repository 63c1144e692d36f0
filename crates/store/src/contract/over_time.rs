//! Earlier states of findings, and how many findings there are over time.

use finding::{Connection, FindingName, FindingResource, Mute, Severity, State, Timestamp};

use super::service::{at, put};
use super::{everything, example, expected, name};
use crate::histogram::PERIOD;
use crate::{
    Clock, FindingStore, Histogram, HistogramQuery, OrderField, PageSize, TimeRange, Version, VersionQuery,
};

async fn edit(
    store: &dyn FindingStore,
    n: i64,
    now: i64,
    change: impl Fn(&mut FindingResource) + Send + Sync + 'static,
) {
    let edit = Box::new(move |item: &mut FindingResource| {
        change(item);
        Ok(())
    });
    assert!(expected(store.amend(&name(n), edit, at(now)).await, "an edit").is_some());
}

async fn versions(store: &dyn FindingStore, finding: &FindingName, size: i64) -> Vec<Version> {
    let limit = expected(PageSize::new(size), "a size");
    let mut query = VersionQuery { finding: finding.clone(), after: None, limit };
    let mut all = Vec::new();
    loop {
        let page = expected(store.versions(query.clone()).await, "versions");
        all.extend(page.versions);
        match page.next {
            None => return all,
            next => query.after = next,
        }
    }
}

/// Every earlier state is there, the newest first, with the times from and until which it was; also when many are of one time.
pub async fn earlier_states_are_kept(store: &dyn FindingStore) {
    assert_eq!(versions(store, &name(1), 5).await, []);
    let version = |text: &str| {
        let mut item = example(1);
        item.finding.description = text.into();
        item
    };
    put(store, &version("first"), 1, 10).await;
    put(store, &example(2), 1, 10).await;
    assert_eq!(versions(store, &name(1), 5).await, [], "what it is now is no earlier state");
    put(store, &version("second"), 2, 20).await;
    put(store, &version("second"), 3, 25).await;
    edit(store, 1, 30, |item| item.finding.state = State::Inactive).await;
    for n in 0..3 {
        put(store, &version(&format!("\u{0} {n}")), 4 + n, 40).await;
    }
    for size in [1, 2, 5, 1000] {
        let told = versions(store, &name(1), size).await;
        let short = |version: &Version| {
            let finding = &version.item.finding;
            (finding.description.clone(), finding.state, version.since.nanos(), version.until.nanos())
        };
        let line = |text: &str, state, since, until| (text.to_owned(), state, since, until);
        assert_eq!(
            told.iter().map(short).collect::<Vec<_>>(),
            [
                line("\u{0} 1", State::Inactive, 40, 40),
                line("\u{0} 0", State::Inactive, 40, 40),
                line("second", State::Inactive, 30, 40),
                line("second", State::Active, 20, 30),
                line("first", State::Active, 10, 20),
            ],
            "{size} at once"
        );
    }
    assert_eq!(versions(store, &name(2), 5).await, []);
}

/// Large states end a page early, and nothing is left out.
pub async fn large_earlier_states_are_told_page_by_page(store: &dyn FindingStore) {
    let large = "x".repeat(900 << 10);
    for n in 0..6 {
        let mut item = example(1);
        item.finding.description = format!("{n}{large}");
        put(store, &item, n, n + 1).await;
    }
    let query = VersionQuery { finding: name(1), after: None, limit: expected(PageSize::new(100), "a size") };
    let page = expected(store.versions(query).await, "versions");
    assert!(page.versions.len() < 5 && page.next.is_some(), "{}", page.versions.len());
    assert_eq!(versions(store, &name(1), 100).await.len(), 5);
}

/// Another moment than the one before, by a fixed rule.
fn scattered(n: i64, within: i64) -> i64 {
    n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407).rem_euclid(within)
}

fn over_time(n: i64) -> FindingResource {
    let mut item = example(n);
    let finding = &mut item.finding;
    // a month, an hour, and long ago
    let time = match n % 4 {
        0 | 1 => PERIOD * 1_000 + scattered(n, PERIOD * 120),
        2 => PERIOD * 1_100 + scattered(n, 3_600_000_000_000),
        _ => scattered(n, PERIOD * 4) - PERIOD * 2,
    };
    finding.event_time = Some(Timestamp::from_nanos(time));
    finding.severity = match (n % 3, n % 7) {
        (0, 0) => Severity::Critical,
        (0, _) => Severity::High,
        (_, 0) => Severity::Medium,
        _ => Severity::Low,
    };
    finding.category = format!("c{}", n % 5);
    finding.connections =
        vec![Connection { destination_ip: format!("10.0.{}.1", n % 9), ..Connection::default() }];
    item
}

const FILTERS: &[&str] = &[
    "",
    "state=\"ACTIVE\" AND NOT mute=\"MUTED\"",
    "severity=HIGH OR mute=MUTED",
    "category=\"c1\" AND state=ACTIVE",
    "category:\"C2\"",
    "inIpRange(connections.destination_ip, \"10.0.4.0/24\")",
    "event_time > \"1970-09-20T00:00:00Z\"",
    "event_time >= \"1970-09-10T01:00:00Z\" AND event_time < \"1970-09-20T07:00:00Z\" AND severity=LOW",
    "NOT event_time > \"1970-09-20T00:00:00Z\"",
    "name:\"f0000\"",
];

async fn check(store: &dyn FindingStore, items: &[FindingResource]) {
    let ranges = [
        (PERIOD * 990 + 5, PERIOD * 1_130 - 3, 60),
        (PERIOD * 1_000, PERIOD * 1_120, 7),
        (PERIOD * 1_000 + 1, PERIOD * 1_020, 300),
        (PERIOD * 1_100, PERIOD * 1_100 + 3_600_000_000_000, 60),
        (-PERIOD * 3, PERIOD * 3 + 1, 3),
        (-PERIOD * 3 + 1, PERIOD * 1_200, 1),
    ];
    for filter in FILTERS {
        let filter: finding_filter::Filter = expected(filter.parse(), "a filter");
        for (from, until, buckets) in ranges {
            let range = TimeRange { from: at(from), until: at(until) };
            let clock = expected(Clock::new(range, buckets), "a clock");
            for field in [OrderField::EventTime, OrderField::CreateTime] {
                let mut wanted = Histogram::new(&clock);
                let time = |item: &FindingResource| match field {
                    OrderField::EventTime => item.finding.event_time.map(Timestamp::nanos),
                    _ => item.finding.create_time.map(Timestamp::nanos),
                };
                for item in items.iter().filter(|item| filter.matches_item(item)) {
                    if let Some(time) = time(item).filter(|time| (from..until).contains(time)) {
                        wanted.add(&clock, time, item.finding.severity.number().into(), 1);
                    }
                }
                let parent = everything().parent;
                let query = HistogramQuery { parent, filter: filter.clone(), field, clock: clock.clone() };
                let told = expected(store.histogram(query).await, "a histogram");
                assert_eq!(told, wanted, "{} {field:?} {range:?} {buckets}", filter.text());
            }
        }
    }
}

/// Counts over time are those of looking at every finding, also after findings changed and went.
pub async fn counts_over_time_are_those_of_the_findings(store: &dyn FindingStore) {
    const COUNT: i64 = 240;
    let stored = async || {
        let names: Vec<FindingName> = (0..COUNT).map(name).collect();
        let found = expected(store.get_many(&names).await, "findings");
        found.into_iter().flatten().collect::<Vec<_>>()
    };
    for n in 0..COUNT {
        // created within the same spans of time
        put(store, &over_time(n), 1, PERIOD * 1_050 + n * 3_600_000_000_000).await;
    }
    check(store, &stored().await).await;
    let late = PERIOD * 1_300;
    for n in (0..COUNT).step_by(3) {
        edit(store, n, late, |item| item.finding.state = State::Inactive).await;
    }
    for n in (0..COUNT).step_by(8) {
        edit(store, n, late, |item| item.finding.mute = Mute::Muted).await;
        let mut moved = over_time(n);
        moved.finding.event_time = over_time(n + 1).finding.event_time;
        moved.finding.severity = Severity::Unspecified;
        put(store, &moved, 2, late).await;
    }
    check(store, &stored().await).await;
    let mut gone = 0;
    while expected(store.expire(at(late), 50).await, "expire") > 0 {
        gone += 1;
        assert!(gone < 100, "it ends");
    }
    let left = stored().await;
    assert!((60..200).contains(&left.len()), "{}", left.len());
    check(store, &left).await;
}
