//! The generative engines that the operator attaches: who does a service, and how engines are asked.
//!
//! A call waits for one of its engine's places, holds no worker slot, and has a timeout. An engine that
//! fails five times in a row is not asked for half a minute. Probes tell whether it is there meanwhile.

mod comfyui;
pub(crate) mod example;
mod failure;
mod kserve;
mod link;
mod multipart;
mod openai;
pub mod settings;
mod workflow;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use safelight_contract::{Code, Fault, Result};
use safelight_inference::breaker::{Breaker, REST};
use safelight_operation::{Endpoint, Frame, Generator, Given, Order, no_engine};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::metrics::Metrics;
use crate::settings::Settings;
use comfyui::Comfy;
use failure::Failure;
use kserve::KServe;
use link::Link;
use openai::OpenAi;
use settings::{EffectSettings, EngineKind, EngineSettings, Mode, Way};
use workflow::Workflow;

/// How often engines are probed.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// Longest that a probe may take.
const PROBE: Duration = Duration::from_secs(10);
/// A service asks an engine for a picture so often at most.
const ATTEMPTS: u32 = 2;

/// All engines.
pub(crate) struct Engines {
    all: Vec<Arc<Engine>>,
    effects: EffectSettings,
}

/// One engine.
struct Engine {
    settings: EngineSettings,
    protocol: Protocol,
    places: Semaphore,
    breaker: Breaker,
    metrics: Arc<Metrics>,
}

enum Protocol {
    OpenAi(OpenAi),
    Comfy(Comfy),
    KServe(KServe),
}

impl Protocol {
    fn new(settings: &EngineSettings, ca_file: Option<&Path>) -> Result<Self, String> {
        let link = Link::new(settings, ca_file)?;
        Ok(match settings.kind {
            EngineKind::OpenaiImages => Self::OpenAi(OpenAi::new(settings, link)),
            EngineKind::Kserve => Self::KServe(KServe::new(settings, link)),
            EngineKind::Comfyui => {
                let path = settings.workflow.as_deref().unwrap_or(Path::new(""));
                let workflow = Workflow::read(path, settings.model.clone());
                let name = &settings.name;
                let workflow = workflow.map_err(|why| format!("the engine `{name}`: {why}"))?;
                Self::Comfy(Comfy::new(link, workflow))
            }
        })
    }

    fn takes(&self, given: Given) -> bool {
        match self {
            Self::OpenAi(_) => given != Given::Classes,
            Self::KServe(_) => given == Given::Classes,
            Self::Comfy(comfy) => comfy.takes(given),
        }
    }

    async fn probe(&self) -> Result<String, Failure> {
        let probing = async {
            match self {
                Self::OpenAi(engine) => engine.probe().await,
                Self::Comfy(engine) => engine.probe().await,
                Self::KServe(engine) => engine.probe().await,
            }
        };
        timeout(PROBE, probing).await.unwrap_or(Err(Failure::Slow))
    }

    async fn generate(&self, order: Order) -> Result<Bytes, Failure> {
        match self {
            Self::OpenAi(engine) => engine.generate(order).await,
            Self::Comfy(engine) => engine.generate(order).await,
            Self::KServe(_) => Err(Failure::Incapable("makes no pictures".into())),
        }
    }

    async fn classify(&self, picture: Bytes) -> Result<Vec<(String, f32)>, Failure> {
        match self {
            Self::KServe(engine) => engine.classify(picture).await,
            _ => Err(Failure::Incapable("does not sort into classes".into())),
        }
    }
}

