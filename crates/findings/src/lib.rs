//! From evidence to finding: composing, updating, serving.
