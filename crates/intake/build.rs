//! Compiles the contract. No `protoc`: protox reads the file.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contract = "proto/vedette/intake/v1/intake.proto";
    println!("cargo::rerun-if-changed={contract}");
    tonic_prost_build::compile_fds(protox::compile([contract], ["proto"])?)?;
    Ok(())
}
