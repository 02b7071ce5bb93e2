//! Counts how the API is used, in memory for a few seconds, then in the store's sums. What is in
//! memory is lost where the process is killed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use safelight_store::{Credits, LATENCY_MS, Latency, NewUsage, Store};
use tokio::time::sleep;
use uuid::Uuid;

use crate::app::{App, now};

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(5);
/// How long the sums are kept, in hours.
const KEPT: i64 = 400 * 24;
const HOUR: i64 = 3_600_000;

/// Hour, application, service and code.
type Place = (i64, i64, String, &'static str);

#[derive(Default)]
struct Sum {
    requests: u64,
    credits: Credits,
    latency: Latency,
}

/// What is not written yet.
#[derive(Default)]
pub(crate) struct Usage {
    counted: Mutex<HashMap<Place, Sum>>,
    /// A batch that was sent and may have been written, with its id.
    sent: tokio::sync::Mutex<Option<(String, Vec<NewUsage>)>>,
}

impl Usage {
    /// Counts an answered request; an empty `code` is success.
    pub fn request(
        &self,
        application: Option<i64>,
        service: &str,
        code: &'static str,
        took: Duration,
        charged: Credits,
    ) {
        let millis = took.as_secs_f64() * 1e3;
        let bucket = LATENCY_MS.iter().position(|bound| millis <= f64::from(*bound));
        self.change(application.unwrap_or_default(), service, code, |sum| {
            sum.requests += 1;
            sum.credits.0 += charged.0;
            sum.latency[bucket.unwrap_or(LATENCY_MS.len())] += 1;
        });
    }

    /// Counts what a task was charged, whose request was counted when it was accepted.
    pub fn charged(&self, application: i64, service: &str, amount: Credits) {
        self.change(application, service, "", |sum| sum.credits.0 += amount.0);
    }

    /// Counts a task that failed, as an outcome of its own.
    pub fn task_failed(&self, application: i64, service: &str, code: &'static str) {
        self.change(application, service, code, |sum| sum.requests += 1);
    }

    fn change(
        &self,
        application: i64,
        service: &str,
        code: &'static str,
        change: impl FnOnce(&mut Sum),
    ) {
        let place = (now() / HOUR, application, service.to_owned(), code);
        change(self.counted.lock().entry(place).or_default());
    }

    /// Writes what was counted. What may not have been written is sent again the next time.
    pub async fn flush(&self, store: &dyn Store) {
        let mut sent = self.sent.lock().await;
        loop {
            let (batch, rows) = sent.take().unwrap_or_else(|| {
                let counted = std::mem::take(&mut *self.counted.lock());
                (Uuid::new_v4().to_string(), rows(&counted))
            });
            if rows.is_empty() {
                return;
            }
            if let Err(error) = store.add_usage(&batch, &rows).await {
                tracing::error!(%error, "the use of the API could not be written");
                *sent = Some((batch, rows));
                return;
            }
        }
    }
}

/// The rows of what was counted, in one order, so that processes do not wait for each other.
fn rows(counted: &HashMap<Place, Sum>) -> Vec<NewUsage> {
    let mut counted: Vec<_> = counted.iter().collect();
    counted.sort_by_key(|(place, _)| *place);
    let row = |((hour, application, service, code), sum): (&Place, &Sum)| NewUsage {
        hour: *hour,
        application: *application,
        service: service.clone(),
        code: (*code).to_owned(),
        requests: sum.requests,
        credits: sum.credits,
        latency: sum.latency,
    };
    counted.into_iter().map(row).collect()
}

/// Writes what was counted again and again, until the server closes.
pub(crate) async fn run(app: Arc<App>) {
    let mut closing = app.closing.subscribe();
    let mut forgotten = 0;
    while !*closing.borrow_and_update() {
        app.usage.flush(&*app.store).await;
        let hour = now() / HOUR;
        if hour > forgotten {
            forgotten = hour;
            if let Err(error) = app.store.forget_usage(hour - KEPT).await {
                tracing::error!(%error, "old sums of the API's use could not be deleted");
            }
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            _ = closing.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use safelight_contract::Code;
    use safelight_store::shaky::Shaky;
    use safelight_store::{UsageFilter, UsageRows as _};

    use super::*;

    #[tokio::test]
    async fn a_batch_whose_outcome_was_lost_counts_once() {
        let folder = tempfile::tempdir().expect("folder");
        let (store, shaking) = Shaky::open(folder.path().join("db")).expect("database");
        let usage = Usage::default();
        shaking.lose_commits(1);
        for _ in 0..3 {
            usage.task_failed(1, "/a", Code::ProcessingFailure.name());
            usage.flush(&store).await;
        }
        let filter =
            UsageFilter { application: None, service: None, from: 0, until: i64::MAX, step: 1 };
        let report = store.usage(&filter).await.expect("a report");
        assert_eq!(report.services[0].1.requests, 3);
    }

    #[test]
    fn rows_are_written_in_one_order() {
        let usage = Usage::default();
        for code in Code::ALL {
            usage.task_failed(1, "/b", code.name());
            usage.task_failed(1, "/a", code.name());
        }
        let rows = rows(&usage.counted.lock());
        let place = |row: &NewUsage| (row.application, row.service.clone(), row.code.clone());
        assert!(rows.len() >= 2 * Code::ALL.len() && rows.is_sorted_by_key(place));
    }
}
