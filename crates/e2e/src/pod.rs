//! Pods and containers as a kubelet makes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use container_runtime::cri::Call;
use container_runtime::cri::authoring::{
    AttachRequest, Capability, ContainerConfig, CreateContainerRequest, ExecRequest, ExecSyncRequest,
    KeyValue, LinuxContainerConfig, LinuxContainerSecurityContext, LinuxPodSandboxConfig,
    LinuxSandboxSecurityContext, Mount, NamespaceOption, Number, PodSandboxConfig, RemoveContainerRequest,
    RemovePodSandboxRequest, RunPodSandboxRequest, StartContainerRequest, StopContainerRequest,
    StopPodSandboxRequest,
};
use container_runtime::cri::messages::{
    ContainerMetadata, ContainerStatus, ContainerStatusRequest, ImageSpec, PodSandboxMetadata,
};

use crate::image::Image;
use crate::network::Network;
use crate::node::Node;
use crate::stream::Stream;

/// Longest wait for the runtime to make or remove something.
const PATIENCE: Duration = Duration::from_secs(30);
const EXITED: i32 = 2;

/// A pod that is being described.
#[derive(Debug)]
#[must_use]
pub struct PodBuilder<'node> {
    node: &'node Node,
    name: String,
    namespace: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    network: Network,
    shared_processes: bool,
    privileged: bool,
}

/// A pod that runs.
#[derive(Debug)]
pub struct Pod<'node> {
    node: &'node Node,
    config: PodSandboxConfig,
    namespaces: NamespaceOption,
    /// Identity of its sandbox.
    pub sandbox: String,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Kubernetes uid.
    pub uid: String,
}

impl<'node> PodBuilder<'node> {
    pub(crate) fn new(node: &'node Node, name: &str) -> Self {
        Self {
            node,
            name: name.to_owned(),
            namespace: "default".to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            network: Network::default(),
            shared_processes: false,
            privileged: false,
        }
    }

    /// Its namespace; `default` otherwise.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.to_owned();
        self
    }

    /// A label of the pod.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// An annotation of the pod.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Which network it is in.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// All containers see each other's processes.
    pub fn shared_processes(mut self) -> Self {
        self.shared_processes = true;
        self
    }

    /// Its containers may be privileged.
    pub fn privileged(mut self) -> Self {
        self.privileged = true;
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn run(self) -> Result<Pod<'node>> {
        let uid =
            fs::read_to_string("/proc/sys/kernel/random/uuid").context("a pod's uid")?.trim().to_owned();
        let mut labels = self.labels;
        for (key, value) in [("name", &self.name), ("namespace", &self.namespace), ("uid", &uid)] {
            labels.insert(format!("io.kubernetes.pod.{key}"), value.clone());
        }
        let own = self.network == Network::Pod;
        let namespaces = NamespaceOption {
            network: if own { 0 } else { 2 },
            pid: i32::from(!self.shared_processes),
            ipc: 0,
        };
        let logs = self.node.folder().join("pods").join(format!("{}_{}_{uid}", self.namespace, self.name));
        fs::create_dir_all(&logs)?;
        let config = PodSandboxConfig {
            metadata: Some(PodSandboxMetadata {
                name: self.name.clone(),
                uid: uid.clone(),
                namespace: self.namespace.clone(),
                attempt: 0,
            }),
            // The runtime refuses to name the node's own UTS namespace.
            hostname: if own { self.name.clone() } else { String::new() },
            log_directory: logs.to_string_lossy().into_owned(),
            labels,
            annotations: self.annotations,
            linux: Some(LinuxPodSandboxConfig {
                cgroup_parent: format!("/{}/kubepods/besteffort/pod{uid}", self.node.control_group()),
                security_context: Some(LinuxSandboxSecurityContext {
                    namespace_options: Some(namespaces.clone()),
                    privileged: self.privileged,
                }),
            }),
        };
        let sandbox =
            ask(self.node, RunPodSandboxRequest { config: Some(config.clone()) }, "starting a sandbox")?
                .pod_sandbox_id;
        Ok(Pod {
            node: self.node,
            config,
            namespaces,
            sandbox,
            name: self.name,
            namespace: self.namespace,
            uid,
        })
    }
}

