//! What every request shares.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use safelight_console::server::Configured;
use safelight_contract::{Edition, Fault, Result};
use safelight_inference::{Installation, Reason, Registry};
use safelight_library::MasterKey;
use safelight_operation::Endpoint;
use safelight_store::{Blobs, KeySecret, Limits, Millis, Store, StoreError};
use safelight_vision::Vision;
use tokio::sync::{Notify, watch};

use crate::admission::{Gate, Load};
use crate::body::Pool;
use crate::credits::Releaser;
use crate::endpoints::recognition::RECOGNITION;
use crate::engines::Engines;
use crate::fetch::Fetcher;
use crate::jobs::Jobs;
use crate::library::Library;
use crate::limits::ApplicationLimits;
use crate::metrics::Metrics;
use crate::moderation::Policy;
use crate::reply::internal;
use crate::settings::Settings;
use crate::tasks::Running;
use crate::usage::Usage;

/// What a server is made of.
pub struct Parts {
    /// What the operator set.
    pub settings: Settings,
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Files.
    pub blobs: Blobs,
    /// What API keys are hashed under.
    pub secret: KeySecret,
    /// What the keys of groups of faces are wrapped with.
    pub library_key: MasterKey,
    /// The models behind typed functions.
    pub vision: Vision,
    /// The models.
    pub registry: Arc<Registry>,
    /// The models as they lie on the disk, for the console to change, or why it cannot.
    pub installation: std::result::Result<Installation, String>,
    /// Every key of the configuration, for the console.
    pub configuration: Vec<Configured>,
    /// What this process does.
    pub role: Role,
}

/// The state that every request shares.
pub(crate) struct App {
    pub settings: Settings,
    pub store: Arc<dyn Store>,
    pub blobs: Arc<Blobs>,
    pub library: Arc<Library>,
    pub secret: KeySecret,
    pub vision: Vision,
    pub registry: Arc<Registry>,
    /// The models as they lie on the disk, or why the console cannot change them.
    pub installation: std::result::Result<Installation, String>,
    pub role: Role,
    /// Where this process runs, for people.
    pub name: String,
    pub catalog: &'static [Endpoint],
    /// The address in URLs where neither the settings nor the request name a host.
    pub address: SocketAddr,
    /// Memory for request bodies.
    pub bodies: Arc<Pool>,
    /// Memory, pixels and threads for jobs.
    pub work: Arc<Gate>,
    pub jobs: Arc<Jobs>,
    pub fetcher: Fetcher,
    /// Generative engines.
    pub engines: Engines,
    /// What comes in and goes out.
    pub moderation: Policy,
    pub limits: ApplicationLimits,
    pub metrics: Arc<Metrics>,
    /// How the API is used.
    pub usage: Arc<Usage>,
    /// Every key of the configuration.
    pub configuration: Vec<Configured>,
    pub releaser: Releaser,
    /// The tasks at work.
    pub running: Running,
    /// Wakes the workers when a task was accepted.
    pub task_added: Notify,
    /// Tells other processes that a task was accepted.
    pub announcement: Notify,
    /// Wakes whoever posts webhooks when a task has ended.
    pub webhook_added: Notify,
    /// Becomes true when the server shuts down.
    pub closing: watch::Sender<bool>,
}

impl App {
    pub fn start(
        parts: Parts,
        catalog: &'static [Endpoint],
        address: SocketAddr,
        releaser: Releaser,
    ) -> std::io::Result<Arc<Self>> {
        let Parts {
            settings,
            store,
            blobs,
            secret,
            library_key,
            vision,
            registry,
            installation,
            configuration,
            role,
        } = parts;
        let blobs = Arc::new(blobs);
        let limits = &settings.limits;
        let metrics = Arc::default();
        let engines = Engines::new(&settings, catalog, &metrics).map_err(std::io::Error::other)?;
        let moderation =
            Policy::new(&settings, &vision, &registry).map_err(std::io::Error::other)?;
        let slots = limits.worker_count();
        let all = catalog.iter().chain(recognition(&settings));
        let models = all
            .flat_map(|endpoint| endpoint.needs().all_models().chain(moderation.model(endpoint)));
        let bytes = limits.job_budget(registry.memory(models)).map_err(std::io::Error::other)?;
        let work = Load { bytes, pixels: limits.max_pixels_at_work, slots };
        let work = Gate::new(work, limits.queue);
        let (rows, reserve) = (store.clone(), settings.results.disk_reserve);
        let library = Library::new(
            rows,
            blobs.clone(),
            library_key,
            &settings.library,
            reserve,
            work.clone(),
        );
        Ok(Arc::new(Self {
            bodies: Pool::new(limits.body_budget(), limits.queue),
            work,
            jobs: Arc::new(Jobs::start(slots)?),
            fetcher: Fetcher::new(&settings.fetch)?,
            engines,
            moderation,
            settings,
            store,
            blobs,
            library: Arc::new(library),
            secret,
            vision,
            registry,
            installation,
            role,
            name: name(),
            catalog,
            address,
            limits: ApplicationLimits::default(),
            metrics,
            usage: Arc::default(),
            configuration,
            releaser,
            running: Running::default(),
            task_added: Notify::new(),
            announcement: Notify::new(),
            webhook_added: Notify::new(),
            closing: watch::Sender::new(false),
        }))
    }

