//! Process tree, channel graph and container index: pure state fed by events.

pub mod identity;
