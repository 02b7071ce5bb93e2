//! The models that this process may use: which there are, whether each can be had, and the
//! compiled ones.

mod entry;
mod reason;
mod slot;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use safelight_contract::{Code, Fault};

use crate::engine::{Engine, EngineError, Outputs, Session, Signature};
use crate::kserve::{KServe, Local, WithFallback};
use crate::manifest::{Manifest, ManifestError, ModelSpec};
use crate::settings::{Refusal, Settings};
use crate::tensor::Tensor;
use entry::Entry;
pub use reason::Reason;
use slot::Slot;

/// Memory of the engine itself, loaded.
const ENGINE_BYTES: u64 = 160 << 20;
/// Memory for each byte of a model's file: weights that lie there as 16-bit floats are widened, packed
/// for the processor, and joined by the buffers between the layers. Measured: 821 MiB after the first
/// start with 123 MiB of models, 1,021 after six services had run.
const BYTES_PER_FILE_BYTE: u64 = 6;

/// The models that this process may use. Each is loaded at its first use or by
/// [`warm`](Registry::warm), once, and then stays for the life of the process. What could not be
/// loaded for a cause that may pass (too many open files, too little memory) is tried again at its
/// next use or by [`retry`](Registry::retry), after a pause that grows from 1 s to 60 s.
pub struct Registry {
    engine: Result<Arc<dyn Engine>, String>,
    entries: Vec<Entry>,
    /// By the kind of work, the model that the operator chose for it.
    chosen: BTreeMap<String, String>,
    /// Choices without effect.
    idle: Vec<String>,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
}

/// Why a registry cannot be opened: the settings or a manifest are wrong.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(String),
}

impl Registry {
    /// The models of `folders` and of the operator's further folders, run by `engine`. Reads the
    /// manifests only.
    pub fn open(
        engine: Arc<dyn Engine>,
        folders: &[PathBuf],
        settings: &Settings,
    ) -> Result<Self, RegistryError> {
        Self::with(Ok(engine), folders, settings)
    }

    /// The same models, none of which can be had: for a process without an engine. `why` is part of
    /// each refusal's sentence.
    pub fn without_engine(
        why: impl Into<String>,
        folders: &[PathBuf],
        settings: &Settings,
    ) -> Result<Self, RegistryError> {
        Self::with(Err(why.into()), folders, settings)
    }

    /// No models at all.
    pub fn empty() -> Self {
        let engine = Err("there are no models".into());
        let (chosen, idle) = (BTreeMap::new(), vec![]);
        Self { engine, entries: vec![], chosen, idle, clock: Box::new(Instant::now) }
    }

