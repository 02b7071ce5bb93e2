//! The embedded store.

/// The embedded store: SQLite in WAL mode.
pub struct Sqlite;
