//! Bundles in files that somebody else may have written, on a node made of plain folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_runtime::{Config, Runtimes};
use event::{Container, ContainerId, RuntimeKind};

const APP: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd";
const SANDBOX: &str = "1111111111111111222222222222222233333333333333334444444444444444";
const CONFIG: &str = r#"{"annotations":{"io.kubernetes.cri.container-name":"app","io.kubernetes.cri.image-name":"registry/app:1",
    "io.kubernetes.cri.container-type":"container","io.kubernetes.cri.sandbox-name":"web-1","io.kubernetes.cri.sandbox-namespace":"shop"}}"#;

struct Node {
    scratch: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let node = Self { scratch: tempfile::tempdir().unwrap() };
        fs::create_dir_all(node.root()).unwrap();
        node.process(1, "0::/init.scope", &["/sbin/init"]);
        node
    }

    fn root(&self) -> PathBuf {
        self.scratch.path().join("root")
    }

    fn proc(&self) -> PathBuf {
        self.scratch.path().join("proc")
    }

    fn process(&self, pid: u32, cgroup: &str, arguments: &[&str]) {
        let folder = self.proc().join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("cgroup"), format!("{cgroup}\n")).unwrap();
        fs::write(folder.join("cmdline"), arguments.join("\0") + "\0").unwrap();
        symlink(self.root(), folder.join("root")).unwrap();
    }

    /// A shim that was started in `<tasks>/<SANDBOX>`.
    fn shim(&self, pid: u32, cgroup: &str, tasks: &str) {
        let arguments = [
            "/usr/bin/containerd-shim-runc-v2",
            "-namespace",
            "k8s.io",
            "-id",
            SANDBOX,
            "-address",
            "/own/c.sock",
        ];
        self.process(pid, cgroup, &arguments);
        let own = self.root().join(tasks).join(SANDBOX);
        fs::create_dir_all(&own).unwrap();
        symlink(own, self.proc().join(pid.to_string()).join("cwd")).unwrap();
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn runtimes(&self) -> Runtimes {
        Runtimes::new(Config {
            host_root: self.root(),
            proc_root: self.proc(),
            extra_sockets: Vec::new(),
            timeout: Duration::from_millis(200),
        })
    }
}

fn bare() -> Container {
    Container::bare(ContainerId::new(APP).unwrap(), RuntimeKind::Unknown, Some("u".to_owned()))
}

const OWN: &str = "srv/own/state/io.containerd.runtime.v2.task/k8s.io";

#[test]
fn a_containerd_with_a_state_folder_of_its_own_is_found_from_the_shim() {
    let node = Node::new();
    node.shim(7, "0::/system.slice/containerd.service", OWN);
    node.write(&format!("{OWN}/{APP}/config.json"), CONFIG.as_bytes());
    let told = node.runtimes().bundle_facts(bare(), &[90, 7, 1]);
    assert_eq!(told.name, "app");
    assert_eq!(told.image.reference, "registry/app:1");
    assert_eq!(told.runtime, RuntimeKind::Containerd);
    assert_eq!(
        told.pod.as_ref().map(|pod| (pod.name.as_str(), pod.namespace.as_str())),
        Some(("web-1", "shop"))
    );
    assert!(told.bundle.unwrap().ends_with(format!("{OWN}/{APP}")));
    assert!(told.created_ns > 1_700_000_000_000_000_000);
    assert!(!told.complete);
}

#[test]
fn a_process_that_only_poses_as_a_shim_is_not_believed() {
    for cgroup in [
        format!("0::/kubepods/burstable/podu/{APP}"),
        format!("0::/kubepods/burstable/podu/{SANDBOX}"),
        format!("0::/system.slice/docker-{APP}.scope"),
        format!("5:pids:/kubepods/podu/{SANDBOX}\n0::/"),
    ] {
        let node = Node::new();
        node.shim(7, &cgroup, OWN);
        node.write(&format!("{OWN}/{APP}/config.json"), CONFIG.as_bytes());
        let told = node.runtimes().bundle_facts(bare(), &[7]);
        assert_eq!(told, bare(), "{cgroup}");
    }
}

#[test]
fn the_shim_inside_a_node_that_is_a_container_is_believed() {
    let node = Node::new();
    node.shim(7, &format!("0::/docker/{SANDBOX}/system.slice/containerd.service"), OWN);
    node.write(&format!("{OWN}/{APP}/config.json"), CONFIG.as_bytes());
    assert_eq!(node.runtimes().bundle_facts(bare(), &[7]).name, "app");
}

#[test]
fn well_known_folders_are_searched_without_ancestors() {
    let places = [
        format!("run/containerd/io.containerd.runtime.v2.task/k8s.io/{APP}/config.json"),
        format!("run/k3s/containerd/io.containerd.runtime.v2.task/other/{APP}/config.json"),
        format!("run/containers/storage/overlay-containers/{APP}/userdata/config.json"),
        format!("var/lib/containers/storage/overlay-containers/{APP}/userdata/config.json"),
    ];
    for place in places {
        let node = Node::new();
        node.write(&place, CONFIG.as_bytes());
        assert_eq!(node.runtimes().bundle_facts(bare(), &[]).name, "app", "{place}");
    }
}

