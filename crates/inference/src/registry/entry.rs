//! A model that a manifest names: its file, who refuses it, and which server runs it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::slot::{FIRST_PAUSE, Slot};
use super::{Reason, RegistryError};
use crate::digest::sha256_of;
use crate::engine::EngineError;
use crate::kserve::KServe;
use crate::manifest::ModelSpec;

pub(super) struct Entry {
    pub spec: ModelSpec,
    pub path: PathBuf,
    pub refused: Option<String>,
    /// The server that runs it.
    pub remote: Option<Arc<KServe>>,
    pub slot: Slot,
}

impl Entry {
    pub fn check_refusal(&self) -> Result<(), Reason> {
        let refused =
            |by: &String| Reason::Refused { model: self.spec.name.clone(), by: by.clone() };
        self.refused.as_ref().map_or(Ok(()), |by| Err(refused(by)))
    }

    /// Why an engine does not have it.
    pub fn failed(&self, error: &EngineError) -> Reason {
        let (model, why) = (self.spec.name.clone(), error.to_string());
        match error {
            EngineError::Unavailable(_) => {
                Reason::Unavailable { model, why, again_in: FIRST_PAUSE }
            }
            EngineError::Mismatch(_) | EngineError::Failed(_) => Reason::Failed { model, why },
        }
    }

    pub fn replace_by(&mut self, other: Entry) -> Result<(), RegistryError> {
        if !other.spec.same_signature(&self.spec) {
            return Err(RegistryError::Settings(format!(
                "the model `{}` in {} has other inputs or outputs than the one that it replaces",
                other.spec.name,
                other.path.parent().unwrap_or(Path::new("")).display()
            )));
        }
        *self = other;
        Ok(())
    }

    pub fn check_size(&self) -> Result<(), Reason> {
        let found = self.path.metadata().map_err(|error| self.unreadable(&error))?.len();
        if found == self.spec.bytes {
            return Ok(());
        }
        Err(self.wrong(format!("it has {found} bytes instead of {}", self.spec.bytes)))
    }

    pub fn check_digest(&self) -> Result<(), Reason> {
        let found = sha256_of(&self.path).map_err(|error| self.unreadable(&error))?;
        if found == self.spec.sha256 {
            return Ok(());
        }
        Err(self.wrong(format!("its SHA-256 is {found} instead of {}", self.spec.sha256)))
    }

    fn unreadable(&self, error: &io::Error) -> Reason {
        let (model, file) = (self.spec.name.clone(), self.spec.file.clone());
        match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory => {
                Reason::Unreadable { model, file, why: error.to_string() }
            }
            _ => {
                let why = format!("its file {file} cannot be read: {error}");
                Reason::Unavailable { model, why, again_in: FIRST_PAUSE }
            }
        }
    }

    fn wrong(&self, found: String) -> Reason {
        Reason::WrongFile { model: self.spec.name.clone(), file: self.spec.file.clone(), found }
    }
}
