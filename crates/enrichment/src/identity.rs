//! Which container does a control group belong to?
//!
//! `path (top downwards) → pod level or container-like name → CgroupIdentity`
//!
//! The names below a container's own directory are written by the container (a delegated or privileged one may make
//! sub-groups there), so the outermost match is the truth and everything below it is ignored. The single exception is
//! a machine that is itself a container (kind, k3d, minikube with Docker): below its directory the first pod level
//! counts, because there the kubelet's containers are what the user asks about.

use event::{ContainerId, RuntimeKind, Text};

/// Digits of an identity that is recognised by its form alone.
const FULL_LENGTH: usize = 64;

/// A pod's uid is a UUID for every pod of the API server and a hash for a static one; a manifest may name its own.
const LONGEST_UID: usize = 64;

/// What a control group's path says about its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupIdentity {
    /// The container.
    pub container: ContainerId,
    /// Its runtime, where the name tells.
    pub runtime: RuntimeKind,
    /// Kubernetes uid of its pod, with dashes as the API writes it.
    pub pod_uid: Option<String>,
    /// Index in the path of the container's own directory; what follows is inside the container.
    pub position: usize,
    /// The container that is this one's machine, if its name is true: whoever may make groups in there wrote this one.
    pub within: Option<(ContainerId, RuntimeKind)>,
}

/// Finds the container that a control group belongs to. `path` holds the directory names from the top of the hierarchy
/// downwards, without the root. `None`: a process of the node itself, or of the runtime (conmon, a shim).
pub fn identify(path: &[Text]) -> Option<CgroupIdentity> {
    let mut outer: Option<CgroupIdentity> = None;
    let mut pod: Option<String> = None;
    for (position, text) in path.iter().enumerate() {
        let Some(name) = text.as_str() else {
            if pod.is_some() {
                return outer;
            }
            continue;
        };
        let parent = position.checked_sub(1).and_then(|above| path.get(above)).and_then(Text::as_str);
        if let Some(uid) = pod {
            // Only the directory right below the first pod level can be the pod's container.
            return match role(name, parent, Place::InPod) {
                Role::Container(container, runtime) => {
                    let within = outer.map(|o| (o.container, o.runtime));
                    Some(CgroupIdentity { within, ..identity(container, runtime, Some(uid), position) })
                }
                Role::Helper | Role::Other => outer,
            };
        }
        if let Some((slice, unit)) = unescaped_unit(name)
            && let Some(uid) = pod_of_slice(slice)
        {
            return match role(unit, None, Place::InPod) {
                Role::Container(container, runtime) => {
                    let within = outer.map(|o| (o.container, o.runtime));
                    Some(CgroupIdentity { within, ..identity(container, runtime, Some(uid), position) })
                }
                Role::Helper | Role::Other => outer,
            };
        }
        pod = pod_level(&path[..position], name);
        if pod.is_some() || outer.is_some() {
            continue;
        }
        match role(name, parent, Place::Anywhere) {
            Role::Container(container, runtime) => {
                let found = identity(container, runtime, None, position);
                if !may_be_a_node(runtime, name, parent) {
                    return Some(found);
                }
                outer = Some(found);
            }
            Role::Helper => return None,
            Role::Other => {}
        }
    }
    outer
}

fn identity(
    container: ContainerId,
    runtime: RuntimeKind,
    pod_uid: Option<String>,
    position: usize,
) -> CgroupIdentity {
    CgroupIdentity { container, runtime, pod_uid, position, within: None }
}

/// Containers of a Kubernetes runtime are never nodes of another cluster's machine; the others may be.
fn may_be_a_node(runtime: RuntimeKind, name: &str, parent: Option<&str>) -> bool {
    match runtime {
        RuntimeKind::Docker | RuntimeKind::Podman | RuntimeKind::Unknown => true,
        RuntimeKind::Containerd => parent == Some("default") || name.starts_with("nerdctl-"),
        RuntimeKind::Crio | RuntimeKind::Runc | RuntimeKind::Crun => false,
    }
}

