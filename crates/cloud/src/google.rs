//! Google Cloud. Key by key: the whole tree would bring the node's bootstrap credentials and keys along.

use crate::plausible::Rule;
use crate::server::{Header, MetadataServer, VALUE_MAX};
use crate::{Cloud, Facts, Round};

/// Asked with, and answered with: a browser that was tricked into asking cannot send it.
pub(crate) const FLAVOUR: Header<'static> = ("Metadata-Flavor", "Google");

/// What is asked for, what it must be, and where it belongs.
type Key = (&'static str, Rule, fn(&mut Facts) -> &mut Option<String>);
const KEYS: [Key; 7] = [
    ("project/project-id", Rule::Name, |facts| &mut facts.project),
    ("project/numeric-project-id", Rule::Number, |facts| &mut facts.project_number),
    ("instance/zone", Rule::Name, |facts| &mut facts.zone),
    ("instance/id", Rule::Number, |facts| &mut facts.instance_id),
    ("instance/name", Rule::Name, |facts| &mut facts.instance_name),
    ("instance/attributes/cluster-name", Rule::Name, |facts| &mut facts.cluster),
    ("instance/attributes/cluster-location", Rule::Name, |facts| &mut facts.cluster_location),
];

pub(crate) fn ask(server: &MetadataServer) -> Round {
    let mut round = Round::of(Cloud::Google);
    for (key, rule, field) in KEYS {
        let answer = server.get(&format!("computeMetadata/v1/{key}"), key, FLAVOUR, VALUE_MAX);
        // the zone comes as projects/NUMBER/zones/ZONE
        let value = round.answer(answer).map(|value| match key {
            "instance/zone" => value.rsplit('/').next().unwrap_or_default().to_owned(),
            _ => value,
        });
        *field(&mut round.facts) = round.checked(key, value, rule);
        if round.is_over() {
            break;
        }
    }
    round
}
