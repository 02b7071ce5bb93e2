//! What an operator can set about the server. Times are in seconds, sizes in bytes.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use safelight_contract::Edition;
use safelight_operation::Spec;
use safelight_store::UploadQuota;
use serde::{Deserialize, Serialize};

use crate::engines::settings::{self as engines, EffectSettings, EngineSettings};
use crate::memory::Allowance;
use crate::moderation::settings::ModerationSettings;

/// What this process may take. Limits do not change under a running process in a way that it could
/// follow, so they are read once.
static ALLOWANCE: LazyLock<Option<Allowance>> = LazyLock::new(Allowance::of_this_process);

/// Everything that can be set about the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address to listen on. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Whether this is a twin for tests of client programs: every request gets sample answers, none is
    /// charged, and no model is needed. Default false.
    pub twin: bool,
    /// Base of the URLs of result files, e.g. `https://images.example.com`, without a slash at the
    /// end. Default: none, then `http://` and the `Host` that the request named.
    pub public_url: Option<String>,
    /// What is left to requests at shutdown before they are cut off and tasks are parked. Default
    /// 20.
    pub shutdown_grace_seconds: u64,
    /// The console in the browser.
    pub console: ConsoleSettings,
    /// The API contract.
    pub contract: ContractSettings,
    /// Web pages of other origins.
    pub cors: CorsSettings,
    /// Limits on requests and on the process.
    pub limits: LimitSettings,
    /// Files from URLs that requests name, and webhooks.
    pub fetch: FetchSettings,
    /// Asynchronous tasks.
    pub tasks: TaskSettings,
    /// Result files.
    pub results: ResultSettings,
    /// Uploads.
    pub uploads: UploadSettings,
    /// Generative engines.
    pub engine: Vec<EngineSettings>,
    /// Who does the services that engines can do.
    pub effects: EffectSettings,
    /// What comes in and goes out.
    pub moderation: ModerationSettings,
    /// Libraries of faces.
    pub library: LibrarySettings,
    /// Interfaces of other servers.
    pub compat: CompatSettings,
    /// The Model Context Protocol.
    pub mcp: McpSettings,
}

/// Interfaces of other servers, for clients that speak them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompatSettings {
    /// Whether CompreFace's REST API is served under /api/v1, over the group `compreface` of each
    /// application's library. Default false.
    pub compreface: bool,
}

/// The Model Context Protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpSettings {
    /// Whether the services are tools of language models at `/mcp`. Default true.
    pub enabled: bool,
}

impl Default for McpSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The API contract.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContractSettings {
    /// Edition that decides the HTTP status of error codes: `2025` or `2026`. Default `2025`.
    pub edition: Edition,
}

/// The console in the browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleSettings {
    /// Whether there is one, under `/console`. Default true.
    pub enabled: bool,
    /// An address of its own to listen on, instead of the API's. Default: none.
    pub listen: Option<SocketAddr>,
}

/// Web pages of other origins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsSettings {
    /// Origins whose pages may call the API and read its answers, e.g. `https://shop.example.com`;
    /// `*` alone means all. Default `*`.
    pub origins: Vec<String>,
}

