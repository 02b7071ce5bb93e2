//! `/health/live`, `/health/ready` and `/metrics`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use safelight_contract::{Code, Fault, Result};
use safelight_inference::Reason;
use safelight_store::KeyKind;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::disk::Room;
use crate::endpoints::Call;
use crate::metrics::{self, Gauge, resident_bytes};
use crate::reply::json_response;

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// How often models that are off are looked at.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// The process answers.
pub(crate) async fn live(call: Call) -> Result<Response> {
    Ok(plain(&call, StatusCode::OK, json!({ "status": "live" })))
}

/// Whether the process can serve, part by part: 200 when all are well, else 503 with what is wrong.
/// Also says which services lack a model or a generative engine, be it wanted or not.
pub(crate) async fn ready(call: Call) -> Result<Response> {
    let app = &call.app;
    let parts = parts(app).await;
    let ready = parts.iter().all(|(_, problem)| problem.is_none());
    let shown = parts.into_iter().map(|(name, problem)| {
        let part = match problem {
            None => json!({ "ok": true }),
            Some(why) => json!({ "ok": false, "why": why }),
        };
        (name.to_owned(), part)
    });
    let shown: Map<String, Value> = shown.collect();
    let endpoints = app.endpoints();
    let lacking = endpoints
        .filter(|endpoint| app.lacks_engine(endpoint) || !app.missing_models(endpoint).is_empty());
    let unavailable: Vec<_> = lacking.map(|endpoint| endpoint.spec().path).collect();
    let (status, word) = match ready {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = json!({ "status": word, "parts": shown, "unavailable": unavailable });
    Ok(plain(&call, status, body))
}

/// What is wrong with each part of the process, if anything.
pub(crate) async fn parts(app: &App) -> [(&'static str, Option<String>); 4] {
    [
        ("server", server(app)),
        ("models", models(app)),
        ("disk", disk(app).await),
        ("database", database(app).await),
    ]
}

fn server(app: &App) -> Option<String> {
    app.is_closing().then(|| "the server is shutting down".to_owned())
}

/// The models that should be there and are not. What the operator refuses, or has no engine for, is
/// as it should be.
fn models(app: &App) -> Option<String> {
    let faults: Vec<Fault> = failed_models(app).map(Fault::from).collect();
    let reasons: Vec<_> = faults.iter().map(Fault::message).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn failed_models(app: &App) -> impl Iterator<Item = Reason> {
    let endpoints = app.endpoints().filter(|_| !app.settings.twin);
    // Kinds of work that no model was chosen for have none, as intended.
    let needed = endpoints.flat_map(|endpoint| {
        let needs = endpoint.needs();
        needs.models.iter().chain(needs.choices)
    });
    let needed: BTreeSet<_> = needed.copied().collect();
    let reasons = needed.into_iter().filter_map(|name| app.registry.health(name).err());
    reasons.filter(|reason| !reason.is_intended())
}

async fn disk(app: &App) -> Option<String> {
    match Room::now(app).await {
        Ok(room) => room.lack(&app.settings.results, KeyKind::Live),
        Err(fault) => Some(fault.message().to_owned()),
    }
}

async fn database(app: &App) -> Option<String> {
    match timeout(STORE_TIMEOUT, app.store.check()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::error!(%error, "the database cannot be used");
            Some("it cannot be read or changed; the server's log says why".to_owned())
        }
        Err(_) => Some(format!("it does not answer a change within {} s", STORE_TIMEOUT.as_secs())),
    }
}

/// Loads models that failed for a cause that may pass when they are due, until the server closes:
/// a server that is not ready gets no requests that would.
pub(crate) async fn retry_models(app: Arc<App>) {
    let mut closing = app.closing.subscribe();
    while !*closing.borrow_and_update() {
        retry_due_models(&app).await;
        tokio::select! {
            () = sleep(RETRY_EVERY) => {}
            _ = closing.changed() => {}
        }
    }
}

async fn retry_due_models(app: &App) {
    if app.registry.is_retry_due() {
        let registry = app.registry.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || registry.retry()).await {
            tracing::error!(%error, "loading a model panicked");
        }
    }
}

/// The refusal of whatever comes after the order to shut down.
pub(crate) fn shutting_down() -> Fault {
    Fault::new(Code::AiServiceFlowRestriction, "the server is shutting down")
        .retry_after(Duration::from_secs(5))
}

fn plain(call: &Call, status: StatusCode, body: Value) -> Response {
    call.trace.answered(status.as_u16(), "");
    json_response(status, Body::from(body.to_string()))
}

/// The metrics, as Prometheus reads them.
pub(crate) async fn metrics(call: Call) -> Result<Response> {
    let text = call.app.metrics.render(&gauges(&call.app).await);
    call.trace.answered(200, "");
    let mut response = Response::new(Body::from(text));
    let text = HeaderValue::from_static(metrics::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, text);
    Ok(response)
}

async fn gauges(app: &App) -> Vec<Gauge> {
    let (work, (bytes, sending)) = (app.work.occupancy(), app.bodies.occupancy());
    let gauge = |name, help, value| Gauge { name, help, value };
    let mut gauges = vec![
        gauge("safelight_jobs_at_work", "Jobs at work", work.used.slots.into()),
        gauge("safelight_job_bytes", "Bytes that jobs hold permits for", work.used.bytes),
        gauge("safelight_job_pixels", "Pixels that jobs hold permits for", work.used.pixels),
        gauge("safelight_body_bytes", "Bytes that request bodies hold", bytes),
        gauge("safelight_queue", "Requests waiting to work", work.waiting as u64),
        gauge("safelight_body_queue", "Requests waiting to send", sending as u64),
    ];
    if let Ok(Ok((queued, processing))) = timeout(STORE_TIMEOUT, app.store.open_tasks()).await {
        gauges.push(gauge("safelight_tasks_queued", "Tasks waiting", queued));
        gauges.push(gauge("safelight_tasks_processing", "Tasks at work", processing));
    }
    gauges.push(gauge("safelight_models_failed", "Models that should be there and are not", {
        failed_models(app).count() as u64
    }));
    if let Ok(Room { used, free }) = Room::now(app).await {
        gauges.push(gauge("safelight_result_bytes", "Bytes of result files", used.results));
        gauges.push(gauge("safelight_input_bytes", "Bytes of the inputs of tasks", used.inputs));
        gauges.extend(free.ok().map(|free| {
            gauge("safelight_disk_free_bytes", "Free bytes of the disk of the files", free)
        }));
    }
    if let Some(bytes) = resident_bytes() {
        gauges.push(gauge("process_resident_memory_bytes", "Resident memory", bytes));
    }
    gauges
}
