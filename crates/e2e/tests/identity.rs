//! Identity and facts of containers on a real containerd, without any configuration.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use container_runtime::{Config, RuntimeError, Runtimes};
use e2e::{Container, Image, Network, Node, ancestors, control_groups, node_or_skip};
use enrichment::identity::{CgroupIdentity, identify};
use event::{ContainerId, RuntimeKind, Text};

fn runtimes() -> Runtimes {
    Runtimes::new(Config {
        host_root: PathBuf::from("/"),
        proc_root: PathBuf::from("/proc"),
        extra_sockets: Vec::new(),
        timeout: Duration::from_secs(2),
    })
}

fn app(node: &Node) -> Result<Image> {
    let image = Image::builder("e2e.test/shop/app:1.2").busybox(&["sh", "sleep", "echo"])?.build();
    node.import(&image)?;
    Ok(image)
}

/// Every hierarchy that places the process in a container must name the same one.
fn identity_of(pid: u32) -> Result<CgroupIdentity> {
    let groups = control_groups(pid);
    let mut found: Option<CgroupIdentity> = None;
    for (controllers, path) in &groups {
        let names: Vec<Text> = path.split('/').filter(|name| !name.is_empty()).map(Text::from).collect();
        if let Some(identity) = identify(&names) {
            ensure!(
                found.as_ref().is_none_or(|known| *known == identity),
                "{controllers} differs: {groups:?}"
            );
            found = Some(identity);
        }
    }
    found.with_context(|| format!("no container in {groups:?}"))
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

fn pid_of(container: &Container<'_>) -> Result<u32> {
    container.pid().context("the container's first process")
}

#[test]
fn a_pod_that_lives_for_200_ms_is_fully_known() -> Result<()> {
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let image = app(&node)?;
    let runtimes = runtimes();
    let before = now_ns();
    let pod = node.pod("web-7d9f").namespace("shop").label("app", "web").label("tier", "front").run()?;
    let container = pod.container("app", &image).command(&["/bin/sleep", "0.2"]).start()?;

    let pid = pid_of(&container)?;
    let identity = identity_of(pid)?;
    let ancestors = ancestors(pid);
    assert_eq!(identity.container.as_str(), container.id);
    assert_eq!(identity.pod_uid.as_deref(), Some(pod.uid.as_str()));

    let bare = event::Container::bare(identity.container, identity.runtime, identity.pod_uid);
    let told = runtimes.bundle_facts(bare, &ancestors);
    assert_eq!(told.name, "app");
    assert_eq!(told.runtime, RuntimeKind::Containerd);
    assert_eq!(told.image.reference, image.reference);
    let facts = told.pod.as_ref().context("the bundle tells the pod")?;
    assert_eq!((facts.name.as_str(), facts.namespace.as_str(), &facts.uid), ("web-7d9f", "shop", &pod.uid));
    assert!(told.created_ns >= before && told.created_ns <= now_ns(), "{}", told.created_ns);
    let bundle = node.state().join("io.containerd.runtime.v2.task/k8s.io").join(&container.id);
    assert_eq!(told.bundle.as_deref(), Some(bundle.as_path()));
    assert!(!told.sandbox && !told.complete);

    // The container has ended by now; the runtime still knows it.
    assert_eq!(container.wait(Duration::from_secs(5))?, 0);
    let told = runtimes.cri_facts(&told)?;
    assert!(told.complete);
    assert_eq!(told.name, "app");
    assert_eq!(told.image.reference, image.reference);
    assert_eq!(told.image.digest, image.digest);
    assert!(told.created_ns >= before && told.created_ns <= now_ns(), "{}", told.created_ns);
    assert_eq!(told.log_path.as_deref(), Some(container.log_path()));
    assert_eq!(told.labels["io.kubernetes.container.name"], "app");
    let facts = told.pod.as_ref().context("the CRI tells the pod")?;
    assert_eq!((facts.name.as_str(), facts.namespace.as_str(), &facts.uid), ("web-7d9f", "shop", &pod.uid));
    let labels: Vec<(&str, &str)> =
        facts.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(labels, [("app", "web"), ("tier", "front")]);

    // Once it is removed nobody knows it any more, and that is said, not invented.
    let id = told.id.clone();
    pod.remove()?;
    let gone = event::Container::bare(id, RuntimeKind::Unknown, None);
    assert_eq!(runtimes.bundle_facts(gone.clone(), &ancestors), gone);
    let error = runtimes.cri_facts(&gone).expect_err("a removed container is not known");
    assert!(matches!(error, RuntimeError::NotFound { .. }), "{error}");
    Ok(())
}

#[test]
fn an_executed_command_and_the_sandbox_are_told_apart() -> Result<()> {
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let image = app(&node)?;
    let runtimes = runtimes();
    let pod = node.pod("two").run()?;
    let container = pod
        .container("app", &image)
        .command(&["/bin/sleep", "60"])
        .env("GREETING", "hello")
        .mount(node.folder(), "/node", true)
        .read_only_root()
        .start()?;
    // over one stream: containerd 1.6 loses the end of the second one now and then
    let line = "exec 2>&1; echo $GREETING; echo x > /y; exit 3";
    let output = container.exec(&["/bin/sh", "-c", line], Duration::from_secs(5))?;
    assert_eq!(output.code, 3);
    assert!(output.stdout.starts_with("hello\n") && output.stdout.contains("Read-only"), "{output:?}");

    let sandbox = ContainerId::new(&pod.sandbox).context("a sandbox's identity")?;
    let pid = pid_of(&container)?;
    let bare = event::Container::bare(sandbox, RuntimeKind::Unknown, Some(pod.uid.clone()));
    let told = runtimes.bundle_facts(bare, &ancestors(pid));
    assert!(told.sandbox);
    assert_eq!(told.pod.as_ref().map(|pod| pod.name.as_str()), Some("two"));
    let told = runtimes.cri_facts(&told)?;
    assert!(told.sandbox && told.complete);

    // Without ancestors the shims that run on the node tell where to look.
    let fresh = self::runtimes();
    let bare = event::Container::bare(
        ContainerId::new(&container.id).context("an identity")?,
        RuntimeKind::Unknown,
        None,
    );
    assert_eq!(fresh.bundle_facts(bare, &[]).name, "app");
    let statuses = fresh.sockets();
    let own = statuses.iter().find(|status| status.path == node.socket()).context("the node's socket")?;
    assert_eq!(own.answer.as_ref().map(|version| version.name.as_str()).ok(), Some("containerd"));
    container.remove()?;
    Ok(())
}

#[test]
fn a_distroless_image_in_a_network_of_its_own_is_known_too() -> Result<()> {
    if let Err(skip) = Network::Pod.available() {
        skip.print();
        return Ok(());
    }
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let image = Image::builder("e2e.test/bare:1").program_at("/bin/busybox", "/busybox")?.build();
    node.import(&image)?;
    let pod = node.pod("bare").network(Network::Pod).run()?;
    let container = pod.container("only", &image).command(&["/busybox", "sleep", "30"]).start()?;
    let pid = pid_of(&container)?;
    let identity = identity_of(pid)?;
    let bare = event::Container::bare(identity.container, identity.runtime, identity.pod_uid);
    let told = runtimes().bundle_facts(bare, &ancestors(pid));
    assert_eq!((told.name.as_str(), told.image.reference.as_str()), ("only", "e2e.test/bare:1"));
    Ok(())
}

#[test]
fn nothing_stays_behind_even_after_a_panic() -> Result<()> {
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let (name, folder) = (node.control_group().to_owned(), node.folder().to_owned());
    let image = app(&node)?;
    let panicked = std::thread::spawn(move || {
        let pod = node.pod("left").run().map_err(|error| error.to_string());
        let container = pod
            .as_ref()
            .ok()
            .and_then(|pod| pod.container("app", &image).command(&["/bin/sleep", "60"]).start().ok());
        assert!(container.is_none(), "this panic is the test's own");
    })
    .join();
    assert!(panicked.is_err());
    assert!(!folder.exists(), "{}", folder.display());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    assert!(!mounts.contains(&name), "{mounts}");
    for hierarchy in std::fs::read_dir("/sys/fs/cgroup")? {
        assert!(!hierarchy?.path().join(&name).exists());
    }
    for process in std::fs::read_dir("/proc")?.flatten() {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&arguments).contains(&format!("/{name}/")), "{:?}", process.path());
    }
    Ok(())
}