/// Limits on requests and on the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Memory of the whole process in bytes: request bodies (an eighth), models, and jobs (the
    /// rest). 0 means three quarters of what this process may take (the least of the machine's
    /// memory, its control groups' limits and its address space), but at most 3 GiB. Default 0.
    pub memory_budget: u64,
    /// Pixels of all pictures at work together. Default 400,000,000.
    pub max_pixels_at_work: u64,
    /// Jobs at work together, each on a thread of its own; 0 means one for each core. Default 0.
    pub workers: u32,
    /// Requests that may wait for a worker and as many for memory. Applications are served in
    /// turns; one more request is refused at once, or takes the place of the newest request of an
    /// application that has more of them. Default 32.
    pub queue: u32,
    /// Longest wait in that queue. Default 10.
    pub queue_wait_seconds: u64,
    /// Largest request body in bytes. Default 48 MiB.
    pub max_body_bytes: u64,
    /// Largest answer in bytes, Base64 included; result files do not count. Default 64 MiB.
    pub max_answer_bytes: u64,
    /// Open connections, of which there are never more than half of the files that the process may
    /// open. For a further one, the one that has been idle for longest is closed; where all are
    /// busy, it waits. Default 1024.
    pub connections: u32,
    /// Open connections from one address (for IPv6, one network of 64 bits); 0 means no limit. For
    /// a further one, the address's longest idle one is closed; where all are busy, it is refused.
    /// Default 256.
    pub connections_per_address: u32,
    /// Networks, such as `10.0.0.0/8`, that `connections_per_address` does not count for: a reverse
    /// proxy brings all clients from its own address. Default: the machine itself.
    pub proxies: Vec<IpNet>,
    /// Longest wait for a request's header, idle connections included. Default 30.
    pub header_timeout_seconds: u64,
    /// Longest time a request body may take. Default 120.
    pub body_timeout_seconds: u64,
    /// Longest pause within a request body, and longest time that a client may refuse to take
    /// more of an answer. Default 20.
    pub stall_timeout_seconds: u64,
    /// Least rate of a request body, over each stall timeout; 0 means one byte in each. Default
    /// 1024.
    pub min_body_bytes_per_second: u64,
    /// Longest time that a service may work on one request, in place of each service's own deadline.
    /// Default: none, the services' own.
    pub work_timeout_seconds: Option<u64>,
    /// Requests at work at the same time for an application that has no limit of its own.
    /// Default: none, no limit.
    pub concurrency: Option<u32>,
    /// Requests per second for an application that has no limit of its own. Default: none, no
    /// limit.
    pub requests_per_second: Option<u32>,
}

/// Files from URLs that requests name, and webhooks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FetchSettings {
    /// Whether requests may name files by URL and ask for webhooks. Default true.
    pub enabled: bool,
    /// Ports of public addresses that may be connected to. Default 80 and 443.
    pub ports: Vec<u16>,
    /// Further addresses, each with its port, such as `10.1.2.3:9000`: private ones are refused
    /// otherwise. Default: none.
    pub allow: Vec<SocketAddr>,
    /// Longest time that a connection may take to open. Default 3.
    pub connect_timeout_seconds: u64,
    /// Longest time that a file may take, redirects included. Default 10.
    pub timeout_seconds: u64,
    /// Files that are fetched at the same time for one application. Default 4.
    pub parallel: u32,
    /// A file of certificates in PEM format that are trusted beside the usual authorities. Default:
    /// none.
    pub ca_file: Option<PathBuf>,
}

/// Asynchronous tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskSettings {
    /// Tasks at work together; 0 means one for each two cores. Default 0.
    pub workers: u32,
    /// How often a task is tried when the process dies under it. Default 3.
    pub max_attempts: u32,
    /// Tasks that may wait. An application may take as many places as it leaves free, so half of
    /// them when it is alone; one more task is refused. Default 1000.
    pub max_queued: u64,
}

/// Result files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResultSettings {
    /// Life of result files and of the answers of tasks, in hours. Default 24.
    pub ttl_hours: u32,
    /// All result files and the inputs of tasks together, in bytes. Default 20 GiB.
    pub disk_budget: u64,
    /// Free bytes of the disk that are left to the database and to tasks already accepted: with
    /// less, the server is not ready and nothing that writes files is begun. Default 256 MiB.
    pub disk_reserve: u64,
}

/// Files that applications upload for later requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadSettings {
    /// Uploads of one application that live at the same time, in bytes; they count against the disk
    /// budget too. Default 1 GiB.
    pub max_bytes: u64,
    /// How many there may be. Default 1000.
    pub max_files: u64,
}

/// Libraries of faces, one for each application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LibrarySettings {
    /// Whether there are libraries and recognition at all. Default true.
    pub enabled: bool,
    /// Groups of an application. Default 1000.
    pub max_groups: u32,
    /// Faces of a group. Default 50,000.
    pub max_faces_per_group: u32,
    /// Faces of an application. A face takes about 0.7 kB of memory once its group was searched.
    /// Default 200,000.
    pub max_faces: u32,
    /// Faces of a user in a group, up to 64. Default 20.
    pub max_faces_per_user: u32,
    /// How long the token of a face lives that is in no group. Default 3600.
    pub token_life_seconds: u32,
    /// Whether pictures of faces may be kept where a request asks for it. Default false.
    pub store_images: bool,
    /// Whether faces and users are refused without a note of consent. Default false.
    pub require_consent: bool,
    /// How long it is remembered what was done with faces, in days. Default 365.
    pub audit_days: u32,
    /// How often deleted groups, and faces past their retention, are cleaned. Default 1.
    pub sweep_seconds: u32,
}

