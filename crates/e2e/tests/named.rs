//! Containers that their users name: found, named and told apart from the node's own processes, whatever made them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::acceptance::{Found, Product, vedette_binary};
use e2e::{Image, Node, node_or_skip};

/// Longest wait for findings that are due.
const DUE: Duration = Duration::from_secs(15);
const PORT: u16 = 4_917;
const IMAGE: &str = "e2e.test/shop/cart:2";

/// Ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A shell over the network, in something that ends 200 ms later.
fn line() -> String {
    format!("socat TCP:127.0.0.1:{PORT} EXEC:/bin/sh & sleep 0.2; exit 0")
}

fn run(mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// In the node's network, so that all reach one listener.
fn in_network(node: &Node, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net={}", node.network_namespace().display())).arg("--").arg(program);
    command
}

fn listener(node: &Node) -> Result<Running> {
    let mut command = in_network(node, "socat");
    command.arg(format!("TCP-LISTEN:{PORT},bind=127.0.0.1,reuseaddr,fork")).arg("SYSTEM:sleep 1");
    let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().context("starting socat")?;
    let running = Running(child);
    let until = Instant::now() + DUE;
    let mut probe = in_network(node, "socat");
    probe.arg("-u").arg("OPEN:/dev/null").arg(format!("TCP:127.0.0.1:{PORT}")).stderr(Stdio::null());
    while !probe.status()?.success() {
        ensure!(Instant::now() < until, "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(running)
}

fn ctr(node: &Node) -> Command {
    let mut command = Command::new("ctr");
    command.arg("--address").arg(node.socket()).args(["--namespace", "default"]);
    command
}

/// A bundle whose files are this machine's `/usr`.
fn bundle(folder: &Path, command: &str, namespaces: &[&str]) -> Result<PathBuf> {
    let (bundle, root) = (folder.join("bundle"), folder.join("bundle/root"));
    fs::create_dir_all(root.join("usr"))?;
    for name in ["bin", "lib", "lib64"] {
        std::os::unix::fs::symlink(format!("usr/{name}"), root.join(name))?;
    }
    let namespaces: Vec<_> = namespaces.iter().map(|kind| serde_json::json!({"type": kind})).collect();
    let config = serde_json::json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/sh", "-c", command],
            "env": ["PATH=/usr/bin:/bin"],
            "cwd": "/",
            "noNewPrivileges": true,
        },
        "root": {"path": root},
        "mounts": [
            {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]},
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        ],
        "linux": {"namespaces": namespaces},
    });
    fs::write(bundle.join("config.json"), config.to_string())?;
    Ok(bundle)
}

fn runc(node: &Node, bundle: &Path, root: Option<&Path>, name: &str) -> Result<()> {
    let mut command = in_network(node, "runc");
    if let Some(root) = root {
        command.arg("--root").arg(root);
    }
    command.args(["run", "--bundle"]).arg(bundle).arg(name);
    run(command)
}

