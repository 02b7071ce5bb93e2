//! What an operator can set about the server. Times are in seconds, sizes in bytes.

mod limits;

use std::net::SocketAddr;
use std::path::PathBuf;

use safelight_contract::Edition;
use safelight_store::UploadQuota;
use serde::{Deserialize, Serialize};

use crate::engines::settings::{self as engines, EffectSettings, EngineSettings};
use crate::moderation::settings::ModerationSettings;

pub use limits::LimitSettings;

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
    /// Faces of an application. A face takes about 0.75 kB of the memory for jobs once its group was
    /// searched. Default 200,000.
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
                "cors.origins has `{other}`, allowed are `*` alone, or origins as browsers write \
                 them: http:// or https://, a host in lower case, a port where it is not the usual \
                 one, no path"
            )),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]".contains(&b);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(fits))
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
        self.limits.validate()?;
        let hour = 3600;
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

/// Cores that this process may use.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32)
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
