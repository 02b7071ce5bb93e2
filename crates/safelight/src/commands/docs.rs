//! `safelight docs`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use super::Context;
use crate::documents;

const EXAMPLES: &str = "Example:\n  safelight docs docs";

/// Writes the documentation pages that follow from the code
#[derive(Args)]
#[command(hide = true, after_help = EXAMPLES)]
pub struct Docs {
    /// Folder for the pages
    folder: PathBuf,
}

impl Docs {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let folder = self.folder.display();
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("the folder {folder} cannot be made"))?;
        let mut names = Vec::new();
        for (name, text) in documents::all() {
            let path = self.folder.join(name);
            fs::write(&path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            names.push(name);
        }
        let sentence = format!("Wrote {} to {folder}.", names.join(", "));
        context.output.result(&json!({ "folder": self.folder, "pages": names }), &sentence)?;
        Ok(ExitCode::SUCCESS)
    }
}
