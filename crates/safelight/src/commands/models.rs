//! `safelight models`.

mod add;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use safelight_vision::networks::{self, NETWORKS, Network};
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
  safelight models networks                                    what could be added?
  safelight models add isnet-general-use isnet-general-use.onnx

Whether each file is the one that its manifest declares is checked by `safelight doctor`.";

/// Lists the models: task, licence, size, and whether each can be used here; adds further ones
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Models {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Lists the models that are there, as without a word
    List,
    /// Lists the networks that do not ship and that can be added
    Networks,
    /// Adds the ONNX file of a network that does not ship, after a look at what it takes and gives
    #[command(after_help = "\
Example:
  safelight models add isnet-general-use ~/isnet-general-use.onnx

Then say in safelight.toml what it is used for:
  [models.use]
  cutout = \"isnet-general-use\"")]
    Add {
        /// The network, one of `safelight models networks`
        name: String,
        /// The file, which is copied
        file: std::path::PathBuf,
    },
    /// Removes what was added
    #[command(after_help = "Example:\n  safelight models remove isnet-general-use")]
    Remove {
        /// The network
        name: String,
    },
}

/// A model as listings show it.
#[derive(Serialize)]
struct ModelRow {
    name: String,
    task: String,
    licence: String,
    training_data: String,
    training_terms: &'static str,
    bytes: u64,
    /// Whether the operator added it.
    added: bool,
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
}

impl Row for ModelRow {
    const HEAD: &'static [&'static str] =
        &["name", "licence", "training data", "size", "available", "task"];

    fn cells(&self) -> Vec<String> {
        let yes = if self.added { "yes, added" } else { "yes" };
        let available = self.why_not.as_ref().map_or(yes.into(), |why| format!("no: {why}"));
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

/// A network that can be added, as listings show it.
#[derive(Serialize)]
struct NetworkRow {
    name: &'static str,
    /// The key of `[models.use]`.
    used_for: &'static str,
    licence: &'static str,
    training_data: &'static str,
    published_files: Vec<&'static str>,
}

impl From<&Network> for NetworkRow {
    fn from(network: &Network) -> Self {
        let Network { name, slot, licence, data, digests, .. } = network;
        let published_files = digests.iter().map(|(_, file)| *file).collect();
        Self { name, used_for: slot, licence, training_data: data, published_files }
    }
}

impl Row for NetworkRow {
    const HEAD: &'static [&'static str] =
        &["name", "used for", "licence", "training data", "published files"];

    fn cells(&self) -> Vec<String> {
        let words = [self.name, self.used_for, self.licence, self.training_data];
        let files = self.published_files.join("; ");
        words.into_iter().map(str::to_owned).chain([files]).collect()
    }
}

impl Models {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        match self.action {
            None | Some(Action::List) => list(context)?,
            Some(Action::Networks) => {
                let rows: Vec<NetworkRow> = NETWORKS.iter().map(NetworkRow::from).collect();
                context.output.list(&rows, "")?;
            }
            Some(Action::Add { name, file }) => add::add(context, &name, &file)?,
            Some(Action::Remove { name }) => add::remove(context, &name)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(context: &Context) -> Result<()> {
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
            added: networks::find(&spec.name).is_some(),
            available: why_not.is_none(),
            why_not,
        })
        .collect();
    context.output.list(&rows, "There are no models.")
}
