//! Which findings are hidden, and by what.
//!
//! A finding's mute follows from two things: what was said once (by a user, or by a static rule when the finding was new) and
//! which dynamic rules match it now. What was said once wins.

use finding::{DynamicMuteRecord, Finding, FindingResource, Mute, StaticMute, Timestamp};
use finding_filter::Filter;

/// A rule that hides what it matches.
#[derive(Debug, Clone, PartialEq)]
pub struct MuteRule {
    /// Name of its mute config.
    pub config: String,
    /// What it matches.
    pub filter: Filter,
    /// It applies for as long as it matches; otherwise once, to new findings.
    pub is_dynamic: bool,
    /// It ends then.
    pub expires: Option<Timestamp>,
}

/// All rules in force.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MuteRules(Vec<MuteRule>);

impl MuteRules {
    /// In the order in which static rules are tried.
    pub fn new(rules: Vec<MuteRule>) -> Self {
        Self(rules)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Brings a finding's mute in line with the rules at `now`. A finding that `is_new` can be hidden by a static rule.
    pub fn settle(&self, item: &mut FindingResource, is_new: bool, now: Timestamp) {
        let matching = self.matching(item, is_new, now);
        let finding = &mut item.finding;
        if is_new
            && finding.mute_info.static_mute.state == Mute::Unspecified
            && let Some(rule) = matching.iter().find(|rule| !rule.is_dynamic)
        {
            say(finding, Mute::Muted, &rule.config, now);
        }
        let before = std::mem::take(&mut finding.mute_info.dynamic_mute_records);
        let records = matching.iter().filter(|rule| rule.is_dynamic).map(|rule| {
            let known = before.iter().find(|record| record.mute_config == rule.config);
            known.cloned().unwrap_or_else(|| DynamicMuteRecord {
                mute_config: rule.config.clone(),
                match_time: Some(now),
            })
        });
        finding.mute_info.dynamic_mute_records = records.collect();
        decide(finding, &before, now);
    }

    fn matching(&self, item: &FindingResource, is_new: bool, now: Timestamp) -> Vec<&MuteRule> {
        let in_force = |rule: &&MuteRule| {
            (rule.is_dynamic || is_new) && rule.expires.is_none_or(|expires| now < expires)
        };
        let rules: Vec<&MuteRule> = self.0.iter().filter(in_force).collect();
        if rules.is_empty() {
            return rules;
        }
        // strings, numbers and maps with string keys cannot fail to become JSON
        let json = serde_json::to_value(item).unwrap_or_default();
        let matches = |rule: &&MuteRule| rule.filter.matches(&json["finding"], &json["resource"]);
        rules.into_iter().filter(|rule| rule.reaches(&item.finding)).filter(matches).collect()
    }
}

impl MuteRule {
    /// Whether a finding belongs to the scope of the rule's config. Filters have no case where names do, so that they cannot say
    /// it.
    fn reaches(&self, finding: &Finding) -> bool {
        let Some((scope, _)) = self.config.split_once("/locations/") else { return true };
        let within = |name: &str| name.strip_prefix(scope).is_some_and(|rest| rest.starts_with("/sources/"));
        scope == "organizations/-" || within(&finding.name) || within(&finding.canonical_name)
    }
}

/// What is said of a finding once and stays until something else is said: by a user (`by` is who) or by a static rule (`by`
/// is its mute config). [`Mute::Undefined`] takes it back, so that dynamic rules decide again.
pub fn say(finding: &mut Finding, mute: Mute, by: &str, now: Timestamp) {
    finding.mute_info.static_mute = match mute {
        Mute::Muted | Mute::Unmuted => StaticMute { state: mute, apply_time: Some(now) },
        Mute::Undefined | Mute::Unspecified => StaticMute::default(),
    };
    by.clone_into(&mut finding.mute_initiator);
    finding.mute_update_time = Some(now);
    finding.mute = effective(finding);
}

fn effective(finding: &Finding) -> Mute {
    match finding.mute_info.static_mute.state {
        said @ (Mute::Muted | Mute::Unmuted) => said,
        _ if !finding.mute_info.dynamic_mute_records.is_empty() => Mute::Muted,
        _ => Mute::Undefined,
    }
}

fn decide(finding: &mut Finding, before: &[DynamicMuteRecord], now: Timestamp) {
    let mute = effective(finding);
    if mute == finding.mute {
        return;
    }
    // hidden or shown before there were records: what was said then stays said
    if before.is_empty()
        && finding.mute_info.static_mute.state == Mute::Unspecified
        && matches!(finding.mute, Mute::Muted | Mute::Unmuted)
    {
        let apply_time = finding.mute_update_time.or(finding.create_time);
        finding.mute_info.static_mute = StaticMute { state: finding.mute, apply_time };
        return;
    }
    finding.mute = mute;
    finding.mute_update_time = Some(now);
    let records = &finding.mute_info.dynamic_mute_records;
    let by = records.first().or(before.first()).map(|record| record.mute_config.clone());
    finding.mute_initiator = by.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::{MuteRule, MuteRules, say};
    use finding::{Finding, FindingResource, Mute, Severity, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_rule_reaches_no_further_than_its_scope() {
        let mut finding = Finding {
            name: "organizations/1/sources/s/locations/l/findings/f".into(),
            canonical_name: "projects/shop/sources/s/locations/l/findings/f".into(),
            ..Finding::default()
        };
        let reaches = |scope: &str, finding: &Finding| {
            rule(&format!("{scope}/locations/global/muteConfigs/m"), "", true, None).reaches(finding)
        };
        for scope in ["organizations/1", "projects/shop", "organizations/-"] {
            assert!(reaches(scope, &finding), "{scope}");
        }
        for scope in ["projects/Shop", "projects/sho", "organizations/11", "folders/1"] {
            assert!(!reaches(scope, &finding), "{scope}");
        }
        finding.canonical_name.clear();
        assert!(!reaches("projects/shop", &finding));
    }

    fn rule(config: &str, filter: &str, is_dynamic: bool, expires: Option<Timestamp>) -> MuteRule {
        MuteRule { config: config.into(), filter: filter.parse().unwrap(), is_dynamic, expires }
    }

    fn high() -> FindingResource {
        let mut item = FindingResource::default();
        item.finding.severity = Severity::High;
        item.finding.mute = Mute::Undefined;
        item
    }

    #[test]
    fn a_dynamic_rule_applies_while_it_matches_and_then_no_longer() {
        let rules = MuteRules::new(vec![rule("m/a", "severity=HIGH", true, Some(at(100)))]);
        let mut item = high();
        rules.settle(&mut item, false, at(1));
        assert_eq!((item.finding.mute, item.finding.mute_initiator.as_str()), (Mute::Muted, "m/a"));
        assert_eq!(item.finding.mute_info.dynamic_mute_records[0].match_time, Some(at(1)));
        rules.settle(&mut item, false, at(50));
        assert_eq!(item.finding.mute_info.dynamic_mute_records[0].match_time, Some(at(1)), "since when");
        item.finding.severity = Severity::Low;
        rules.settle(&mut item, false, at(51));
        assert_eq!(item.finding.mute, Mute::Undefined);
        item.finding.severity = Severity::High;
        rules.settle(&mut item, false, at(52));
        assert_eq!(item.finding.mute, Mute::Muted);
        rules.settle(&mut item, false, at(100));
        assert_eq!(item.finding.mute, Mute::Undefined, "expired");
    }

    #[test]
    fn a_static_rule_applies_once_to_what_is_new() {
        let rules = MuteRules::new(vec![rule("m/s", "severity=HIGH", false, None)]);
        let (mut new, mut old) = (high(), high());
        rules.settle(&mut new, true, at(1));
        rules.settle(&mut old, false, at(1));
        assert_eq!((new.finding.mute, old.finding.mute), (Mute::Muted, Mute::Undefined));
        MuteRules::default().settle(&mut new, false, at(2));
        assert_eq!(new.finding.mute, Mute::Muted, "it stays when the rule is gone");
    }

    #[test]
    fn what_was_said_wins_over_dynamic_rules_until_it_is_taken_back() {
        let rules = MuteRules::new(vec![rule("m/a", "severity=HIGH", true, None)]);
        let mut item = high();
        say(&mut item.finding, Mute::Unmuted, "user:a", at(1));
        rules.settle(&mut item, false, at(2));
        assert_eq!((item.finding.mute, item.finding.mute_initiator.as_str()), (Mute::Unmuted, "user:a"));
        assert_eq!(item.finding.mute_info.dynamic_mute_records.len(), 1, "matched all the same");
        say(&mut item.finding, Mute::Undefined, "user:a", at(3));
        assert_eq!(item.finding.mute, Mute::Muted);
    }

    #[test]
    fn what_was_hidden_before_there_were_rules_stays_hidden() {
        let rules = MuteRules::new(vec![rule("m/a", "severity=LOW", true, None)]);
        let mut item = high();
        item.finding.mute = Mute::Muted;
        rules.settle(&mut item, false, at(2));
        assert_eq!(item.finding.mute, Mute::Muted);
    }
}
