//! Images from this machine's own files run, with their libraries.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use e2e::{Image, Skip, node_or_skip};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn dynamic_programs_and_a_librarys_folder_run_and_log() -> Result<()> {
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let mut image = Image::builder("e2e.test/tools:1").busybox(&["sh"])?.empty_folder("/tmp").file(
        "/etc/motd",
        0o644,
        "hi\n",
    );
    for program in ["/usr/bin/bash", "/usr/bin/socat", "/usr/bin/perl"] {
        if Path::new(program).exists() {
            image = image.program(program)?;
        } else {
            Skip { reason: format!("{program} is not installed, so not in the image") }.print();
        }
    }
    let image = image.build();
    node.import(&image)?;
    let pod = node.pod("tools").run()?;
    let script = "cat() { while read -r line; do echo \"$line\"; done; }; cat < /etc/motd; echo done >&2";
    let container = pod.container("tools", &image).command(&["/usr/bin/bash", "-c", script]).start()?;
    assert_eq!(container.wait(LIMIT)?, 0, "{}", container.logs());
    // Two streams: either may be written first.
    let logs = container.logs();
    let mut lines: Vec<&str> = logs.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["done", "hi"]);

    let long = pod.container("long", &image).command(&["/bin/busybox", "sleep", "60"]).start()?;
    if Path::new("/usr/bin/socat").exists() {
        assert!(long.exec(&["/usr/bin/socat", "-V"], LIMIT)?.stdout.contains("socat"));
    }
    if Path::new("/usr/bin/perl").exists() {
        assert_eq!(long.exec(&["/usr/bin/perl", "-e", "print 6 * 7"], LIMIT)?.stdout, "42");
    }
    Ok(())
}

#[test]
fn python_with_its_library_runs() -> Result<()> {
    let version = std::fs::read_link("/usr/bin/python3").ok().map(|link| link.to_string_lossy().into_owned());
    let Some(version) = version.filter(|version| Path::new("/usr/lib").join(version).is_dir()) else {
        Skip { reason: "no python3 here; install the package python3".to_owned() }.print();
        return Ok(());
    };
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let image = Image::builder("e2e.test/python:1")
        .program(&format!("/usr/bin/{version}"))?
        .link(&version, "/usr/bin/python3")
        .folder(&format!("/usr/lib/{version}"))?
        .build();
    node.import(&image)?;
    let pod = node.pod("python").run()?;
    let program = "import socket, ssl, ctypes; print(sum(range(10)))";
    let container = pod.container("python", &image).command(&["/usr/bin/python3", "-c", program]).start()?;
    assert_eq!(container.wait(LIMIT)?, 0, "{}", container.logs());
    assert_eq!(container.logs(), "45\n");
    Ok(())
}

#[test]
fn equal_content_gives_the_same_digest() -> Result<()> {
    let image = |text: &str| {
        Image::builder("e2e.test/x:1")
            .file("/a", 0o644, text)
            .link("a", &format!("/{}", "b".repeat(150)))
            .build()
    };
    assert_eq!(image("1").digest, image("1").digest);
    assert_ne!(image("1").digest, image("2").digest);
    Ok(())
}
