//! What a runtime's CRI says about a container.
//!
//! `ListContainers (sandbox) → ContainerStatus → ImageStatus → PodSandboxStatus → Container`

use std::path::PathBuf;

use event::{Container, ContainerId, PodFacts, RuntimeKind};

use crate::bundle::{bounded_labels, digest_of, is_kubelets};
use crate::cri::Connection;
use crate::cri::messages::{
    ContainerFilter, ContainerStatus, ContainerStatusRequest, Image, ImageSpec, ImageStatusRequest,
    ListContainersRequest, PodSandboxStatus, PodSandboxStatusRequest, VersionRequest,
};
use crate::error::SocketProblem;

/// Everything that one runtime says about `container`.
pub(crate) async fn ask(connection: &Connection, container: &Container) -> Result<Container, SocketProblem> {
    let id = container.id.as_str().to_owned();
    let filter = Some(ContainerFilter { id: id.clone(), ..ContainerFilter::default() });
    let listed = connection.ask(ListContainersRequest { filter }).await?.containers;
    // The filter also takes a beginning of an identity.
    let Some(listed) = listed.into_iter().find(|listed| listed.id == id) else {
        let sandbox = sandbox(connection, id).await?.ok_or(SocketProblem::NotFound)?;
        return Ok(with_sandbox(container.clone(), sandbox));
    };
    let status = connection.ask(ContainerStatusRequest { container_id: id }).await?.status;
    let status = status.ok_or(SocketProblem::NotFound)?;
    let image = image(connection, &status).await;
    let pod = sandbox(connection, listed.pod_sandbox_id).await?;
    let mut told = with_status(container.clone(), status, image);
    // A pod whose sandbox is gone in this moment keeps what was known before.
    told.complete = pod.is_some();
    if let Some(pod) = pod {
        with_pod(&mut told, pod);
    }
    told.runtime = runtime(connection, told.runtime).await;
    Ok(told)
}

