//! Files, over `object_store`.

/// The files of one installation.
pub struct Blobs;

/// What can go wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("file store: {0}")]
pub struct BlobError(pub String);
