//! Compiles the eBPF programs and generates their typed skeleton.

use libbpf_cargo::SkeletonBuilder;
use std::{env, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("vedette.skel.rs");
    println!("cargo:rerun-if-changed=bpf");
    if let Err(error) = SkeletonBuilder::new()
        .source("bpf/vedette.bpf.c")
        .clang_args(["-Wall", "-Werror", "-mcpu=v2"])
        .build_and_generate(&out)
    {
        panic!("bpf/vedette.bpf.c does not compile: {error:?}. clang 14 or newer is needed (Debian package clang).");
    }
}
