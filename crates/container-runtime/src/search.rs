//! Finding a container's bundle without being told where.
//!
//! `ancestors → monitor → its folder's siblings`, then folders learnt from earlier monitors, then the well-known ones,
//! then (at most every few seconds) the monitors that run on the node now.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use event::{Container, ContainerId, RuntimeKind, Whereabouts};

use crate::bundle::{self, Config, Docker, Told};
use crate::claims::{self, Keeper, Source};
use crate::files::{Content, Root};
use crate::monitor::{self, Monitor, Standing, Task};
use crate::sockets::Sockets;

/// Ancestors that are looked at.
const ANCESTORS_MAX: usize = 64;
/// Monitors that one look at the node takes in.
const MONITORS_MAX: usize = 1_024;
/// Folders learnt from monitors that are kept.
const LEARNT_MAX: usize = 16;
/// Namespaces of one containerd that are looked into.
const NAMESPACES_MAX: usize = 32;
/// A look at all processes of the node costs milliseconds; not more often than this.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Podman's and CRI-O's list of containers may be this large, bytes.
const LIST_MAX: u64 = 16 << 20;
/// Where a containerd's state folder keeps its running containers.
const TASKS: &str = "io.containerd.runtime.v2.task";

/// State folders of containerd in the distributions that are known to us.
const CONTAINERD: &[&str] = &[
    "/run/containerd",
    "/run/k3s/containerd",
    "/run/k0s/containerd",
    "/run/docker/containerd/daemon",
    "/run/host-containerd",
    "/var/snap/microk8s/common/run/containerd",
];
/// Folders with `overlay-containers` of CRI-O and podman.
const CONTAINERS_STORAGE: &[&str] = &["/run/containers/storage", "/var/lib/containers/storage"];
/// Folder with Docker's records.
const DOCKER: &str = "/var/lib/docker/containers";

/// What the search remembers.
#[derive(Debug)]
pub(crate) struct Search {
    host_root: PathBuf,
    proc_root: PathBuf,
    learnt: Mutex<Learnt>,
}

#[derive(Debug, Default)]
struct Learnt {
    /// A root of ours and `…/io.containerd.runtime.v2.task/<namespace>` below it, the newest last.
    folders: Vec<(PathBuf, PathBuf)>,
    looked: Option<Instant>,
}

/// A bundle that was found.
struct Found {
    /// As the node sees it (or as the container that is a node sees it).
    folder: PathBuf,
    config: Config,
    written_ns: u64,
    /// Folder of ours at which the bundle's own paths start.
    root: PathBuf,
    runtime: RuntimeKind,
    name: Option<String>,
}

impl Search {
    pub(crate) fn new(host_root: PathBuf, proc_root: PathBuf) -> Self {
        Self { host_root, proc_root, learnt: Mutex::default() }
    }

    /// Fills in what the node's files say.
    pub(crate) fn facts(&self, mut container: Container, ancestors: &[u32], sockets: &Sockets) -> Container {
        let id = container.id.clone();
        let found = self
            .by_ancestors(&id, ancestors, sockets)
            .or_else(|| self.in_learnt(&id))
            .or_else(|| self.in_known(&id))
            .or_else(|| self.look_around(sockets).then(|| self.in_learnt(&id)).flatten());
        let root = found.as_ref().map_or(&self.host_root, |found| &found.root).clone();
        if let Some(found) = found {
            self.take(&mut container, found);
        }
        if matches!(container.runtime, RuntimeKind::Docker | RuntimeKind::Unknown)
            && container.name.is_empty()
        {
            self.ask_docker(&mut container, &root);
        }
        container
    }

    fn take(&self, container: &mut Container, found: Found) {
        if container.runtime == RuntimeKind::Unknown {
            container.runtime = match found.config.runtime() {
                RuntimeKind::Unknown => found.runtime,
                known => known,
            };
        }
        found.config.told().fill(container);
        if let Some(name) = found.name.clone() {
            Told { name, ..Told::default() }.fill(container);
        }
        match container.runtime {
            RuntimeKind::Docker => {
                if let Some(folder) = bundle::container_folder(&found.config, &container.id) {
                    self.docker_record(container, &found.root, &folder);
                }
            }
            RuntimeKind::Podman => self.ask_storage(container, &found),
            RuntimeKind::Containerd
            | RuntimeKind::Crio
            | RuntimeKind::Runc
            | RuntimeKind::Crun
            | RuntimeKind::Unknown => {}
        }
        if container.created_ns == 0 {
            container.created_ns = found.written_ns;
        }
        container.bundle = Some(found.folder);
    }

    fn by_ancestors(&self, id: &ContainerId, ancestors: &[u32], sockets: &Sockets) -> Option<Found> {
        ancestors.iter().take(ANCESTORS_MAX).find_map(|pid| {
            let monitor = self.above(*pid, Some(id))?;
            self.learn(&monitor, Some(id), sockets);
            self.beside(&monitor, id)
        })
    }

