//! The engine: detectors, sessions, waiting for late facts.
