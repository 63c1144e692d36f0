//! The embedded store: SQLite for findings, a folder for evidence.
