//! Where the sensor watches: what a finding says of cluster, project and node.

use finding::CloudProvider;

/// Service of clusters that gcloud knows.
pub const GKE: &str = "container.googleapis.com";

/// Names of the place. Empty ones are replaced by honest local values, never by guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Organization id.
    pub organization: String,
    /// Project id.
    pub project: String,
    /// Project number; the id where there is none.
    pub project_number: String,
    /// Project name as people know it.
    pub project_display_name: String,
    /// Region or zone of the cluster.
    pub location: String,
    /// Location in the names of findings. It never changes while Vedette runs, whatever is learned of the place later:
    /// a finding is stored by its name.
    pub name_location: String,
    /// Whose cloud.
    pub cloud: CloudProvider,
    /// Cluster name.
    pub cluster: String,
    /// Service host of the cluster's full resource name.
    pub service: String,
    /// Node name.
    pub node: String,
    /// The cloud's instance id; the machine id elsewhere.
    pub instance_id: String,
    /// The cloud's name of the node; the node's own where there is none.
    pub instance_name: String,
    /// The node's zone. A cluster of a region has nodes in several.
    pub zone: String,
    /// Kernel release of the node.
    pub kernel: String,
}

impl Place {
    /// A machine that belongs to no cluster and no cloud, as far as anybody has said.
    pub fn local(node: &str, machine_id: &str, kernel: &str) -> Self {
        Self {
            organization: "local".into(),
            project: "local".into(),
            project_number: "local".into(),
            project_display_name: "local".into(),
            location: "local".into(),
            name_location: "local".into(),
            cloud: CloudProvider::Unspecified,
            cluster: "local".into(),
            service: "kubernetes.vedette.local".into(),
            node: node.into(),
            instance_id: machine_id.into(),
            instance_name: node.into(),
            zone: "local".into(),
            kernel: kernel.into(),
        }
    }

    /// The cluster is Google's, and gcloud knows it.
    pub fn is_gke(&self) -> bool {
        self.service == GKE
    }

    /// Full resource name of the cluster.
    pub fn cluster_resource(&self) -> String {
        let Self { service, project_number, location, cluster, .. } = self;
        format!("//{service}/projects/{project_number}/locations/{location}/clusters/{cluster}")
    }

    /// Full resource name of the node.
    pub fn node_resource(&self) -> String {
        let Self { project, zone, instance_name, node, .. } = self;
        if self.is_gke() {
            format!("//compute.googleapis.com/projects/{project}/zones/{zone}/instances/{instance_name}")
        } else {
            format!("{}/nodes/{node}", self.cluster_resource())
        }
    }

    /// Zone (`europe-west1-b`) or region (`europe-west1`), which decides a flag of gcloud.
    pub fn is_zone(&self) -> bool {
        self.location.rsplit('-').next().is_some_and(|last| last.len() == 1)
            && self.location.matches('-').count() >= 2
    }
}
