//! One machine: a containerd with its own folders, network namespace and control group.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use container_runtime::cri::Client;
use container_runtime::cri::authoring::{
    ListPodSandboxRequest, RemovePodSandboxRequest, StopPodSandboxRequest,
};
use container_runtime::cri::messages::{ImageSpec, ImageStatusRequest, VersionRequest};

use crate::cleanup;
use crate::image::Image;
use crate::network::{BRIDGE, PLUGINS};
use crate::pod::PodBuilder;
use crate::skip::{NotStarted, program, root};

/// The image of every pod's sandbox.
const PAUSE: &str = "e2e.test/pause:1";
/// Longest wait for the runtime to come up or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A running node; see the crate's documentation.
#[derive(Debug)]
pub struct Node {
    name: String,
    folder: PathBuf,
    containerd: Child,
    client: Client,
}

impl Node {
    /// Starts a containerd and gives it the pause image. Takes about a second.
    ///
    /// # Errors
    /// [`NotStarted::Skip`] where something lacks, [`NotStarted::Failed`] with the runtime's log where nothing does.
    pub fn start() -> Result<Self, NotStarted> {
        let needed = root().and_then(|()| {
            for (name, package) in [
                ("containerd", "containerd"),
                ("runc", "runc"),
                ("unshare", "util-linux"),
                ("busybox", "busybox-static"),
            ] {
                program(name, package)?;
            }
            Ok(())
        });
        needed.map_err(NotStarted::Skip)?;
        Ok(Self::start_here()?)
    }

    fn start_here() -> Result<Self> {
        let name = format!("e2e-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(folder.join("cni")).with_context(|| format!("making {}", folder.display()))?;
        fs::write(folder.join("config.toml"), config(&folder))?;
        fs::write(folder.join("cni/bridge.conflist"), BRIDGE.replace("@FOLDER@", &folder.to_string_lossy()))?;
        let log = fs::File::create(folder.join("log"))?;
        // `ip netns exec` would mount another /sys, which hides the control groups; `unshare --net` does not.
        let containerd = Command::new("unshare")
            .args([
                "--net",
                "--",
                "/bin/sh",
                "-c",
                "busybox ip link set lo up && exec containerd --config \"$0\"",
            ])
            .arg(folder.join("config.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting containerd")?;
        let mut guard = Starting { name, folder, containerd: Some(containerd) };
        let client = guard.wait()?;
        let node = guard.started(client)?;
        let pause =
            Image::builder(PAUSE).busybox(&[])?.command(&["/bin/busybox", "sleep", "infinity"]).build();
        node.import(&pause)?;
        Ok(node)
    }

    /// Makes an image known to the runtime, by tag and by digest as after a pull.
    ///
    /// # Errors
    /// What containerd said.
    pub fn import(&self, image: &Image) -> Result<()> {
        let archive = self.folder.join(format!("{}.tar", image.digest.replace(':', "-")));
        fs::write(&archive, image.archive())?;
        self.ctr(&["images", "import", &archive.to_string_lossy()])?;
        fs::remove_file(&archive)?;
        self.ctr(&[
            "images",
            "tag",
            "--force",
            &image.reference,
            &format!("{}@{}", image.repository(), image.digest),
        ])?;
        // The CRI learns of both names by an event.
        let until = Instant::now() + PATIENCE;
        loop {
            let spec = ImageSpec { image: image.reference.clone(), ..ImageSpec::default() };
            let known = self.client.call(ImageStatusRequest { image: Some(spec) }, PATIENCE)?.image;
            if known
                .is_some_and(|known| known.repo_digests.iter().any(|digest| digest.ends_with(&image.digest)))
            {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("containerd imported {} and its CRI does not list it", image.reference);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A pod to be, named `name`.
    pub fn pod(&self, name: &str) -> PodBuilder<'_> {
        PodBuilder::new(self, name)
    }

    /// The runtime's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("c.sock")
    }

    /// The runtime's state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Folder that holds everything of this node; free for a test's own files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Control group below which its pods live, without the leading `/`.
    pub fn control_group(&self) -> &str {
        &self.name
    }

    /// The node's network namespace, for `nsenter --net=`; pods with [`crate::Network::Node`] share it.
    pub fn network_namespace(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.containerd.id()))
    }

    /// The containerd's log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn ctr(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("ctr")
            .arg("--address")
            .arg(self.socket())
            .args(["--namespace", "k8s.io"])
            .args(arguments)
            .output()
            .context("starting ctr (package containerd)")?;
        if !output.status.success() {
            bail!("ctr {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let limit = Duration::from_secs(5);
        let pods =
            self.client.call(ListPodSandboxRequest {}, limit).map(|answer| answer.items).unwrap_or_default();
        for pod in pods {
            let pod_sandbox_id = pod.id;
            let _ = self.client.call(StopPodSandboxRequest { pod_sandbox_id: pod_sandbox_id.clone() }, limit);
            let _ = self.client.call(RemovePodSandboxRequest { pod_sandbox_id }, limit);
        }
        remove(&self.name, &self.folder, &mut self.containerd);
    }
}

/// A containerd that does not answer yet; removes itself unless it comes up.
struct Starting {
    name: String,
    folder: PathBuf,
    containerd: Option<Child>,
}

impl Starting {
    fn wait(&mut self) -> Result<Client> {
        let socket = self.folder.join("c.sock");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(client) = Client::connect(&socket, PATIENCE)
                && client.call(VersionRequest::default(), PATIENCE).is_ok()
            {
                return Ok(client);
            }
            let ended = self.containerd.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > until {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                bail!("containerd does not answer ({ended:?}); its log, newest first:\n{}", tail.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn started(mut self, client: Client) -> Result<Node> {
        let containerd = self.containerd.take().context("containerd was started")?;
        Ok(Node { name: self.name.clone(), folder: self.folder.clone(), containerd, client })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut containerd) = self.containerd.take() {
            remove(&self.name, &self.folder, &mut containerd);
        }
    }
}

fn remove(name: &str, folder: &Path, containerd: &mut Child) {
    let _ = containerd.kill();
    let _ = containerd.wait();
    cleanup::kill_shims(&folder.join("c.sock"));
    cleanup::kill_members(name);
    cleanup::unmount_below(folder);
    cleanup::remove_control_groups(name);
    let _ = fs::remove_dir_all(folder);
}

fn config(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing"]
[grpc]
address = "{folder}/c.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
# A test machine need not have CAP_SYS_RESOURCE.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{PLUGINS}"
conf_dir = "{folder}/cni"
"#
    )
}
