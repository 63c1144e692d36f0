//! The catalogue: one file per detector.
