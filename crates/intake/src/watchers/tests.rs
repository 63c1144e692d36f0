use std::collections::BTreeSet;

use finding::{FindingClass, Timestamp};

use super::{Trouble, WatchRules, Watched, watch};
use crate::proto::{Counter, DetectorCost, HeartbeatRequest, SpoolState};
use crate::{SensorDocument, Tenancy};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

fn beat(seconds: i64) -> HeartbeatRequest {
    HeartbeatRequest {
        sensor_version: "1".into(),
        start_time_ns: at(1).nanos(),
        now_ns: at(seconds).nanos(),
        counters: vec![Counter { kind: "exec".into(), r#in: 10, out: 10, lost: 0 }],
        probes_loaded: true,
        configuration_hash: "aa".into(),
        binary_hash: "bb".into(),
        parent: "organizations/1/sources/2/locations/global".into(),
        ..HeartbeatRequest::default()
    }
}

fn after(before: Option<&SensorDocument>, beat: &HeartbeatRequest, seconds: i64) -> SensorDocument {
    SensorDocument::after(before, "c", "n", beat, at(seconds))
}

fn look(sensor: &SensorDocument, open: &BTreeSet<String>, seconds: i64) -> Watched {
    watch(std::slice::from_ref(sensor), open, &WatchRules::default(), &Tenancy::default(), at(0), at(seconds))
}

fn categories(watched: &Watched) -> Vec<&str> {
    watched.open.iter().map(|item| item.finding.category.as_str()).collect()
}

#[test]
fn a_silent_node_is_one_finding_that_ends_when_it_is_back() {
    let sensor = after(None, &beat(100), 100);
    assert_eq!(look(&sensor, &BTreeSet::new(), 220), Watched::default());
    let silent = look(&sensor, &BTreeSet::new(), 221);
    assert_eq!(categories(&silent), [Trouble::Silent.category()]);
    assert_eq!(silent.open[0].finding.finding_class, FindingClass::SccError);
    let open: BTreeSet<String> = silent.open.iter().map(|item| item.finding.name.clone()).collect();
    assert_eq!(look(&sensor, &open, 300), Watched::default(), "said once");
    let back = after(Some(&sensor), &beat(301), 301);
    let closed = look(&back, &open, 302);
    assert_eq!((closed.open.len(), closed.close), (0, open.into_iter().collect::<Vec<_>>()));
    assert_eq!(look(&sensor, &BTreeSet::new(), 999).open[0].finding.name, silent.open[0].finding.name);
}

#[test]
fn what_a_node_says_of_its_detectors_is_kept_and_bounded() {
    let cost =
        |n: usize| DetectorCost { module: format!("{n}{}", "x".repeat(600)), events: 7, nanos: u64::MAX };
    let beat = HeartbeatRequest { detectors: (0..100).map(cost).collect(), ..beat(100) };
    let sensor = after(None, &beat, 100);
    assert_eq!(sensor.detectors.len(), 64);
    assert!(sensor.detectors.iter().all(|(module, cost)| module.len() == 512 && cost.events == 7));
    let written = serde_json::to_value(&sensor).unwrap();
    let read: SensorDocument = serde_json::from_value(written).unwrap();
    assert_eq!(read, sensor);
}

#[test]
fn a_server_that_was_away_itself_calls_nobody_silent() {
    let sensor = after(None, &beat(100), 100);
    let watched =
        watch(&[sensor], &BTreeSet::new(), &WatchRules::default(), &Tenancy::default(), at(9_000), at(9_100));
    assert_eq!(watched, Watched::default());
}

#[test]
fn a_node_that_is_gone_for_long_is_forgotten() {
    let sensor = after(None, &beat(100), 100);
    let watched = look(&sensor, &["x".to_owned()].into(), 100 + 15 * 24 * 3600);
    assert_eq!((watched.open.len(), watched.close.len()), (0, 1));
    assert_eq!(watched.forget, [("c".to_owned(), "n".to_owned())]);
}

#[test]
fn losses_are_found_in_counters_and_in_the_spool_and_end_after_some_time() {
    let first = after(None, &beat(100), 100);
    let mut lossy = beat(130);
    lossy.counters[0].lost = 7;
    let second = after(Some(&first), &lossy, 130);
    assert_eq!(second.lost_lately, 7);
    assert_eq!(categories(&look(&second, &BTreeSet::new(), 131)), [Trouble::Losing.category()]);
    let third = after(Some(&second), &lossy, 160);
    assert_eq!(third.lost_lately, 0, "no new loss");
    assert_eq!(categories(&look(&third, &BTreeSet::new(), 161)), [Trouble::Losing.category()]);
    lossy.now_ns = at(740).nanos();
    let calm = after(Some(&third), &lossy, 740);
    assert_eq!(look(&calm, &BTreeSet::new(), 741), Watched::default());
    let spooled =
        HeartbeatRequest { spool: Some(SpoolState { lost_findings: 2, ..SpoolState::default() }), ..lossy };
    assert_eq!(after(Some(&calm), &spooled, 760).lost_lately, 2);
}

#[test]
fn tampering_is_a_threat_and_an_upgrade_is_none() {
    let first = after(None, &beat(100), 100);
    let blind = HeartbeatRequest { probes_loaded: false, ..beat(130) };
    let watched = look(&after(Some(&first), &blind, 130), &BTreeSet::new(), 131);
    assert_eq!(categories(&watched), [Trouble::ProbesGone.category()]);
    assert_eq!(watched.open[0].finding.finding_class, FindingClass::Threat);

    let other = HeartbeatRequest { binary_hash: "cc".into(), configuration_hash: "dd".into(), ..beat(130) };
    let changed = after(Some(&first), &other, 130);
    let watched = look(&changed, &BTreeSet::new(), 131);
    assert_eq!(categories(&watched), [Trouble::Changed.category()]);
    assert_eq!(watched.open[0].finding.finding_class, FindingClass::Threat);
    // it is remembered though the next heartbeat says the same
    assert_eq!(look(&after(Some(&changed), &other, 160), &BTreeSet::new(), 161).open.len(), 1);

    let upgrade = HeartbeatRequest { sensor_version: "2".into(), start_time_ns: at(129).nanos(), ..other };
    assert_eq!(look(&after(Some(&first), &upgrade, 130), &BTreeSet::new(), 131), Watched::default());
}

#[test]
fn too_many_starts_and_a_wrong_clock_are_errors() {
    let mut sensor = after(None, &beat(100), 100);
    for start in 0..6 {
        let again = HeartbeatRequest { start_time_ns: at(200 + start).nanos(), ..beat(110 + start) };
        sensor = after(Some(&sensor), &again, 110 + start);
    }
    assert_eq!(categories(&look(&sensor, &BTreeSet::new(), 120)), [Trouble::Restarting.category()]);
    let skewed = after(None, &beat(5_000), 100);
    let watched = look(&skewed, &BTreeSet::new(), 120);
    assert_eq!(categories(&watched), [Trouble::ClockSkewed.category()]);
    assert_eq!(watched.open[0].finding.finding_class, FindingClass::SccError);
}

#[test]
fn a_node_that_says_nothing_usable_of_where_it_is_does_not_go_unseen() {
    let fallback = "organizations/local/sources/vedette/locations/global";
    for parent in
        ["", "organizations/1/../../x", "organizations/-/sources/v/locations/l", "projects/p/sources/v"]
    {
        let lie = HeartbeatRequest {
            parent: parent.into(),
            probes_loaded: false,
            resource_json: br#"{"displayName": "another", "name": "//h/projects/p"}"#.to_vec(),
            ..beat(100)
        };
        let watched = look(&after(None, &lie, 100), &BTreeSet::new(), 101);
        assert_eq!(categories(&watched), [Trouble::ProbesGone.category()], "{parent:?}");
        let item = &watched.open[0];
        assert_eq!(item.finding.parent, fallback);
        assert_eq!((item.resource.display_name.as_str(), item.resource.name.as_str()), ("c", ""));
    }
}

#[test]
fn an_organization_that_is_not_the_servers_is_not_written_to() {
    let sensor = after(None, &beat(100), 100);
    let tenancy = Tenancy { organization: Some("7".into()), ..Tenancy::default() };
    let watched = watch(&[sensor], &BTreeSet::new(), &WatchRules::default(), &tenancy, at(0), at(999));
    assert_eq!(watched.open[0].finding.parent, "organizations/7/sources/vedette/locations/global");
}

#[test]
fn names_of_the_watchers_are_nobody_elses() {
    let sensor = after(None, &beat(100), 100);
    let item = &look(&sensor, &BTreeSet::new(), 999).open[0];
    let name: finding::FindingName = item.finding.name.parse().unwrap();
    assert_eq!(name.finding().len(), 32);
    assert!(super::is_reserved_id(name.finding()) && super::is_reserved_id("Sensor1"));
    assert!(!super::is_reserved_id(&"0f".repeat(16)) && !super::is_reserved_id("é"));
    for category in Trouble::ALL.map(Trouble::category).into_iter().chain([
        "vedette:x",
        " Vedette : x",
        "Ve\u{200b}dette: x",
    ]) {
        assert!(super::is_reserved_category(category), "{category:?}");
    }
    assert!(!super::is_reserved_category("Reverse Shell"));
}
