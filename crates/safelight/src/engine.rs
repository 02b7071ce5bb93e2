//! Models and the library that runs them, as the commands need them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use safelight_inference::manifest::{Manifest, ModelSpec};
use safelight_inference::runtime::{Library, Origin, Places};
use safelight_inference::scheduler::Plan;
use safelight_inference::{Installation, OpenVino, Registry, Settings, memory_of};
use safelight_operation::Endpoint;
use safelight_server::RECOGNITION;
use safelight_services::CATALOG;
use safelight_vision::Vision;

use crate::data::DataFolder;
use crate::models;
use crate::progress::Report;

/// Unpacks the models, finds or fetches the library, and opens the registry. Nothing is loaded yet.
pub fn start(data: &DataFolder, settings: &Settings) -> Result<Registry> {
    let mut report = Report::new();
    let packaged = packaged_library();
    let places = places(data, settings, packaged.as_deref());
    let library = places.ensure(&mut |step| report.show(step))?;
    drop(report);
    tracing::info!(path = %library.path.display(), origin = %library.origin, "inference library");
    let folders = installation(models::ready(data)?, data, settings).folders();
    let engine = load(&library, data, settings)?;
    let registry = Registry::open(Arc::new(engine), &folders, settings);
    registry.context("the models cannot be used")
}

/// The models on the disk, those that ship in the folder `shipped`.
pub fn installation(shipped: PathBuf, data: &DataFolder, settings: &Settings) -> Installation {
    Installation { shipped, added: data.added_models(), settings: settings.clone() }
}

/// The library that [`start`] would take, without fetching one.
pub fn find_library(data: &DataFolder, settings: &Settings) -> Result<Option<Library>> {
    let packaged = packaged_library();
    Ok(places(data, settings, packaged.as_deref()).find()?)
}

fn places<'a>(
    data: &'a DataFolder,
    settings: &'a Settings,
    packaged: Option<&'a Path>,
) -> Places<'a> {
    let configured = settings.library.as_deref();
    Places { configured, beside: packaged, python: true, data: data.path() }
}

/// Where packages put the library: into the folder of the binary, or, as the Python package `openvino`,
/// into the environment that the binary is installed in.
fn packaged_library() -> Option<PathBuf> {
    let binary = binary_folder()?;
    let prefix = glob::Pattern::escape(binary.parent()?.to_str()?);
    let pattern = format!("{prefix}/lib/python3*/site-packages/openvino/libs");
    let installed = glob::glob(&pattern).ok()?.find_map(Result::ok);
    Some(installed.filter(|_| binary.ends_with("bin")).unwrap_or(binary))
}

/// The folder of this binary, links followed.
pub fn binary_folder() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?.canonicalize().ok()?;
    binary.parent().map(Path::to_path_buf)
}

/// Bytes that the library and the models which services need take once they are loaded, known
/// without either.
pub fn memory(data: &DataFolder, settings: &Settings) -> Result<u64> {
    let needed = needed();
    let is_needed = |name: &str| needed.contains(&name);
    let models = [embedded(data)?, data.added_models().models()?].concat();
    let (settings, _) = settings.merged(&models.iter().collect::<Vec<_>>());
    let chosen = |slot: &str| settings.chosen.get(slot);
    // A model is used under its own name unless another was chosen for its work, or as the chosen one.
    let used = models.iter().filter(|spec| match spec.slot.as_deref() {
        None => is_needed(&spec.name),
        Some(slot) => match chosen(slot) {
            None => is_needed(&spec.name),
            Some(name) => {
                let shipped = models.iter().find(|other| other.slot.as_deref() == Some(slot));
                let shipped = shipped.is_some_and(|shipped| is_needed(&shipped.name));
                *name == spec.name && (is_needed(slot) || shipped)
            }
        },
    });
    let used = used.filter(|spec| !settings.refuses(spec));
    Ok(memory_of(used.map(|spec| spec.bytes).sum()))
}

/// The registry of a server that has no engine: every model says so.
pub fn without(data: &DataFolder, settings: &Settings) -> Result<Registry> {
    let folders = installation(models::ready(data)?, data, settings).folders();
    let why = "the server was started without one";
    let registry = Registry::without_engine(why, &folders, settings);
    registry.context("the models cannot be used")
}

