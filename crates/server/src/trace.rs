//! What is known about one request while it is served: its identifiers, who made it and how long
//! each stage took. Becomes one log line, the `Server-Timing` header and the metrics.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use safelight_contract::Ids;
use safelight_operation::Stage;
use safelight_store::{Credits, Principal};

use crate::metrics::Metrics;
use crate::usage::Usage;

/// The name of requests that match no path.
const UNMATCHED: &str = "unmatched";

/// The name of what browsers ask before they ask for something of another origin.
pub(crate) const PREFLIGHT: &str = "preflight";

/// The paths whose use is counted.
const API: &str = "/api/";

/// What probes and browsers ask all the time: logged at the level `debug`.
const FREQUENT: [&str; 5] =
    ["/health/live", "/health/ready", "/metrics", PREFLIGHT, crate::console::PATH];

/// The record of one request. Writes its log line when dropped, so that requests whose client went
/// away are logged too.
pub(crate) struct Trace {
    pub ids: Ids,
    pub started: Instant,
    metrics: Arc<Metrics>,
    usage: Arc<Usage>,
    signed_in: OnceLock<Principal>,
    notes: Mutex<Notes>,
}

struct Notes {
    endpoint: &'static str,
    application: Option<i64>,
    code: &'static str,
    charged: Credits,
    shown_charge: Option<Credits>,
    status: u16,
    bytes_in: u64,
    bytes_out: u64,
    sandbox: bool,
    stages: Vec<Stage>,
}

/// The status in the log for a request whose client was gone before the answer.
const CLIENT_GONE: u16 = 499;

impl Trace {
    pub fn new(metrics: Arc<Metrics>, usage: Arc<Usage>) -> Self {
        let notes = Notes {
            endpoint: UNMATCHED,
            application: None,
            code: "CLIENT_GONE",
            charged: Credits::default(),
            shown_charge: None,
            status: CLIENT_GONE,
            bytes_in: 0,
            bytes_out: 0,
            sandbox: false,
            stages: Vec::new(),
        };
        Self {
            ids: Ids::random(),
            started: Instant::now(),
            metrics,
            usage,
            signed_in: OnceLock::new(),
            notes: Mutex::new(notes),
        }
    }

    /// Which endpoint it is for.
    pub fn endpoint(&self, path: &'static str) {
        self.notes.lock().endpoint = path;
    }

    /// Who made it.
    pub fn application(&self, id: i64) {
        self.notes.lock().application = Some(id);
    }

    /// Who makes it without a key: somebody who is signed in to the console.
    pub fn sign_in(&self, principal: Principal) {
        let _ = self.signed_in.set(principal);
    }

    /// Who is signed in to the console and makes it.
    pub fn signed_in(&self) -> Option<&Principal> {
        self.signed_in.get()
    }

    /// What it was charged.
    pub fn charged(&self, amount: Credits) {
        let mut notes = self.notes.lock();
        notes.charged = amount;
        notes.shown_charge = Some(amount);
    }

    /// What the task was charged that it asks for.
    pub fn task_charged(&self, amount: Credits) {
        self.notes.lock().shown_charge = Some(amount);
    }

    /// What to tell somebody who is signed in to the console that a run has cost.
    pub fn shown_charge(&self) -> Option<Credits> {
        self.signed_in()?;
        self.notes.lock().shown_charge
    }

    /// That it is a sandbox request.
    pub fn sandbox(&self) {
        self.notes.lock().sandbox = true;
    }

    /// Whether it is a sandbox request.
    pub fn is_sandbox(&self) -> bool {
        self.notes.lock().sandbox
    }

    /// How many bytes of body came in.
    pub fn bytes_in(&self, count: u64) {
        self.notes.lock().bytes_in = count;
    }

    /// How long a stage took.
    pub fn stage(&self, name: &'static str, took: Duration) {
        self.notes.lock().stages.push(Stage { name, took });
    }

    /// How long several stages took.
    pub fn stages(&self, stages: Vec<Stage>) {
        self.notes.lock().stages.extend(stages);
    }

    /// Times a stage.
    pub async fn timed<T>(&self, name: &'static str, stage: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let outcome = stage.await;
        self.stage(name, start.elapsed());
        outcome
    }

    /// What was answered; `code` is empty on success.
    pub fn answered(&self, status: u16, code: &'static str) {
        let mut notes = self.notes.lock();
        notes.status = status;
        notes.code = code;
    }

    /// How large the answer is.
    pub fn bytes_out(&self, count: u64) {
        self.notes.lock().bytes_out = count;
    }

    /// The value of the `Server-Timing` header, in milliseconds.
    pub fn server_timing(&self) -> String {
        let notes = self.notes.lock();
        let mut text = String::with_capacity(24 * (notes.stages.len() + 1));
        for stage in &notes.stages {
            let millis = stage.took.as_secs_f64() * 1e3;
            let _ = write!(text, "{};dur={millis:.2}, ", stage.name);
        }
        let _ = write!(text, "total;dur={:.2}", self.started.elapsed().as_secs_f64() * 1e3);
        text
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let total = self.started.elapsed();
        let notes = self.notes.get_mut();
        self.metrics.count_request(notes.endpoint, notes.code);
        for stage in &notes.stages {
            self.metrics.observe(notes.endpoint, stage.name, stage.took);
        }
        self.metrics.observe(notes.endpoint, "total", total);
        if notes.endpoint.starts_with(API) {
            let Notes { endpoint, application, code, charged, .. } = notes;
            self.usage.request(*application, endpoint, code, total, *charged);
        }
        let total_ms = total.as_secs_f64() * 1e3;
        // An event has the level of the place where it is written.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "safelight::request",
                    request_id = %self.ids.request_id,
                    log_id = %self.ids.log_id,
                    application = notes.application,
                    sandbox = notes.sandbox.then_some(true),
                    service = notes.endpoint,
                    status = notes.status,
                    code = notes.code,
                    bytes_in = notes.bytes_in,
                    bytes_out = notes.bytes_out,
                    stages = %Stages(&notes.stages),
                    total_ms,
                    "{}",
                    Summary(notes, total_ms)
                )
            };
        }
        match FREQUENT.contains(&notes.endpoint) {
            true => line!(debug),
            false => line!(info),
        }
    }
}

/// What happened in a few words: `200 /api/common/query-credits in 1.2 ms`. Formatted only when the
/// line is really written.
struct Summary<'a>(&'a Notes, f64);

impl std::fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(Notes { endpoint, code, status, .. }, millis) = self;
        let space = if code.is_empty() { "" } else { " " };
        write!(f, "{status} {endpoint}{space}{code} in {millis:.1} ms")
    }
}

/// Stages as the log shows them: `decode=12.3 encode=4.5`, in milliseconds. Formatted only when
/// the line is really written.
struct Stages<'a>(&'a [Stage]);

impl std::fmt::Display for Stages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, stage) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{}={:.2}", stage.name, stage.took.as_secs_f64() * 1e3)?;
        }
        Ok(())
    }
}