impl<'node> Pod<'node> {
    /// A container to be, from an image that the node has.
    pub fn container(&self, name: &str, image: &Image) -> ContainerBuilder<'node, '_> {
        let mut labels = BTreeMap::from([("io.kubernetes.container.name".to_owned(), name.to_owned())]);
        let own = ["io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid"];
        labels.extend(
            own.iter().filter_map(|key| Some(((*key).to_owned(), self.config.labels.get(*key)?.clone()))),
        );
        let folder = Path::new(&self.config.log_directory).join(name);
        let config = ContainerConfig {
            metadata: Some(ContainerMetadata { name: name.to_owned(), attempt: 0 }),
            image: Some(ImageSpec {
                image: image.reference.clone(),
                user_specified_image: image.reference.clone(),
            }),
            labels,
            log_path: format!("{name}/0.log"),
            linux: Some(LinuxContainerConfig {
                security_context: Some(LinuxContainerSecurityContext {
                    namespace_options: Some(self.namespaces.clone()),
                    ..LinuxContainerSecurityContext::default()
                }),
            }),
            ..ContainerConfig::default()
        };
        ContainerBuilder { pod: self, config, folder }
    }

    /// Pid of its sandbox's process, as the machine sees it: the pod's namespaces are there before any container.
    pub fn pid(&self) -> Option<u32> {
        first_process(self.node, &self.sandbox)
    }

    /// Stops and removes it with all its containers.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn remove(self) -> Result<()> {
        let stop = || {
            let request = StopPodSandboxRequest { pod_sandbox_id: self.sandbox.clone() };
            ask(self.node, request, "stopping a sandbox")
        };
        // a container that ends by itself at that moment takes its shim's connection away; asking again does no harm
        stop().or_else(|_| stop())?;
        ask(self.node, RemovePodSandboxRequest { pod_sandbox_id: self.sandbox }, "removing a sandbox")?;
        Ok(())
    }
}

/// A container that is being described.
#[derive(Debug)]
#[must_use]
pub struct ContainerBuilder<'node, 'pod> {
    pod: &'pod Pod<'node>,
    config: ContainerConfig,
    folder: PathBuf,
}

/// A container that was started.
#[derive(Debug)]
pub struct Container<'node> {
    node: &'node Node,
    /// Identity.
    pub id: String,
    log: PathBuf,
}

/// What a command in a container left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code.
    pub code: i32,
}

impl<'node> ContainerBuilder<'node, '_> {
    /// What it runs.
    pub fn command(mut self, arguments: &[&str]) -> Self {
        self.config.command = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// A variable of its environment.
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.config.envs.push(KeyValue { key: key.to_owned(), value: value.to_owned() });
        self
    }

    /// A folder or file of the machine in the container.
    pub fn mount(mut self, host: &Path, inside: &str, read_only: bool) -> Self {
        let host_path = host.to_string_lossy().into_owned();
        self.config.mounts.push(Mount { container_path: inside.to_owned(), host_path, readonly: read_only });
        self
    }

    /// Nothing in its root can be written.
    pub fn read_only_root(mut self) -> Self {
        self.security().readonly_rootfs = true;
        self
    }

    /// Every capability and device.
    pub fn privileged(mut self) -> Self {
        self.security().privileged = true;
        self
    }

    /// One capability more, such as `NET_ADMIN`.
    pub fn capability(mut self, name: &str) -> Self {
        self.security()
            .capabilities
            .get_or_insert_with(Capability::default)
            .add_capabilities
            .push(name.to_owned());
        self
    }

    /// Who it runs as; root otherwise.
    pub fn user(mut self, uid: u32) -> Self {
        self.security().run_as_user = Some(Number { value: i64::from(uid) });
        self
    }

    /// Its standard input is a pipe that stays open; `/dev/null` otherwise.
    pub fn open_input(mut self) -> Self {
        self.config.stdin = true;
        self
    }

    /// It has a terminal.
    pub fn terminal(mut self) -> Self {
        self.config.tty = true;
        self
    }

    /// Creates and starts it.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn start(self) -> Result<Container<'node>> {
        let Self { pod, config, folder } = self;
        fs::create_dir_all(&folder)?;
        let request = CreateContainerRequest {
            pod_sandbox_id: pod.sandbox.clone(),
            config: Some(config),
            sandbox_config: Some(pod.config.clone()),
        };
        let id = ask(pod.node, request, "creating a container")?.container_id;
        ask(pod.node, StartContainerRequest { container_id: id.clone() }, "starting a container")?;
        Ok(Container { node: pod.node, id, log: folder.join("0.log") })
    }

    fn security(&mut self) -> &mut LinuxContainerSecurityContext {
        self.config
            .linux
            .get_or_insert_with(LinuxContainerConfig::default)
            .security_context
            .get_or_insert_with(LinuxContainerSecurityContext::default)
    }
}

