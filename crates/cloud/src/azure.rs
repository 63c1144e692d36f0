//! Microsoft Azure: one document.

use crate::plausible::Rule;
use crate::server::{DOCUMENT_MAX, Header, MetadataServer};
use crate::{Cloud, MetadataError, Round};

const METADATA: Header<'static> = ("Metadata", "true");
const INSTANCE: &str = "metadata/instance";

#[derive(serde::Deserialize)]
struct Instance {
    compute: Compute,
}

/// The part of the document that is read.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Compute {
    subscription_id: Option<String>,
    location: Option<String>,
    vm_id: Option<String>,
    name: Option<String>,
    resource_group_name: Option<String>,
}

pub(crate) fn ask(server: &MetadataServer) -> Round {
    let mut round = Round::of(Cloud::Azure);
    let path = "metadata/instance?api-version=2021-02-01";
    let answer = server.get(path, INSTANCE, METADATA, DOCUMENT_MAX).and_then(|document| {
        let document = document.ok_or(MetadataError::Nothing)?;
        let malformed = |_| MetadataError::Malformed { key: INSTANCE.to_owned() };
        serde_json::from_str::<Instance>(&document).map(|instance| Some(instance.compute)).map_err(malformed)
    });
    let Some(compute) = round.answer(answer) else { return round };
    round.facts.project = round.checked("subscriptionId", compute.subscription_id, Rule::Name);
    round.facts.region = round.checked("location", compute.location, Rule::Name);
    round.facts.instance_id = round.checked("vmId", compute.vm_id, Rule::Name);
    round.facts.instance_name = round.checked("name", compute.name, Rule::Name);
    let group = compute.resource_group_name.unwrap_or_default();
    let cluster = round.facts.region.as_deref().and_then(|location| cluster(&group, location));
    round.facts.cluster = round.checked("resourceGroupName", cluster.map(str::to_owned), Rule::Name);
    round
}

/// AKS calls the group of a cluster's nodes `MC_GROUP_CLUSTER_LOCATION`. Group and cluster may hold underscores
/// themselves; with more than one between them nobody can tell which is which.
fn cluster<'a>(group: &'a str, location: &str) -> Option<&'a str> {
    let (prefix, rest) = group.split_at_checked("MC_".len())?;
    let (names, end) = rest.split_at_checked(rest.len().checked_sub(location.len())?)?;
    let names = names.strip_suffix('_')?;
    let (_, cluster) =
        names.split_once('_').filter(|(group, cluster)| !group.is_empty() && !cluster.is_empty())?;
    let ours = prefix.eq_ignore_ascii_case("MC_") && end.eq_ignore_ascii_case(location);
    (ours && !cluster.contains('_')).then_some(cluster)
}

#[cfg(test)]
mod tests {
    use super::cluster;

    #[test]
    fn a_cluster_is_named_only_when_there_is_one_way_to_read_the_group() {
        for (group, named) in [
            ("MC_shop-rg_shop_westeurope", Some("shop")),
            ("mc_Shop-RG_Shop-1_WESTEUROPE", Some("Shop-1")),
            ("MC_shop_rg_shop_westeurope", None),
            ("MC_shop_westeurope", None),
            ("MC__shop_westeurope", None),
            ("MC_shop-rg__westeurope", None),
            ("MC_shop-rg_shop_northeurope", None),
            // cut at 80 characters: the location is not whole
            ("MC_shop-rg_shop_westeur", None),
            ("shop-rg", None),
            ("MC_größe_westeurope", None),
            ("ü", None),
            ("", None),
        ] {
            assert_eq!(cluster(group, "westeurope"), named, "{group:?}");
        }
    }
}
