//! What the account commands share: the open store, and how rows look.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use safelight_library::MasterKey;
use safelight_store::{Blobs, KeySecret, Store, StoreError};

use super::Context;
use crate::config::Own;
use crate::data::DataFolder;
use crate::secrets;

/// The store of an installation, beside a running server or without one.
pub struct Accounts {
    pub store: Arc<dyn Store>,
    own: Own,
    data: DataFolder,
}

impl Accounts {
    /// The folder of the installation.
    pub fn data(&self) -> &DataFolder {
        &self.data
    }

    /// The files of the installation.
    pub fn blobs(&self) -> Result<Blobs> {
        Ok(self.own.blobs.open(self.data.blobs(), self.own.store.durability)?)
    }

    /// The secret that keys are hashed under.
    pub async fn secret(&self) -> Result<KeySecret> {
        secrets::of_keys(&*self.store, &self.data).await
    }

    /// The key of the libraries of faces.
    pub async fn library_key(&self) -> Result<MasterKey> {
        secrets::of_library(&*self.store, &self.data).await
    }
}

/// Opens the store of the installation and runs `work` on it.
pub fn with_store<T>(
    context: &Context,
    work: impl AsyncFnOnce(&Accounts) -> Result<T>,
) -> Result<T> {
    let loaded = context.load()?;
    let own = loaded.config.own.clone();
    let data = DataFolder::new(loaded.data);
    if !own.store.is_shared() {
        data.require()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store =
            own.store.open(data.database()).await.with_context(|| match own.store.is_shared() {
                true => "the database of store.url".to_owned(),
                false => format!("the database {}", data.database().display()),
            })?;
        work(&Accounts { store, own, data }).await
    })
}

/// Adds what to do about a name that does not exist.
pub fn hint<T>(outcome: Result<T, StoreError>, listing: &str) -> Result<T> {
    outcome.map_err(|error| match error {
        StoreError::NotFound(_) => anyhow::anyhow!("{error}; `safelight {listing}` shows all"),
        error => error.into(),
    })
}