/// What a directory's name says it is.
enum Role {
    Container(ContainerId, RuntimeKind),
    /// A process of the runtime beside a container (its monitor).
    Helper,
    Other,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Right below a pod level, where a bare identity of any length is a container.
    InPod,
    Anywhere,
}

fn role(name: &str, parent: Option<&str>, place: Place) -> Role {
    if let Some((_, unit)) = unescaped_unit(name) {
        return role(unit, None, place);
    }
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    // libpod keeps its pods as directories named by their own 64 digits; its containers always carry a prefix.
    if parent == Some("libpod_parent") && !stem.contains('-') {
        return Role::Other;
    }
    let (prefix, digits) = match stem.rsplit_once(['-', ':']) {
        Some((prefix, digits)) => (Some(prefix), digits),
        None => (None, stem),
    };
    let Some(container) = ContainerId::new(digits) else { return Role::Other };
    let full = digits.len() == FULL_LENGTH;
    match prefix {
        None if full || place == Place::InPod => Role::Container(container, runtime_of_parent(parent)),
        None => Role::Other,
        Some(prefix) if prefix.ends_with("conmon") => Role::Helper,
        Some(prefix) => match runtime_of_prefix(prefix) {
            Some(runtime) => Role::Container(container, runtime),
            // A runtime that is not in the table still writes `<its name>-<64 digits>`.
            None if full => Role::Container(container, RuntimeKind::Unknown),
            None => Role::Other,
        },
    }
}

fn runtime_of_prefix(prefix: &str) -> Option<RuntimeKind> {
    Some(match prefix {
        "cri-containerd" | "containerd" | "nerdctl" => RuntimeKind::Containerd,
        "crio" => RuntimeKind::Crio,
        "docker" => RuntimeKind::Docker,
        "libpod" | "libpod-payload" => RuntimeKind::Podman,
        _ => return None,
    })
}

/// containerd names a container without a pod below its own namespace, Docker below `docker`.
fn runtime_of_parent(parent: Option<&str>) -> RuntimeKind {
    match parent {
        Some("docker") => RuntimeKind::Docker,
        Some("k8s.io" | "default") => RuntimeKind::Containerd,
        _ => RuntimeKind::Unknown,
    }
}

/// `slice:prefix:id` is a systemd unit that a runtime without the systemd driver took for a directory's name.
/// Returns the slice and `prefix:id`.
fn unescaped_unit(name: &str) -> Option<(&str, &str)> {
    let (slice, unit) = name.split_once(':')?;
    (unit.matches(':').count() == 1).then_some((slice, unit))
}

/// The uid, if `name` is a pod's directory below `above`.
fn pod_level(above: &[Text], name: &str) -> Option<String> {
    if let Some(uid) = pod_of_slice(name) {
        return Some(uid);
    }
    let uid = name.strip_prefix("pod").and_then(uid)?;
    let mut upwards = above.iter().rev().map(|text| text.as_str().unwrap_or_default());
    let nearest = upwards.next()?;
    let top = if is_quality_class(nearest) { upwards.next()? } else { nearest };
    (top == "kubepods").then_some(uid)
}

/// The uid in `[…-]kubepods[-class]-pod<uid>.slice`; systemd writes the uid's dashes as underscores.
fn pod_of_slice(name: &str) -> Option<String> {
    let mut parts = name.strip_suffix(".slice")?.rsplit('-');
    let uid = uid(&parts.next()?.strip_prefix("pod")?.replace('_', "-"))?;
    let above = parts.next()?;
    let top = if is_quality_class(above) { parts.next()? } else { above };
    (top == "kubepods").then_some(uid)
}

fn is_quality_class(name: &str) -> bool {
    matches!(name, "besteffort" | "burstable" | "guaranteed")
}

