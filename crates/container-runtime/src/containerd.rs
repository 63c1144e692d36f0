//! What containerd says about a container that no kubelet made.
//!
//! `Containers/Get (image) → Images/Get (digest) → Container`. Its CRI knows the kubelet's containers alone.

use std::collections::BTreeMap;

use event::{Container, RuntimeKind};

use crate::bundle::{bounded_labels, digest_of};
use crate::cri::{Call, Connection};
use crate::error::SocketProblem;

#[derive(Clone, PartialEq, prost::Message)]
struct GetContainer {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GotContainer {
    #[prost(message, optional, tag = "1")]
    container: Option<Stored>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(btree_map = "string, string", tag = "2")]
    labels: BTreeMap<String, String>,
    #[prost(string, tag = "3")]
    image: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GetImage {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GotImage {
    #[prost(message, optional, tag = "1")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Image {
    #[prost(message, optional, tag = "3")]
    target: Option<Descriptor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Descriptor {
    #[prost(string, tag = "2")]
    digest: String,
}

impl Call for GetContainer {
    type Answer = GotContainer;
    const METHOD: &'static str = "/containerd.services.containers.v1.Containers/Get";
}

impl Call for GetImage {
    type Answer = GotImage;
    const METHOD: &'static str = "/containerd.services.images.v1.Images/Get";
}

/// containerd's namespace, if it keeps this container: the folder above the bundle.
pub(crate) fn namespace(container: &Container) -> Option<&str> {
    let bundle = container.bundle.as_deref().filter(|_| container.runtime == RuntimeKind::Containerd)?;
    bundle.parent()?.file_name()?.to_str()
}

/// Image and labels.
pub(crate) async fn ask(
    connection: &Connection,
    container: &Container,
    namespace: &str,
) -> Result<Container, SocketProblem> {
    let id = container.id.as_str().to_owned();
    let stored = connection.ask_in(namespace, GetContainer { id }).await?.container;
    let stored = stored.ok_or(SocketProblem::NotFound)?;
    let mut told = container.clone();
    if told.labels.is_empty() {
        told.labels = bounded_labels(stored.labels);
    }
    if told.image.reference.is_empty() {
        told.image.reference = crate::bundle::bounded(stored.image.clone());
    }
    if told.image.digest.is_empty() && !stored.image.is_empty() {
        // it may have been removed while its container runs
        let image = connection.ask_in(namespace, GetImage { name: stored.image }).await.ok();
        let target = image.and_then(|got| got.image?.target);
        told.image.digest = target.map(|target| digest_of(&target.digest)).unwrap_or_default();
    }
    Ok(told)
}
