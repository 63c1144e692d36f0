//! A node's findings.

use std::time::{SystemTime, UNIX_EPOCH};

use finding::{Finding, FindingResource, Resource, State, Timestamp};

pub(crate) const CLUSTER: &str = "c1";
pub(crate) const NODE: &str = "n1";

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(since.as_nanos() as i64)
}

pub(crate) fn item(number: usize, description: &str) -> FindingResource {
    let parent = "organizations/1/sources/v/locations/l".to_owned();
    let finding = Finding {
        name: format!("{parent}/findings/{number:032x}"),
        canonical_name: format!("projects/p/sources/v/locations/l/findings/{number:032x}"),
        parent,
        state: State::Active,
        category: "Reverse Shell".into(),
        description: description.into(),
        event_time: Some(now()),
        source_properties: [("VM_Instance_Name".to_owned(), NODE.into())].into(),
        ..Finding::default()
    };
    let resource = Resource {
        name: format!("//c.local/projects/p/locations/l/clusters/{CLUSTER}"),
        display_name: CLUSTER.into(),
        ..Resource::default()
    };
    FindingResource { finding, resource }
}