fn uid(text: &str) -> Option<String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    (plain && !text.is_empty() && text.len() <= LONGEST_UID).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use event::{RuntimeKind, Text};
    use proptest::prelude::*;

    use super::identify;

    const A: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd";
    const B: &str = "1111111111111111222222222222222233333333333333334444444444444444";
    const SHORT: &str = "0123456789abcdef0123456789abcdef";
    const UID: &str = "6b9f9a52-0d2c-4a3e-8f4f-0a1b2c3d4e5f";
    const UID_: &str = "6b9f9a52_0d2c_4a3e_8f4f_0a1b2c3d4e5f";
    const VICTIM: &str = "ffffffff-0d2c-4a3e-8f4f-0a1b2c3d4e5f";
    const STATIC: &str = "8a1c7d1e5b0f4a3c9d2e6f7081920a3b";

    fn path(text: &str) -> Vec<Text> {
        let text = text
            .replace("{A}", A)
            .replace("{B}", B)
            .replace("{S}", SHORT)
            .replace("{U}", UID)
            .replace("{U_}", UID_)
            .replace("{V}", VICTIM)
            .replace("{P}", STATIC);
        text.split('/').filter(|name| !name.is_empty()).map(Text::from).collect()
    }

    #[test]
    fn every_runtime_driver_and_hierarchy_names_its_container() {
        use RuntimeKind::{Containerd, Crio, Docker, Podman, Unknown};
        let table: &[(&str, RuntimeKind, Option<&str>, usize)] = &[
            // kubelet, cgroupfs driver
            ("/kubepods/burstable/pod{U}/{A}", Unknown, Some(UID), 3),
            ("/kubepods/besteffort/pod{U}/{A}", Unknown, Some(UID), 3),
            ("/kubepods/pod{U}/{A}", Unknown, Some(UID), 2),
            ("/kubepods/burstable/pod{P}/{A}", Unknown, Some(STATIC), 3),
            ("/kubepods/burstable/pod{U}/crio-{A}", Crio, Some(UID), 3),
            ("/kubepods/burstable/pod{U}/crio-{A}/container", Crio, Some(UID), 3),
            ("/kubepods/burstable/podmy-own.uid/{A}", Unknown, Some("my-own.uid"), 3),
            ("/a-node/kubepods/burstable/pod{U}/{A}", Unknown, Some(UID), 4),
            // kubelet, systemd driver
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{U_}.slice/cri-containerd-{A}.scope",
                Containerd,
                Some(UID),
                3,
            ),
            ("/kubepods.slice/kubepods-pod{U_}.slice/crio-{A}.scope", Crio, Some(UID), 2),
            ("/kubepods.slice/kubepods-pod{U_}.slice/crio-{A}.scope/container", Crio, Some(UID), 2),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{U_}.slice/docker-{A}.scope",
                Docker,
                Some(UID),
                3,
            ),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{P}.slice/cri-containerd-{A}.scope",
                Containerd,
                Some(STATIC),
                3,
            ),
            (
                "/kubepods.slice/kubepods-pod{U_}.slice/cri-containerd-{A}.scope/init.scope",
                Containerd,
                Some(UID),
                2,
            ),
            // a runtime without the systemd driver below a kubelet with it
            (
                "/system.slice/containerd.service/kubepods-burstable-pod{U_}.slice:cri-containerd:{A}",
                Containerd,
                Some(UID),
                2,
            ),
            ("/kubepods-burstable-pod{U_}.slice:crio:{A}", Crio, Some(UID), 0),
            ("/system.slice:docker:{A}", Docker, None, 0),
            ("/machine.slice:libpod:{A}", Podman, None, 0),
            // no pods
            ("/docker/{A}", Docker, None, 1),
            ("/system.slice/docker-{A}.scope", Docker, None, 1),
            ("/system.slice/docker-{A}.scope/init", Docker, None, 1),
            ("/user.slice/user-1000.slice/user@1000.service/app.slice/docker-{A}.scope", Docker, None, 4),
            ("/machine.slice/libpod-{A}.scope", Podman, None, 1),
            ("/machine.slice/libpod-{A}.scope/container", Podman, None, 1),
            ("/libpod_parent/libpod-{A}", Podman, None, 1),
            ("/libpod_parent/{B}/libpod-{A}", Podman, None, 2),
            ("/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope/container", Podman, None, 2),
            (
                "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope/container",
                Podman,
                None,
                4,
            ),
            ("/system.slice/web.service/libpod-payload-{A}", Podman, None, 2),
            ("/k8s.io/{A}", Containerd, None, 1),
            ("/default/{A}", Containerd, None, 1),
            ("/system.slice/nerdctl-{A}.scope", Containerd, None, 1),
            ("/system.slice/{A}", Unknown, None, 1),
            ("/actions_job/{A}", Unknown, None, 1),
            ("/ecs/{S}/{A}", Unknown, None, 2),
            ("/system.slice/newruntime-{A}.scope", Unknown, None, 1),
            // a node that is a container itself
            ("/docker/{B}/kubelet/kubepods/burstable/pod{U}/{A}", Unknown, Some(UID), 6),
            ("/docker/{B}/kubepods/burstable/pod{U}/{A}", Unknown, Some(UID), 5),
            (
                "/system.slice/docker-{B}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/\
                 kubelet-kubepods-burstable-pod{U_}.slice/cri-containerd-{A}.scope",
                Containerd,
                Some(UID),
                6,
            ),
            ("/machine.slice/libpod-{B}.scope/container/kubelet/kubepods/pod{U}/{A}", Unknown, Some(UID), 6),
            ("/docker/{A}/init.scope", Docker, None, 1),
            ("/docker/{A}/system.slice/containerd.service", Docker, None, 1),
        ];
        for (text, runtime, uid, position) in table {
            let found = identify(&path(text)).unwrap_or_else(|| panic!("{text}: no container"));
            assert_eq!(found.container.as_str(), A, "{text}");
            assert_eq!(found.runtime, *runtime, "{text}");
            assert_eq!(found.pod_uid.as_deref(), *uid, "{text}");
            assert_eq!(found.position, *position, "{text}");
        }
    }

    #[test]
    fn a_name_forged_inside_a_container_does_not_take_over() {
        let table = [
            "/kubepods/burstable/pod{U}/{A}/kubepods/burstable/pod{V}/{B}",
            "/kubepods/burstable/pod{U}/{A}/pod{V}/{B}",
            "/kubepods/burstable/pod{U}/{A}/{B}",
            "/kubepods/burstable/pod{U}/{A}/crio-conmon-{B}.scope",
            "/kubepods.slice/kubepods-pod{U_}.slice/cri-containerd-{A}.scope/cri-containerd-{B}.scope",
            "/kubepods.slice/kubepods-pod{U_}.slice/crio-{A}.scope/container/kubepods.slice/kubepods-pod{V}.slice/crio-{B}.scope",
            "/kubepods/pod{U}/{A}/kubepods-pod{V}.slice:cri-containerd:{B}",
            "/kubepods-pod{U_}.slice:cri-containerd:{A}/kubepods/pod{V}/{B}",
            "/docker/{A}/docker/{B}",
            "/docker/{A}/system.slice/docker-{B}.scope",
            "/docker/{A}/libpod-conmon-{B}.scope",
            "/system.slice/docker-{A}.scope/libpod-{B}.scope",
            "/machine.slice/libpod-{A}.scope/container/libpod-{B}.scope",
            "/k8s.io/{A}/kubepods/pod{V}/{B}",
            "/k8s.io/{A}/k8s.io/{B}",
            "/libpod_parent/libpod-{A}/libpod_parent/libpod-{B}",
            // Hiding below something that looks like a pod of a nested node is no way out of the container.
            "/docker/{A}/kubepods/pod{V}",
            "/docker/{A}/kubepods/pod{V}/nothing",
            "/docker/{A}/kubepods/pod{V}/crio-conmon-{B}.scope",
            "/docker/{A}/kubepods-pod{V}.slice:conmon:{B}",
        ];
        for text in table {
            let found = identify(&path(text)).unwrap_or_else(|| panic!("{text}: no container"));
            assert_eq!(found.container.as_str(), A, "{text}");
            assert_ne!(found.pod_uid.as_deref(), Some(VICTIM), "{text}");
        }
        let hidden = [
            Text::from("docker"),
            Text::from(A),
            Text::from("kubepods"),
            Text::from("podx"),
            Text::new(b"\xff"),
        ];
        assert_eq!(identify(&hidden).map(|found| found.position), Some(1));
    }

    #[test]
    fn the_node_and_the_runtime_are_no_containers() {
        let table = [
            "/",
            "/init.scope",
            "/system.slice/containerd.service",
            "/system.slice/docker.service",
            "/system.slice/{A}.service",
            "/user.slice/user-1000.slice/session-3.scope",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-12345.scope",
            "/system.slice/run-r{S}.scope",
            "/system.slice/run-u4711.scope",
            "/process_api/{S}",
            "/system.slice/{S}",
            "/kubepods",
            "/kubepods/burstable/pod{U}",
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{U_}.slice",
            "/kubepods/burstable/pod{U}/kata_overhead",
            "/machine.slice/libpod-conmon-{A}.scope",
            "/kubepods.slice/kubepods-pod{U_}.slice/crio-conmon-{A}.scope",
            "/kubepods/burstable/pod{U}/crio-conmon-{A}",
            "/libpod_parent/conmon",
            "/libpod_parent/{A}",
            "/docker/buildkit/k3bzd1mqvzcl0r1z9x2y",
            "/lxc/web",
            "/pod{U}/{S}",
            "/docker/../etc",
        ];
        for text in table {
            assert_eq!(identify(&path(text)), None, "{text}");
        }
        assert_eq!(identify(&[Text::new(vec![0xff; 64]), Text::new(A.to_uppercase())]), None);
    }

    fn name() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("kubepods"),
            Just("burstable"),
            Just(".slice"),
            Just(".scope"),
            Just("pod"),
            Just(":"),
            Just("-"),
            Just("_"),
            Just(A),
            Just(B),
            Just(SHORT),
            Just(UID),
            Just(UID_),
            Just("docker"),
            Just("libpod"),
            Just("conmon"),
            Just("crio"),
            Just("cri-containerd"),
            Just("libpod_parent"),
            Just("k8s.io"),
            Just("ä"),
        ];
        prop_oneof![
            proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat().into_bytes()),
            proptest::collection::vec(any::<u8>(), 0..80),
        ]
    }

    fn names() -> impl Strategy<Value = Vec<Text>> {
        proptest::collection::vec(name().prop_map(Text::new), 0..9)
    }

    proptest! {
        #[test]
        fn any_path_gives_an_answer_within_the_path(path in names()) {
            if let Some(found) = identify(&path) {
                prop_assert!(found.position < path.len());
                let own = path[found.position].lossy();
                prop_assert!(own.contains(found.container.as_str()));
            }
        }

        #[test]
        fn nothing_below_a_pods_container_changes_who_it_is(below in names(), form in 0..4usize) {
            let forms = [
                "/kubepods/burstable/pod{U}/{A}",
                "/kubepods.slice/kubepods-pod{U_}.slice/cri-containerd-{A}.scope",
                "/kubepods-pod{U_}.slice:crio:{A}",
                "/k8s.io/{A}",
            ];
            let mut all = path(forms[form]);
            let before = identify(&all);
            all.extend(below);
            prop_assert_eq!(before, identify(&all));
        }

        #[test]
        fn nothing_below_a_container_makes_it_vanish(below in names()) {
            let mut all = path("/docker/{A}");
            all.extend(below);
            prop_assert!(identify(&all).is_some());
        }
    }
}
