//! kernel side