    /// The same registry with another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    fn with(
        engine: Result<Arc<dyn Engine>, String>,
        folders: &[PathBuf],
        settings: &Settings,
    ) -> Result<Self, RegistryError> {
        settings.validate().map_err(RegistryError::Settings)?;
        let mut entries: Vec<Entry> = vec![];
        for folder in folders.iter().chain(&settings.extra) {
            for spec in Manifest::read(folder)?.models {
                let path = folder.join(&spec.file);
                let (refused, remote, slot) = (None, None, Slot::default());
                let entry = Entry { spec, path, refused, remote, slot };
                match entries.iter_mut().find(|other| other.spec.name == entry.spec.name) {
                    Some(other) => other.replace_by(entry)?,
                    None => entries.push(entry),
                }
            }
        }
        let specs: Vec<_> = entries.iter().map(|entry| &entry.spec).collect();
        let (settings, idle) = settings.merged(&specs);
        apply_refusals(&mut entries, &settings)?;
        apply_remotes(&mut entries, &settings)?;
        check_chosen(&entries, &settings.chosen)?;
        Ok(Self { engine, entries, chosen: settings.chosen, idle, clock: Box::new(Instant::now) })
    }

    /// What was decided beside the settings and has no effect, and why.
    pub fn idle_choices(&self) -> &[String] {
        &self.idle
    }

    /// The entry of `refuse` that a model matches.
    pub fn refusal(&self, name: &str) -> Option<&str> {
        self.named(name).ok()?.refused.as_deref()
    }

    /// What the graph of a file takes and gives; blocks. The error is one sentence.
    pub fn signature(&self, file: &Path) -> Result<Signature, String> {
        let engine = self.engine.as_ref().map_err(|why| {
            format!("without an inference engine nothing can be said of the file ({why})")
        })?;
        let found = engine.signature(file);
        found.map_err(|error| format!("the file is not a graph that can be run here: {error}"))
    }

    /// Every declared model, available or not.
    pub fn specs(&self) -> impl Iterator<Item = &ModelSpec> {
        self.entries.iter().map(|entry| &entry.spec)
    }

    /// The engine's name and version, or why there is none.
    pub fn engine(&self) -> Result<String, &str> {
        self.engine.as_ref().map(|engine| engine.describe()).map_err(String::as_str)
    }

    /// Whether a model can be had, as far as can be told without reading its file: a wrong digest
    /// shows once the model has been loaded or [verified](Registry::verify). After a failure that
    /// may pass it can be had again when it is time to try again.
    pub fn available(&self, name: &str) -> Result<(), Reason> {
        let entry = self.entry(name)?;
        match entry.slot.known((self.clock)()) {
            Some(known) => known.map(drop),
            None => self.admissible(entry).map(drop),
        }
    }

    /// Which of these models cannot be had, and why; of these kinds of work, those that the operator chose a
    /// model for.
    pub fn missing(
        &self,
        models: &'static [&'static str],
        choices: &'static [&'static str],
    ) -> Vec<(&'static str, Reason)> {
        let chosen = choices.iter().filter(|slot| self.chosen.contains_key(**slot));
        let names = models.iter().chain(chosen).copied();
        names.filter_map(|name| Some((name, self.available(name).err()?))).collect()
    }

    /// As [`available`](Registry::available), but a failure counts until the model is loaded: for
    /// those who watch, not for those who use it.
    pub fn health(&self, name: &str) -> Result<(), Reason> {
        let entry = self.entry(name)?;
        entry.slot.failure((self.clock)()).map_or_else(|| self.available(name), Err)
    }

    /// Whether a model failed for a cause that may pass and it is time to try again.
    pub fn is_retry_due(&self) -> bool {
        let now = (self.clock)();
        self.entries.iter().any(|entry| entry.slot.is_due(now))
    }

    /// Loads what failed for a cause that may pass and is due to be tried again; blocks.
    pub fn retry(&self) {
        let now = (self.clock)();
        for entry in self.entries.iter().filter(|entry| entry.slot.is_due(now)) {
            // Why it failed again is logged, and kept with the model.
            let _ = self.load(&entry.spec.name);
        }
    }

    /// As [`available`](Registry::available), of the model of this name itself, whether or not another was
    /// chosen for its work.
    pub fn inspect(&self, name: &str) -> Result<(), Reason> {
        let entry = self.named(name)?;
        match entry.slot.known((self.clock)()) {
            Some(known) => known.map(drop),
            None => self.admissible(entry).map(drop),
        }
    }

    /// [`inspect`](Registry::inspect), and the digest of the model's file is right, or its server has it as
    /// the manifest says.
    pub fn verify(&self, name: &str) -> Result<(), Reason> {
        let entry = self.named(name)?;
        self.admissible(entry)?;
        match &entry.remote {
            Some(remote) => {
                remote.session(&entry.spec).check().map_err(|error| entry.failed(&error))
            }
            None => entry.check_digest(),
        }
    }

    /// The URL of the server that runs a model in place of this process.
    pub fn remote(&self, name: &str) -> Option<&str> {
        self.named(name).ok()?.remote.as_ref().map(|remote| remote.url())
    }

    /// The model, loaded by now. The first caller loads it, those who come meanwhile wait for it.
    /// What cannot be had is `ERROR_AI_NOT_EXISTS` with the reason; what may be had later is
    /// `ERROR_RESOURCE_UNAVAILABLE`, with the time to wait.
    pub fn get(&self, name: &str) -> Result<Arc<Model>, Fault> {
        self.load(name).map_err(Fault::from)
    }

    /// Loads these models, so that the first requests need not wait. Gives what each took, or why
    /// it cannot be had.
    pub fn warm<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(&'a str, Result<Duration, Reason>)> {
        let load = |name| {
            let start = Instant::now();
            (name, self.load(name).map(|_| start.elapsed()))
        };
        names.into_iter().map(load).collect()
    }

    /// Bytes that these models take once they are loaded, each counted once: an estimate from the
    /// sizes of their files. What cannot be had takes nothing; what a server runs takes what it does
    /// here while that fails.
    pub fn memory<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> u64 {
        let names = names.into_iter().filter_map(|name| self.entry(name).ok());
        let names: BTreeSet<_> = names.map(|entry| &*entry.spec.name).collect();
        let had = self.entries.iter().filter(|entry| names.contains(&*entry.spec.name));
        let files: u64 =
            had.filter(|entry| self.local(entry).is_ok()).map(|entry| entry.spec.bytes).sum();
        memory_of(files)
    }

    fn load(&self, name: &str) -> Result<Arc<Model>, Reason> {
        let entry = self.entry(name)?;
        entry.slot.get(&self.clock, || {
            self.load_now(entry).inspect_err(|reason| {
                let again = reason.may_pass();
                tracing::warn!(model = name, %reason, again, "model not loaded");
            })
        })
    }

    fn load_now(&self, entry: &Entry) -> Result<Arc<Model>, Reason> {
        let start = Instant::now();
        self.admissible(entry)?;
        if let Some(remote) = &entry.remote {
            let session = self.load_remote(entry, remote)?;
            return Ok(Arc::new(Model { spec: entry.spec.clone(), session }));
        }
        let engine = self.local(entry)?;
        entry.check_digest()?;
        let checked = start.elapsed();
        let session =
            engine.load(&entry.spec, &entry.path).map_err(|error| entry.failed(&error))?;
        tracing::info!(
            model = entry.spec.name,
            digest_ms = checked.as_millis(),
            load_ms = (start.elapsed() - checked).as_millis(),
            "model loaded"
        );
        Ok(Arc::new(Model { spec: entry.spec.clone(), session }))
    }

    /// A model that a server runs. One that is installed here too need not be there yet.
    fn load_remote(&self, entry: &Entry, remote: &Arc<KServe>) -> Result<Box<dyn Session>, Reason> {
        let local = self.local(entry).and_then(|engine| {
            entry.check_digest()?;
            let (spec, file) = (entry.spec.clone(), entry.path.clone());
            Ok(Local { engine: engine.clone(), spec, file, session: Mutex::default() })
        });
        let session = remote.session(&entry.spec);
        match session.check() {
            Ok(()) => tracing::info!(model = entry.spec.name, url = remote.url(), "model found"),
            Err(EngineError::Unavailable(why) | EngineError::Failed(why)) if local.is_ok() => {
                tracing::warn!(
                    model = entry.spec.name,
                    why,
                    "a model is run here until its server is there"
                );
            }
            // A server that starts may answer anything: it is asked again.
            Err(EngineError::Failed(why)) => {
                return Err(entry.failed(&EngineError::Unavailable(why)));
            }
            Err(error) => return Err(entry.failed(&error)),
        }
        Ok(Box::new(WithFallback { remote: session, local: local.ok() }))
    }

    /// The name of the model that is used where this one, or this kind of work, is asked for.
    pub fn name_of(&self, name: &str) -> Option<&str> {
        self.entry(name).ok().map(|entry| &*entry.spec.name)
    }

    /// The model that the operator chose for this kind of work.
    pub fn chosen(&self, slot: &str) -> Option<&str> {
        self.chosen.get(slot).map(String::as_str)
    }

    /// The model of a name, or of a kind of work that the operator chose one for. Where the model of this
    /// name does such work, the chosen one takes its place.
    fn entry(&self, name: &str) -> Result<&Entry, Reason> {
        let own = self.named(name);
        let slot = own.as_ref().map_or(Some(name), |own| own.spec.slot.as_deref());
        match slot.and_then(|slot| self.chosen.get(slot)) {
            Some(chosen) => self.named(chosen),
            None => own,
        }
    }

    fn named(&self, name: &str) -> Result<&Entry, Reason> {
        let found = self.entries.iter().find(|entry| entry.spec.name == name);
        found.ok_or_else(|| Reason::Unknown(name.into()))
    }

    /// That nothing known without reading its file, or asking its server, speaks against a model.
    fn admissible(&self, entry: &Entry) -> Result<(), Reason> {
        match entry.remote.is_some() {
            true => entry.check_refusal(),
            false => self.local(entry).map(drop),
        }
    }

    /// The engine of this process, for a model that is installed here.
    fn local(&self, entry: &Entry) -> Result<&Arc<dyn Engine>, Reason> {
        entry.check_refusal()?;
        entry.check_size()?;
        let model = || entry.spec.name.clone();
        self.engine.as_ref().map_err(|why| Reason::NoEngine { model: model(), why: why.clone() })
    }
}

