//! What a node may say in a finding, and what of it is the server's to say. Pure: time is a parameter.

use certificates::NodeIdentity;
use finding::{Finding, FindingName, FindingResource, Mute, NameError, State, Timestamp};
use serde_json::Value;

use crate::tenancy::{Tenancy, project_of};
use crate::watchers;

/// Clocks of nodes may be ahead of the server's by this much, nanoseconds.
const AHEAD: i64 = 5 * 60 * 1_000_000_000;

/// Key of what a node said of the time of an event that has not come yet.
const TIME_SAID: &str = "eventTimeSaid";

/// The node that a finding speaks of.
fn node_of(item: &FindingResource) -> Option<&str> {
    item.finding.source_properties.get("VM_Instance_Name").and_then(Value::as_str)
}

/// What a finding says of where it was made, against who sends it.
pub(super) fn belongs(item: &FindingResource, sender: &NodeIdentity) -> Result<(), String> {
    let (cluster, node) = (&item.resource.display_name, node_of(item).unwrap_or_default());
    if cluster != sender.cluster() || node != sender.node() {
        let sender = (sender.cluster(), sender.node());
        return Err(format!(
            "it speaks of node {node:?} of cluster {cluster:?}, but {sender:?} sent it; a node writes findings about itself"
        ));
    }
    Ok(())
}

/// What is the server's own is written by nobody else.
pub(super) fn unreserved(name: &FindingName, category: &str) -> Result<(), String> {
    if watchers::is_reserved_id(name.finding()) {
        return Err(format!("{name} is a name of the server's own findings about sensors"));
    }
    if watchers::is_reserved_category(category) {
        return Err(format!("category {category:?} is one of the server's own findings about sensors"));
    }
    Ok(())
}

/// Google writes a project's number where people write its id: only two of one kind can be told apart.
fn differ(one: &str, other: &str) -> bool {
    let is_number = |project: &str| project.bytes().all(|byte| byte.is_ascii_digit());
    one != other && is_number(one) == is_number(other)
}

/// Name and canonical name of a finding that a node may write.
pub(super) fn names(
    item: &FindingResource,
    sender: &NodeIdentity,
    tenancy: &Tenancy,
) -> Result<(FindingName, FindingName), String> {
    let Finding { name, canonical_name, parent, category, .. } = &item.finding;
    let name: FindingName = name.parse().map_err(|error: NameError| error.to_string())?;
    unreserved(&name, category)?;
    if name.location().is_none() {
        return Err(format!("{name} has no location; a sensor's names have one"));
    }
    if *parent != name.parent().to_string() {
        return Err(format!("parent: {parent:?} is not the parent of {name}"));
    }
    let canonical: FindingName =
        canonical_name.parse().map_err(|error: NameError| format!("canonicalName: {error}"))?;
    let same = canonical.finding() == name.finding() && canonical.source() == name.source();
    if !same || canonical.location() != name.location() {
        return Err(format!("canonicalName: {canonical} is of another finding than {name}"));
    }
    let project = canonical.scope().id();
    if let Some(said) = project_of(&item.resource.name).filter(|said| differ(said, project)) {
        let cluster = sender.cluster();
        return Err(format!(
            "canonicalName: {canonical} is of project {project:?}, but cluster {cluster:?} is of project {said:?}"
        ));
    }
    tenancy.allows(sender.cluster(), &name, &canonical, &item.resource)?;
    Ok((name, canonical))
}

/// Other names that clients know a finding by: v1 has no locations, and writes `global` for none.
pub(super) fn unlocated(name: &FindingName) -> Option<FindingName> {
    name.location().filter(|location| *location == "global")?;
    FindingName::new(name.scope().clone(), name.source(), None, name.finding()).ok()
}

/// What belongs to users is theirs from the beginning: a node cannot hide what it sends.
pub(super) fn unclaimed(item: &mut FindingResource) {
    let finding = &mut item.finding;
    finding.state = State::Active;
    finding.mute = Mute::Undefined;
    finding.mute_info = Default::default();
    finding.mute_update_time = None;
    finding.mute_initiator = String::new();
    finding.external_systems = Default::default();
    finding.security_marks = Default::default();
    finding.create_time = None;
}

/// An event that has not come yet would be the newest one for ever. What the node said stays readable.
pub(super) fn timely(item: &mut FindingResource, stored: Option<&FindingResource>, now: Timestamp) {
    let finding = &mut item.finding;
    finding.vedette.remove(TIME_SAID);
    let Some(said) = finding.event_time.filter(|at| at.nanos() > now.nanos().saturating_add(AHEAD)) else {
        return;
    };
    let said = Value::from(said.to_string());
    // said again, it is the same finding as before
    let before = stored.filter(|stored| stored.finding.vedette.get(TIME_SAID) == Some(&said));
    finding.event_time = before.map_or(Some(now), |stored| stored.finding.event_time);
    finding.vedette.insert(TIME_SAID.into(), said);
}

#[cfg(test)]
mod tests {
    use super::{differ, timely};
    use finding::{FindingResource, Timestamp};

    #[test]
    fn a_number_and_an_id_may_be_one_project() {
        assert!(!differ("42", "shop") && !differ("shop", "shop") && !differ("42", "42"));
        assert!(differ("42", "43") && differ("shop", "bank"));
    }

    #[test]
    fn what_has_not_come_yet_came_now_and_stays_so() {
        let minutes = |count: i64| Timestamp::from_nanos(count * 60_000_000_000);
        let item = |at: i64| {
            let mut item = FindingResource::default();
            item.finding.event_time = Some(minutes(at));
            item
        };
        let mut near = item(5);
        timely(&mut near, None, minutes(0));
        assert_eq!(near, item(5));
        let mut far = item(6);
        timely(&mut far, None, minutes(0));
        assert_eq!(far.finding.event_time, Some(minutes(0)));
        assert_eq!(far.finding.vedette["eventTimeSaid"], minutes(6).to_string());
        let mut again = item(600);
        timely(&mut again, Some(&far), minutes(1));
        assert_eq!(again.finding.event_time, Some(minutes(1)), "another time was said");
        let mut again = item(600);
        timely(&mut again, None, minutes(0));
        let mut repeated = item(600);
        timely(&mut repeated, Some(&again), minutes(2));
        assert_eq!(repeated, again);
    }
}
