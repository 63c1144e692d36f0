//! Container facts from the runtime's own bundle and the CRI.
