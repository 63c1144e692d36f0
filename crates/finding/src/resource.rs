//! The resource a finding is about.
//!
//! v1 and v2 give it different shapes: v1 has the project's and parent's names on the resource itself, v2 has them
//! under `gcpMetadata`. The values here are v2's; [`Resource::v1`] gives the other shape.

use serde_json::{Map, Value};

use crate::wire::{is_default, message, wire_enum};

/// Key with the project's display name as the published playbook spells it.
const PLAYBOOK_ALIAS: &str = "project_display_name";

/// A resource: for Vedette, a cluster.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    /// Full resource name: `//container.googleapis.com/projects/P/locations/L/clusters/C`.
    pub name: String,
    /// Name for a reader.
    pub display_name: String,
    /// Type, such as `google.container.Cluster`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose cloud.
    pub cloud_provider: CloudProvider,
    /// Service it belongs to.
    pub service: String,
    /// Region or zone.
    pub location: String,
    /// Project, parent, folders, organization.
    pub gcp_metadata: GcpMetadata,
    /// The path from the organization down.
    pub resource_path: ResourcePath,
    /// The same as one string.
    pub resource_path_string: String,
}

/// An object under construction that leaves empty values out, as proto3 JSON does.
struct Fields(Map<String, Value>);

impl Fields {
    fn put<T: serde::Serialize + Default + PartialEq>(&mut self, key: &str, value: &T) {
        if is_default(value) {
            return;
        }
        // Strings, enums and lists of plain structs cannot fail to become JSON.
        if let Ok(value) = serde_json::to_value(value) {
            self.0.insert(key.to_owned(), value);
        }
    }
}

impl Resource {
    fn shared(&self) -> Fields {
        let mut fields = Fields(Map::new());
        fields.put("name", &self.name);
        fields.put("displayName", &self.display_name);
        fields.put("type", &self.kind);
        fields.put("cloudProvider", &self.cloud_provider);
        fields.put("service", &self.service);
        fields.put("location", &self.location);
        fields.put("resourcePath", &self.resource_path);
        fields.put("resourcePathString", &self.resource_path_string);
        fields.put(PLAYBOOK_ALIAS, &self.gcp_metadata.project_display_name);
        fields
    }

    /// The v2 shape.
    pub fn v2(&self) -> Value {
        let mut fields = self.shared();
        fields.put("gcpMetadata", &self.gcp_metadata);
        Value::Object(fields.0)
    }

    /// The v1 shape of a list result: project and parent are named on the resource itself.
    pub fn v1(&self) -> Value {
        let mut fields = self.shared();
        let gcp = &self.gcp_metadata;
        fields.put("projectName", &gcp.project);
        fields.put("projectDisplayName", &gcp.project_display_name);
        fields.put("parentName", &gcp.parent);
        fields.put("parentDisplayName", &gcp.parent_display_name);
        fields.put("folders", &gcp.folders);
        fields.put("organization", &gcp.organization);
        Value::Object(fields.0)
    }
}

impl serde::Serialize for Resource {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.v2().serialize(serializer)
    }
}

message! {
    /// Where the resource hangs.
    GcpMetadata {
        /// Full resource name of the project.
        project: String,
        /// Project name for a reader.
        project_display_name: String,
        /// Full resource name of the parent.
        parent: String,
        /// Parent name for a reader.
        parent_display_name: String,
        /// Folders, nearest first.
        folders: Vec<Folder>,
        /// Organization.
        organization: String,
    }
}

message! {
    /// A folder.
    Folder {
        /// Full resource name.
        resource_folder: String,
        /// Name for a reader.
        resource_folder_display_name: String,
    }
}

message! {
    /// Path from the organization down.
    ResourcePath {
        /// Its steps.
        nodes: Vec<ResourcePathNode>,
    }
}

message! {
    /// One step of a path.
    ResourcePathNode {
        /// What it is (`GCP_PROJECT`, …).
        node_type: String,
        /// Identity.
        id: String,
        /// Name for a reader.
        display_name: String,
    }
}

wire_enum! {
    /// Whose cloud a resource is in; unspecified for one's own machines.
    CloudProvider {
        Unspecified = 0 "CLOUD_PROVIDER_UNSPECIFIED",
        /// Google Cloud.
        GoogleCloudPlatform = 1 "GOOGLE_CLOUD_PLATFORM",
        /// Amazon Web Services.
        AmazonWebServices = 2 "AMAZON_WEB_SERVICES",
        /// Microsoft Azure.
        MicrosoftAzure = 3 "MICROSOFT_AZURE",
    }
}
