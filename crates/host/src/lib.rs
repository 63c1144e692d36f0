//! What /proc and the file system say: executables, evidence, machine facts.