/// Waits until each of `names` has a finding that is complete; all findings then.
fn settled(product: &Product, names: &[String]) -> Result<Vec<Found>> {
    let watch = product.watch();
    let until = Instant::now() + DUE;
    loop {
        let all = watch.all()?;
        let known = |name: &String| all.iter().any(|found| found.container() == name);
        if names.iter().all(known) || Instant::now() > until {
            std::thread::sleep(Duration::from_secs(1));
            return watch.all();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The kernel makes no user namespace for who is in a chroot.
fn may_unshare() -> bool {
    let may = Command::new("unshare").args(["--user", "true"]).output().is_ok_and(|o| o.status.success());
    if !may {
        println!("skipped: an unprivileged unshare within a container: no user namespace can be made here");
    }
    may
}

#[test]
fn containers_with_names_of_their_users_are_named_and_those_that_nobody_claims_are_said_to_be() -> Result<()>
{
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let image = Image::builder(IMAGE)
        .busybox(&["sleep"])?
        .program_at("/usr/bin/dash", "/bin/sh")?
        .program("/usr/bin/socat")?
        .build();
    let archive = node.folder().join("cart.tar");
    fs::write(&archive, image.archive())?;
    let mut import = ctr(&node);
    import.args(["images", "import"]).arg(&archive);
    run(import)?;
    let folder = node.folder().join("named");
    let own = ["pid", "mount", "ipc"];
    let plainly = bundle(&folder, &line(), &own)?;
    // sees the node's processes, as an agent that watches them does
    let sharing = bundle(&folder.join("sharing"), &line(), &["mount"])?;
    // without any privilege, and its group stays the container's
    let unshared = if may_unshare() { format!("exec unshare -Ufpm sh -c '{}'", line()) } else { line() };
    let unshared = bundle(&folder.join("unshared"), &unshared, &own)?;
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let _listener = listener(&node)?;

    let unique = std::process::id();
    let name = |of: &str| format!("{of}-{unique}");
    let (cart, odd, agent) = (name("shop-cart"), name("billing"), name("agent"));
    let (plain, apart, inner) = (name("web"), name("db"), name("builder"));
    let group = format!("/{}/odd/place", node.control_group());
    for (container, options) in [(&cart, &[][..]), (&odd, &["--cgroup", &group])] {
        let mut command = ctr(&node);
        command.args(["run", "--rm", "--net-host"]).args(options);
        command.args([IMAGE, container, "/bin/sh", "-c", &line()]);
        run(command)?;
    }
    runc(&node, &plainly, None, &plain)?;
    runc(&node, &plainly, Some(&folder.join("records")), &apart)?;
    runc(&node, &unshared, None, &inner)?;
    runc(&node, &sharing, None, &agent)?;
    // no runtime at all, then what only has mounts of its own as a service has
    let mut nobody = in_network(&node, "unshare");
    nobody.args(["--fork", "--pid", "--mount", "--mount-proc", "sh", "-c", &line()]);
    run(nobody)?;
    let mut service = in_network(&node, "unshare");
    service.args(["--mount", "sh", "-c", &line()]);
    run(service)?;

    let all = settled(&product, &[&cart, &odd, &agent, &plain, &apart, &inner].map(Clone::clone))?;
    let mut wrong = Vec::new();
    let digest = image.digest.as_str();
    for (container, runtime, reference, digest) in [
        (&cart, "containerd", IMAGE, digest),
        (&odd, "containerd", IMAGE, digest),
        (&agent, "runc", "", ""),
        (&plain, "runc", "", ""),
        (&apart, "runc", "", ""),
        (&inner, "runc", "", ""),
    ] {
        let found: Vec<&Found> = all.iter().filter(|found| found.container() == container).collect();
        let [found] = found[..] else {
            wrong.push(format!("{container}: {} findings", found.len()));
            continue;
        };
        for (pointer, should) in [
            ("/sourceProperties/Container_Id", container.as_str()),
            ("/sourceProperties/Container_Name", container.as_str()),
            ("/sourceProperties/Container_Image_Uri", reference),
            ("/sourceProperties/Container_Image_Id", digest),
            ("/vedette/container/runtime", runtime),
        ] {
            if found.text(pointer) != should {
                wrong.push(format!(
                    "{container}: {pointer} is {:?}, should be {should:?}",
                    found.text(pointer)
                ));
            }
        }
    }
    // the machine may have shells of its own
    let ours = |found: &&Found| found.text("/vedette/session/endpoint/peer").ends_with(&format!(":{PORT}"));
    let others: Vec<&Found> = all.iter().filter(ours).filter(|found| found.container().is_empty()).collect();
    let describes = |found: &&&Found, what: &str| found.text("/description").contains(what);
    let unclaimed = others.iter().filter(|found| describes(found, "that no known runtime claims")).count();
    let nodes = others.iter().filter(|found| describes(found, "outside any container")).count();
    if (others.len(), unclaimed, nodes) != (2, 1, 1) {
        let texts: Vec<_> = others.iter().map(|found| found.text("/description")).collect();
        wrong.push(format!("{unclaimed} unclaimed and {nodes} of the node: {texts:#?}"));
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
