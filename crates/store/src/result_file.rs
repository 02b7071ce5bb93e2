//! Result files.

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
