//! Lists walked from their first page to their last: each match once, in order, however many findings there are.

use finding::{Connection, FindingResource, Severity, State};
use serde_json::json;

use super::service::{at, counts, grouped, put};
use super::{all_at_once, everything, example, expected};
use crate::{Direction, FindingStore, PageSize};

/// What is rare is found however many findings there are; the pages on the way may be short, and end.
pub async fn what_is_rare_is_met_once(store: &dyn FindingStore) {
    /// More than any page looks at.
    const FINDINGS: i64 = 3_000;
    let items: Vec<FindingResource> = (0..FINDINGS)
        .map(|n| {
            let mut item = example(n);
            item.finding.category = if n % 1_000 == 7 { "rare".into() } else { "frequent".into() };
            item.finding.description = item.finding.category.clone();
            item
        })
        .collect();
    let writes = items.iter().zip(1..).map(|(item, now)| store.upsert(item, 1, at(now))).collect();
    for written in all_at_once(writes).await {
        expected(written, "an upsert");
    }
    let all: Vec<i64> = vec![2_007, 1_007, 7];
    for (filter, order, wanted) in [
        ("category=\"rare\"", "", all.clone()),
        ("description=\"rare\"", "", all.clone()),
        ("description=\"rare\"", "name desc", all.clone()),
        ("description=\"rare\" AND category=\"frequent\"", "", vec![]),
        ("description=\"rare\" AND category=\"rare\"", "severity,name desc", all.clone()),
        ("-category=\"frequent\" AND event_time>\"1970-01-01T00:00:00.0005Z\"", "", vec![2_007, 1_007]),
        ("inIpRange(connections.source_ip, \"10.0.0.0/8\")", "", vec![]),
    ] {
        let mut query = everything();
        query.filter = expected(filter.parse(), filter);
        query.order_by = expected(order.parse(), order);
        let mut met = Vec::new();
        for pages in 0.. {
            assert!(pages < 100, "{filter}: the pages do not end");
            let page = expected(store.list(query.clone()).await, filter);
            let has_all = page.next_page_token.is_none() && query.page_token.is_none();
            assert!(page.total_is_least || page.total_size == wanted.len() as u64, "{filter}: {page:?}");
            assert!(!has_all || !page.total_is_least, "{filter}: one page holds them all");
            met.extend(page.results.into_iter().map(|item| item.finding.name));
            match page.next_page_token {
                Some(token) => query.page_token = Some(token),
                None => break,
            }
        }
        let wanted: Vec<String> = wanted.iter().map(|n| example(*n).finding.name).collect();
        assert_eq!(met, wanted, "{filter} {order}");
    }
}

/// Whatever a list is ordered by, its pages hold each match once, in that order, also where many are alike.
pub async fn an_order_holds_over_pages(store: &dyn FindingStore) {
    let severities = [Severity::Critical, Severity::High, Severity::Low, Severity::Unspecified];
    let items: Vec<FindingResource> = (0..180_i64)
        .map(|n| {
            let mut item = example(n);
            let turn = usize::try_from(n * 7 % 11).unwrap_or_default();
            item.finding.severity = severities[turn % 4];
            item.finding.category = format!("c{}", turn % 3);
            item.finding.state = if n % 5 == 0 { State::Inactive } else { State::Active };
            item.finding.event_time = Some(at(n * 37 % 50 * 1_000));
            item.finding.create_time = Some(at(n * 13 % 90 * 1_000_000));
            item
        })
        .collect();
    let writes = items.iter().map(|item| store.upsert(item, 1, at(1))).collect();
    for written in all_at_once(writes).await {
        expected(written, "an upsert");
    }
    for order in [
        "severity",
        "severity,event_time desc",
        "severity desc,event_time",
        "state desc,severity,create_time",
        "category,severity desc",
        "category desc,event_time desc,name desc",
        "severity,name desc",
        "severity,parent,event_time desc",
        "resource_name,severity",
        "event_time desc,severity",
        "create_time",
    ] {
        for filter in ["", "state=ACTIVE AND event_time<\"1970-01-01T00:00:00.00004Z\"", "severity=LOW"] {
            let mut query = everything();
            query.order_by = expected(order.parse(), order);
            query.filter = expected(filter.parse(), filter);
            query.page_size = expected(PageSize::new(7), "a page size");
            let mut wanted: Vec<&FindingResource> =
                items.iter().filter(|item| query.filter.matches_item(item)).collect();
            let fields = query.order_by.fields().to_vec();
            wanted.sort_by(|a, b| {
                let compared = fields.iter().map(|(field, direction)| {
                    let order = field.key(a).cmp(&field.key(b));
                    if *direction == Direction::Descending { order.reverse() } else { order }
                });
                compared.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            });
            let mut met = Vec::new();
            loop {
                let page = expected(store.list(query.clone()).await, order);
                assert_eq!(page.total_size, wanted.len() as u64, "{order}, {filter}");
                met.extend(page.results.into_iter().map(|item| item.finding.name));
                let Some(token) = page.next_page_token else { break };
                query.page_token = Some(token);
            }
            let wanted: Vec<&String> = wanted.iter().map(|item| &item.finding.name).collect();
            assert_eq!(met.iter().collect::<Vec<_>>(), wanted, "{order}, {filter}");
        }
    }
}

