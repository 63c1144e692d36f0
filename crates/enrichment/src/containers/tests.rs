use super::*;
use event::{Hierarchy, ProcessKey};

const NODE: Namespaces = Namespaces { pid: FIRST_PID_NAMESPACE, mount: 1, network: 1, user: 1 };
const OWN: Namespaces = Namespaces { pid: 100, mount: 101, network: 1, user: 1 };

/// A process in the group of that number and path, with these namespaces.
fn process(pid: u32, cgroup: (u64, &str), namespaces: Namespaces) -> Exec {
    let path = cgroup.1.split('/').filter(|name| !name.is_empty()).map(Text::from).collect();
    let cgroup = Cgroup { id: cgroup.0, hierarchy: Hierarchy::V2, path, truncated: false };
    let process = ProcessKey { pid, start_ns: u64::from(pid) };
    Exec { namespaces, cgroup, ..crate::fixture::exec(process) }
}

fn index() -> Containers {
    let mut containers = Containers::default();
    let first = process(1, (1, "/init.scope"), NODE);
    assert!(matches!(containers.of(&first, || NODE.pid, 1), Known::Node));
    containers
}

fn of(containers: &mut Containers, exec: &Exec) -> Option<Arc<Container>> {
    match containers.of(exec, || exec.namespaces.pid, exec.time_ns) {
        Known::Node => None,
        Known::New(container) | Known::Seen(container) => Some(container),
    }
}

fn nested() -> Exec {
    process(9, (9, &format!("/docker/{}/kubepods/pod1/{}", "a".repeat(64), "b".repeat(64))), OWN)
}

fn bare(containers: &mut Containers) -> Container {
    let bare = of(containers, &nested()).unwrap();
    assert_eq!(bare.id.as_str(), "b".repeat(64));
    (*bare).clone()
}

/// What a runtime tells of the container `name` that was asked about.
fn claimed(asked: &Container, name: &str, cgroup: &str) -> Container {
    let cgroup = cgroup.split('/').filter(|name| !name.is_empty()).map(Text::from).collect();
    let id = ContainerId::named(name, 7).unwrap();
    Container { id, name: name.into(), cgroup, complete: true, ..asked.clone() }
}

#[test]
fn a_container_that_no_runtime_knows_is_the_one_around_it() {
    let mut containers = Containers::default();
    let facts = Container { complete: true, ..bare(&mut containers) };
    let Told::Forged { actual, is_new, .. } = containers.tell(&facts.id.clone(), facts, 2) else {
        panic!("believed")
    };
    assert_eq!((actual.id.as_str(), is_new), ("a".repeat(64).as_str(), true));
    assert_eq!(of(&mut containers, &nested()).unwrap().id, actual.id);
}

#[test]
fn a_node_in_a_container_keeps_its_containers() {
    let mut containers = Containers::default();
    let named = Container { complete: true, name: "web".into(), ..bare(&mut containers) };
    assert!(matches!(containers.tell(&named.id.clone(), named, 2), Told::Kept(_)));
    let Known::Seen(now) = containers.of(&nested(), || 0, 3) else { panic!("not seen") };
    assert_eq!(now.within.as_ref().map(|(id, _)| id.as_str().len()), Some(64));
}

#[test]
fn what_shares_the_nodes_namespaces_is_the_nodes_and_a_service_is_asked_about() {
    let mut containers = index();
    for path in ["/", "/system.slice/ssh.service", "/odd/group", "/default/web"] {
        assert!(of(&mut containers, &process(20, (20, path), NODE)).is_none(), "{path}");
    }
    let service = process(21, (21, "/system.slice/db.service"), Namespaces { mount: 55, ..NODE });
    let asked = of(&mut containers, &service).unwrap();
    assert!(!asked.id.is_claimed() && !containers.node().are_left(&service.namespaces));
}

