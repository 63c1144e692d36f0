//! What a finding says of the place: from the configuration, else from the cloud's metadata, else honest local values.
//!
//! `Named, Machine, Facts → Place`, key by key; a worker asks for the facts beside the pipeline.

use cloud::{Cloud, Facts, MetadataServer, Round};
use finding::CloudProvider;
use findings::{GKE, Place};
use host::Machine;
use std::time::Duration;

/// What the configuration says of the place. Nothing has to be said.
#[derive(Debug, Clone, Default)]
pub struct Named {
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) project_number: Option<String>,
    pub(crate) project_display_name: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) node: Option<String>,
    pub(crate) instance_id: Option<String>,
}

impl Named {
    /// The place, with what is known of it by now. Organization, node and `name_location` do not depend on `learned`:
    /// the ids and names of findings are made of them.
    pub fn place(&self, machine: &Machine, learned: &Facts) -> Place {
        let local = Place::local(&machine.node, &machine.machine_id, &machine.kernel);
        let given = |key: &Option<String>| key.clone().filter(|text| !text.is_empty());
        let (node, location) = (given(&self.node), given(&self.location));
        let project = given(&self.project).or_else(|| learned.project.clone()).unwrap_or(local.project);
        // a number belongs to its project, not to another one that the configuration names
        let number = learned.project_number.clone().filter(|_| learned.project.as_ref() == Some(&project));
        let is_gke = learned.cloud == Some(Cloud::Google) && learned.cluster.is_some();
        let name_location = location.clone().unwrap_or(local.name_location);
        let location = location.or_else(|| learned.location().map(str::to_owned)).unwrap_or(local.location);
        Place {
            organization: given(&self.organization).unwrap_or(local.organization),
            project_number: given(&self.project_number).or(number).unwrap_or_else(|| project.clone()),
            project_display_name: given(&self.project_display_name).unwrap_or_else(|| project.clone()),
            project,
            zone: learned.zone.clone().unwrap_or_else(|| location.clone()),
            location,
            name_location,
            cloud: learned.cloud.map_or(local.cloud, provider),
            cluster: given(&self.cluster).or_else(|| learned.cluster.clone()).unwrap_or(local.cluster),
            service: given(&self.service).or_else(|| is_gke.then(|| GKE.into())).unwrap_or(local.service),
            instance_name: node
                .clone()
                .or_else(|| learned.instance_name.clone())
                .unwrap_or(local.instance_name),
            node: node.unwrap_or(local.node),
            instance_id: given(&self.instance_id)
                .or_else(|| learned.instance_id.clone())
                .unwrap_or(local.instance_id),
            kernel: local.kernel,
        }
    }
}

const fn provider(cloud: Cloud) -> CloudProvider {
    match cloud {
        Cloud::Google => CloudProvider::GoogleCloudPlatform,
        Cloud::Amazon => CloudProvider::AmazonWebServices,
        Cloud::Azure => CloudProvider::MicrosoftAzure,
    }
}

/// Asks until the server has told everything or the patience ends, and logs what came of it. `None`: nothing did, or
/// nobody wants to know any more.
pub(crate) fn learn(server: &MetadataServer, mut pause: impl FnMut(Duration) -> bool) -> Option<Facts> {
    let mut wanted = true;
    let Round { facts, ignored, failure } = server.ask_patiently(|wait| {
        wanted = pause(wait);
        wanted
    });
    if !wanted {
        return None;
    }
    let cloud = server.cloud().name();
    for error in ignored {
        tracing::warn!("{cloud}'s metadata: {error}; it is ignored, the configuration may say it instead");
    }
    if let Some(error) = failure {
        tracing::warn!(
            "{cloud}'s metadata server has not told everything ({error}); what it did not tell stays local unless the configuration says it (docs/configuration.md)"
        );
    }
    if facts.is_empty() {
        return None;
    }
    tracing::info!("{cloud}'s metadata server says: {facts}; what the configuration says goes before it");
    Some(facts)
}

#[cfg(test)]
mod tests {
    use super::{Cloud, Facts, MetadataServer, Named, Place, learn};
    use crate::tests::machine;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn gke() -> Facts {
        Facts {
            cloud: Some(Cloud::Google),
            project: some("shop-prod"),
            project_number: some("424242"),
            cluster: some("shop"),
            cluster_location: some("europe-west1"),
            region: None,
            zone: some("europe-west1-b"),
            instance_id: some("5550001"),
            instance_name: some("gke-shop-1"),
        }
    }

    #[test]
    fn nothing_known_is_honestly_local() {
        let place = Named::default().place(&machine(), &Facts::default());
        assert_eq!(place, Place::local("node-7", "m", "6.1"));
    }

    #[test]
    fn what_is_given_wins_key_by_key() {
        let all = Named {
            organization: some("1"),
            project: some("mine"),
            project_number: some("7"),
            project_display_name: some("Mine"),
            location: some("here"),
            cluster: some("own"),
            service: some("k8s.example"),
            node: some("n"),
            instance_id: some("i"),
        };
        let place = all.place(&machine(), &gke());
        assert_eq!(place.cluster_resource(), "//k8s.example/projects/7/locations/here/clusters/own");
        assert_eq!(
            [
                &place.organization,
                &place.project,
                &place.project_display_name,
                &place.node,
                &place.instance_id
            ],
            ["1", "mine", "Mine", "n", "i"]
        );
        assert_eq!((place.name_location.as_str(), place.instance_name.as_str()), ("here", "n"));

        let one = Named { cluster: some("own"), location: some(""), ..Named::default() };
        assert_eq!(
            one.place(&machine(), &gke()).cluster_resource(),
            "//container.googleapis.com/projects/424242/locations/europe-west1/clusters/own"
        );
    }

    #[test]
    fn a_number_is_not_given_to_another_project() {
        let other = Named { project: some("other"), ..Named::default() };
        assert_eq!(other.place(&machine(), &gke()).project_number, "other");
        let same = Named { project: some("shop-prod"), ..Named::default() };
        assert_eq!(same.place(&machine(), &gke()).project_number, "424242");
    }

    #[test]
    fn only_a_cluster_of_gke_is_one() {
        let machine_alone = Facts { cluster: None, cluster_location: None, ..gke() };
        let service = |facts| Named::default().place(&machine(), &facts).service;
        assert_eq!(service(gke()), "container.googleapis.com");
        assert_eq!(service(machine_alone), "kubernetes.vedette.local");
        assert_eq!(service(Facts { cloud: Some(Cloud::Amazon), ..gke() }), "kubernetes.vedette.local");
    }

    #[test]
    fn ids_and_names_do_not_depend_on_what_is_learned() {
        for named in [Named::default(), Named { location: some("here"), node: some("n"), ..Named::default() }]
        {
            let [before, after] = [Facts::default(), gke()].map(|facts| named.place(&machine(), &facts));
            assert_eq!(
                (before.organization, before.name_location, before.node),
                (after.organization, after.name_location, after.node)
            );
        }
    }

    #[test]
    fn nobody_who_stopped_wanting_to_know_is_told() {
        // a port that was free a moment ago
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(learn(&MetadataServer::at(Cloud::Azure, &address), |_| false), None);
    }
}
