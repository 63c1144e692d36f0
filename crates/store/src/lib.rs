//! Where findings and evidence are kept: traits and the contract every backend passes.