impl Default for LibrarySettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_groups: 1000,
            max_faces_per_group: 50_000,
            max_faces: 200_000,
            max_faces_per_user: 20,
            token_life_seconds: 3600,
            store_images: false,
            require_consent: false,
            audit_days: 365,
            sweep_seconds: 1,
        }
    }
}

impl LibrarySettings {
    fn validate(&self) -> Result<(), String> {
        between("library.max_faces_per_user", self.max_faces_per_user.into(), 1, 64)?;
        let most = 100_000_000;
        between("library.max_groups", self.max_groups.into(), 1, most)?;
        between("library.max_faces_per_group", self.max_faces_per_group.into(), 1, most)?;
        between("library.max_faces", self.max_faces.into(), 1, most)?;
        between("library.token_life_seconds", self.token_life_seconds.into(), 1, 86_400)?;
        between("library.audit_days", self.audit_days.into(), 1, 36_500)?;
        between("library.sweep_seconds", self.sweep_seconds.into(), 1, 86_400)
    }
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self { max_bytes: 1 << 30, max_files: 1000 }
    }
}

impl UploadSettings {
    pub(crate) fn quota(&self) -> UploadQuota {
        UploadQuota { bytes: self.max_bytes, files: self.max_files }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            twin: false,
            public_url: None,
            shutdown_grace_seconds: 20,
            console: ConsoleSettings::default(),
            contract: ContractSettings::default(),
            cors: CorsSettings::default(),
            limits: LimitSettings::default(),
            fetch: FetchSettings::default(),
            tasks: TaskSettings::default(),
            results: ResultSettings::default(),
            uploads: UploadSettings::default(),
            engine: Vec::new(),
            effects: EffectSettings::default(),
            moderation: ModerationSettings::default(),
            library: LibrarySettings::default(),
            compat: CompatSettings::default(),
            mcp: McpSettings::default(),
        }
    }
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self { enabled: true, listen: None }
    }
}

impl ConsoleSettings {
    /// Whether the API's address serves the console.
    pub(crate) fn is_with_the_api(&self) -> bool {
        self.enabled && self.listen.is_none()
    }
}

impl Default for CorsSettings {
    fn default() -> Self {
        Self { origins: vec!["*".into()] }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            memory_budget: 0,
            max_pixels_at_work: 400_000_000,
            workers: 0,
            queue: 32,
            queue_wait_seconds: 10,
            max_body_bytes: 48 << 20,
            max_answer_bytes: 64 << 20,
            connections: 1024,
            connections_per_address: 256,
            proxies: loopback(),
            header_timeout_seconds: 30,
            body_timeout_seconds: 120,
            stall_timeout_seconds: 20,
            min_body_bytes_per_second: 1024,
            work_timeout_seconds: None,
            concurrency: None,
            requests_per_second: None,
        }
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            ports: vec![80, 443],
            allow: Vec::new(),
            connect_timeout_seconds: 3,
            timeout_seconds: 10,
            parallel: 4,
            ca_file: None,
        }
    }
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self { workers: 0, max_attempts: 3, max_queued: 1000 }
    }
}

impl Default for ResultSettings {
    fn default() -> Self {
        Self { ttl_hours: 24, disk_budget: 20 << 30, disk_reserve: 256 << 20 }
    }
}

fn loopback() -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
    vec![v4.into(), Ipv6Net::from(Ipv6Addr::LOCALHOST).into()]
}

/// Bytes that jobs need at least.
const LEAST_FOR_JOBS: u64 = 48 << 20;

/// The least memory budget.
const LEAST_BUDGET: u64 = 64 << 20;

/// The most memory that is taken where no budget is set.
const MOST_UNASKED: u64 = 3 << 30;

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
}

impl CorsSettings {
    /// Whether pages of every origin may read answers.
    pub(crate) fn allows_every_origin(&self) -> bool {
        self.origins == ["*"]
    }

    fn validate(&self) -> Result<(), String> {
        if self.allows_every_origin() {
            return Ok(());
        }
        match self.origins.iter().find(|origin| !is_origin(origin)) {
            None => Ok(()),
            Some(other) => Err(format!(
                "cors.origins has `{other}`, allowed are `*` alone, or origins as browsers write                  them: http:// or https://, a host in lower case, a port where it is not the usual                  one, no path"
            )),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(fits))
}

impl LimitSettings {
    /// Jobs at work together, 0 resolved.
    pub fn worker_count(&self) -> u32 {
        if self.workers == 0 { cores() } else { self.workers }
    }