impl Engines {
    /// The engines of these settings.
    ///
    /// # Errors
    /// When a key or a workflow cannot be read, or an engine is named for a service that is none or whose
    /// pictures do not fit the places of its workflow.
    pub fn new(
        settings: &Settings,
        catalog: &[Endpoint],
        metrics: &Arc<Metrics>,
    ) -> Result<Self, String> {
        settings::check_names(&settings.engine, &settings.effects, catalog)?;
        let ca_file = settings.fetch.ca_file.as_deref();
        let mut all = Vec::new();
        for engine in &settings.engine {
            let protocol = Protocol::new(engine, ca_file)?;
            for service in engine.serves.iter().filter(|name| *name != "*") {
                let endpoint = catalog.iter().find(|endpoint| endpoint.spec().slug() == service);
                let given = endpoint.and_then(|endpoint| endpoint.needs().engine);
                if given.is_some_and(|engine| !protocol.takes(engine.given)) {
                    return Err(format!(
                        "the engine `{}` serves {service}, which it cannot: a workflow needs the place \
                         %image%, has %mask% only for services that send a mask, and %reference% for those \
                         that send further pictures and no others; classifiers are of the kind kserve, and \
                         do nothing else",
                        engine.name
                    ));
                }
            }
            all.push(Arc::new(Engine {
                places: Semaphore::new(engine.max_parallel as usize),
                settings: engine.clone(),
                protocol,
                breaker: Breaker::default(),
                metrics: metrics.clone(),
            }));
        }
        Ok(Self { all, effects: settings.effects.clone() })
    }

    /// The engines that do a service, in the order of the settings.
    fn of(&self, endpoint: &Endpoint) -> impl Iterator<Item = &Arc<Engine>> {
        let given = endpoint.needs().engine.map(|engine| engine.given);
        let service = endpoint.spec().slug();
        self.all.iter().filter(move |engine| {
            given.is_some_and(|given| engine.protocol.takes(given)) && engine.settings.does(service)
        })
    }

    /// Whether a service can do nothing here because no engine does it.
    pub fn lacks(&self, endpoint: &Endpoint) -> bool {
        endpoint.needs().is_engine_required() && self.of(endpoint).next().is_none()
    }

    /// Whether a service can do nothing for now because all engines that do it rest. What applications of
    /// their own names may have set otherwise does not count.
    pub fn rests(&self, endpoint: &Endpoint) -> bool {
        let native = || {
            let way = self.effects.way(endpoint.spec().slug(), &[]);
            matches!(way, Way::Mode(Mode::Native | Mode::Auto))
        };
        let now = Instant::now();
        let mut found = self.of(endpoint).peekable();
        found.peek().is_some()
            && (endpoint.needs().is_engine_required() || !native())
            && found.all(|engine| engine.breaker.rest(now).is_some())
    }

    /// Who makes the pictures of a service for an application of these names; `None` where this server works
    /// natively. A request that is `beyond` that takes any engine that does not rest, as one of a service that
    /// needs one does; without any, it is for the caller to say what it needs.
    ///
    /// # Errors
    /// `ERROR_AI_NOT_EXISTS` where it needs an engine, or is told to use one, and none does it;
    /// `ERROR_RESOURCE_UNAVAILABLE` where all that do it rest.
    fn choose(
        &self,
        endpoint: &Endpoint,
        names: &[String],
        beyond: bool,
    ) -> Result<Option<Arc<Engine>>> {
        let Some(using) = endpoint.needs().engine else { return Ok(None) };
        let service = endpoint.spec().slug();
        let way = self.effects.way(service, names);
        let named = |engine: &&Arc<Engine>| match &way {
            Way::Named(name) => engine.settings.name == *name,
            Way::Mode(_) => true,
        };
        let mut found = self.of(endpoint).filter(named).peekable();
        match (&way, using.required || beyond) {
            (Way::Mode(Mode::Native), false) => return Ok(None),
            (Way::Mode(Mode::Native), true) => {
                let what = if beyond { "what is asked of it" } else { "it" };
                let message =
                    format!("{service}: {what} needs an engine, and [effects] here says `native`");
                return Err(Fault::new(Code::AiNotExists, message));
            }
            (Way::Mode(Mode::Auto), false) => {
                let now = Instant::now();
                let well = found
                    .find(|engine| engine.breaker.is_well() && engine.breaker.rest(now).is_none());
                return Ok(well.cloned());
            }
            _ => {}
        }
        if found.peek().is_none() {
            return if beyond { Ok(None) } else { Err(no_engine(service)) };
        }
        let now = Instant::now();
        let mut rest: Option<Duration> = None;
        for engine in found {
            let Some(left) = engine.breaker.rest(now) else { return Ok(Some(engine.clone())) };
            rest = Some(rest.map_or(left, |rest| rest.min(left)));
        }
        Err(resting(service, rest.unwrap_or(REST)))
    }

