//! An installation that is gone with the process: its rows and files lie in a temporary folder.

use std::sync::Arc;

use anyhow::{Context, Result};
use safelight_inference::Registry;
use safelight_server::{Parts, Role};
use safelight_store::{Application, Blobs, Credits, KeySecret, NewApplication, Sqlite};
use safelight_vision::Vision;
use tempfile::TempDir;

use crate::clock::now;
use crate::commands::serve::configuration;
use crate::config::Loaded;
use crate::data::DataFolder;

const USER: &str = "admin";
const APPLICATION: &str = "default";
const CREDITS: Credits = Credits::whole(1_000_000_000);

/// The parts of a server, and the folder that goes when this is dropped.
pub struct Temporary {
    pub parts: Parts,
    pub folder: TempDir,
}

impl Temporary {
    /// Makes the folder and opens everything in it. Keys are hashed under `secret`.
    pub fn new(loaded: &Loaded, registry: Registry, secret: KeySecret) -> Result<Self> {
        let folder = tempfile::tempdir().context("there is no folder for temporary files")?;
        let data = DataFolder::new(folder.path().to_owned());
        let registry = Arc::new(registry);
        let parts = Parts {
            settings: loaded.config.server.clone(),
            store: Arc::new(Sqlite::open(data.database())?),
            blobs: Blobs::local(data.blobs())?,
            secret,
            library_key: safelight_server::load_or_create_key(data.library_key())?,
            vision: Vision::new(registry.clone()),
            registry,
            role: Role::Serve,
            installation: Err("this server keeps nothing.".to_owned()),
            configuration: configuration(loaded)?,
        };
        Ok(Self { parts, folder })
    }

    /// Creates an application with credits and this key.
    pub async fn open(&self, key: &str) -> Result<Application> {
        let Parts { store, secret, .. } = &self.parts;
        store.create_user(USER, now()).await?;
        let new = NewApplication {
            user: USER.to_owned(),
            name: APPLICATION.to_owned(),
            limits: Default::default(),
            key: Some((secret.hash(key), "temporary".to_owned())),
        };
        let application = store.create_application(&new, now()).await?;
        store.add_credits(application.id, "common", CREDITS, now()).await?;
        Ok(application)
    }
}