/// Loads the library.
pub fn load(library: &Library, data: &DataFolder, settings: &Settings) -> Result<OpenVino> {
    OpenVino::load(&library.path, &data.cache(), Plan::new(settings)).map_err(|error| {
        let folder = library.path.parent().unwrap_or(&library.path).display();
        let cure = match library.origin {
            Origin::Fetched => format!("remove {folder}, so that it is fetched again, or "),
            _ => String::new(),
        };
        anyhow!("{error}; {cure}name another library with --set models.library=<path>")
    })
}

/// The models for one service, loaded; a service that needs none gets none, and nothing is fetched.
pub fn vision_for(data: &DataFolder, settings: &Settings, endpoint: &Endpoint) -> Result<Vision> {
    let needs = endpoint.needs();
    let registry = match needs.all_models().next().is_none() {
        true => Registry::empty(),
        false => start(data, settings)?,
    };
    for (_, outcome) in registry.warm(needs.models.iter().copied()) {
        outcome.with_context(|| format!("{} is not available", endpoint.spec().path))?;
    }
    Ok(Vision::new(Arc::new(registry)))
}

/// The models that services need, each once.
pub fn needed() -> Vec<&'static str> {
    let mut names: Vec<_> = CATALOG
        .iter()
        .chain(RECOGNITION)
        .flat_map(|endpoint| endpoint.needs().all_models())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Why a service cannot be used with these models; `None` when it can.
pub fn why_not(registry: &Registry, endpoint: &Endpoint) -> Option<String> {
    let needs = endpoint.needs();
    let missing = registry.missing(needs.models, needs.choices).into_iter().next();
    missing.map(|(_, reason)| reason.to_string())
}

/// The models of an installation as they lie on disk, without loading anything or fetching the
/// library. Before the first start there are none on disk, and the embedded ones are listed.
pub struct Inventory {
    /// The embedded models, while none are on disk.
    embedded: Vec<ModelSpec>,
    pub registry: Registry,
}

impl Inventory {
    pub fn take(data: &DataFolder, settings: &Settings) -> Result<Self> {
        let library = find_library(data, settings);
        let shipped = models::present(data);
        let unpacked = shipped.is_some();
        let folders = |shipped| installation(shipped, data, settings).folders();
        let folders = shipped.map_or_else(Vec::new, folders);
        let mut settings = settings.clone();
        if !unpacked {
            // None of them is on disk yet, so that none can take another's place.
            settings.chosen.clear();
            settings.choices.chosen.clear();
        }
        let settings = &settings;
        let registry = match library {
            Ok(Some(_)) => Registry::for_listings(&folders, settings),
            Ok(None) => {
                let why = "it is not there yet, the first `safelight serve` fetches it";
                Registry::without_engine(why, &folders, settings)
            }
            Err(error) => Registry::without_engine(error.to_string(), &folders, settings),
        };
        let embedded = if unpacked { vec![] } else { embedded(data)? };
        Ok(Self { embedded, registry: registry.context("the models cannot be used")? })
    }

    /// Every model, and why it cannot be used where that is so.
    pub fn models(&self) -> impl Iterator<Item = (&ModelSpec, Option<String>)> {
        let state = |spec: &ModelSpec| match self.embedded.is_empty() {
            true => self.registry.inspect(&spec.name).err().map(|reason| reason.to_string()),
            false => Some(NOT_UNPACKED.to_owned()),
        };
        self.registry.specs().chain(&self.embedded).map(move |spec| (spec, state(spec)))
    }

    /// Why a service cannot be used; `None` when it can.
    pub fn why_not(&self, endpoint: &Endpoint) -> Option<String> {
        let unpacked = self.embedded.is_empty() || endpoint.needs().models.is_empty();
        if unpacked { why_not(&self.registry, endpoint) } else { Some(NOT_UNPACKED.to_owned()) }
    }
}

const NOT_UNPACKED: &str = "the models are not unpacked yet, the first `safelight serve` does it";

fn embedded(data: &DataFolder) -> Result<Vec<ModelSpec>> {
    let text = models::manifest(data)?;
    Ok(Manifest::parse(&text).map_err(|error| anyhow!(error))?.models)
}
