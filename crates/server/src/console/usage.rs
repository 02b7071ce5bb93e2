//! Plots of how the API was used.

use safelight_console::usage::{self, Choice, DAYS};
use safelight_console::{Markup, Place};
use safelight_store::UsageFilter;

use super::{Outcome, Visit};
use crate::app::{Stored, now};

const HOUR: i64 = 3_600_000;

/// The page.
pub(super) async fn page(visit: &Visit) -> Outcome<Markup> {
    let app = &visit.app;
    app.usage.flush(&*app.store).await;
    let days = visit.query("days").and_then(|days| days.parse().ok());
    let days = days.filter(|days| DAYS.contains(days)).unwrap_or(DAYS[1]);
    let step = match days {
        1 => 1,
        90 => 72,
        _ => 24,
    };
    let until = now() / HOUR + 1;
    let from = until - i64::from(days) * 24;
    let applications = visit.names().await?;
    // Who sees one application alone sees that one, whatever is asked for.
    let asked = visit.query("application").and_then(|id| id.parse().ok());
    let application = match applications.as_slice() {
        [(only, _)] if !visit.is_operator() => Some(*only),
        all => asked.filter(|id| all.iter().any(|(known, _)| known == id)),
    };
    let services: Vec<_> =
        app.endpoints().map(|endpoint| (endpoint.spec().path, endpoint.spec().name)).collect();
    let service = visit.query("service");
    let service = service.filter(|path| services.iter().any(|(known, _)| *known == path));
    let from = from - from.rem_euclid(step);
    let filter = UsageFilter { application, service: service.clone(), from, until, step };
    let report = app.store.usage(&filter).await.or_internal("reading the use of the API")?;
    let choice = Choice {
        days,
        service: service.as_deref(),
        application,
        services: &services,
        applications: &applications,
        hours: (from, until, step),
    };
    let who = visit.who();
    Ok(usage::overview(&visit.shell(&who, Place::Usage, "Usage"), &choice, &report))
}
