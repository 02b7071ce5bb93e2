//! The state of the server, its engines and configuration, and what was changed.

use safelight_console::server::{self, Gauge, Part};
use safelight_console::{Markup, Notice, Place};
use safelight_operation::Given;

use super::{Outcome, Refusal, Visit};
use crate::app::{App, Stored};
use crate::disk::Room;
use crate::metrics::resident_bytes;
use crate::{engines as generative, health};

/// Changes that are listed.
const ACTS: u32 = 200;

/// The page of the load.
pub(super) async fn overview(visit: &Visit) -> Outcome<Markup> {
    visit.operator()?;
    let (parts, gauges) = (parts(&visit.app).await, gauges(&visit.app).await);
    let who = visit.who();
    let shell = visit.shell(&who, Place::Server, "Server");
    Ok(server::overview(&shell, &parts, &gauges, env!("CARGO_PKG_VERSION")))
}

/// The part of that page that renews itself.
pub(super) async fn live(visit: &Visit) -> Outcome<Markup> {
    visit.operator()?;
    Ok(server::live(&parts(&visit.app).await, &gauges(&visit.app).await))
}

/// The parts of the process, then the engines as their last calls and probes found them.
async fn parts(app: &App) -> Vec<Part> {
    let parts = health::parts(app).await.into_iter();
    let parts = parts.map(|(name, problem)| Part { name: name.to_owned(), problem });
    let engines = app.engines.states().map(|(name, url, is_well)| Part {
        name: format!("engine {name}"),
        problem: (!is_well).then(|| format!("{url}: the last call or probe failed")),
    });
    parts.chain(engines).collect()
}

async fn gauges(app: &App) -> Vec<Gauge> {
    let bytes = |bytes: u64| format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20));
    let of = |part: u64, whole: u64| Some(part as f64 / whole.max(1) as f64);
    let limits = &app.settings.limits;
    let (work, (bodies, sending)) = (app.work.occupancy(), app.bodies.occupancy());
    let (slots, queue) = (work.used.slots, u64::from(limits.queue));
    let waiting = work.waiting as u64;
    let mut gauges = Vec::new();
    let mut add = |name, value, share| gauges.push(Gauge { name, value, share });
    let workers = limits.worker_count();
    add("Jobs at work", format!("{slots} of {workers}"), of(slots.into(), workers.into()));
    add("Waiting for a worker", waiting.to_string(), of(waiting, queue));
    add("Waiting to send", sending.to_string(), of(sending as u64, queue));
    add("Memory of jobs", bytes(work.used.bytes), None);
    add("Memory of bodies", bytes(bodies), of(bodies, limits.body_budget()));
    if let Some(resident) = resident_bytes() {
        add("Memory of the process", bytes(resident), of(resident, limits.memory()));
    }
    if let Ok((queued, processing)) = app.store.open_tasks().await {
        add("Tasks waiting", queued.to_string(), of(queued, app.settings.tasks.max_queued));
        let workers = u64::from(app.settings.tasks.worker_count());
        add("Tasks at work", format!("{processing} of {workers}"), of(processing, workers));
    }
    if let Ok(Room { used, free }) = Room::now(app).await {
        let budget = app.settings.results.disk_budget;
        add("Result files", bytes(used.results), of(used.results, budget));
        add("Inputs and uploads", bytes(used.inputs), of(used.inputs, budget));
        if let Ok(free) = free {
            add("Free on the disk", bytes(free), None);
        }
    }
    gauges
}

/// What is known of the engines: their names, and what was found or is wrong.
type Found = Vec<(String, Result<String, String>)>;

/// The page of engines; without `found` it shows how the last calls went.
pub(super) fn engines(visit: &Visit, found: Option<Found>) -> Outcome<Markup> {
    visit.operator()?;
    let app = &visit.app;
    let last = || {
        let states = app.engines.states();
        let shown = states.map(|(name, url, well)| {
            let outcome = match well {
                true => Ok(url.to_owned()),
                false => Err(format!("{url}: the last call or probe failed")),
            };
            (name.to_owned(), outcome)
        });
        shown.collect()
    };
    let notice = found.is_some().then(|| Notice::Done("Every engine was probed.".to_owned()));
    let found = found.unwrap_or_else(last);
    let lacking = app.endpoints().filter(|endpoint| app.lacks_engine(endpoint));
    let lacking: Vec<_> = lacking.map(|endpoint| endpoint.spec().name).collect();
    let used = app.endpoints().filter_map(|endpoint| Some((endpoint, endpoint.needs().engine?)));
    let used = used.map(|(endpoint, using)| server::Used {
        slug: endpoint.spec().slug(),
        name: endpoint.spec().name,
        required: using.required,
        classifies: using.given == Given::Classes,
    });
    let configuring = server::Configuring {
        examples: generative::example::all(app.catalog),
        used: used.collect(),
    };
    let who = visit.who();
    let shell = visit.shell(&who, Place::Engines, "Engines").with(notice);
    Ok(server::engines(&shell, &found, &lacking, &configuring))
}

/// Probes every engine.
pub(super) async fn probe(visit: &Visit) -> Outcome<Markup> {
    visit.operator()?;
    let app = &visit.app;
    let found = generative::inspect(&app.settings, app.catalog).await.map_err(Refusal::Bad)?;
    engines(visit, Some(found))
}

/// The page of the configuration.
pub(super) fn configuration(visit: &Visit) -> Outcome<Markup> {
    visit.operator()?;
    let who = visit.who();
    let shell = visit.shell(&who, Place::Configuration, "Configuration");
    Ok(server::configuration(&shell, &visit.app.configuration))
}

/// The page of changes: all for an operator, those about its own application for an owner.
pub(super) async fn audit(visit: &Visit) -> Outcome<Markup> {
    let names = visit.names().await?;
    let own = match names.as_slice() {
        [(only, _)] if !visit.is_operator() => Some(*only),
        _ => None,
    };
    let acts = visit.app.store.console_acts(own, ACTS).await.or_internal("reading the changes")?;
    let name = |id: i64| {
        let known = names.iter().find(|(other, _)| *other == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    };
    let who = visit.who();
    Ok(server::audit(&visit.shell(&who, Place::Audit, "Changes"), &acts, name))
}
