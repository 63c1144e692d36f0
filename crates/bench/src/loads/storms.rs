//! W3: everything at once on all cores: execs, forks, and a build.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};

use super::exec_generator::{self, Pace};
use super::{Measure, Room, Scale, cores, quietly};
use crate::arm::Running;
use crate::statistics::Random;

pub(crate) fn run(room: &Room, scale: &Scale, _: &Running, _: &mut Random) -> Result<Vec<Measure>> {
    let execs = exec_generator::run(&room.tiny, Pace::Flat, scale.storm, &AtomicBool::new(false))?;
    Ok(vec![
        Measure::more("execs", "1/s", execs),
        Measure::more("forks", "1/s", forks(scale)?),
        Measure::less("build", "s", build(room, scale)?),
    ])
}

/// Subshells of busybox: a fork and an exit each, and no exec.
fn forks(scale: &Scale) -> Result<f64> {
    let millis = u32::try_from(scale.storm.as_millis()).context("a storm of weeks")?;
    // Sized so that it lasts about as long as the exec storm; bounded by count, since a shell has no fine clock.
    let each = millis.saturating_mul(2).clamp(500, 100_000);
    let script = format!("i=0; while [ $i -lt {each} ]; do (:); i=$((i+1)); done");
    let began = Instant::now();
    let shells: Vec<_> = (0..cores()?)
        .map(|_| {
            Command::new("busybox")
                .args(["sh", "-c", &script])
                .spawn()
                .context("busybox could not be started")
        })
        .collect::<Result<_>>()?;
    let total = f64::from(each) * shells.len() as f64;
    for mut shell in shells {
        shell.wait()?;
    }
    Ok(total / began.elapsed().as_secs_f64())
}

/// Seconds to compile a generated tree with as many compilers as cores.
fn build(room: &Room, scale: &Scale) -> Result<f64> {
    let folder = room.folder.join("build");
    std::fs::create_dir_all(&folder)?;
    for number in 0..scale.build_files {
        std::fs::write(folder.join(format!("part{number}.c")), source(number))?;
    }
    let next = AtomicU32::new(0);
    let began = Instant::now();
    let compile = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= scale.build_files {
                return Ok(());
            }
            let mut compiler = Command::new("cc");
            quietly(compiler.current_dir(&folder).args(["-O2", "-c", &format!("part{number}.c")]))?;
        }
    };
    let threads = cores()?;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(compile)).collect();
        handles
            .into_iter()
            .try_for_each(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&folder)?;
    Ok(seconds)
}

/// Forty small functions with a loop each, and the headers that a real file would read.
fn source(number: u32) -> String {
    let mut text =
        String::from("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <errno.h>\n");
    for function in 0..40 {
        let _ = writeln!(
            text,
            "int part{number}_{function}(const int *v, int n) {{ int s = {function}; for (int i = 0; i < n; i++) \
             {{ s = s * 31 + (v[i] ^ {number}); if (s < 0) s = -s; }} return s + (int)strlen(\"{function}\"); }}"
        );
    }
    text
}
