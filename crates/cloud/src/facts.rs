//! What a metadata server said of the place.

use crate::Cloud;
use std::fmt;

/// Names, each checked. `None` is what the cloud did not say: nothing here is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whose they are.
    pub cloud: Option<Cloud>,
    /// Project, account or subscription.
    pub project: Option<String>,
    /// The project's number, where a cloud has both.
    pub project_number: Option<String>,
    /// Cluster.
    pub cluster: Option<String>,
    /// The cluster's region or zone, where the cloud says it beside the machine's.
    pub cluster_location: Option<String>,
    /// The machine's region.
    pub region: Option<String>,
    /// The machine's zone.
    pub zone: Option<String>,
    /// The cloud's id of the machine.
    pub instance_id: Option<String>,
    /// The cloud's name of the machine.
    pub instance_name: Option<String>,
}

impl Facts {
    /// Where the cluster is; where the machine is, when it belongs to none.
    pub fn location(&self) -> Option<&str> {
        let told = self.cluster_location.as_deref();
        match &self.cluster {
            None => told.or(self.zone.as_deref()).or(self.region.as_deref()),
            // clusters of EKS and AKS belong to a region; one of GKE may belong to either, and its zone proves nothing
            Some(_) => told.or(self.region.as_deref()),
        }
    }

    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self { cloud: self.cloud, ..Self::default() }
    }

    /// What is missing here is taken from `earlier`.
    pub(crate) fn or(self, earlier: Self) -> Self {
        Self {
            cloud: self.cloud.or(earlier.cloud),
            project: self.project.or(earlier.project),
            project_number: self.project_number.or(earlier.project_number),
            cluster: self.cluster.or(earlier.cluster),
            cluster_location: self.cluster_location.or(earlier.cluster_location),
            region: self.region.or(earlier.region),
            zone: self.zone.or(earlier.zone),
            instance_id: self.instance_id.or(earlier.instance_id),
            instance_name: self.instance_name.or(earlier.instance_name),
        }
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("cluster", self.cluster.as_deref()),
            ("location", self.location()),
            ("project", self.project.as_deref()),
            ("project number", self.project_number.as_deref()),
            ("zone", self.zone.as_deref()),
            ("instance", self.instance_id.as_deref()),
            ("instance name", self.instance_name.as_deref()),
        ];
        let mut said = said.iter().filter_map(|(what, value)| Some((what, (*value)?)));
        let Some((what, value)) = said.next() else { return f.write_str("nothing") };
        write!(f, "{what} {value}")?;
        said.try_for_each(|(what, value)| write!(f, ", {what} {value}"))
    }
}