    /// Name and address of each engine, and whether its last call or probe succeeded.
    pub fn states(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.all.iter().map(|engine| {
            let EngineSettings { name, url, .. } = &engine.settings;
            (name.as_str(), url.as_str(), engine.breaker.is_well())
        })
    }

    /// What engines add to the time that a service may take.
    pub fn further_time(&self, endpoint: &Endpoint) -> Duration {
        let longest = self.of(endpoint).map(|engine| engine.settings.timeout()).max();
        longest.unwrap_or_default() * ATTEMPTS
    }
}

fn taken(settings: &EngineSettings) -> Fault {
    let EngineSettings { name, max_parallel, .. } = settings;
    let message =
        format!("all places of the engine `{name}` are taken: max_parallel is {max_parallel}");
    Fault::new(Code::AiServiceFlowRestriction, message).retry_after(settings.timeout())
}

fn resting(what: &str, rest: Duration) -> Fault {
    let message = format!(
        "the engine for {what} failed several times in a row and is not asked for {} s",
        rest.as_secs() + 1
    );
    Fault::new(Code::ResourceUnavailable, message).retry_after(rest)
}

impl App {
    /// Who makes the pictures of a service for an application; `None` where this server works natively, and
    /// where nobody does what is `beyond` that.
    ///
    /// # Errors
    /// Those of [`Engines::choose`].
    pub async fn generator(
        &self,
        application: i64,
        endpoint: &Endpoint,
        beyond: bool,
    ) -> Result<Option<Arc<dyn Generator>>> {
        if endpoint.needs().engine.is_none() {
            return Ok(None);
        }
        let names = match self.engines.effects.applications.is_empty() {
            true => Vec::new(),
            false => self.names(application).await?,
        };
        let chosen = self.engines.choose(endpoint, &names, beyond)?;
        Ok(chosen.map(|engine| engine as Arc<dyn Generator>))
    }
}

impl Generator for Engine {
    fn frame(&self) -> Frame {
        Frame { long_side: self.settings.long_side, multiple: self.settings.multiple }
    }

    fn generate(&self, order: Order) -> BoxFuture<'_, Result<Bytes>> {
        self.call(self.protocol.generate(order)).boxed()
    }

    fn classify(&self, picture: Bytes) -> BoxFuture<'_, Result<Vec<(String, f32)>>> {
        self.call(self.protocol.classify(picture)).boxed()
    }
}

impl Engine {
    /// One call: waits for a place as long as a call may take, then has its time.
    async fn call<T>(&self, asking: impl Future<Output = Result<T, Failure>> + Send) -> Result<T> {
        let name = &self.settings.name;
        let place = timeout(self.settings.timeout(), self.places.acquire()).await;
        let Ok(_place) = place else { return Err(taken(&self.settings)) };
        // Meanwhile others may have failed.
        if let Some(rest) = self.breaker.rest(Instant::now()) {
            return Err(resting(&format!("`{name}`"), rest));
        }
        let start = Instant::now();
        let mut call = Counted { engine: self, start, outcome: "GIVEN_UP" };
        let made = timeout(self.settings.timeout(), asking).await.unwrap_or(Err(Failure::Slow));
        match made {
            Ok(made) => {
                call.outcome = "OK";
                self.breaker.succeeded();
                Ok(made)
            }
            Err(failure) => {
                tracing::warn!(engine = %name, ?failure, "an engine did not do what was asked");
                if failure.is_the_engines() {
                    self.breaker.failed(Instant::now());
                }
                let fault = failure.fault(name);
                call.outcome = fault.code().name();
                Err(fault)
            }
        }
    }
}

/// A call that is counted when it ends, also when nobody waits for it any more.
struct Counted<'a> {
    engine: &'a Engine,
    start: Instant,
    outcome: &'static str,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let name = &self.engine.settings.name;
        self.engine.metrics.count_engine(name, self.outcome, self.start.elapsed());
        self.engine.metrics.engine_is_well(name, self.engine.breaker.is_well());
    }
}