impl Container<'_> {
    /// Pid of its first process, as the machine sees it; `None` once it is gone.
    pub fn pid(&self) -> Option<u32> {
        first_process(self.node, &self.id)
    }

    /// Runs a command in it, as `kubectl exec` does.
    ///
    /// # Errors
    /// What the runtime said, or that `limit` passed.
    pub fn exec(&self, arguments: &[&str], limit: Duration) -> Result<Output> {
        let request = ExecSyncRequest {
            container_id: self.id.clone(),
            cmd: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            timeout: i64::try_from(limit.as_secs().max(1)).unwrap_or(i64::MAX),
        };
        let answer = ask(self.node, request, "running a command")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Output { stdout: text(&answer.stdout), stderr: text(&answer.stderr), code: answer.exit_code })
    }

    /// Starts a command whose streams go through the runtime to a client, as `kubectl exec -i` (`-it` with `terminal`).
    ///
    /// # Errors
    /// What the runtime said.
    pub fn exec_streaming(&self, arguments: &[&str], terminal: bool) -> Result<Stream> {
        let request = ExecRequest {
            container_id: self.id.clone(),
            cmd: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            tty: terminal,
            stdin: true,
            stdout: true,
            stderr: !terminal,
        };
        Stream::open(self.node, &ask(self.node, request, "executing with streams")?.url)
    }

    /// Joins the streams of its first process, as `kubectl attach -i`.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn attach(&self, terminal: bool) -> Result<Stream> {
        let request = AttachRequest {
            container_id: self.id.clone(),
            stdin: true,
            tty: terminal,
            stdout: true,
            stderr: !terminal,
        };
        Stream::open(self.node, &ask(self.node, request, "attaching")?.url)
    }

    /// Waits until it has ended; its exit code.
    ///
    /// # Errors
    /// When it has not within `limit`.
    pub fn wait(&self, limit: Duration) -> Result<i32> {
        let until = Instant::now() + limit;
        loop {
            let status = self.status()?;
            if status.state == EXITED {
                return Ok(status.exit_code);
            }
            if Instant::now() > until {
                bail!("container {} still runs after {} ms", self.id, limit.as_millis());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it wrote, both streams, without the log's own times and tags.
    pub fn logs(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        // time stream tag text
        text.lines().filter_map(|line| line.splitn(4, ' ').nth(3)).map(|line| format!("{line}\n")).collect()
    }

    /// File of its log lines.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Stops it at once.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn stop(&self) -> Result<()> {
        ask(
            self.node,
            StopContainerRequest { container_id: self.id.clone(), timeout: 0 },
            "stopping a container",
        )?;
        Ok(())
    }

    /// Stops and removes it.
    ///
    /// # Errors
    /// What the runtime said.
    pub fn remove(self) -> Result<()> {
        self.stop()?;
        ask(self.node, RemoveContainerRequest { container_id: self.id }, "removing a container")?;
        Ok(())
    }

    fn status(&self) -> Result<ContainerStatus> {
        let answer = ask(
            self.node,
            ContainerStatusRequest { container_id: self.id.clone() },
            "asking for a container",
        )?;
        answer.status.context("the runtime answered without a status")
    }
}

fn first_process(node: &Node, id: &str) -> Option<u32> {
    let bundle = node.state().join("io.containerd.runtime.v2.task/k8s.io").join(id);
    fs::read_to_string(bundle.join("init.pid")).ok()?.trim().parse().ok()
}

fn ask<C: Call>(node: &Node, request: C, doing: &str) -> Result<C::Answer> {
    node.client().call(request, PATIENCE).with_context(|| doing.to_owned())
}
