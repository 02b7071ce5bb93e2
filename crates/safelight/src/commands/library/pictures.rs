//! Folders of pictures: one for each person, named after the person.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use safelight_inference::Settings as Models;
use safelight_operation::{Cancel, Context, Inline};
use safelight_server::{Importer, RECOGNITION};
use safelight_vision::Vision;
use serde::Serialize;

use crate::data::DataFolder;
use crate::engine;

/// The longest that one picture may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What came of a folder.
#[derive(Default, Serialize)]
pub struct Come {
    people: u64,
    faces: u64,
    skipped: u64,
    pub failed: Vec<Failed>,
}

/// A picture that did not come, and why.
#[derive(Serialize)]
pub struct Failed {
    pub file: String,
    pub code: &'static str,
    pub message: String,
}

impl Come {
    pub fn sentence(&self) -> String {
        format!(
            "Added {} faces of {} people; {} were there already, {} pictures were refused.",
            self.faces,
            self.people,
            self.skipped,
            self.failed.len()
        )
    }
}

/// The models that look at faces.
pub fn vision(data: &DataFolder, models: &Models) -> Result<Vision> {
    let adding = RECOGNITION.iter().find(|endpoint| endpoint.spec().slug() == "face-add");
    engine::vision_for(data, models, adding.ok_or_else(|| anyhow!("face-add is not there"))?)
}

/// What lies in a folder, by name, without what is hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let named = || format!("{} cannot be read", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(named)? {
        let entry = entry.with_context(named)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// Adds the pictures of every folder in `folder` to the person that it is named after.
pub async fn import(importer: &Importer<'_>, vision: &Vision, folder: &Path) -> Result<Come> {
    let people: Vec<_> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    if people.is_empty() {
        bail!("{} has no folders, each named after a person", folder.display());
    }
    let mut come = Come::default();
    for person in people {
        let name = person.file_name().unwrap_or_default().to_string_lossy().into_owned();
        come.people += 1;
        for file in entries(&person)?.into_iter().filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            let cancel = Cancel::after(PATIENCE);
            let context = Context::new(vision.clone(), cancel, Arc::new(Inline));
            match importer.add(&context, &name, Bytes::from(bytes)).await {
                Ok(true) => come.faces += 1,
                Ok(false) => come.skipped += 1,
                Err(fault) => come.failed.push(Failed {
                    file: file.display().to_string(),
                    code: fault.code().name(),
                    message: fault.message().to_owned(),
                }),
            }
        }
    }
    Ok(come)
}