#[test]
fn a_named_container_is_unclaimed_until_its_runtime_says_so_and_then_all_that_is_in_its_group() {
    let mut containers = index();
    let shell = process(30, (30, "/default/web"), OWN);
    let Known::New(asked) = containers.of(&shell, || OWN.pid, 30) else { panic!("not new") };
    assert!(!asked.id.is_claimed());
    assert_eq!(asked.cgroup_path(), "/default/web");
    containers.asked(&asked.id);
    assert!(matches!(containers.of(&shell, || OWN.pid, 31), Known::Seen(_)), "asked about once");
    let facts = claimed(&asked, "web", "/default/web");
    assert!(matches!(containers.tell(&asked.id, facts.clone(), 32), Told::Kept(_)));
    // what it unshares, and what enters it with the node's processes
    for namespaces in [OWN, Namespaces { pid: 200, ..OWN }, Namespaces { mount: 101, ..NODE }, NODE] {
        let id = of(&mut containers, &process(33, (30, "/default/web"), namespaces)).unwrap().id.clone();
        assert_eq!(id, facts.id);
    }
    // the second answer is about the same one
    assert!(matches!(containers.tell(&asked.id, facts, 34), Told::Kept(_)));
}

#[test]
fn a_name_that_is_used_again_is_asked_about_again() {
    let mut containers = index();
    let asked = of(&mut containers, &process(30, (30, "/default/web"), OWN)).unwrap();
    containers.tell(&asked.id, claimed(&asked, "web", "/default/web"), 31);
    let again = of(&mut containers, &process(40, (40, "/default/web"), OWN)).unwrap();
    assert!(!again.id.is_claimed() && again.id != asked.id);
}

#[test]
fn a_container_without_a_group_of_its_own_does_not_take_the_group() {
    let mut containers = index();
    let session = (30, "/user.slice/session-1.scope");
    let asked = of(&mut containers, &process(30, session, OWN)).unwrap();
    containers.tell(&asked.id, claimed(&asked, "web", ""), 31);
    assert_eq!(of(&mut containers, &process(32, session, OWN)).unwrap().id.as_str(), "web");
    assert!(of(&mut containers, &process(33, session, NODE)).is_none());
    // its first process ended, and another one got the number of its namespace
    let next = Exec { pid_in_namespace: 1, ..process(40, session, OWN) };
    assert!(!of(&mut containers, &next).unwrap().id.is_claimed());
}

#[test]
fn unsharing_in_an_unclaimed_container_makes_no_other_one() {
    let mut containers = index();
    let place = (30, "/odd/place");
    let outer = of(&mut containers, &process(30, place, OWN)).unwrap();
    let inner = process(31, place, Namespaces { pid: 300, mount: 301, ..OWN });
    let inner = Exec { pid_in_namespace: 1, ..inner };
    let Known::New(found) = containers.of(&inner, || OWN.pid, 31) else { panic!("not found") };
    assert_eq!(found.id, outer.id);
}

#[test]
fn a_name_forged_in_a_named_container_is_within_it() {
    let mut containers = index();
    let asked = of(&mut containers, &process(30, (30, "/default/web"), OWN)).unwrap();
    let web = claimed(&asked, "web", "/default/web");
    containers.tell(&asked.id, web.clone(), 31);
    let forged = process(32, (32, &format!("/default/web/kubepods/pod1/{}", "b".repeat(64))), OWN);
    let found = of(&mut containers, &forged).unwrap();
    assert_eq!(found.within.as_ref().map(|(id, _)| id), Some(&web.id));
    let told = containers.tell(&found.id, Container { complete: true, ..(*found).clone() }, 33);
    assert!(matches!(told, Told::Forged { actual, is_new: false, .. } if actual.id == web.id));
    assert_eq!(of(&mut containers, &forged).unwrap().id, web.id);
}

#[test]
fn whoever_makes_namespaces_in_masses_is_not_asked_about_for_each() {
    let mut containers = index();
    let mut asked = 0;
    for n in 0..1_000 {
        let exec =
            process(100 + n, (30, "/user.slice/session-1.scope"), Namespaces { pid: 1_000 + n, ..OWN });
        asked += usize::from(matches!(containers.of(&exec, || exec.namespaces.pid, 1), Known::New(_)));
    }
    assert!(asked <= NAMESPACES_MAX && containers.len() <= NAMESPACES_MAX + 1, "{asked}");
}