    /// Wakes the workers: one here, and those of other processes.
    pub fn task_was_added(&self) {
        self.task_added.notify_one();
        self.announcement.notify_one();
    }

    pub fn edition(&self) -> Edition {
        self.settings.contract.edition
    }

    pub fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// The services of the catalogue, and the operations on libraries of faces.
    pub fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> + use<> {
        self.catalog.iter().chain(recognition(&self.settings))
    }

    /// The service at a path.
    pub fn service(&self, path: &str) -> Option<&'static Endpoint> {
        self.endpoints().find(|endpoint| endpoint.spec().path == path)
    }

    /// The models that a service needs and that are not there, and why. A twin needs none.
    pub fn missing_models(&self, endpoint: &Endpoint) -> Vec<(&'static str, Reason)> {
        if self.settings.twin {
            return Vec::new();
        }
        let needs = endpoint.needs();
        let mut missing = self.registry.missing(needs.models, needs.choices);
        let judging = self.moderation.model(endpoint);
        missing.extend(judging.and_then(|name| Some((name, self.registry.available(name).err()?))));
        missing
    }

    /// Whether a service is not to be had for want of a generative engine.
    pub fn lacks_engine(&self, endpoint: &Endpoint) -> bool {
        !self.settings.twin && self.engines.lacks(endpoint)
    }

    /// How settings name an application: `user/name`, and its name alone.
    pub async fn names(&self, application: i64) -> Result<Vec<String>> {
        let all = self.store.applications().await.or_internal("reading the applications")?;
        let own = all.into_iter().find(|own| own.id == application);
        let own = own.map(|own| vec![format!("{}/{}", own.user, own.name), own.name]);
        Ok(own.unwrap_or_default())
    }

    /// The longest that a service may work on one request.
    pub fn deadline(&self, endpoint: &Endpoint) -> Duration {
        self.settings.limits.deadline(endpoint.spec()) + self.engines.further_time(endpoint)
    }

    /// The limits of applications that have none of their own.
    pub fn default_limits(&self) -> Limits {
        let limits = &self.settings.limits;
        Limits { concurrency: limits.concurrency, requests_per_second: limits.requests_per_second }
    }
}

/// The machine and the process.
fn name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "process" } else { host.trim() };
    format!("{host}:{}", std::process::id())
}

/// The operations on libraries of faces, where they are enabled.
fn recognition(settings: &Settings) -> std::slice::Iter<'static, Endpoint> {
    if settings.library.enabled { RECOGNITION.iter() } else { [].iter() }
}

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Answers requests, and works on tasks.
    #[default]
    Serve,
    /// Works on tasks alone.
    Worker,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Worker => "worker",
        }
    }
}

/// What is added to the machine's clock, in milliseconds.
static CLOCK_OFFSET: AtomicI64 = AtomicI64::new(0);

fn machine_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as Millis
}

/// Now, in Unix milliseconds, by the clock that is followed.
pub(crate) fn now() -> Millis {
    machine_time() + CLOCK_OFFSET.load(Ordering::Relaxed)
}

/// Follows another clock, which shows `theirs` at this moment; answers how far the machine's is off.
pub(crate) fn follow_clock(theirs: Millis) -> Millis {
    let offset = theirs - machine_time();
    CLOCK_OFFSET.store(offset, Ordering::Relaxed);
    offset
}

/// Store calls whose failure is the server's.
pub(crate) trait Stored<T> {
    /// `SERVICE_INTERNAL_ERROR` for whatever went wrong; the cause is logged.
    fn or_internal(self, what: &str) -> Result<T>;
}

impl<T> Stored<T> for Result<T, StoreError> {
    fn or_internal(self, what: &str) -> Result<T> {
        self.map_err(|error| -> Fault { internal(what, &error) })
    }
}
