//! Bundles in files that somebody else may have written, on a node made of plain folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_runtime::{Config, Runtimes};
use event::{Cgroup, Container, ContainerId, Hierarchy, RuntimeKind, Text, Whereabouts};

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

/// Pid namespaces: the node's, a container's.
const NODES: u32 = 1;
const CONTAINERS: u32 = 2;

impl Node {
    fn lives_in(&self, pid: u32, namespace: u32, started: u64) {
        let folder = self.proc().join(pid.to_string());
        fs::create_dir_all(folder.join("ns")).unwrap();
        symlink(format!("pid:[{namespace}]"), folder.join("ns/pid")).unwrap();
        let between = vec!["0"; 18].join(" ");
        fs::write(folder.join("stat"), format!("{pid} (a) b) S {between} {started} 0\n")).unwrap();
    }

    /// What is said of a process of that group, namespace and ancestry that no name tells.
    fn claimed(&self, cgroup: &str, pid_namespace: u32, ancestors: &[u32]) -> Container {
        let path: Vec<Text> = cgroup.split('/').filter(|name| !name.is_empty()).map(Text::from).collect();
        let bare = Container::bare(ContainerId::unclaimed(1), RuntimeKind::Unknown, None);
        let bare = Container { cgroup: path.clone(), ..bare };
        let cgroup = Cgroup { id: 9, hierarchy: Hierarchy::V2, path, truncated: false };
        let at = Whereabouts { cgroup, pid_namespace, ancestors: ancestors.to_vec() };
        self.runtimes().facts_of(bare, &at)
    }

    /// containerd's record of `ctr run … web`.
    fn runs_web(&self) {
        let config = "run/containerd/io.containerd.runtime.v2.task/default/web/config.json";
        self.write(config, br#"{"linux":{"cgroupsPath":"/default/web"}}"#);
    }

    fn apart() -> Self {
        let node = Self::new();
        node.lives_in(1, NODES, 1);
        node
    }
}

fn said(container: &Container) -> (&str, RuntimeKind) {
    (container.id.as_str(), container.runtime)
}

const NOBODY: (&str, RuntimeKind) = ("", RuntimeKind::Unknown);

#[test]
fn each_runtimes_record_claims_what_is_in_its_group() {
    let node = Node::apart();
    node.runs_web();
    node.write("run/runc/api/state.json", br#"{"created":"x","init_process_pid":50,"cgroup_paths":{"":"/sys/fs/cgroup/system.slice/runc-api.scope"}}"#);
    node.write("run/crun/db-1/status", br#"{"pid":60,"cgroup-path":"/crun/db-1","bundle":"/b"}"#);
    for (cgroup, expected) in [
        ("/default/web", ("web", RuntimeKind::Containerd)),
        ("/default/web/below", ("web", RuntimeKind::Containerd)),
        ("/system.slice/runc-api.scope", ("api", RuntimeKind::Runc)),
        ("/crun/db-1/container", ("db-1", RuntimeKind::Crun)),
        // the same names elsewhere
        ("/web", NOBODY),
        ("/other/web", NOBODY),
        ("/user.slice/runc-api.scope", NOBODY),
        ("/x/crun/db-1", NOBODY),
        // a group named after another container, made inside of one
        ("/default/web/crun/db-1", ("web", RuntimeKind::Containerd)),
    ] {
        let found = node.claimed(cgroup, CONTAINERS, &[]);
        assert_eq!(said(&found), expected, "{cgroup}");
        assert_eq!(found.name, expected.0, "{cgroup}");
    }
}

#[test]
fn a_container_in_any_group_is_known_by_its_first_process() {
    let node = Node::apart();
    node.write("run/runc/api/state.json", br#"{"init_process_pid":50,"init_process_start":7}"#);
    node.lives_in(50, CONTAINERS, 7);
    assert_eq!(said(&node.claimed("/odd", CONTAINERS, &[])), ("api", RuntimeKind::Runc));
    assert!(node.claimed("/odd", CONTAINERS, &[]).cgroup.is_empty(), "the group is not its own");
    assert_eq!(said(&node.claimed("/odd", 3, &[])), NOBODY);
    assert_eq!(said(&node.claimed("/odd", NODES, &[])), NOBODY);
    // the pid belongs to another process by now
    let node = Node::apart();
    node.write("run/runc/api/state.json", br#"{"init_process_pid":50,"init_process_start":7}"#);
    node.lives_in(50, CONTAINERS, 8);
    assert_eq!(said(&node.claimed("/odd", CONTAINERS, &[])), NOBODY);
}

#[test]
fn a_users_runtime_is_believed_about_that_users_processes() {
    let node = Node::apart();
    node.write("run/user/1000/crun/web/status", br#"{"pid":50,"cgroup-path":"/default/web"}"#);
    node.lives_in(50, CONTAINERS, 7);
    let own = "/user.slice/user-1000.slice/user@1000.service/app.slice/crun-web.scope";
    assert_eq!(said(&node.claimed(own, CONTAINERS, &[])), ("web", RuntimeKind::Crun));
    for others in ["/default/web", "/user.slice/user-1001.slice/crun-web.scope", "/a/b/user-1000.slice/web"] {
        assert_eq!(said(&node.claimed(others, CONTAINERS, &[])), NOBODY, "{others}");
    }
}

#[test]
fn records_in_an_unusual_place_are_found_by_an_ancestor_of_the_node_alone() {
    let record = br#"{"init_process_pid":50,"cgroup_paths":{"":"/sys/fs/cgroup/web"}}"#;
    let arguments = ["runc", "--root", "/own/records", "run", "web"];
    let node = Node::apart();
    node.write("own/records/web/state.json", record);
    node.process(40, "0::/system.slice/ci.service", &arguments);
    node.lives_in(40, NODES, 1);
    assert_eq!(said(&node.claimed("/web", CONTAINERS, &[40])), ("web", RuntimeKind::Runc));
    // a process of the container that calls itself so
    let node = Node::apart();
    node.write("own/records/web/state.json", record);
    node.process(40, "0::/web", &arguments);
    node.lives_in(40, CONTAINERS, 1);
    assert_eq!(said(&node.claimed("/web", CONTAINERS, &[40])), NOBODY);
}

#[test]
fn a_shim_in_a_container_with_a_name_is_not_believed() {
    let tell = |cgroup: &str, namespace: u32| {
        let node = Node::apart();
        node.shim(70, cgroup, "tmp/fake");
        node.lives_in(70, namespace, 1);
        node.write(&format!("tmp/fake/{APP}/config.json"), CONFIG.as_bytes());
        node.runtimes().bundle_facts(bare(), &[70]).name
    };
    assert_eq!(tell("0::/system.slice/containerd.service", NODES), "app");
    assert_eq!(tell("0::/default/web", CONTAINERS), "");
}

#[test]
fn a_name_that_looks_like_an_id_within_a_named_container_is_within_it() {
    let node = Node::apart();
    node.runs_web();
    let path: Vec<Text> = ["default", "web", "kubepods", "podx", APP].map(Text::from).to_vec();
    let forged = Container { cgroup: path.clone(), ..bare() };
    let cgroup = Cgroup { id: 9, hierarchy: Hierarchy::V2, path, truncated: false };
    let at = Whereabouts { cgroup, pid_namespace: CONTAINERS, ancestors: Vec::new() };
    let told = node.runtimes().facts_of(forged, &at);
    assert_eq!(told.id.as_str(), APP);
    assert_eq!(told.within.map(|(id, _)| id.as_str().to_owned()).as_deref(), Some("web"));
}
