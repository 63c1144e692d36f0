//! How sensors do, by the rules of the findings about them.

use std::collections::BTreeMap;

use api::{SensorHealth, SensorProblem, SensorState};
use finding::Timestamp;
use intake::SensorDocument;
use intake::watchers::{Trouble, WatchRules, look};
use serde_json::Value;

/// Looks at sensors as the watchers do.
pub(crate) struct Watching {
    pub(crate) rules: WatchRules,
    /// Before, nobody could be heard.
    pub(crate) since: Timestamp,
}

/// The worst first: who was tampered with may be silent because of that.
fn state(troubles: &BTreeMap<Trouble, String>) -> SensorState {
    let has = |trouble| troubles.contains_key(&trouble);
    if has(Trouble::ProbesGone) || has(Trouble::Changed) {
        SensorState::Tampered
    } else if has(Trouble::Silent) {
        SensorState::Silent
    } else if has(Trouble::Losing) {
        SensorState::Losing
    } else {
        SensorState::Ok
    }
}

/// By the sensor's own clock, which may be wrong.
fn lag(sensor: &SensorDocument) -> i64 {
    let heard = sensor.received_at.nanos().saturating_add(sensor.skew_ns);
    sensor.spool_oldest.map_or(0, |oldest| heard.saturating_sub(oldest.nanos()).max(0))
}

impl api::Sensors for Watching {
    fn health(&self, stored: &Value, now: Timestamp) -> Option<SensorHealth> {
        let sensor: SensorDocument = serde_json::from_value(stored.clone()).ok()?;
        let troubles = look(&sensor, &self.rules, self.since, now);
        let problem = |(trouble, says): (&Trouble, &String)| SensorProblem {
            problem: says.clone(),
            advice: trouble.advice().into(),
        };
        let mut lost: BTreeMap<String, u64> =
            sensor.counters.iter().map(|(kind, counts)| (kind.clone(), counts.lost)).collect();
        lost.insert("spool".into(), sensor.spool_lost);
        Some(SensorHealth {
            state: state(&troubles),
            problems: troubles.iter().map(problem).collect(),
            lag_ns: lag(&sensor),
            lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use api::{SensorState, Sensors as _};
    use finding::Timestamp;
    use intake::SensorDocument;
    use intake::watchers::WatchRules;
    use serde_json::{Value, json};

    use super::Watching;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * SECOND)
    }

    fn stored(change: impl Fn(&mut SensorDocument)) -> Value {
        let mut sensor = SensorDocument {
            cluster: "shop".into(),
            node: "n1".into(),
            received_at: at(10_000),
            probes_loaded: true,
            ..SensorDocument::default()
        };
        change(&mut sensor);
        serde_json::to_value(sensor).unwrap()
    }

    #[test]
    fn a_sensor_is_in_the_state_of_its_worst_trouble() {
        let watching = Watching { rules: WatchRules::default(), since: at(1) };
        let state = |stored: &Value, now: i64| {
            let health = watching.health(stored, at(now)).unwrap();
            assert!(health.problems.iter().all(|one| !one.problem.is_empty() && !one.advice.is_empty()));
            (health.state, health.problems.len())
        };
        assert_eq!(state(&stored(|_| {}), 10_001), (SensorState::Ok, 0));
        assert_eq!(state(&stored(|_| {}), 10_200), (SensorState::Silent, 1));
        let losing = stored(|sensor| sensor.lost_at = Some(at(9_900)));
        assert_eq!(state(&losing, 10_001), (SensorState::Losing, 1));
        assert_eq!(state(&losing, 10_200), (SensorState::Silent, 2));
        let tampered = stored(|sensor| sensor.probes_loaded = false);
        assert_eq!(state(&tampered, 10_200), (SensorState::Tampered, 2));
        let skewed = stored(|sensor| sensor.skew_ns = 400 * SECOND);
        assert_eq!(state(&skewed, 10_001), (SensorState::Ok, 1));
        let later = Watching { since: at(10_190), ..watching };
        let health = later.health(&stored(|_| {}), at(10_200)).unwrap();
        assert_eq!(health.state, SensorState::Ok, "nobody could be heard before");
        assert!(later.health(&json!({"receivedAt": 7}), at(1)).is_none());
    }

    #[test]
    fn lag_is_by_the_sensors_own_clock_and_losses_have_their_kind() {
        let watching = Watching { rules: WatchRules::default(), since: at(1) };
        let waiting = stored(|sensor| {
            sensor.skew_ns = 100 * SECOND;
            sensor.spool_oldest = Some(at(10_097));
            sensor.spool_lost = 2;
            sensor.counters = [("exec".into(), serde_json::from_value(json!({"lost": 7})).unwrap())].into();
        });
        let health = watching.health(&waiting, at(10_001)).unwrap();
        assert_eq!(health.lag_ns, 3 * SECOND);
        assert_eq!(health.lost, [("exec".to_owned(), 7), ("spool".into(), 2)].into());
    }
}
