//! Folders of pictures: one for each person, named after the person.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use safelight_contract::{Code, Fault};
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

/// A picture or a person's folder that did not come, and why.
#[derive(Serialize)]
pub struct Failed {
    pub file: String,
    pub code: &'static str,
    pub message: String,
}

impl Failed {
    fn new(path: &Path, fault: &Fault) -> Self {
        Self {
            file: path.display().to_string(),
            code: fault.code().name(),
            message: fault.message().to_owned(),
        }
    }
}

impl Come {
    pub fn sentence(&self) -> String {
        format!(
            "Added {} faces of {} people; {} were there already, {} files failed.",
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

/// The name of a person, which is that of the folder, and the files in it.
fn person_in(folder: &Path) -> Result<(String, Vec<PathBuf>), Fault> {
    let name = folder.file_name().unwrap_or_default().to_str();
    let name = name.ok_or_else(|| {
        let message = "the name of the folder is not Unicode; rename it to the name of the person";
        Fault::new(Code::ErrorParameters, message)
    })?;
    let files = entries(folder).map_err(|error| {
        Fault::new(Code::FileServiceError, format!("the folder cannot be read: {error:#}"))
    })?;
    Ok((name.to_owned(), files.into_iter().filter(|path| path.is_file()).collect()))
}

fn unreadable(error: &std::io::Error) -> Fault {
    Fault::new(Code::FileServiceError, format!("the file cannot be read: {error}"))
}

/// Adds the pictures of every folder in `folder` to the person that it is named after.
pub async fn import(importer: &Importer<'_>, vision: &Vision, folder: &Path) -> Result<Come> {
    let people: Vec<_> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    if people.is_empty() {
        bail!("{} has no folders, each named after a person", folder.display());
    }
    let mut come = Come::default();
    for person in people {
        let (name, files) = match person_in(&person) {
            Ok(found) => found,
            Err(fault) => {
                come.failed.push(Failed::new(&person, &fault));
                continue;
            }
        };
        come.people += 1;
        for file in files {
            let bytes = match std::fs::read(&file) {
                Ok(bytes) => bytes,
                Err(error) => {
                    come.failed.push(Failed::new(&file, &unreadable(&error)));
                    continue;
                }
            };
            let cancel = Cancel::after(PATIENCE);
            let context = Context::new(vision.clone(), cancel, Arc::new(Inline));
            match importer.add(&context, &name, Bytes::from(bytes)).await {
                Ok(true) => come.faces += 1,
                Ok(false) => come.skipped += 1,
                Err(fault) => come.failed.push(Failed::new(&file, &fault)),
            }
        }
    }
    Ok(come)
}
