//! Adding a network that does not ship, and removing it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use safelight_inference::manifest::{FILE_NAME, Manifest};
use safelight_inference::sha256_of;
use safelight_vision::networks::{self, NETWORKS, Network};

use super::super::Context;
use crate::data::DataFolder;
use crate::engine;
use crate::models::write_whole;
use crate::output::{line, size};

/// Copies the file into the data folder, under the name of the network, where it fits.
pub(super) fn add(context: &Context, name: &str, file: &Path) -> Result<()> {
    let network = known(name)?;
    let loaded = context.load()?;
    let data = DataFolder::new(loaded.data);
    let settings = &loaded.config.own.models;
    let bytes =
        file.metadata().with_context(|| format!("{} cannot be read", file.display()))?.len();
    let library = engine::find_library(&data, settings)?.context(
        "the inference library is not there, and without it nothing can be said of the file; \
         `safelight serve` fetches it",
    )?;
    let native = engine::load(&library, &data, settings)?;
    let found = native.signature(file).map_err(|error| {
        anyhow!("{} is not a graph that can be run here: {error}", file.display())
    })?;
    let sha256 = sha256_of(file)?;
    let spec = network.spec(file, sha256, bytes, &found).map_err(|reason| anyhow!(reason))?;
    let folder = data.added_models();
    data.require_space(bytes, "adding the model")?;
    write_whole(&folder.join(&spec.file), &mut File::open(file)?)
        .with_context(|| format!("{} cannot be copied", file.display()))?;
    let known = network.published(&spec.sha256).map(str::to_owned);
    let mut manifest = manifest(&folder)?;
    manifest.models.retain(|other| other.name != spec.name);
    manifest.models.push(spec);
    write(&folder, &manifest)?;
    let known = known.unwrap_or_else(|| "none of the files that are known".to_owned());
    line(&format!("Added {name}, {}: {known}.", size(bytes)))?;
    let slot = network.slot;
    line(&format!("Use it with `{slot} = \"{name}\"` in [models.use], from the next start on."))
}

/// Removes the file and its entry.
pub(super) fn remove(context: &Context, name: &str) -> Result<()> {
    let network = known(name)?;
    let loaded = context.load()?;
    let chosen = &loaded.config.own.models.chosen;
    if chosen.get(network.slot).is_some_and(|chosen| chosen == name) {
        bail!("[models.use] has `{}` = `{name}`; take that out first", network.slot);
    }
    let folder = DataFolder::new(loaded.data).added_models();
    let mut manifest = manifest(&folder)?;
    let Some(place) = manifest.models.iter().position(|other| other.name == name) else {
        bail!("{name} was not added");
    };
    let spec = manifest.models.remove(place);
    write(&folder, &manifest)?;
    match fs::remove_file(folder.join(&spec.file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => line(&format!("Removed {name}.")),
    }
}

fn known(name: &str) -> Result<&'static Network> {
    networks::find(name).with_context(|| {
        let all: Vec<_> = NETWORKS.iter().map(|network| network.name).collect();
        format!("`{name}` is not a network that can be added; there are {}", all.join(", "))
    })
}

fn manifest(folder: &Path) -> Result<Manifest> {
    match folder.join(FILE_NAME).exists() {
        true => Ok(Manifest::read(folder)?),
        false => Ok(Manifest::default()),
    }
}

fn write(folder: &Path, manifest: &Manifest) -> Result<()> {
    let text = toml::to_string(manifest)?;
    Ok(write_whole(&folder.join(FILE_NAME), &mut text.as_bytes())?)
}