    /// The memory budget in bytes, 0 resolved.
    pub fn memory(&self) -> u64 {
        if self.memory_budget > 0 {
            return self.memory_budget;
        }
        let share = ALLOWANCE.as_ref().map_or(MOST_UNASKED, |allowed| allowed.bytes / 4 * 3);
        share.min(MOST_UNASKED)
    }

    /// The memory budget and where it comes from, for messages.
    fn memory_in_words(&self) -> String {
        let budget = self.memory();
        match ALLOWANCE.as_ref() {
            Some(allowed) if self.memory_budget == 0 && budget < MOST_UNASKED => {
                format!("limits.memory_budget is {budget}, three quarters of {}", allowed.by)
            }
            _ => format!("limits.memory_budget is {budget}"),
        }
    }

    /// The share of the memory budget for request bodies.
    pub fn body_budget(&self) -> u64 {
        self.memory() / 8
    }

    /// The share of the memory budget for jobs beside models of so many bytes, or why nothing useful
    /// is left: of the budget, or of what this process may take.
    pub fn job_budget(&self, models: u64) -> Result<u64, String> {
        let allowed = ALLOWANCE.as_ref();
        let least = (models + LEAST_FOR_JOBS) * 8 / 7 + 1;
        if let Some(allowed) = allowed.filter(|allowed| allowed.bytes < least) {
            return Err(format!(
                "this process may take too little memory: the models take {models} bytes, with \
                 request bodies and jobs {least} are needed, and {} leaves {}; raise that limit, \
                 or refuse models",
                allowed.by, allowed.bytes
            ));
        }
        let (words, bodies) = (self.memory_in_words(), self.body_budget());
        let jobs = self.memory().saturating_sub(bodies).saturating_sub(models);
        if jobs >= LEAST_FOR_JOBS {
            return Ok(jobs);
        }
        Err(format!(
            "{words}: the models take {models} of it and request bodies {bodies}, which leaves too \
             little for jobs; set at least {least}, or refuse models"
        ))
    }

    /// Open connections where the process may have so many files open: at most half of them.
    pub fn connections_within(&self, open_files: u64) -> u32 {
        u32::try_from(open_files / 2).unwrap_or(u32::MAX).clamp(1, self.connections)
    }

    pub(crate) fn queue_wait(&self) -> Duration {
        Duration::from_secs(self.queue_wait_seconds)
    }

    /// The longest that this service may work on one request.
    pub(crate) fn deadline(&self, spec: &Spec) -> Duration {
        self.work_timeout_seconds.map_or(spec.deadline, Duration::from_secs)
    }

