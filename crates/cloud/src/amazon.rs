//! Amazon EC2, version 2 of its metadata service: a token first, then the questions.

use crate::plausible::Rule;
use crate::server::{DOCUMENT_MAX, Header, MetadataServer, VALUE_MAX};
use crate::{Cloud, MetadataError, Round};

const TOKEN_FOR: Header<'static> = ("X-aws-ec2-metadata-token-ttl-seconds", "60");
const TOKEN: &str = "X-aws-ec2-metadata-token";
const IDENTITY: &str = "instance-identity/document";
const TAGS: &str = "tags/instance";
/// Tags that name the cluster. Only AWS itself can set the first, so it goes before the second.
const CLUSTER_TAGS: [&str; 2] = ["aws:eks:cluster-name", "eks:cluster-name"];
/// Before the cluster's name, in a tag whose value says whether the machine belongs to the cluster alone.
const OWNER_TAG: &str = "kubernetes.io/cluster/";
/// Of more clusters than this, none is looked into: a machine belongs to one, and may be shared by a few.
const CLUSTERS_MAX: usize = 8;

/// The part of the identity document that is read.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    account_id: Option<String>,
    region: Option<String>,
    availability_zone: Option<String>,
    instance_id: Option<String>,
}

pub(crate) fn ask(server: &MetadataServer) -> Round {
    let mut round = Round::of(Cloud::Amazon);
    let token = token(server);
    let Some(token) = round.answer(token.map(Some)) else { return round };
    let header = (TOKEN, token.as_str());

    let path = "latest/dynamic/instance-identity/document";
    let answer = server.get(path, IDENTITY, header, DOCUMENT_MAX).and_then(|document| {
        let document = document.ok_or(MetadataError::Nothing)?;
        let malformed = |_| MetadataError::Malformed { key: IDENTITY.to_owned() };
        serde_json::from_str::<Identity>(&document).map(Some).map_err(malformed)
    });
    let Some(identity) = round.answer(answer) else { return round };
    round.facts.region = round.checked("region", identity.region, Rule::Name);
    round.facts.project = round.checked("accountId", identity.account_id, Rule::Number);
    round.facts.zone = round.checked("availabilityZone", identity.availability_zone, Rule::Name);
    round.facts.instance_id = round.checked("instanceId", identity.instance_id, Rule::Name);
    round.facts.cluster = cluster(server, &mut round, header);
    round
}

fn token(server: &MetadataServer) -> Result<String, MetadataError> {
    let key = "api/token";
    let token = server.put("latest/api/token", key, TOKEN_FOR)?;
    // it goes into a header
    let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    if plain { Ok(token) } else { Err(server.foreign(key)) }
}

/// The cluster that the machine's tags name; they are there only where its owner allows tags in the metadata.
fn cluster(server: &MetadataServer, round: &mut Round, header: Header<'_>) -> Option<String> {
    let tag = |tag: &str, limit| {
        let key = if tag.is_empty() { TAGS.to_owned() } else { format!("{TAGS}/{tag}") };
        server.get(&format!("latest/meta-data/{TAGS}/{tag}"), &key, header, limit)
    };
    let listed = round.answer(tag("", DOCUMENT_MAX))?;
    let tags: Vec<&str> = listed.lines().map(str::trim).collect();
    for name in CLUSTER_TAGS.into_iter().filter(|name| tags.contains(name)) {
        let value = round.answer(tag(name, VALUE_MAX));
        if let Some(cluster) = round.checked(name, value, Rule::Name) {
            return Some(cluster);
        }
    }
    let names: Vec<&str> = tags.iter().filter_map(|tag| tag.strip_prefix(OWNER_TAG)).collect();
    if names.len() > CLUSTERS_MAX {
        return None;
    }
    let mut owners = Vec::new();
    for name in names {
        let Some(name) = round.checked(OWNER_TAG, Some(name.to_owned()), Rule::Name) else { continue };
        if round.answer(tag(&format!("{OWNER_TAG}{name}"), VALUE_MAX)).as_deref() == Some("owned") {
            owners.push(name);
        }
    }
    // two owners are none; and who did not answer may be the second
    if owners.len() == 1 && round.failure.is_none() { owners.pop() } else { None }
}