/// Addresses lead to what names them now, however many findings there are, and no longer once it does not.
pub async fn an_address_leads_to_its_findings(store: &dyn FindingStore) {
    const DAY: i64 = 86_400_000_000_000;
    let with = |n: i64, address: &str| {
        let mut item = example(n);
        item.finding.create_time = Some(at(n / 700 * DAY + n));
        item.finding.state = if n % 2 == 0 { State::Active } else { State::Inactive };
        item.finding.connections =
            vec![Connection { destination_ip: address.into(), ..Connection::default() }];
        item
    };
    let address = |n: i64| match n {
        3 => "192.0.2.9".to_owned(),
        _ if n < 1_400 => format!("10.0.{}.{}", n / 250, n % 250),
        _ => format!("203.0.113.{}", n % 3),
    };
    let items: Vec<FindingResource> = (0..2_000).map(|n| with(n, &address(n))).collect();
    let writes = items.iter().map(|item| store.upsert(item, 1, at(1))).collect();
    for written in all_at_once(writes).await {
        expected(written, "an upsert");
    }
    put(store, &with(5, "192.0.2.200"), 2, 2).await;
    let has = |n: i64, prefix: &str| address(n).starts_with(prefix) && n != 5;
    let of = |wanted: &dyn Fn(i64) -> bool| (0..2_000).rev().filter(|n| wanted(*n)).collect::<Vec<i64>>();
    for (filter, order, wanted) in [
        ("inIpRange(connections.destination_ip, \"192.0.2.0/24\")", "", vec![5, 3]),
        ("inIpRange(connections.destination_ip, \"192.0.2.0/24\")", "name", vec![3, 5]),
        ("inIpRange(connections.source_ip, \"192.0.2.0/24\")", "", vec![]),
        ("contains(connections, inIpRange(destination_ip, \"192.0.2.9/32\"))", "severity", vec![3]),
        ("inIpRange(connections.destination_ip, \"10.0.0.5/32\")", "", vec![]),
        ("inIpRange(connections.destination_ip, \"10.0.0.0/8\")", "", of(&|n| has(n, "10."))),
        ("state=ACTIVE AND inIpRange(connections.destination_ip, \"0.0.0.0/0\")", "", of(&|n| n % 2 == 0)),
        (
            "state=ACTIVE AND inIpRange(connections.destination_ip, \"10.0.0.0/8\")",
            "create_time desc,name desc",
            of(&|n| n % 2 == 0 && has(n, "10.")),
        ),
    ] {
        let mut query = everything();
        query.filter = expected(filter.parse(), filter);
        query.order_by = expected(order.parse(), order);
        query.page_size = expected(PageSize::new(300), "a page size");
        let mut met = Vec::new();
        for pages in 0.. {
            assert!(pages < 100, "{filter}: the pages do not end");
            let page = expected(store.list(query.clone()).await, filter);
            assert!(page.total_is_least || page.total_size == wanted.len() as u64, "{filter}");
            met.extend(page.results.into_iter().map(|item| item.finding.name));
            match page.next_page_token {
                Some(token) => query.page_token = Some(token),
                None => break,
            }
        }
        let wanted: Vec<String> = wanted.iter().map(|n| example(*n).finding.name).collect();
        assert_eq!(met, wanted, "{filter} {order}");
    }
    let groups =
        grouped(store, &["state"], "inIpRange(connections.destination_ip, \"192.0.2.0/24\")", None).await;
    assert_eq!(counts(&groups), [(json!({"state": "INACTIVE"}), 2)]);
}
