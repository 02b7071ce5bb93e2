//! Which web pages of other origins may call the API and read its answers, result files and OpenAPI
//! document. Keys are sent in a header, so that no answer depends on cookies: credentials are never
//! allowed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, RETRY_AFTER,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::reply::SERVER_TIMING;
use crate::sandbox::SANDBOX;
use crate::settings::CorsSettings;
use crate::trace::{PREFLIGHT, Trace};

/// Headers of answers that a page may read beside those that every page may.
const EXPOSED: [HeaderName; 8] = [
    RETRY_AFTER,
    SERVER_TIMING,
    ETAG,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    ACCEPT_RANGES,
    ALLOW,
    SANDBOX,
];

/// How long a browser may keep the answer to a preflight; browsers cut it to their own limits.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The rules that the settings mean.
pub(crate) fn layer(settings: &CorsSettings) -> CorsLayer {
    let origins = match settings.allows_every_origin() {
        true => AllowOrigin::any(),
        false => AllowOrigin::list(
            settings.origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()),
        ),
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        // Whatever a page's libraries add (tracing, idempotency keys) is harmless without credentials.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE)
}

/// Answers preflights, and marks what other origins may read, errors included.
pub(crate) async fn share(
    State(cors): State<CorsLayer>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
    next: Next,
) -> Response {
    if !is_shared(request.uri().path()) {
        return next.run(request).await;
    }
    if request.method() == Method::OPTIONS {
        trace.endpoint(PREFLIGHT);
        trace.answered(200, "");
    }
    match cors.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn is_shared(path: &str) -> bool {
    path == "/openapi.json" || path.starts_with("/api/") || path.starts_with("/results/")
}
