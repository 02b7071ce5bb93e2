//! Result files, and what lies on the disk.

use async_trait::async_trait;

use crate::{Millis, Result};

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

/// Result files and inputs of tasks, and what lies on the disk. Part of [`Store`](crate::Store).
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Records a file, unless that would take the sum of all files and inputs over `disk_budget`
    /// bytes: `false`, and nothing recorded.
    async fn add_file(&self, file: &ResultFile, disk_budget: u64) -> Result<bool>;
    /// The file of that key, also when reclaimed.
    async fn file(&self, key: &str) -> Result<Option<ResultFile>>;
    /// Keys of up to `limit` files whose life is over and which are not reclaimed.
    async fn expired_files(&self, now: Millis, limit: u32) -> Result<Vec<String>>;
    /// Marks a file reclaimed; the key stays known.
    async fn reclaim_file(&self, key: &str) -> Result<()>;
    /// Records the input of a task that is about to be written to the blobs under `path`, unless
    /// that would take the sum of all files and inputs over `disk_budget` bytes: `false`, and
    /// nothing recorded. A path in use is [`StoreError::Conflict`](crate::StoreError::Conflict).
    async fn add_input(&self, path: &str, size: u64, disk_budget: u64, now: Millis)
    -> Result<bool>;
    /// Forgets an input whose blobs are deleted; an unknown one is fine.
    async fn remove_input(&self, path: &str) -> Result<()>;
    /// Paths of up to `limit` inputs that were recorded before `before` and have no open task,
    /// oldest first.
    async fn orphaned_inputs(&self, before: Millis, limit: u32) -> Result<Vec<String>>;
    /// Bytes of the files that are not reclaimed, and of the inputs.
    async fn disk_use(&self) -> Result<DiskUse>;
}
