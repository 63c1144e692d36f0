//! `console/dist` → compressed files → a table of them.
//!
//! Whoever has no Node.js builds everything else: without that folder, the table is empty.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    if built.is_dir() {
        collect(&built, &mut files)?;
    }
    files.sort();
    let mut table = String::from("[\n");
    for (number, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let name = file.strip_prefix(&built).unwrap_or(file).display().to_string();
        let squeezed = squeezed(&bytes)?;
        // fonts and pictures are compressed already
        let is_squeezed = squeezed.len() < bytes.len() / 10 * 9;
        let kept = out.join(format!("asset-{number}"));
        fs::write(&kept, if is_squeezed { &squeezed } else { &bytes })?;
        let _ = writeln!(
            table,
            "    Asset {{ path: {:?}, is_gzip: {is_squeezed}, bytes: include_bytes!({:?}) }},",
            format!("/{name}"),
            kept.display().to_string()
        );
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn squeezed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
