//! W1: the price of single system calls, in nanoseconds, on one core.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::process::getpid;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::{Measure, Room, Scale};
use crate::arm::Running;
use crate::statistics::Random;

pub(crate) fn run(room: &Room, scale: &Scale, _: &Running, _: &mut Random) -> Result<Vec<Measure>> {
    // A thread of its own, so that its place does not pass on to what runs later.
    let loops = std::thread::scope(|scope| {
        scope
            .spawn(|| all(&room.folder, &room.tiny, scale))
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    loops.context("a microloop failed")
}

fn all(folder: &Path, tiny: &Path, scale: &Scale) -> Result<Vec<Measure>> {
    let mut place = CpuSet::new();
    place.set(0);
    sched_setaffinity(None, &place).context("this thread cannot stay on core 0")?;
    let file = folder.join("sixteen-bytes");
    std::fs::write(&file, [7u8; 16])?;
    let open = File::open(&file)?;
    let mut buffer = [0u8; 16];
    let (light, heavy) = (scale.calls, scale.heavy_calls);
    let mut measures = vec![
        timed("getpid", light, || Ok(getpid()))?,
        timed("read", light, || Ok(open.read_at(&mut buffer, 0)?))?,
        timed("stat", light, || Ok(std::fs::metadata(&file)?))?,
        timed("open and close", light, || Ok(File::open(&file)?))?,
        timed("fork, exec, exit", heavy, || Ok(Command::new(tiny).status()?))?,
    ];
    let (mut from, mut to) = std::io::pipe()?;
    measures.push(timed("pipe, write and read", light, || {
        to.write_all(&buffer)?;
        Ok(from.read_exact(&mut buffer)?)
    })?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    measures.push(timed("connect and accept", heavy, || {
        let near = TcpStream::connect(address)?;
        let (far, _) = listener.accept()?;
        Ok((near, far))
    })?);
    Ok(measures)
}

/// Nanoseconds for each of `count` calls.
fn timed<T>(name: &str, count: u32, mut call: impl FnMut() -> Result<T>) -> Result<Measure> {
    for _ in 0..count / 20 {
        call().with_context(|| name.to_owned())?;
    }
    let began = Instant::now();
    for _ in 0..count {
        // What the call returns is closed, or freed, inside the measured time.
        black_box(call().with_context(|| name.to_owned())?);
    }
    Ok(Measure::less(name, "ns", began.elapsed().as_nanos() as f64 / f64::from(count.max(1))))
}
