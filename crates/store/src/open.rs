//! The one place that names implementations.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{BlobError, Blobs, Result, Sqlite, Store};

/// Where rows are kept, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What a change survives. Default `process`.
    pub durability: Durability,
}

/// What a change survives once its call has returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The end of the process, however sudden. A power cut may lose the last instants, though never
    /// part of a transaction, so that the books stay right (`synchronous = NORMAL`).
    #[default]
    Process,
    /// A power cut too, at the price of a disk flush per transaction (`synchronous = FULL`), and of
    /// one for each file and one for its folder.
    Power,
}

impl Settings {
    /// Opens the rows: those in the file `database`, which is created where it does not exist.
    ///
    /// # Errors
    /// When the database cannot be opened, or is of a later release or another program.
    pub async fn open(&self, database: impl AsRef<Path>) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(Sqlite::open_with(database, self.durability)?))
    }

    /// [`Blobs::local_with`] these settings.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn open_files(&self, folder: impl AsRef<Path>) -> Result<Blobs, BlobError> {
        Blobs::local_with(folder, self.durability)
    }
}
