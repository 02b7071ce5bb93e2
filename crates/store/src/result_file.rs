//! Result files, and what lies on the disk.

use crate::Millis;

/// A result file: the row beside the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// Unguessable key, the last part of its URL, with extension; also the blob's key.
    pub key: String,
    /// Whose it is.
    pub application: i64,
    /// Content type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub created_at: Millis,
    /// When it is reclaimed.
    pub expires_at: Millis,
    /// Whether it is reclaimed.
    pub reclaimed: bool,
}

/// Bytes on the disk that the disk budget covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// Of result files that are not reclaimed.
    pub results: u64,
    /// Of the inputs of tasks, and of uploads.
    pub inputs: u64,
}

impl DiskUse {
    /// Of both.
    pub fn total(self) -> u64 {
        self.results.saturating_add(self.inputs)
    }

    /// Whether `size` more bytes keep within `budget`.
    pub fn leaves(self, size: u64, budget: u64) -> bool {
        // Sums are signed in the database.
        let budget = budget.min(i64::MAX as u64);
        self.total().checked_add(size).is_some_and(|sum| sum <= budget)
    }
}
