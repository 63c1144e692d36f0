//! A backend filters as the evaluator says, on findings and filters that chance puts together.

use std::collections::BTreeSet;

use finding::{FindingResource, Timestamp};
use finding_filter::Filter;
use serde_json::{Value, json};

use super::{everything, example, expected};
use crate::{FindingStore, PageSize};

const FINDINGS: i64 = 150;
const FILTERS: u64 = 400;

/// Repeatable chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let at = usize::try_from(self.next() % of.len() as u64).unwrap_or_default();
        of[at].clone()
    }

    fn some<T>(&mut self, most: u64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.next() % (most + 1)).map(|_| make(self)).collect()
    }
}

fn any_finding(n: i64, chance: &mut Chance) -> FindingResource {
    let connection = |chance: &mut Chance| {
        json!({
            "destinationIp": chance.one(&["10.1.2.3", "203.0.113.9", "2001:db8::7", "", "::ffff:10.9.9.9", "odd"]),
            "destinationPort": chance.one(&[0, 53, 443, 4444]),
            "protocol": chance.one(&["TCP", "UDP", "PROTOCOL_UNSPECIFIED"]),
        })
    };
    let process = |chance: &mut Chance| {
        json!({
            "name": chance.one(&["sh", "socat", "SH", ""]),
            "pid": chance.one(&["0", "7", "4711"]),
            "args": chance.some(3, |chance| chance.one(&["-i", "/bin/sh", "", "ÄÖ"])),
            "argumentsTruncated": chance.one(&[true, false]),
            "binary": {"path": chance.one(&["/bin/sh", ""]), "size": chance.one(&["0", "9007199254740993"])},
        })
    };
    let property = chance.one(&[
        json!("7"),
        json!("07"),
        json!("+7"),
        json!("seven"),
        json!(""),
        json!(7),
        json!(-7),
        json!(7.5),
        json!(18_446_744_073_709_551_615_u64),
        json!(true),
        json!(false),
        json!(null),
        json!({"Key": "7"}),
        json!([7]),
        json!("it's \"quoted\" \\ %_\u{1f600}"),
    ]);
    let mut finding = json!({
        "category": chance.one(&["Execution: Socat Reverse Shell Detected", "Reverse Shell", "reverse shell", ""]),
        "state": chance.one(&["ACTIVE", "INACTIVE"]),
        "severity": chance.one(&["LOW", "MEDIUM", "SEVERITY_UNSPECIFIED"]),
        "mute": chance.one(&["MUTED", "UNMUTED", "UNDEFINED"]),
        "description": chance.one(&["", "a b", "A B"]),
        "findingClass": chance.one(&["THREAT", "FINDING_CLASS_UNSPECIFIED"]),
        "sourceProperties": {"Odd_Key": property},
        "securityMarks": {"marks": chance.one(&[json!({}), json!({"team": "Blue"}), json!({"team": "red"})])},
        "indicator": {"ipAddresses": chance.some(2, |c| c.one(&["10.0.0.1", "2001:db8::1", "x"]))},
        "connections": chance.some(2, connection),
        "processes": chance.some(2, process),
        "containers": chance.some(2, |chance| json!({
            "name": chance.one(&["app", "proxy"]),
            "createTime": chance.one(&[json!("2026-11-23T20:13:52Z"), json!("2026-11-23T20:13:52.000000001Z"), json!(null)]),
        })),
        "kubernetes": {"pods": chance.some(2, |chance| json!({
            "ns": chance.one(&["shop", "dev"]),
            "containers": chance.some(2, |c| json!({"name": c.one(&["app", "proxy"])})),
        }))},
        "vedette": chance.one(&[json!({}), json!({"session": {"direction": "reverse", "tls": true}})]),
    });
    let parts = ["connections", "processes", "containers", "kubernetes", "indicator"];
    let left_out = chance.one(&parts);
    if let Some(finding) = finding.as_object_mut() {
        finding.remove(left_out);
        if chance.next().is_multiple_of(2) {
            // every tenth is of a clock that was never set
            let nanos = if n % 10 == 0 { 0 } else { n * 500_000_000 };
            finding.insert("eventTime".into(), json!(Timestamp::from_nanos(nanos).to_string()));
        }
    }
    let resource = chance.one(&[
        json!({}),
        json!({"name": "//r/1", "type": "google.container.Cluster", "gcpMetadata": {"projectDisplayName": "Shop",
            "folders": [{"resourceFolder": "f1"}, {"resourceFolder": "f2"}]}}),
    ]);
    let mut item: FindingResource =
        expected(serde_json::from_value(json!({"finding": finding, "resource": resource})), "a finding");
    item.finding.name = example(n).finding.name;
    item
}

