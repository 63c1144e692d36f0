//! Which of two versions of a finding holds.

use crate::session::{end, ended, is_open};
use finding::{FindingResource, lose_evidence};
use serde_json::Value;

/// What is to be stored when a finding comes, given what is stored of it; `None` leaves that as it is.
///
/// Live state read after a restart knows less than what was seen as it happened, except of the session's end and of what
/// the restart cost.
pub fn settle(stored: Option<&FindingResource>, new: FindingResource) -> Option<FindingResource> {
    let Some(stored) = stored.filter(|stored| is_from_snapshot(&new) && !is_from_snapshot(stored)) else {
        return Some(new);
    };
    let mut known = stored.clone();
    let ended = ended(&new.finding).filter(|_| is_open(&stored.finding));
    let mut says_more = ended.is_some();
    if let Some(ended) = ended {
        end(&mut known.finding, ended);
    }
    let lost = new.finding.vedette.get("evidenceLost").and_then(Value::as_array);
    for piece in lost.into_iter().flatten() {
        says_more |= lose_evidence(&mut known.finding.vedette, piece);
    }
    says_more.then_some(known)
}

fn is_from_snapshot(item: &FindingResource) -> bool {
    let coverage = item.finding.vedette.get("coverage");
    coverage.and_then(|coverage| coverage.get("fromSnapshot")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::settle;
    use finding::FindingResource;
    use serde_json::{Map, Value, json};

    fn version(from_snapshot: bool, ended: Value) -> FindingResource {
        let mut item = FindingResource::default();
        item.finding.category = if from_snapshot { "read" } else { "seen" }.into();
        item.finding.vedette = Map::from_iter([
            ("coverage".into(), json!({"fromSnapshot": from_snapshot})),
            ("session".into(), json!({"ended": ended, "endedExactly": true})),
        ]);
        item
    }

    const END: &str = "2026-01-02T03:04:05Z";

    #[test]
    fn what_was_seen_is_not_replaced_by_what_is_read_afterwards() {
        let [seen, read] = [false, true].map(|from_snapshot| version(from_snapshot, Value::Null));
        assert_eq!(settle(Some(&seen), read.clone()), None);
        assert_eq!(settle(None, read.clone()), Some(read.clone()));
        assert_eq!(settle(Some(&read), seen.clone()), Some(seen.clone()));
        assert_eq!(settle(Some(&seen), seen.clone()), Some(seen), "it may say more");
        assert_eq!(settle(Some(&read), read.clone()), Some(read));
    }

    #[test]
    fn the_end_of_a_session_is_learnt_once() {
        let (mut seen, read) = (version(false, Value::Null), version(true, json!(END)));
        let story = json!({"events": [{"kind": "EXEC", "time": "2026-01-02T03:04:04Z"}]});
        seen.finding.vedette.insert("story".into(), story);
        let known = settle(Some(&seen), read.clone()).unwrap();
        assert_eq!(
            (known.finding.category.as_str(), &known.finding.vedette["session"]["ended"]),
            ("seen", &json!(END))
        );
        let told = &known.finding.vedette["story"]["events"][1];
        assert_eq!((&told["kind"], &told["time"]), (&json!("SESSION_END"), &json!(END)));
        assert_eq!(settle(Some(&known), read), None);
        assert_eq!(settle(Some(&known), version(true, Value::Null)), None, "it does not begin again");
    }

    #[test]
    fn what_a_restart_cost_is_said_by_what_was_seen_before_it() {
        let piece = |name: &str| json!({"name": name, "kind": "EXECUTABLE", "sha256": "ab"});
        let mut seen = version(false, Value::Null);
        seen.finding.vedette.insert("evidence".into(), json!([piece("/a"), piece("/b")]));
        let mut read = version(true, Value::Null);
        read.finding.vedette.insert("evidenceLost".into(), json!([piece("/b")]));
        let known = settle(Some(&seen), read.clone()).unwrap();
        assert_eq!(known.finding.category, "seen");
        assert_eq!(known.finding.vedette["evidence"], json!([piece("/a")]));
        assert_eq!(known.finding.vedette["evidenceLost"], json!([piece("/b")]));
        assert_eq!(known.finding.vedette["coverage"]["complete"], false);
        assert_eq!(settle(Some(&known), read), None, "said once");
    }

    #[test]
    fn a_finding_that_says_nothing_of_where_it_is_from_replaces_what_is_stored() {
        let other = FindingResource::default();
        assert_eq!(settle(Some(&version(false, Value::Null)), other.clone()), Some(other));
    }
}
