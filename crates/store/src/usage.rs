//! How the API was used: sums for each hour, application, service and outcome, from which plots are
//! made without reading a log.

use async_trait::async_trait;

use crate::{Credits, Result};

/// Upper bounds of the latency buckets, in milliseconds; one more bucket holds what took longer.
pub const LATENCY_MS: [u32; 15] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000];

/// How many requests fell into each bucket.
pub type Latency = [u64; LATENCY_MS.len() + 1];

/// What is added to the sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUsage {
    /// Hours since 1970, UTC.
    pub hour: i64,
    /// Number of the application; 0 where none was known.
    pub application: i64,
    /// Path of the endpoint.
    pub service: String,
    /// Code of the outcome; empty is success.
    pub code: String,
    /// Requests.
    pub requests: u64,
    /// Credits charged.
    pub credits: Credits,
    /// How long they took.
    pub latency: Latency,
}

/// What a report is about.
#[derive(Clone, Debug)]
pub struct UsageFilter {
    /// Only this application.
    pub application: Option<i64>,
    /// Only this service.
    pub service: Option<String>,
    /// The first hour.
    pub from: i64,
    /// The hour after the last.
    pub until: i64,
    /// Hours that make up a point of the plots; points begin at multiples of it.
    pub step: i64,
}

/// Sums of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// Requests.
    pub requests: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Credits charged.
    pub credits: Credits,
    /// How long they took.
    pub latency: Latency,
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// By time: the first hour of each step that has requests.
    pub steps: Vec<(i64, UsageSum)>,
    /// By service, most requests first.
    pub services: Vec<(String, UsageSum)>,
    /// By application, most requests first.
    pub applications: Vec<(i64, UsageSum)>,
    /// Failures by code, most first.
    pub codes: Vec<(String, u64)>,
}

/// The rows of the sums.
#[async_trait]
pub trait UsageRows {
    /// Adds to the sums, once for each batch of this instance: a batch whose outcome is not known is
    /// sent again, as it was, before the next one.
    async fn add_usage(&self, batch: &str, rows: &[NewUsage]) -> Result<()>;
    /// A report over the sums.
    async fn usage(&self, filter: &UsageFilter) -> Result<UsageReport>;
    /// Forgets what is before an hour.
    async fn forget_usage(&self, before: i64) -> Result<()>;
}
