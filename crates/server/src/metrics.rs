//! Counters and histograms, shown at `/metrics` in the text format of Prometheus.
//!
//! All labels come from fixed lists (paths of endpoints, error codes, names of stages), so that
//! no client can make the tables grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

/// Upper bounds of the latency buckets, in seconds.
const BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

type Labels = (&'static str, &'static str);

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: RwLock<BTreeMap<Labels, Arc<AtomicU64>>>,
    latencies: RwLock<BTreeMap<Labels, Arc<Histogram>>>,
    tasks: RwLock<BTreeMap<Labels, Arc<AtomicU64>>>,
}

#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// A value that is read when the metrics are shown.
pub(crate) struct Gauge {
    pub name: &'static str,
    pub help: &'static str,
    pub value: u64,
}

impl Metrics {
    /// Counts an answered request; an empty `code` is success.
    pub fn count_request(&self, endpoint: &'static str, code: &'static str) {
        let code = if code.is_empty() { "OK" } else { code };
        entry(&self.requests, (endpoint, code)).fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an ended task.
    pub fn count_task(&self, service: &'static str, outcome: &'static str) {
        entry(&self.tasks, (service, outcome)).fetch_add(1, Ordering::Relaxed);
    }

    /// Records how long a stage took.
    pub fn observe(&self, endpoint: &'static str, stage: &'static str, took: Duration) {
        entry(&self.latencies, (endpoint, stage)).observe(took);
    }

    /// The text that Prometheus reads.
    pub fn render(&self, gauges: &[Gauge]) -> String {
        let mut text = String::with_capacity(8192);
        head(&mut text, "safelight_requests_total", "counter", "Requests by endpoint and code.");
        for ((endpoint, code), count) in self.requests.read().iter() {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "safelight_requests_total{{service=\"{endpoint}\",code=\"{code}\"}} {count}"
            );
        }
        head(&mut text, "safelight_tasks_total", "counter", "Ended tasks by service and outcome.");
        for ((service, outcome), count) in self.tasks.read().iter() {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "safelight_tasks_total{{service=\"{service}\",outcome=\"{outcome}\"}} {count}"
            );
        }
        let help = "Seconds that each stage of a request took.";
        head(&mut text, "safelight_stage_seconds", "histogram", help);
        for ((endpoint, stage), histogram) in self.latencies.read().iter() {
            histogram.render(&mut text, &format!("service=\"{endpoint}\",stage=\"{stage}\""));
        }
        for Gauge { name, help, value } in gauges {
            head(&mut text, name, "gauge", help);
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn entry<T: Default>(table: &RwLock<BTreeMap<Labels, Arc<T>>>, labels: Labels) -> Arc<T> {
    if let Some(found) = table.read().get(&labels) {
        return found.clone();
    }
    table.write().entry(labels).or_default().clone()
}

impl Histogram {
    fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(at) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[at].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }

    fn render(&self, text: &mut String, labels: &str) {
        let count = self.count.load(Ordering::Relaxed);
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            let _ =
                writeln!(text, "safelight_stage_seconds_bucket{{{labels},le=\"{bound}\"}} {below}");
        }
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(
            text,
            "safelight_stage_seconds_bucket{{{labels},le=\"+Inf\"}} {count}\n\
             safelight_stage_seconds_sum{{{labels}}} {seconds}\n\
             safelight_stage_seconds_count{{{labels}}} {count}"
        );
    }
}

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
        let gauge = Gauge { name: "safelight_queue", help: "Waiting.", value: 5 };
        let text = metrics.render(&[gauge]);
        for line in [
            "safelight_requests_total{service=\"/a\",code=\"OK\"} 2",
            "safelight_requests_total{service=\"/a\",code=\"UNKNOWN_ERROR\"} 1",
            "safelight_stage_seconds_bucket{service=\"/a\",stage=\"decode\",le=\"0.0025\"} 0",
            "safelight_stage_seconds_bucket{service=\"/a\",stage=\"decode\",le=\"0.005\"} 1",
            "safelight_stage_seconds_bucket{service=\"/a\",stage=\"decode\",le=\"+Inf\"} 2",
            "safelight_stage_seconds_sum{service=\"/a\",stage=\"decode\"} 100.003",
            "safelight_queue 5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_known() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
