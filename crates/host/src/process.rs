//! Arguments and environment of a process that was there before the sensor.

use event::{Arguments, Environment, Text};
use std::fs::File;
use std::io::Read;
use std::path::Path;

const BLOCK_MAX: u64 = 4_096;

/// `/proc/PID/cmdline`, as far as an exec record would hold it.
pub fn arguments(proc_root: &Path, pid: u32) -> Option<Arguments> {
    let (values, truncated) = block(&proc_root.join(format!("{pid}/cmdline")))?;
    Some(Arguments { values, truncated })
}

/// `/proc/PID/environ`, as far as an exec record would hold it. The end is missing in a long one.
pub fn environment(proc_root: &Path, pid: u32) -> Option<Environment> {
    let (values, truncated) = block(&proc_root.join(format!("{pid}/environ")))?;
    Some(Environment { values, truncated })
}

fn block(path: &Path) -> Option<(Vec<Text>, bool)> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(BLOCK_MAX + 1).read_to_end(&mut bytes).ok()?;
    let truncated = bytes.len() as u64 > BLOCK_MAX;
    bytes.truncate(BLOCK_MAX as usize);
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let values =
        if bytes.is_empty() { Vec::new() } else { bytes.split(|b| *b == 0).map(Text::new).collect() };
    Some((values, truncated))
}