    /// The monitor that an ancestor is. One with a view of files of its own may be in a container that shares the node's
    /// processes; then its word counts for nothing.
    fn above(&self, pid: u32, id: Option<&ContainerId>) -> Option<Monitor> {
        let monitor = monitor::above(&self.proc_root, &self.host_root, pid, id)?;
        self.is_trusted(&monitor).then_some(monitor)
    }

    fn is_trusted(&self, monitor: &Monitor) -> bool {
        monitor.standing != Standing::HostApart
            || monitor::whereabouts(&self.proc_root, monitor.pid).is_some_and(|place| {
                let sources = claims::sources(&self.host_root, self.tasks());
                claims::find(&self.proc_root, &sources, &place, None).is_none()
            })
    }

    /// Fills in what the runtime says that claims a process, if one does; what has a name of its own in another container
    /// is said to be within that one.
    pub(crate) fn claimed(&self, mut container: Container, at: &Whereabouts, sockets: &Sockets) -> Container {
        let mut folders = Vec::new();
        for pid in at.ancestors.iter().take(ANCESTORS_MAX) {
            if let Some(monitor) = self.above(*pid, None) {
                self.learn(&monitor, None, sockets);
            } else if let Some(folder) = monitor::state_folder(&self.proc_root, &self.host_root, *pid) {
                folders.push(Source::node(&self.host_root, folder, Keeper::State(RuntimeKind::Runc)));
            }
        }
        let mut sources = claims::sources(&self.host_root, self.tasks());
        sources.append(&mut folders);
        let inside = container.id.is_digits().then_some(container.cgroup.len());
        let Some(claim) = claims::find(&self.proc_root, &sources, at, inside) else { return container };
        if inside.is_some() {
            container.within = Some((claim.id, claim.runtime));
            return container;
        }
        container.id = claim.id;
        container.runtime = claim.runtime;
        container.cgroup = claim.cgroup;
        if let Some(folder) = claim.bundle {
            let content = Root::open(&claim.root)
                .and_then(|root| root.read(&folder.join("config.json"), bundle::CONFIG_MAX));
            if let Some(found) = found(content, folder, claim.root, claim.runtime) {
                self.take(&mut container, found);
            }
        }
        if container.name.is_empty() && !container.id.is_digits() {
            container.name = container.id.as_str().to_owned();
        }
        container
    }

    /// Folders with containerd's containers.
    fn tasks(&self) -> Vec<Source> {
        let learnt = self.learnt().folders.clone();
        let source = |root: &Path, folder: PathBuf| {
            let namespace = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let kind = Keeper::Tasks(runtime_of(namespace));
            Source::node(root, folder, kind)
        };
        let mut all: Vec<Source> =
            learnt.into_iter().rev().map(|(root, folder)| source(&root, folder)).collect();
        let Ok(root) = Root::open(&self.host_root) else { return all };
        for state in CONTAINERD {
            let tasks = Path::new(state).join(TASKS);
            for namespace in root.names(&tasks, NAMESPACES_MAX) {
                let known = source(&self.host_root, tasks.join(namespace));
                if !all.contains(&known) {
                    all.push(known);
                }
            }
        }
        all
    }

    /// The bundle that this monitor keeps for the container.
    fn beside(&self, monitor: &Monitor, id: &ContainerId) -> Option<Found> {
        let root = monitor.root(&self.proc_root, &self.host_root);
        match &monitor.task {
            Task::Shim { namespace, .. } => {
                let (folder, seen_as) = monitor.started_in(&self.proc_root)?;
                let content = folder
                    .above()
                    .ok()?
                    .read(&Path::new(id.as_str()).join("config.json"), bundle::CONFIG_MAX);
                let folder = seen_as.parent()?.join(id.as_str());
                found(content, folder, root, runtime_of(namespace))
            }
            Task::Conmon { id: own, bundle, name } if own == id => {
                let content = Root::open(&root)
                    .and_then(|root| root.read(&bundle.join("config.json"), bundle::CONFIG_MAX));
                let found = found(content, bundle.clone(), root, RuntimeKind::Unknown)?;
                Some(Found { name: name.clone(), ..found })
            }
            Task::Conmon { .. } => None,
        }
    }

