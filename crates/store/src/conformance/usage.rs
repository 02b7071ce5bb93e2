//! Sums of how the API was used.

use super::*;
use crate::{LATENCY_MS, NewUsage, UsageFilter, UsageReport};

cases! {
    what_is_added_is_summed,
    a_report_is_about_what_was_asked,
    old_hours_are_forgotten,
}

const HOUR: i64 = 480;

fn used(hour: i64, application: i64, service: &str, code: &str, bucket: usize) -> NewUsage {
    let mut latency = [0; LATENCY_MS.len() + 1];
    latency[bucket] = 2;
    NewUsage {
        hour,
        application,
        service: service.into(),
        code: code.into(),
        requests: 2,
        credits: Credits::whole(if code.is_empty() { 3 } else { 0 }),
        latency,
    }
}

fn filter(application: Option<i64>, service: Option<&str>, step: i64) -> UsageFilter {
    let service = service.map(str::to_owned);
    UsageFilter { application, service, from: HOUR, until: HOUR + 48, step }
}

async fn report(store: &dyn Store, filter: UsageFilter) -> UsageReport {
    store.usage(&filter).await.unwrap()
}

async fn some(store: &dyn Store) {
    let rows = [
        used(HOUR, 1, "/a", "", 3),
        used(HOUR + 1, 1, "/a", "UNKNOWN_ERROR", 15),
        used(HOUR + 25, 2, "/b", "", 0),
        used(HOUR - 1, 1, "/a", "", 0),
    ];
    store.add_usage("first", &rows).await.unwrap();
    store.add_usage("first", &rows).await.expect("a batch that is sent again counts once");
    store.add_usage("second", &rows[..1]).await.unwrap();
}

async fn what_is_added_is_summed(store: Arc<dyn Store>) {
    some(&*store).await;
    let all = report(&*store, filter(None, None, 24)).await;
    let steps: Vec<_> = all.steps.iter().map(|(hour, sum)| (*hour, sum.requests)).collect();
    assert_eq!(steps, [(HOUR, 6), (HOUR + 24, 2)]);
    let (name, sum) = &all.services[0];
    assert_eq!((name.as_str(), sum.requests, sum.failures), ("/a", 6, 2));
    assert_eq!(sum.credits, Credits::whole(6));
    assert_eq!((sum.latency[3], sum.latency[15], sum.latency[0]), (4, 2, 0));
    let applications: Vec<_> =
        all.applications.iter().map(|(id, sum)| (*id, sum.requests)).collect();
    assert_eq!(applications, [(1, 6), (2, 2)]);
    assert_eq!(all.codes, [("UNKNOWN_ERROR".to_owned(), 2)]);
}

async fn a_report_is_about_what_was_asked(store: Arc<dyn Store>) {
    some(&*store).await;
    let own = report(&*store, filter(Some(2), None, 1)).await;
    assert_eq!(own.services.len(), 1);
    assert_eq!(own.steps[0].0, HOUR + 25);
    assert!(own.codes.is_empty());
    let service = report(&*store, filter(None, Some("/a"), 1)).await;
    assert_eq!(service.steps.len(), 2);
    let nothing = report(&*store, filter(Some(3), None, 1)).await;
    assert_eq!(nothing, UsageReport::default());
}

async fn old_hours_are_forgotten(store: Arc<dyn Store>) {
    some(&*store).await;
    store.forget_usage(HOUR + 24).await.unwrap();
    let all = report(&*store, filter(None, None, 1)).await;
    assert_eq!(all.services.len(), 1);
    assert_eq!(all.services[0].0, "/b");
    assert!(all.codes.is_empty());
}
