//! What a runtime has written down of one container.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use event::{ContainerId, Hierarchy, Text, Whereabouts};
use serde::Deserialize;

use super::{Claim, Keeper, Source, pid_namespace};
use crate::bundle;
use crate::files::{Content, Root};

/// Where control groups are mounted.
const MOUNTED: &str = "/sys/fs/cgroup";
/// A file with a pid, bytes.
const PID_MAX: u64 = 64;

/// A container's record.
#[derive(Debug)]
pub(super) struct Record {
    name: String,
    /// Its first process, and when that started in ticks since boot where that is written down.
    first: Option<(u32, Option<u64>)>,
    /// As the runtime writes them: below a mount, from the top, or as a systemd unit.
    groups: Vec<String>,
    bundle: Option<PathBuf>,
    instance: u64,
}

/// `state.json` of runc and youki, `status` of crun.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    init_process_pid: Option<u32>,
    pid: Option<u32>,
    #[serde(alias = "process-start-time")]
    init_process_start: Option<u64>,
    cgroup_paths: Option<BTreeMap<String, String>>,
    #[serde(rename = "cgroup-path")]
    cgroup_path: Option<String>,
    created: String,
    bundle: Option<PathBuf>,
    config: Inner,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Inner {
    labels: Option<Vec<String>>,
}

impl Record {
    /// The record of `name`, if there is one.
    pub(super) fn read(root: &Root, source: &Source, name: &str) -> Option<Self> {
        ContainerId::named(name, 0)?;
        let folder = source.folder.join(name);
        let file = |file: &str, most: u64| root.read(&folder.join(file), most).ok();
        match source.kind {
            Keeper::Tasks(_) => {
                let config = file("config.json", bundle::CONFIG_MAX)?;
                let pid = file("init.pid", PID_MAX)
                    .and_then(|content| String::from_utf8(content.bytes).ok()?.trim().parse().ok());
                Self::of_task(name, &folder, &config, pid)
            }
            Keeper::State(_) => {
                let content = ["state.json", "status"].iter().find_map(|n| file(n, bundle::CONFIG_MAX))?;
                Self::of_state(name, &folder, &content)
            }
        }
    }

    fn of_task(name: &str, folder: &Path, config: &Content, pid: Option<u32>) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            first: pid.map(|pid| (pid, None)),
            groups: bundle::Config::parse(&config.bytes)?.control_group().into_iter().collect(),
            bundle: Some(folder.to_owned()),
            instance: instance(folder, config.written_ns),
        })
    }

    fn of_state(name: &str, folder: &Path, content: &Content) -> Option<Self> {
        let state: State = serde_json::from_slice(&content.bytes).ok()?;
        let labels = state.config.labels.unwrap_or_default();
        let label = labels.iter().find_map(|label| label.strip_prefix("bundle=")).map(PathBuf::from);
        let groups = state.cgroup_paths.unwrap_or_default().into_values().chain(state.cgroup_path);
        Some(Self {
            name: name.to_owned(),
            first: state.init_process_pid.or(state.pid).map(|pid| (pid, state.init_process_start)),
            groups: groups.collect(),
            bundle: state.bundle.or(label).filter(|path| path.is_absolute()),
            // the file is written again while the container lives
            instance: if state.created.is_empty() {
                instance(folder, content.written_ns)
            } else {
                instance(folder, state.created)
            },
        })
    }

    /// The container's own control group, if the process is in it.
    pub(super) fn around(&self, process: &Whereabouts) -> Option<Vec<Text>> {
        let path = &process.cgroup.path;
        let levels =
            self.groups.iter().filter_map(|group| levels(group, process.cgroup.hierarchy, path)).min()?;
        path.get(..levels).map(<[Text]>::to_vec)
    }

    /// The pid namespace of the first process, while that is the one that was written down.
    pub(super) fn first_sees(&self, proc_root: &Path) -> Option<u32> {
        let (pid, started) = self.first?;
        let is_it = started.is_none_or(|ticks| host::start_ticks(proc_root, pid.into()) == Some(ticks));
        pid_namespace(proc_root, pid).filter(|_| is_it)
    }

    /// The runtime's word for it.
    pub(super) fn claim(&self, source: &Source, cgroup: Vec<Text>) -> Option<Claim> {
        let (Keeper::Tasks(runtime) | Keeper::State(runtime)) = source.kind;
        Some(Claim {
            id: ContainerId::named(&self.name, self.instance)?,
            runtime,
            bundle: self.bundle.clone(),
            cgroup,
            root: source.root.clone(),
        })
    }
}