/// Bytes that the engine and models take once they are loaded, whose files have so many bytes together:
/// an estimate. No models need no engine.
pub fn memory_of(files: u64) -> u64 {
    if files == 0 { 0 } else { ENGINE_BYTES + files.saturating_mul(BYTES_PER_FILE_BYTE) }
}

/// Refuses choices of models that are not there, or that do other work.
fn check_chosen(entries: &[Entry], chosen: &BTreeMap<String, String>) -> Result<(), RegistryError> {
    for (slot, name) in chosen {
        let does = |entry: &&Entry| entry.spec.slot.as_ref() == Some(slot);
        if entries.iter().filter(does).any(|entry| entry.spec.name == *name) {
            continue;
        }
        let able: Vec<_> = entries.iter().filter(does).map(|entry| &*entry.spec.name).collect();
        let able = if able.is_empty() { "none".to_owned() } else { able.join(", ") };
        return Err(RegistryError::Settings(format!(
            "`use.{slot}` is `{name}`; models for {slot} that are there: {able}; `safelight models add \
             {name} <file>` adds one"
        )));
    }
    Ok(())
}

fn apply_refusals(entries: &mut [Entry], settings: &Settings) -> Result<(), RegistryError> {
    let refusals = settings.refusals().map_err(RegistryError::Settings)?;
    for (refusal, text) in refusals.iter().zip(&settings.refuse) {
        let mut covered = entries.iter_mut().filter(|entry| refusal.covers(&entry.spec)).peekable();
        if matches!(refusal, Refusal::Model(_)) && covered.peek().is_none() {
            drop(covered);
            let known: Vec<_> = entries.iter().map(|entry| &*entry.spec.name).collect();
            return Err(RegistryError::Settings(format!(
                "`refuse` names the model `{text}`, which is unknown; there are: {}",
                known.join(", ")
            )));
        }
        for entry in covered {
            entry.refused.get_or_insert_with(|| text.clone());
        }
    }
    Ok(())
}