const TERMS: &[&str] = &[
    "category=\"Reverse Shell\"",
    "category:\"SHELL\"",
    "category=\"\"",
    "name:\"f0001\"",
    "state=ACTIVE",
    "severity=SEVERITY_UNSPECIFIED",
    "severity:\"edi\"",
    "mute=MUTED",
    "description=\"\"",
    "description:\"a \"",
    "description:\"\"",
    "finding_class=FINDING_CLASS_UNSPECIFIED",
    "finding_class:unspec",
    "finding_class:*",
    "event_time>=20000",
    "event_time<\"1970-01-01T00:00:40.5Z\"",
    "event_time=\"1970-01-01T00:00:03Z\"",
    "event_time=0",
    "event_time>=0",
    "event_time<=\"1970-01-01T00:00:00Z\"",
    "event_time:*",
    "create_time>0",
    "mute_update_time>0",
    "source_properties.Odd_Key=7",
    "source_properties.Odd_Key=\"7\"",
    "source_properties.Odd_Key<7",
    "source_properties.Odd_Key>=7",
    "source_properties.Odd_Key:\"SEVEN\"",
    "source_properties.Odd_Key>=\"7\"",
    "source_properties.Odd_Key=true",
    "source_properties.Odd_Key=false",
    "source_properties.Odd_Key:\"\"",
    "source_properties.Odd_Key.Key=\"7\"",
    "source_properties.Odd_Key:\"%_\"",
    "source_properties.Odd_Key=\"it's \\\"quoted\\\" \\\\ %_😀\"",
    "source_properties.No_Key=\"\"",
    "source_properties:*",
    "security_marks.marks.team=\"Blue\"",
    "security_marks.marks.team:\"RED\"",
    "security_marks.marks.team:*",
    "security_marks.marks.team=\"\"",
    "security_marks.marks:*",
    "indicator.ip_addresses=\"10.0.0.1\"",
    "indicator.ip_addresses:\"db8\"",
    "indicator.ip_addresses:*",
    "indicator:*",
    "connections:*",
    "connections.destination_port=53",
    "connections.destination_port=0",
    "connections.destination_port>52",
    "connections.destination_port:*",
    "connections.protocol=PROTOCOL_UNSPECIFIED",
    "connections.destination_ip=\"\"",
    "contains(connections, destination_port=53 AND protocol=TCP)",
    "containsOnly(connections, protocol=UDP)",
    "contains(connections, -destination_ip:\"10\")",
    "containsOnly(connections, -destination_ip:*)",
    "inIpRange(connections.destination_ip, \"10.0.0.0/8\")",
    "inIpRange(indicator.ip_addresses, \"2001:db8::/32\")",
    "contains(connections, inIpRange(destination_ip, \"203.0.113.0/24\") AND destination_port>0)",
    "containsOnly(connections, -inIpRange(destination_ip, \"10.0.0.0/8\"))",
    "processes.args=\"-i\"",
    "processes.args=\"\"",
    "processes.args:\"ä\"",
    "processes.args:\"Ö\"",
    "processes.args:*",
    "contains(processes.args, \"/bin/sh\")",
    "containsOnly(processes.args, : \"I\")",
    "processes.pid=0",
    "processes.pid<=7",
    "processes.arguments_truncated=false",
    "processes.arguments_truncated=true",
    "processes.binary.path=\"\"",
    "processes.binary.size=9007199254740993",
    "processes.binary.size=0",
    "contains(processes, name=\"sh\" AND contains(args, \"-i\"))",
    "processes.name=\"sh\"",
    "processes.binary:*",
    "containers.create_time>\"2026-11-23T20:13:52Z\"",
    "containers.create_time<=\"2026-11-23T20:13:52Z\"",
    "containers.create_time:*",
    "kubernetes.pods.ns=\"shop\"",
    "contains(kubernetes.pods, ns=\"shop\" AND containsOnly(containers, name=\"app\"))",
    "contains(kubernetes.pods.containers, name:\"PRO\")",
    "resource.type:\"cluster\"",
    "resource.name=\"\"",
    "resource.project_display_name=\"Shop\"",
    "resource.folders.resource_folder=\"f2\"",
    "resource.folders:*",
    "resource.cloud_provider=CLOUD_PROVIDER_UNSPECIFIED",
    "vedette.session.direction=\"reverse\"",
    "vedette.session.tls=true",
    "vedette.session:*",
    "vedette:*",
];

