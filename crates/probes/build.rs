//! Compiles the eBPF programs; the object is embedded in the library.

use libbpf_cargo::SkeletonBuilder;
use std::{env, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("vedette.bpf.o");
    println!("cargo:rerun-if-changed=bpf");
    if let Err(error) = SkeletonBuilder::new()
        .source("bpf/vedette.bpf.c")
        .obj(&out)
        .clang_args(["-Wall", "-Werror", "-mcpu=v2"])
        .build()
    {
        panic!(
            "bpf/vedette.bpf.c does not compile: {error:?}\nclang 14 or newer is needed (Debian package clang)"
        );
    }
}