/// Says of each model which server runs it.
fn apply_remotes(entries: &mut [Entry], settings: &Settings) -> Result<(), RegistryError> {
    for settings in &settings.remote {
        let server = KServe::new(settings);
        let server = server.map_err(|error| RegistryError::Settings(error.to_string()))?;
        for name in &settings.models {
            let Some(entry) = entries.iter_mut().find(|entry| entry.spec.name == *name) else {
                return Err(RegistryError::Settings(format!(
                    "`remote.models` of {} names the model `{name}`, which is unknown",
                    settings.url
                )));
            };
            if let Some(other) = entry.remote.replace(server.clone()) {
                return Err(RegistryError::Settings(format!(
                    "`remote` has the model `{name}` at {} and at {}; allowed is one server",
                    other.url(),
                    settings.url
                )));
            }
        }
    }
    Ok(())
}

/// A loaded model.
pub struct Model {
    spec: ModelSpec,
    session: Box<dyn Session>,
}

impl Model {
    /// What the manifest says of it.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Runs the model once; blocks, first until it is this caller's turn. Tensors that the model
    /// does not take are `AI_SERVICE_INTERNAL_ERROR`, a failure of the engine `AI_SERVICE_ERROR`;
    /// the engine's own words go to the log.
    pub fn run(&self, inputs: &[(&str, &Tensor)]) -> Result<Outputs, Fault> {
        self.session.run(inputs).map_err(|error| {
            let model = &*self.spec.name;
            tracing::error!(model, %error, "inference failed");
            let code = match error {
                EngineError::Mismatch(_) => Code::AiServiceInternalError,
                EngineError::Failed(_) | EngineError::Unavailable(_) => Code::AiServiceError,
            };
            Fault::new(code, format!("the model `{model}` failed; the server's log says why"))
        })
    }
}