fn any_filter(chance: &mut Chance, depth: u32) -> String {
    match chance.next() % if depth < 3 { 7 } else { 2 } {
        0 | 1 => chance.one(TERMS).to_owned(),
        2 => format!("-{}", any_part(chance, depth)),
        3 => format!("NOT {}", any_part(chance, depth)),
        4 | 5 => format!("{} AND {}", any_part(chance, depth), any_part(chance, depth)),
        _ => format!("{} OR {}", any_part(chance, depth), any_part(chance, depth)),
    }
}

fn any_part(chance: &mut Chance, depth: u32) -> String {
    let part = any_filter(chance, depth + 1);
    if chance.next().is_multiple_of(2) { format!("({part})") } else { part }
}

async fn fill(store: &dyn FindingStore) -> Vec<(String, Value)> {
    let mut chance = Chance(7);
    let mut stored = Vec::new();
    for n in 1..=FINDINGS {
        let item = any_finding(n, &mut chance);
        expected(store.upsert(&item, 1, Timestamp::from_nanos(1)).await, "an upsert");
        let name = expected(item.finding.name.parse(), "a name");
        let kept = expected(store.get(&name).await, "a get").unwrap_or_default();
        stored.push((item.finding.name, serde_json::to_value(&kept).unwrap_or_default()));
    }
    stored
}

/// Every term alone, and what chance makes of them.
pub async fn a_filter_means_what_its_evaluation_says(store: &dyn FindingStore) {
    let stored = fill(store).await;
    let mut chance = Chance(11);
    let random: Vec<String> = (0..FILTERS).map(|_| any_filter(&mut chance, 0)).collect();
    let (mut all, mut none) = (0, 0);
    for text in TERMS.iter().map(|term| (*term).to_owned()).chain(random) {
        let filter: Filter = expected(text.parse(), &text);
        let mut query = everything();
        query.page_size = PageSize::MAX;
        query.filter = filter.clone();
        let page = expected(store.list(query).await, &text);
        let found: BTreeSet<&str> = page.results.iter().map(|item| item.finding.name.as_str()).collect();
        let should = stored.iter().filter(|(_, item)| filter.matches(&item["finding"], &item["resource"]));
        let should: BTreeSet<&str> = should.map(|(name, _)| name.as_str()).collect();
        let differing: Vec<&&str> = found.symmetric_difference(&should).collect();
        assert!(
            differing.is_empty(),
            "{text}: found {}, should be {}: {differing:?}",
            found.len(),
            should.len()
        );
        assert_eq!(page.total_size, should.len() as u64, "the total of {text}");
        all += u32::from(should.len() == stored.len());
        none += u32::from(should.is_empty());
    }
    // a test in which everything or nothing matches says nothing
    assert!(all + none < u32::try_from(FILTERS / 3).unwrap_or_default(), "{all} match all, {none} none");
}

/// Page by page, also where the backend cannot decide alone, and a token does not fit another filter.
pub async fn a_filtered_walk_meets_every_match_once(store: &dyn FindingStore) {
    let stored = fill(store).await;
    for text in ["state=ACTIVE", "-inIpRange(connections.destination_ip, \"10.0.0.0/8\")"] {
        let filter: Filter = expected(text.parse(), text);
        let mut query = everything();
        query.page_size = expected(PageSize::new(7), "a page size");
        query.filter = filter.clone();
        let mut met = Vec::new();
        loop {
            let page = expected(store.list(query.clone()).await, text);
            met.extend(page.results.into_iter().map(|item| item.finding.name));
            let Some(token) = page.next_page_token else { break };
            query.page_token = Some(token);
        }
        let should = stored.iter().filter(|(_, item)| filter.matches(&item["finding"], &item["resource"]));
        let should: BTreeSet<&String> = should.map(|(name, _)| name).collect();
        assert_eq!(met.len(), should.len(), "{text}");
        assert_eq!(met.iter().collect::<BTreeSet<_>>(), should, "{text}");
        query.filter = expected("mute=MUTED".parse(), "another filter");
        assert!(store.list(query).await.is_err(), "a token of another filter");
    }
}
