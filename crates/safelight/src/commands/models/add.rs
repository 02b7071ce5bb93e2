//! Adding a network that does not ship, and removing it.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use safelight_inference::Engine as _;
use safelight_vision::networks::{self, NETWORKS, Network};
use serde_json::json;

use super::super::Context;
use crate::data::DataFolder;
use crate::engine;
use crate::output::size;

/// Copies the file into the data folder, under the name of the network, where it fits.
pub(super) fn add(context: &Context, name: &str, file: &Path) -> Result<()> {
    let network = known(name)?;
    let loaded = context.load()?;
    let data = DataFolder::new(loaded.data);
    let settings = &loaded.config.own.models;
    let unreadable = || format!("{} cannot be read", file.display());
    let bytes = file.metadata().with_context(unreadable)?.len();
    let library = engine::find_library(&data, settings)?.context(
        "the inference library is not there, and without it nothing can be said of the file; \
         `safelight serve` fetches it",
    )?;
    let native = engine::load(&library, &data, settings)?;
    data.require_space(bytes, "adding the model")?;
    let added = data.added_models();
    let arrived = added.receive(&mut File::open(file).with_context(unreadable)?, 0)?;
    let found = native.signature(arrived.path()).map_err(|error| {
        anyhow!("{} is not a graph that can be run here: {error}", file.display())
    })?;
    let spec = network.spec(file, arrived.sha256.clone(), bytes, &found);
    let spec = spec.map_err(|reason| anyhow!(reason))?;
    let (sha256, slot) = (spec.sha256.clone(), network.slot);
    let published = network.published(&sha256);
    added.keep(arrived, spec)?;
    let sentence = format!(
        "Added {name}, {}: {}.\nUse it with `{slot} = \"{name}\"` in [models.use], from the next start on.",
        size(bytes),
        published.unwrap_or("none of the files that are known")
    );
    let answer = json!({
        "name": name, "bytes": bytes, "sha256": sha256, "published": published, "used_for": slot,
    });
    context.output.result(&answer, &sentence)
}

/// Removes the file and its entry.
pub(super) fn remove(context: &Context, name: &str) -> Result<()> {
    let network = known(name)?;
    let loaded = context.load()?;
    let settings = &loaded.config.own.models;
    if let Some(key) = settings.naming(name) {
        bail!("the configuration names {name} in `{key}`; take that out first");
    }
    if settings.choices.chosen.get(network.slot).is_some_and(|chosen| chosen == name) {
        bail!("the console gives {} to {name}; choose another there first", network.slot);
    }
    DataFolder::new(loaded.data).added_models().remove(name)?;
    context.output.result(&json!({ "name": name, "removed": true }), &format!("Removed {name}."))
}

fn known(name: &str) -> Result<&'static Network> {
    networks::find(name).with_context(|| {
        let all: Vec<_> = NETWORKS.iter().map(|network| network.name).collect();
        format!("`{name}` is not a network that can be added; there are {}", all.join(", "))
    })
}
