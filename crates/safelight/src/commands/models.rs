//! `safelight models`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::Context;
use crate::data::DataFolder;
use crate::engine::Inventory;
use crate::output::{Row, size};

const EXAMPLES: &str = "\
Examples:
  safelight models
  safelight models --json
  safelight models --set models.refuse=data:non-commercial     what would be left?

Whether each file is the one that its manifest declares is checked by `safelight doctor`.";

/// Lists the models: task, licence, size, and whether each can be used here
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Models {}

/// A model as listings show it.
#[derive(Serialize)]
struct ModelRow {
    name: String,
    task: String,
    licence: String,
    training_data: String,
    training_terms: &'static str,
    bytes: u64,
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
}

impl Row for ModelRow {
    const HEAD: &'static [&'static str] =
        &["name", "licence", "training data", "size", "available", "task"];

    fn cells(&self) -> Vec<String> {
        let available = self.why_not.as_ref().map_or("yes".into(), |why| format!("no: {why}"));
        vec![
            self.name.clone(),
            self.licence.clone(),
            format!("{} ({})", self.training_data, self.training_terms),
            size(self.bytes),
            available,
            self.task.clone(),
        ]
    }
}

impl Models {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        let data = DataFolder::new(loaded.data);
        let inventory = Inventory::take(&data, &loaded.config.own.models)?;
        let rows: Vec<_> = inventory
            .models()
            .map(|(spec, why_not)| ModelRow {
                name: spec.name.clone(),
                task: spec.task.clone(),
                licence: spec.licence.clone(),
                training_data: spec.training.data.clone(),
                training_terms: spec.training.terms.name(),
                bytes: spec.bytes,
                available: why_not.is_none(),
                why_not,
            })
            .collect();
        context.output.list(&rows, "There are no models.")?;
        Ok(ExitCode::SUCCESS)
    }
}