#[test]
fn a_monitor_of_the_node_teaches_its_folder_when_the_ancestors_are_gone() {
    let node = Node::new();
    node.shim(7, "0::/system.slice/containerd.service", OWN);
    // A path that a process of the node names is a path of the machine here, so the machine's root is the node's.
    let root = node.proc().join("7/root");
    fs::remove_file(&root).unwrap();
    symlink("/", &root).unwrap();
    let tasks = node.root().join(OWN);
    node.write(&format!("{OWN}/{APP}/config.json"), CONFIG.as_bytes());
    let runtimes = Runtimes::new(Config {
        host_root: PathBuf::from("/"),
        proc_root: node.proc(),
        extra_sockets: Vec::new(),
        timeout: Duration::from_millis(200),
    });
    let told = runtimes.bundle_facts(bare(), &[4711]);
    assert_eq!(told.name, "app");
    assert_eq!(told.bundle.as_deref(), Some(tasks.join(APP).as_path()));
}

#[test]
fn conmon_names_the_bundle_and_podmans_list_the_image() {
    let node = Node::new();
    let storage = "home/u/.local/share/containers/storage/overlay-containers";
    let bundle = format!("/{storage}/{APP}/userdata");
    node.process(8, "0::/user.slice/x.scope", &["/usr/bin/conmon", "-c", APP, "-b", &bundle, "-n", "web"]);
    node.write(
        &format!("{storage}/{APP}/userdata/config.json"),
        br#"{"annotations":{"io.container.manager":"libpod"}}"#,
    );
    let list = format!(
        r#"[{{"id":"{APP}","names":["web"],"image":"{SANDBOX}","metadata":"{{\"image-name\":\"localhost/x:1\"}}"}}]"#
    );
    node.write(&format!("{storage}/containers.json"), list.as_bytes());
    let told = node.runtimes().bundle_facts(bare(), &[8]);
    assert_eq!((told.name.as_str(), told.image.reference.as_str()), ("web", "localhost/x:1"));
    assert_eq!(told.image.digest, format!("sha256:{SANDBOX}"));
    assert_eq!(told.runtime, RuntimeKind::Podman);
    assert!(told.complete);
}

#[test]
fn docker_is_found_wherever_it_keeps_its_data() {
    let node = Node::new();
    let tasks = "run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby";
    let config = format!(
        r#"{{"mounts":[{{"destination":"/etc/hostname","source":"/data/docker/containers/{APP}/hostname"}}]}}"#
    );
    node.write(&format!("{tasks}/{APP}/config.json"), config.as_bytes());
    let record = format!(
        r#"{{"ID":"{APP}","Name":"/web","Image":"sha256:{SANDBOX}","Config":{{"Image":"nginx:1.27","Labels":null}}}}"#
    );
    node.write(&format!("data/docker/containers/{APP}/config.v2.json"), record.as_bytes());
    let told = node.runtimes().bundle_facts(bare(), &[]);
    assert_eq!((told.name.as_str(), told.image.reference.as_str()), ("web", "nginx:1.27"));
    assert_eq!(told.runtime, RuntimeKind::Docker);
}

/// Each of these costs little, panics nowhere and tells nothing.
#[test]
fn hostile_files_tell_nothing() {
    let place = format!("{OWN}/{APP}/config.json");
    type Spoil = fn(&Path);
    let spoil: &[(&str, Spoil)] = &[
        ("cut off", |path| fs::write(path, &CONFIG[..40]).unwrap()),
        ("binary", |path| fs::write(path, [0xff; 4096]).unwrap()),
        ("deep", |path| fs::write(path, "{\"annotations\":".repeat(100_000)).unwrap()),
        ("100 MB of valid JSON", |path| {
            let mut text = String::from("{\"annotations\":{\"io.kubernetes.cri.container-name\":\"");
            text.push_str(&"x".repeat(100 << 20));
            text.push_str("\"}}");
            fs::write(path, text).unwrap();
        }),
        ("a link", |path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::write(&elsewhere, CONFIG).unwrap();
            symlink(elsewhere, path).unwrap();
        }),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a pipe", |path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
                .unwrap();
        }),
        ("vanished", |path| fs::remove_dir(path.parent().unwrap()).unwrap()),
    ];
    for (what, spoil) in spoil {
        let node = Node::new();
        node.shim(7, "0::/", OWN);
        let path = node.root().join(&place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        spoil(&path);
        let begun = Instant::now();
        let told = node.runtimes().bundle_facts(bare(), &[7]);
        assert_eq!(told, bare(), "{what}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{what} took {:?}", begun.elapsed());
    }
}
