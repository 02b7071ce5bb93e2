//! `GET /`: the way to the console and the documentation.

use axum::body::Body;
use axum::http::header::VARY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use safelight_contract::Result;
use serde_json::json;

use crate::endpoints::Call;
use crate::reply::json_response;
use crate::{accept, urls};

/// Leads browsers to the console, or to the documentation where there is none, and tells programs where
/// that is.
pub(crate) async fn handle(call: Call, console: bool) -> Result<Response> {
    let (parts, _) = call.request.into_parts();
    let mut response = match accept::html(&parts.headers) {
        true => Redirect::temporary(if console { "/console" } else { "/docs" }).into_response(),
        false => {
            let base = urls::base(&call.app, &parts);
            let place = json!({
                "name": "Safelight",
                "version": env!("CARGO_PKG_VERSION"),
                "documentation": format!("{base}/docs"),
                "openapi": format!("{base}/openapi.json"),
            });
            json_response(StatusCode::OK, Body::from(place.to_string()))
        }
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    call.trace.answered(response.status().as_u16(), "");
    Ok(response)
}