    pub(crate) fn stall_timeout(&self) -> Duration {
        Duration::from_secs(self.stall_timeout_seconds)
    }
}

impl TaskSettings {
    /// Tasks at work together, 0 resolved.
    pub fn worker_count(&self) -> u32 {
        if self.workers == 0 { (cores() / 2).max(1) } else { self.workers }
    }
}

impl ResultSettings {
    /// Life of result files in milliseconds.
    pub fn ttl_millis(&self) -> i64 {
        i64::from(self.ttl_hours) * 3_600_000
    }
}

impl Settings {
    /// Says what contradicts itself, naming the key, the value and what is allowed.
    pub fn validate(&self) -> Result<(), String> {
        if let Some(url) = &self.public_url {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            if !rest.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/')) {
                return Err(format!(
                    "public_url is `{url}`, it must start with http:// or https:// and not end \
                     with a slash"
                ));
            }
        }
        self.cors.validate()?;
        self.library.validate()?;
        self.moderation.validate()?;
        if self.compat.compreface && !self.library.enabled {
            return Err("compat.compreface needs library.enabled, which is false".to_owned());
        }
        let limits = &self.limits;
        let hour = 3600;
        if limits.memory() < LEAST_BUDGET {
            return Err(format!("{}, the least is {LEAST_BUDGET}", limits.memory_in_words()));
        }
        between("limits.max_body_bytes", limits.max_body_bytes, 1 << 20, limits.body_budget())
            .map_err(|error| {
                format!("{error}; bodies get an eighth, and {}", limits.memory_in_words())
            })?;
        between("limits.max_answer_bytes", limits.max_answer_bytes, 1 << 10, 1 << 32)?;
        at_least("limits.max_pixels_at_work", limits.max_pixels_at_work, 1_000_000)?;
        between("limits.workers", limits.workers.into(), 0, 1024)?;
        between("limits.queue", limits.queue.into(), 0, 100_000)?;
        between("limits.connections", limits.connections.into(), 1, 100_000)?;
        between(
            "limits.connections_per_address",
            limits.connections_per_address.into(),
            0,
            100_000,
        )?;
        between("limits.queue_wait_seconds", limits.queue_wait_seconds, 0, hour)?;
        between("limits.header_timeout_seconds", limits.header_timeout_seconds, 1, hour)?;
        between("limits.body_timeout_seconds", limits.body_timeout_seconds, 1, hour)?;
        between("limits.stall_timeout_seconds", limits.stall_timeout_seconds, 1, hour)?;
        let rate = limits.min_body_bytes_per_second;
        between("limits.min_body_bytes_per_second", rate, 0, 1 << 20)?;
        let work_timeout = limits.work_timeout_seconds.unwrap_or(1);
        between("limits.work_timeout_seconds", work_timeout, 1, hour)?;
        for (key, limit) in [
            ("limits.concurrency", limits.concurrency),
            ("limits.requests_per_second", limits.requests_per_second),
        ] {
            at_least(key, limit.unwrap_or(1).into(), 1)?;
        }
        let fetch = &self.fetch;
        between("fetch.connect_timeout_seconds", fetch.connect_timeout_seconds, 1, hour)?;
        between("fetch.timeout_seconds", fetch.timeout_seconds, 1, hour)?;
        between("fetch.parallel", fetch.parallel.into(), 1, 1000)?;
        between("tasks.workers", self.tasks.workers.into(), 0, 1024)?;
        between("tasks.max_attempts", self.tasks.max_attempts.into(), 1, 100)?;
        between("results.ttl_hours", self.results.ttl_hours.into(), 1, 24 * 365)?;
        at_least("results.disk_budget", self.results.disk_budget, 1 << 20)?;
        between("shutdown_grace_seconds", self.shutdown_grace_seconds, 0, hour)?;
        engines::validate(&self.engine, &self.effects)
    }
}

fn at_least(key: &str, value: u64, least: u64) -> Result<(), String> {
    if value >= least {
        return Ok(());
    }
    Err(format!("{key} is {value}, the least is {least}"))
}

pub(crate) fn between(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{key} is {value}, allowed are {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        assert_eq!(Settings::default().validate(), Ok(()));
    }

    #[test]
    fn models_leave_the_rest_of_the_memory_to_jobs() {
        let limits = LimitSettings { memory_budget: 1 << 30, ..LimitSettings::default() };
        assert_eq!(limits.job_budget(100 << 20), Ok((896 - 100) << 20));
        let refusal = limits.job_budget(900 << 20).expect_err("too little is left");
        let least = refusal.split("set at least ").nth(1).and_then(|rest| rest.split(',').next());
        let least = least.and_then(|number| number.parse().ok()).expect("a number");
        let enough = LimitSettings { memory_budget: least, ..limits };
        assert!(enough.job_budget(900 << 20).is_ok(), "what the message says is enough");
    }

    #[test]
    fn connections_leave_half_of_the_open_files_to_others() {
        let limits = LimitSettings::default();
        for (open_files, connections) in [(u64::MAX, 1024), (2048, 1024), (1024, 512), (0, 1)] {
            assert_eq!(limits.connections_within(open_files), connections);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let broken = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.validate().expect_err("must be refused")
        };
        assert!(broken(|s| s.public_url = Some("example.com".into())).contains("public_url"));
        for origin in ["shop.example.com", "https://Shop.example.com", "https://a/b", "*"] {
            let mut settings = Settings::default();
            settings.cors.origins = vec!["http://localhost:3000".into(), origin.into()];
            let refusal = settings.validate().expect_err("must be refused");
            assert!(refusal.contains(&format!("cors.origins has `{origin}`")), "{refusal}");
        }
        assert!(broken(|s| s.limits.max_body_bytes = 1 << 40).contains("max_body_bytes"));
        assert!(broken(|s| s.limits.requests_per_second = Some(0)).contains("per_second"));
        assert!(broken(|s| s.tasks.max_attempts = 0).contains("tasks.max_attempts is 0"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let parsed = serde_json::from_str::<Settings>(r#"{ "limits": { "worker": 3 } }"#);
        assert!(parsed.expect_err("unknown key").to_string().contains("worker"));
    }
}
