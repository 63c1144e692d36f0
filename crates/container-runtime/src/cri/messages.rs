//! The messages of the CRI (`runtime.v1`) that Vedette exchanges, with the fields that it reads.
//!
//! A written-out subset: field numbers are the contract, unknown fields are skipped by protobuf itself. The whole
//! interface would need a protobuf compiler at build time and minutes of compilation for eight messages.

use std::collections::BTreeMap;

use super::Call;

/// Declares which method a request belongs to and what answers it.
macro_rules! calls {
    ($($request:ident => $answer:ident at $method:literal;)*) => {
        $(impl Call for $request {
            type Answer = $answer;
            const METHOD: &'static str = $method;
        })*
    };
}
#[cfg(feature = "authoring")]
pub(super) use calls;

calls! {
    VersionRequest => VersionResponse at "/runtime.v1.RuntimeService/Version";
    ListContainersRequest => ListContainersResponse at "/runtime.v1.RuntimeService/ListContainers";
    ContainerStatusRequest => ContainerStatusResponse at "/runtime.v1.RuntimeService/ContainerStatus";
    PodSandboxStatusRequest => PodSandboxStatusResponse at "/runtime.v1.RuntimeService/PodSandboxStatus";
    ImageStatusRequest => ImageStatusResponse at "/runtime.v1.ImageService/ImageStatus";
}

/// Who are you?
#[derive(Clone, PartialEq, prost::Message)]
pub struct VersionRequest {
    /// Version of the kubelet's side; free text.
    #[prost(string, tag = "1")]
    pub version: String,
}

/// The runtime's name and version.
#[derive(Clone, PartialEq, prost::Message)]
pub struct VersionResponse {
    /// `containerd`, `cri-o`.
    #[prost(string, tag = "2")]
    pub runtime_name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub runtime_version: String,
}

/// Which containers?
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerFilter {
    /// Identity; empty for all.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Identity of the sandbox; empty for all.
    #[prost(string, tag = "3")]
    pub pod_sandbox_id: String,
}

/// Containers, running or not.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListContainersRequest {
    /// Restricts the answer.
    #[prost(message, optional, tag = "1")]
    pub filter: Option<ContainerFilter>,
}

/// Containers.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ListContainersResponse {
    /// In no order.
    #[prost(message, repeated, tag = "1")]
    pub containers: Vec<Container>,
}

/// One container of a list.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Container {
    /// Identity.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Identity of its sandbox; `ContainerStatus` does not say it.
    #[prost(string, tag = "2")]
    pub pod_sandbox_id: String,
}

/// Everything about one container.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerStatusRequest {
    /// Identity.
    #[prost(string, tag = "1")]
    pub container_id: String,
}

/// Everything about one container.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerStatusResponse {
    /// The status.
    #[prost(message, optional, tag = "1")]
    pub status: Option<ContainerStatus>,
}

/// Everything about one container.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerStatus {
    /// Identity.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Name and attempt.
    #[prost(message, optional, tag = "2")]
    pub metadata: Option<ContainerMetadata>,
    /// 0 created, 1 running, 2 exited, 3 unknown.
    #[prost(int32, tag = "3")]
    pub state: i32,
    /// Nanoseconds since the epoch.
    #[prost(int64, tag = "4")]
    pub created_at: i64,
    /// Meaningful once exited.
    #[prost(int32, tag = "7")]
    pub exit_code: i32,
    /// The image as asked for (or as resolved: runtimes differ).
    #[prost(message, optional, tag = "8")]
    pub image: Option<ImageSpec>,
    /// A reference with digest, or the image's identity.
    #[prost(string, tag = "9")]
    pub image_ref: String,
    /// The container's labels.
    #[prost(btree_map = "string, string", tag = "12")]
    pub labels: BTreeMap<String, String>,
    /// File of its log lines on the node.
    #[prost(string, tag = "15")]
    pub log_path: String,
}

/// A container's name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContainerMetadata {
    /// Name within the pod.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Restarts so far.
    #[prost(uint32, tag = "2")]
    pub attempt: u32,
}

/// An image.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImageSpec {
    /// Reference or identity.
    #[prost(string, tag = "1")]
    pub image: String,
    /// Reference as the user wrote it; empty with older runtimes.
    #[prost(string, tag = "18")]
    pub user_specified_image: String,
}

/// Everything about one sandbox.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxStatusRequest {
    /// Identity.
    #[prost(string, tag = "1")]
    pub pod_sandbox_id: String,
}

/// Everything about one sandbox.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxStatusResponse {
    /// The status.
    #[prost(message, optional, tag = "1")]
    pub status: Option<PodSandboxStatus>,
}

/// Everything about one sandbox.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxStatus {
    /// Identity.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Whose sandbox.
    #[prost(message, optional, tag = "2")]
    pub metadata: Option<PodSandboxMetadata>,
    /// Nanoseconds since the epoch.
    #[prost(int64, tag = "4")]
    pub created_at: i64,
    /// The pod's labels with three of the kubelet's own.
    #[prost(btree_map = "string, string", tag = "7")]
    pub labels: BTreeMap<String, String>,
}

/// The pod's names.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxMetadata {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Uid.
    #[prost(string, tag = "2")]
    pub uid: String,
    /// Namespace.
    #[prost(string, tag = "3")]
    pub namespace: String,
    /// Sandboxes made before this one.
    #[prost(uint32, tag = "4")]
    pub attempt: u32,
}

/// Everything about one image.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImageStatusRequest {
    /// Which.
    #[prost(message, optional, tag = "1")]
    pub image: Option<ImageSpec>,
}

/// Everything about one image.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ImageStatusResponse {
    /// `None` when the runtime does not have it.
    #[prost(message, optional, tag = "1")]
    pub image: Option<Image>,
}

/// An image that the runtime has.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Image {
    /// Identity: the digest of its configuration.
    #[prost(string, tag = "1")]
    pub id: String,
    /// References by tag.
    #[prost(string, repeated, tag = "2")]
    pub repo_tags: Vec<String>,
    /// References by digest of the manifest.
    #[prost(string, repeated, tag = "3")]
    pub repo_digests: Vec<String>,
}
