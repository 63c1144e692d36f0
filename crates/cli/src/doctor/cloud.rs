//! The cloud: which one the machine is in, and what its metadata server says of the place.

use super::Row;
use anyhow::Result;
use cloud::{Cloud, Round};
use sensor::configuration::Configuration;
use std::path::Path;

const COST: &str = "findings say `local` for cluster, project and location that nobody names";
const REMEDY: &str = "name them in the configuration (docs/configuration.md), or let the metadata server be reached: in a pod share the node's network (hostNetwork: true), or on Amazon allow a hop limit of 2";

pub(crate) fn rows(configuration: Option<&Path>) -> Result<Vec<Row>> {
    let configuration = Configuration::load(configuration)?;
    let sys_root = Path::new("/sys");
    let row = match configuration.metadata_server(sys_root) {
        Some(server) => judge(server.cloud(), &server.ask()),
        None => unasked(Cloud::of_machine(sys_root)),
    };
    Ok(vec![row])
}

fn unasked(cloud: Option<Cloud>) -> Row {
    match cloud {
        Some(cloud) => Row::ok("cloud", format!("{}, not asked (cloudMetadata: off)", cloud.name())),
        None => {
            Row::ok("cloud", "none that the firmware names; the configuration may name cluster and project")
        }
    }
}

fn judge(cloud: Cloud, round: &Round) -> Row {
    let found = format!("{}, whose metadata server says: {}", cloud.name(), round.facts);
    let problems: Vec<String> =
        round.failure.iter().chain(&round.ignored).map(|problem| format!("; {problem}")).collect();
    if problems.is_empty() {
        Row::ok("cloud", found)
    } else {
        Row::less("cloud", format!("{found}{}", problems.concat()), COST, REMEDY)
    }
}

#[cfg(test)]
mod tests {
    use super::{judge, unasked};
    use crate::doctor::Verdict;
    use cloud::{Cloud, Facts, MetadataError, Round};

    #[test]
    fn the_cloud_and_what_it_says_are_named() {
        assert!(unasked(None).found.starts_with("none"));
        assert!(unasked(Some(Cloud::Azure)).found.contains("cloudMetadata: off"));
        let facts = Facts { project: Some("shop-prod".into()), ..Facts::default() };
        let row = judge(Cloud::Google, &Round { facts, ..Round::default() });
        assert_eq!(row.verdict, Verdict::Ok);
        assert_eq!(row.found, "Google Cloud, whose metadata server says: project shop-prod");
    }

    #[test]
    fn a_server_that_does_not_answer_costs_names() {
        let failure = MetadataError::Status { key: "api/token".into(), status: 403 };
        let row = judge(Cloud::Amazon, &Round { failure: Some(failure), ..Round::default() });
        assert_eq!(row.verdict, Verdict::Less);
        assert!(row.found.contains("says: nothing; api/token: "), "{}", row.found);
    }
}
