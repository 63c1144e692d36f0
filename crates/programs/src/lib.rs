//! What a program is and whether it takes commands from its standard input.
//!
//! No I/O, no clock; every input is hostile.

pub mod executable;
pub mod invocation;
pub mod script;
pub mod socat;
