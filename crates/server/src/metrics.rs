//! Counters and histograms, shown at `/metrics` in the OpenMetrics text format that Prometheus reads.
//!
//! All labels come from fixed lists (paths of endpoints, error codes, names of stages and of engines), so
//! that no client can make the tables grow.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge as PlainGauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What `/metrics` is sent as.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency buckets, in seconds.
const BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Names and values of two labels.
type Labels = [(&'static str, &'static str); 2];

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    tasks: Family<Labels, Counter>,
    webhooks: Family<[(&'static str, &'static str); 1], Counter>,
    stages: Family<Labels, Histogram>,
    engines: Family<[(&'static str, String); 2], Counter>,
    engine_seconds: Family<EngineLabel, Histogram>,
    engines_well: Family<EngineLabel, PlainGauge>,
}

/// The name of a generative engine, from the settings.
type EngineLabel = [(&'static str, String); 1];

/// A value that is read when the metrics are shown.
pub(crate) struct Gauge {
    pub name: &'static str,
    pub help: &'static str,
    pub value: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        registry.register("safelight_requests", "Requests by endpoint and code", requests.clone());
        let tasks = Family::default();
        registry.register("safelight_tasks", "Ended tasks by service and outcome", tasks.clone());
        let webhooks = Family::default();
        let help = "Attempts to deliver webhooks by outcome";
        registry.register("safelight_webhooks", help, webhooks.clone());
        let stages = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> _);
        let help = "Seconds that each stage of a request took";
        registry.register("safelight_stage_seconds", help, stages.clone());
        let engines = Family::default();
        let help = "Calls of generative engines by outcome";
        registry.register("safelight_engine_calls", help, engines.clone());
        let engine_seconds = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> _);
        let help = "Seconds that calls of generative engines took";
        registry.register("safelight_engine_seconds", help, engine_seconds.clone());
        let engines_well = Family::default();
        let help = "Whether the last call or probe of a generative engine succeeded";
        registry.register("safelight_engine_up", help, engines_well.clone());
        Self { registry, requests, tasks, webhooks, stages, engines, engine_seconds, engines_well }
    }
}

impl Metrics {
    /// Counts an answered request; an empty `code` is success.
    pub fn count_request(&self, endpoint: &'static str, code: &'static str) {
        let code = if code.is_empty() { "OK" } else { code };
        self.requests.get_or_create(&[("service", endpoint), ("code", code)]).inc();
    }

    /// Counts an ended task.
    pub fn count_task(&self, service: &'static str, outcome: &'static str) {
        self.tasks.get_or_create(&[("service", service), ("outcome", outcome)]).inc();
    }

    /// Counts an attempt to deliver a webhook.
    pub fn count_webhook(&self, outcome: &'static str) {
        self.webhooks.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Counts a call of a generative engine, and how long it took.
    pub fn count_engine(&self, engine: &str, outcome: &'static str, took: Duration) {
        let labels = [("engine", engine.to_owned()), ("outcome", outcome.to_owned())];
        self.engines.get_or_create(&labels).inc();
        let label = [("engine", engine.to_owned())];
        self.engine_seconds.get_or_create(&label).observe(took.as_secs_f64());
    }

    /// Shows whether a generative engine is well.
    pub fn engine_is_well(&self, engine: &str, well: bool) {
        let label = [("engine", engine.to_owned())];
        self.engines_well.get_or_create(&label).set(i64::from(well));
    }

    /// Records how long a stage took.
    pub fn observe(&self, endpoint: &'static str, stage: &'static str, took: Duration) {
        let labels = [("service", endpoint), ("stage", stage)];
        self.stages.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The text that Prometheus reads.
    pub fn render(&self, gauges: &[Gauge]) -> String {
        let mut now = Registry::default();
        for &Gauge { name, help, value } in gauges {
            now.register(name, help, ConstGauge::new(value));
        }
        // Writing to a string cannot fail. The end is marked once, after both tables.
        let (mut text, mut rest) = (String::with_capacity(8192), String::new());
        let _ = encode(&mut text, &self.registry);
        let _ = encode(&mut rest, &now);
        text.truncate(text.len() - END.len());
        text + &rest
    }
}

/// What ends an exposition.
const END: &str = "# EOF\n";

/// Resident memory of this process in bytes, where the system tells.
pub(crate) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_latencies_are_shown() {
        let metrics = Metrics::default();
        metrics.count_request("/a", "");
        metrics.count_request("/a", "");
        metrics.count_request("/a", "UNKNOWN_ERROR");
        metrics.observe("/a", "decode", Duration::from_millis(3));
        metrics.observe("/a", "decode", Duration::from_secs(100));
        let gauge = Gauge { name: "safelight_queue", help: "Waiting", value: 5 };
        let text = metrics.render(&[gauge]);
        for line in [
            "safelight_requests_total{service=\"/a\",code=\"OK\"} 2",
            "safelight_requests_total{service=\"/a\",code=\"UNKNOWN_ERROR\"} 1",
            "safelight_stage_seconds_bucket{le=\"0.0025\",service=\"/a\",stage=\"decode\"} 0",
            "safelight_stage_seconds_bucket{le=\"0.005\",service=\"/a\",stage=\"decode\"} 1",
            "safelight_stage_seconds_bucket{le=\"+Inf\",service=\"/a\",stage=\"decode\"} 2",
            "safelight_stage_seconds_sum{service=\"/a\",stage=\"decode\"} 100.003",
            "safelight_queue 5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert!(text.ends_with(END) && text.matches(END).count() == 1, "{text}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_known() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