    /// Remembers where a monitor's runtime keeps its bundles and its socket.
    fn learn(&self, monitor: &Monitor, container: Option<&ContainerId>, sockets: &Sockets) {
        let Task::Shim { address, .. } = &monitor.task else { return };
        if let Some(address) = address {
            let root = monitor.root(&self.proc_root, &self.host_root);
            match (monitor.standing, container) {
                (Standing::Host | Standing::HostApart, _) => sockets.learn(root, address.clone()),
                (Standing::Node, Some(container)) => {
                    sockets.learn_for(container.clone(), root, address.clone())
                }
                (Standing::Node, None) => {}
            }
        }
        if monitor.standing == Standing::Node {
            return;
        }
        let Some(tasks) =
            monitor.started_in(&self.proc_root).and_then(|(_, path)| Some(path.parent()?.to_owned()))
        else {
            return;
        };
        let folder = (monitor.root(&self.proc_root, &self.host_root), tasks);
        let mut learnt = self.learnt();
        if !learnt.folders.contains(&folder) {
            // A root seen through a process ends with that process, so the newest are worth more.
            if learnt.folders.len() >= LEARNT_MAX {
                learnt.folders.remove(0);
            }
            learnt.folders.push(folder);
        }
    }

    fn in_learnt(&self, id: &ContainerId) -> Option<Found> {
        let folders = self.learnt().folders.clone();
        folders.into_iter().rev().find_map(|(root, tasks)| {
            let namespace = tasks.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let found = self.at(&Root::open(&root).ok()?, tasks.join(id.as_str()), runtime_of(namespace))?;
            Some(Found { root, ..found })
        })
    }

    fn in_known(&self, id: &ContainerId) -> Option<Found> {
        let root = Root::open(&self.host_root).ok()?;
        CONTAINERD
            .iter()
            .find_map(|state| {
                let tasks = Path::new(state).join(TASKS);
                root.names(&tasks, NAMESPACES_MAX).into_iter().find_map(|namespace| {
                    self.at(&root, tasks.join(&namespace).join(id.as_str()), runtime_of(&namespace))
                })
            })
            .or_else(|| {
                CONTAINERS_STORAGE.iter().find_map(|storage| {
                    let folder =
                        Path::new(storage).join("overlay-containers").join(id.as_str()).join("userdata");
                    self.at(&root, folder, RuntimeKind::Unknown)
                })
            })
    }

    fn at(&self, root: &Root, folder: PathBuf, runtime: RuntimeKind) -> Option<Found> {
        let content = root.read(&folder.join("config.json"), bundle::CONFIG_MAX);
        found(content, folder, self.host_root.clone(), runtime)
    }

    /// Looks at the monitors of the node; `false` when that was done a moment ago.
    pub(crate) fn look_around(&self, sockets: &Sockets) -> bool {
        {
            let mut learnt = self.learnt();
            if learnt.looked.is_some_and(|looked| looked.elapsed() < LOOK_AGAIN) {
                return false;
            }
            learnt.looked = Some(Instant::now());
        }
        for monitor in monitor::on_the_node(&self.proc_root, &self.host_root, MONITORS_MAX) {
            if self.is_trusted(&monitor) {
                self.learn(&monitor, None, sockets);
            }
        }
        true
    }

    fn ask_docker(&self, container: &mut Container, root: &Path) {
        let folder = Path::new(DOCKER).join(container.id.as_str());
        self.docker_record(container, root, &folder);
    }

    fn docker_record(&self, container: &mut Container, root: &Path, folder: &Path) {
        let read = |root: &Path| Root::open(root)?.read(&folder.join("config.v2.json"), bundle::CONFIG_MAX);
        let record = read(root).or_else(|_| read(&self.host_root)).ok();
        let Some(told) =
            record.and_then(|content| Docker::parse(&content.bytes, &container.id)).map(Docker::told)
        else {
            return;
        };
        container.runtime = RuntimeKind::Docker;
        told.fill(container);
        // Docker has no CRI: nobody will tell more.
        container.complete = !container.name.is_empty();
    }

    fn ask_storage(&self, container: &mut Container, found: &Found) {
        // …/overlay-containers/<id>/userdata
        let beside = found.folder.ancestors().nth(2).map(|list| list.join("containers.json"));
        let known = CONTAINERS_STORAGE
            .iter()
            .map(|storage| Path::new(storage).join("overlay-containers/containers.json"));
        let Ok(root) = Root::open(&found.root) else { return };
        let told = beside
            .into_iter()
            .chain(known)
            .find_map(|path| bundle::stored(&root.read(&path, LIST_MAX).ok()?.bytes, &container.id));
        if let Some(told) = told {
            told.fill(container);
            // podman has no CRI: nobody will tell more.
            container.complete = !container.name.is_empty();
        }
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(
    content: io::Result<Content>,
    folder: PathBuf,
    root: PathBuf,
    runtime: RuntimeKind,
) -> Option<Found> {
    let content = content.ok()?;
    let config = Config::parse(&content.bytes)?;
    Some(Found { folder, config, written_ns: content.written_ns, root, runtime, name: None })
}

/// Docker keeps its containers in a namespace of containerd's.
pub(crate) fn runtime_of(namespace: &str) -> RuntimeKind {
    if namespace == "moby" { RuntimeKind::Docker } else { RuntimeKind::Containerd }
}