async fn sandbox(connection: &Connection, id: String) -> Result<Option<PodSandboxStatus>, SocketProblem> {
    match connection.ask(PodSandboxStatusRequest { pod_sandbox_id: id }).await {
        Ok(answer) => Ok(answer.status),
        Err(SocketProblem::NotFound) => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// An image may have been removed while its container runs, so no answer is no failure.
async fn image(connection: &Connection, status: &ContainerStatus) -> Option<Image> {
    let spec = ImageSpec { image: status.image_ref.clone(), ..ImageSpec::default() };
    connection.ask(ImageStatusRequest { image: Some(spec) }).await.ok()?.image
}

async fn runtime(connection: &Connection, known: RuntimeKind) -> RuntimeKind {
    if known != RuntimeKind::Unknown {
        return known;
    }
    match connection.ask(VersionRequest::default()).await.map(|answer| answer.runtime_name) {
        Ok(name) if name == "containerd" => RuntimeKind::Containerd,
        Ok(name) if name == "cri-o" => RuntimeKind::Crio,
        Ok(name) if name == "docker" => RuntimeKind::Docker,
        _ => RuntimeKind::Unknown,
    }
}

fn with_status(mut container: Container, status: ContainerStatus, image: Option<Image>) -> Container {
    let spec = status.image.unwrap_or_default();
    let tag = image.as_ref().and_then(|image| image.repo_tags.first()).cloned().unwrap_or_default();
    // The name that a person wrote beats a resolved one, and that beats an identity.
    let reference = [spec.user_specified_image, container.image.reference, spec.image, tag]
        .into_iter()
        .find(|text| !text.is_empty() && digest_of(text) != *text)
        .unwrap_or_default();
    let digests = image.iter().flat_map(|image| &image.repo_digests).map(|reference| digest_of(reference));
    let identity = image.iter().map(|image| digest_of(&image.id));
    let from_reference = Some(digest_of(&status.image_ref)).filter(|_| status.image_ref.contains('@'));
    let digest = from_reference
        .into_iter()
        .chain(digests)
        .chain(identity)
        .chain([digest_of(&status.image_ref)])
        .find(|digest| !digest.is_empty());
    container.image.reference = reference;
    if let Some(digest) = digest {
        container.image.digest = digest;
    }
    if let Some(name) = status.metadata.map(|metadata| metadata.name).filter(|name| !name.is_empty()) {
        container.name = name;
    }
    container.labels = bounded_labels(status.labels);
    container.created_ns = u64::try_from(status.created_at).unwrap_or(container.created_ns);
    if status.log_path.starts_with('/') {
        container.log_path = Some(PathBuf::from(status.log_path));
    }
    container
}

fn with_pod(container: &mut Container, sandbox: PodSandboxStatus) {
    let metadata = sandbox.metadata.unwrap_or_default();
    let mut labels = sandbox.labels;
    labels.retain(|key, _| !is_kubelets(key));
    let known = container.pod.take().unwrap_or_default();
    container.pod = Some(PodFacts {
        // What the kernel's names said stays.
        uid: if known.uid.is_empty() { metadata.uid } else { known.uid },
        name: metadata.name,
        namespace: metadata.namespace,
        labels: bounded_labels(labels),
    });
}

fn with_sandbox(mut container: Container, sandbox: PodSandboxStatus) -> Container {
    container.sandbox = true;
    container.complete = true;
    container.created_ns = u64::try_from(sandbox.created_at).unwrap_or(container.created_ns);
    with_pod(&mut container, sandbox);
    container
}

/// Name and version of a runtime.
pub(crate) async fn version(connection: &Connection) -> Result<(String, String), SocketProblem> {
    let answer = connection.ask(VersionRequest { version: "v1".to_owned() }).await?;
    Ok((answer.runtime_name, answer.runtime_version))
}

/// Whether a failure says something about the socket rather than about the container.
pub(crate) const fn is_the_sockets(problem: &SocketProblem) -> bool {
    match problem {
        SocketProblem::Unreachable(_) | SocketProblem::Hung { .. } | SocketProblem::Refused { .. } => true,
        SocketProblem::NotFound | SocketProblem::Resting { .. } => false,
    }
}

/// The error for a container that no socket knew.
pub(crate) fn none_knew(id: &ContainerId, asked: Vec<PathBuf>) -> crate::RuntimeError {
    crate::RuntimeError::NotFound { id: id.clone(), asked }
}

#[cfg(test)]
mod tests {
    use event::{Container, ContainerId, RuntimeKind};

    use super::with_status;
    use crate::cri::messages::{ContainerStatus, Image, ImageSpec};

    fn bare() -> Container {
        Container::bare(ContainerId::new(&"a".repeat(64)).unwrap(), RuntimeKind::Unknown, None)
    }

    fn sha(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn a_manifests_digest_beats_an_images_identity() {
        let status = |reference: String| ContainerStatus {
            image: Some(ImageSpec { image: sha('1'), ..ImageSpec::default() }),
            image_ref: reference,
            ..ContainerStatus::default()
        };
        let image = |digests: &[String]| Image {
            id: sha('1'),
            repo_tags: vec!["docker.io/app:1".to_owned()],
            repo_digests: digests.iter().map(|digest| format!("docker.io/app@{digest}")).collect(),
        };
        let told =
            with_status(bare(), status(format!("docker.io/app@{}", sha('2'))), Some(image(&[sha('3')])));
        assert_eq!(told.image.digest, sha('2'));
        let told = with_status(bare(), status(sha('1')), Some(image(&[sha('3')])));
        assert_eq!(told.image.digest, sha('3'));
        assert_eq!(told.image.reference, "docker.io/app:1");
        let told = with_status(bare(), status(sha('1')), Some(image(&[])));
        assert_eq!(told.image.digest, sha('1'));
        let told = with_status(bare(), status(sha('1')), None);
        assert_eq!((told.image.reference.as_str(), told.image.digest), ("", sha('1')));
    }
}
