//! The models of an installation as they lie on the disk, and as the next start will find them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::added::{Added, AddedError};
use crate::choices::Choices;
use crate::engine::{Engine, EngineError, Session};
use crate::manifest::ModelSpec;
use crate::registry::{Registry, RegistryError};
use crate::settings::Settings;

/// The models of an installation.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The folder of those that ship.
    pub shipped: PathBuf,
    /// Those that were added, and what was decided beside the settings.
    pub added: Added,
    /// The settings, as the configuration has them.
    pub settings: Settings,
}

/// Why it cannot be told what the next start will find.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// What was added cannot be read.
    #[error(transparent)]
    Added(#[from] AddedError),
    /// The next start would fail.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl Installation {
    /// The folders of models: those that ship, and those that were added.
    pub fn folders(&self) -> Vec<PathBuf> {
        std::iter::once(self.shipped.clone()).chain(self.added.present()).collect()
    }

    /// The registry that the next start would open, for listings: nothing is loaded.
    ///
    /// # Errors
    /// Those that the next start would meet.
    pub fn next(&self) -> Result<Registry, InstallationError> {
        self.with(self.added.choices()?)
    }

    /// The same with other choices.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn with(&self, choices: Choices) -> Result<Registry, InstallationError> {
        let settings = Settings { choices, ..self.settings.clone() };
        Ok(Registry::for_listings(&self.folders(), &settings)?)
    }
}

impl Registry {
    /// The models with an engine that is there and need not be loaded to tell what could be done with it.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub fn for_listings(folders: &[PathBuf], settings: &Settings) -> Result<Self, RegistryError> {
        Self::open(Arc::new(Unloaded), folders, settings)
    }
}

struct Unloaded;

impl Engine for Unloaded {
    fn describe(&self) -> String {
        "OpenVINO, not loaded".into()
    }

    fn load(&self, _: &ModelSpec, _: &Path) -> Result<Box<dyn Session>, EngineError> {
        Err(EngineError::Failed("the engine is not loaded for listings".into()))
    }
}