/// Probes the engines until the server closes.
pub(crate) async fn watch(app: Arc<App>) {
    if app.engines.all.is_empty() {
        return;
    }
    let mut closing = app.closing.subscribe();
    while !*closing.borrow_and_update() {
        let probes = app.engines.all.iter().map(|engine| engine.probed());
        futures_util::future::join_all(probes).await;
        tokio::select! {
            () = sleep(PROBE_EVERY) => {}
            _ = closing.changed() => {}
        }
    }
}

impl Engine {
    async fn probed(&self) {
        let name = &self.settings.name;
        match self.protocol.probe().await {
            // A rest ends with its time, not with a probe: that an engine answers does not mean that it works.
            Ok(_) if self.breaker.rest(Instant::now()).is_some() => {}
            Ok(_) => self.breaker.probed_well(),
            Err(failure) => {
                tracing::warn!(engine = %name, ?failure, "an engine does not answer its probe");
                self.breaker.unwell();
            }
        }
        self.metrics.engine_is_well(name, self.breaker.is_well());
    }
}

/// What each engine of these settings says now: its name, and what was found or what is wrong, with the time
/// that it took.
///
/// # Errors
/// As starting a server: what cannot be read, or names what is not there.
pub async fn inspect(
    settings: &Settings,
    catalog: &[Endpoint],
) -> Result<Vec<(String, Result<String, String>)>, String> {
    let engines = Engines::new(settings, catalog, &Arc::default())?;
    let mut found = Vec::new();
    for engine in &engines.all {
        let EngineSettings { name, url, serves, .. } = &engine.settings;
        let start = Instant::now();
        let probed = engine.protocol.probe().await;
        let ms = start.elapsed().as_millis();
        let outcome = match probed {
            Ok(words) => Ok(format!("{url} {words}; serves {}; {ms} ms", serves.join(", "))),
            Err(Failure::Unreachable(why)) => {
                Err(format!("{url} cannot be reached: {why}; {ms} ms"))
            }
            Err(failure) => {
                let fault = failure.fault(name);
                Err(format!("{url}: {} ({}); {ms} ms", fault.message(), fault.code()))
            }
        };
        found.push((name.clone(), outcome));
    }
    Ok(found)
}

/// Why a service can do nothing under these settings because of engines; `None` where it can.
pub fn why_not(settings: &Settings, endpoint: &Endpoint) -> Option<String> {
    let service = endpoint.spec().slug();
    let served = settings.engine.iter().any(|engine| engine.does(service));
    (endpoint.needs().is_engine_required() && !served)
        .then(|| no_engine(service).message().to_owned())
}

#[cfg(test)]
mod tests {
    use safelight_services::CATALOG;
    use serde_json::json;

    use super::*;

    /// ComfyUI with a workflow that ships.
    fn comfy(workflow: &str, serves: &str) -> Result<Engines, String> {
        let engine = json!({
            "name": "comfy", "kind": "comfyui", "url": "http://127.0.0.1:8188", "serves": [serves],
            "workflow": workflow, "model": "any.safetensors",
        });
        let engine = serde_json::from_value(engine).expect("settings");
        let settings = Settings { engine: vec![engine], ..Settings::default() };
        Engines::new(&settings, CATALOG, &Arc::default())
    }

    #[test]
    fn a_workflow_does_the_services_that_fill_its_places_alone() {
        let (masked, whole) = ("ai-object-replacer", "ai-lip-bite-expressions");
        assert!(comfy("inpaint.json", masked).is_ok() && comfy("edit.json", whole).is_ok());
        for (workflow, service) in
            [("inpaint.json", whole), ("edit.json", "try-on-clothes"), ("text.json", masked)]
        {
            let why = comfy(workflow, service).err().expect("refused");
            let words = ["comfy", service, "%image%", "%mask%", "%reference%"];
            assert!(words.iter().all(|word| why.contains(word)), "{why}");
        }
        let all = comfy("inpaint.json", "*").expect("engines");
        let serves = |service: &str| {
            let endpoint = CATALOG.iter().find(|endpoint| endpoint.spec().slug() == service);
            all.of(endpoint.expect("a service")).next().is_some()
        };
        assert!(serves(masked) && !serves(whole) && !serves("try-on-clothes"));
    }
}