/// How many levels of `path` a group is that is around it; `None` when it is not.
fn levels(group: &str, hierarchy: Hierarchy, path: &[Text]) -> Option<usize> {
    let parts =
        |text: &str| text.split('/').filter(|part| !part.is_empty()).map(Text::from).collect::<Vec<_>>();
    let begins = |parts: &[Text]| (!parts.is_empty() && path.starts_with(parts)).then_some(parts.len());
    if let Some(below) = group.strip_prefix(MOUNTED).filter(|below| below.starts_with('/')) {
        let parts = parts(below);
        let controller = parts.first().and_then(Text::as_str);
        return match (hierarchy, controller) {
            (Hierarchy::V2, Some("unified")) | (Hierarchy::V1, Some(_)) => begins(&parts[1..]),
            (Hierarchy::V2, _) => begins(&parts),
            (Hierarchy::V1, None) => None,
        };
    }
    if group.starts_with('/') {
        return begins(&parts(group));
    }
    let (slice, unit) = group.split_once(':')?;
    let (runtime, name) = unit.split_once(':')?;
    let scope = if runtime.is_empty() { format!("{name}.scope") } else { format!("{runtime}-{name}.scope") };
    let at = path.iter().position(|part| {
        // without systemd the whole is a folder's name
        part.as_str() == Some(&scope) || part.as_str() == Some(group)
    })?;
    let above = at.checked_sub(1).and_then(|above| path[above].as_str());
    (path[at].as_str() == Some(group) || slice.is_empty() || above == Some(slice)).then_some(at + 1)
}

fn instance(folder: &Path, when: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    when.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use event::{Hierarchy, Text};

    use super::levels;

    fn path(text: &str) -> Vec<Text> {
        text.split('/').filter(|part| !part.is_empty()).map(Text::from).collect()
    }

    #[test]
    fn a_group_is_around_what_is_in_it_in_each_hierarchy_and_spelling() {
        use Hierarchy::{V1, V2};
        for (group, hierarchy, of, expected) in [
            ("/sys/fs/cgroup/default/web", V2, "/default/web/sub", Some(2)),
            ("/sys/fs/cgroup/unified/default/web", V2, "/default/web", Some(2)),
            ("/sys/fs/cgroup/cpu,cpuacct/default/web", V1, "/default/web", Some(2)),
            ("/sys/fs/cgroup/memory/web", V1, "/web", Some(1)),
            ("/default/web", V1, "/default/web", Some(2)),
            ("/crun/web", V2, "/crun/web/container", Some(2)),
            ("system.slice:runc:web", V2, "/system.slice/runc-web.scope", Some(2)),
            ("user.slice:crun:a-b", V2, "/user.slice/user-1.slice/user.slice/crun-a-b.scope", Some(4)),
            ("system.slice:runc:web", V1, "/system.slice:runc:web", Some(1)),
            (":runc:web", V2, "/x.slice/runc-web.scope", Some(2)),
            // another one's, or nobody's
            ("/sys/fs/cgroup/default/web", V2, "/web", None),
            ("/sys/fs/cgroup/default/web", V2, "/default/webshop", None),
            ("/sys/fs/cgroup/default/web", V2, "/other/default/web", None),
            ("/sys/fs/cgroup/memory", V1, "/web", None),
            ("/sys/fs/cgroup", V2, "/web", None),
            ("/", V2, "/web", None),
            ("", V2, "/web", None),
            ("/sys/fs/cgroups/web", V2, "/web", None),
            ("system.slice:runc:web", V2, "/user.slice/runc-web.scope", None),
        ] {
            assert_eq!(levels(group, hierarchy, &path(of)), expected, "{group} around {of}");
        }
    }
}
