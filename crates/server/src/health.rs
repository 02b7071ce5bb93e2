//! `/health/live`, `/health/ready` and `/metrics`.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use safelight_contract::{Code, Fault, Result};
use serde_json::json;
use tokio::time::timeout;

use crate::app::{App, Stored};
use crate::endpoints::Call;
use crate::metrics::{self, Gauge, resident_bytes};
use crate::reply::json_response;

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// The process answers.
pub(crate) async fn live(call: Call) -> Result<Response> {
    Ok(plain(&call, json!({ "status": "live" })))
}

/// The process can serve: it does not shut down, and its store answers. Says which services lack a
/// model.
pub(crate) async fn ready(call: Call) -> Result<Response> {
    let app = &call.app;
    if app.is_closing() {
        return Err(shutting_down());
    }
    timeout(STORE_TIMEOUT, app.store.open_tasks())
        .await
        .map_err(|_| Fault::new(Code::AiServiceFlowRestriction, "the store does not answer"))?
        .or_internal("asking the store")?;
    let services = app.catalog.iter().map(|entry| entry.declaration());
    let unavailable: Vec<_> =
        services.filter(|s| !app.missing_models(s).is_empty()).map(|s| s.path).collect();
    Ok(plain(&call, json!({ "status": "ready", "unavailable": unavailable })))
}

/// The refusal of whatever comes after the order to shut down.
pub(crate) fn shutting_down() -> Fault {
    Fault::new(Code::AiServiceFlowRestriction, "the server is shutting down")
        .retry_after(Duration::from_secs(5))
}

fn plain(call: &Call, body: serde_json::Value) -> Response {
    call.trace.answered(200, "");
    json_response(StatusCode::OK, Body::from(body.to_string()))
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
    let (work, bodies) = (app.work.occupancy(), app.bodies.occupancy());
    let gauge = |name, help, value| Gauge { name, help, value };
    let mut gauges = vec![
        gauge("safelight_jobs_at_work", "Jobs at work", work.used.slots.into()),
        gauge("safelight_job_bytes", "Bytes that jobs hold permits for", work.used.bytes),
        gauge("safelight_job_pixels", "Pixels that jobs hold permits for", work.used.pixels),
        gauge("safelight_body_bytes", "Bytes that request bodies hold", bodies.used.bytes),
        gauge("safelight_queue", "Requests waiting to work", work.waiting as u64),
        gauge("safelight_body_queue", "Requests waiting to send", bodies.waiting as u64),
    ];
    if let Ok(Ok((queued, processing))) = timeout(STORE_TIMEOUT, app.store.open_tasks()).await {
        gauges.push(gauge("safelight_tasks_queued", "Tasks waiting", queued));
        gauges.push(gauge("safelight_tasks_processing", "Tasks at work", processing));
    }
    if let Some(bytes) = resident_bytes() {
        gauges.push(gauge("process_resident_memory_bytes", "Resident memory", bytes));
    }
    gauges
}
