//! What is at each path.

pub(crate) mod asyn_task_results;
pub(crate) mod query_async_task_result;
pub(crate) mod query_credits;
pub(crate) mod results;
pub(crate) mod root;
pub(crate) mod service;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use safelight_contract::{Code, Fault, Result};

use crate::app::App;
use crate::body;
use crate::trace::Trace;

/// A request on its way through an endpoint.
pub(crate) struct Call {
    pub app: Arc<App>,
    pub trace: Arc<Trace>,
    pub request: Request,
}

/// A parameter of the query string that must be there and not be empty.
fn required(parts: &Parts, name: &str) -> Result<String> {
    let found = body::query(parts).find(|(key, _)| key == name).map(|(_, value)| value);
    let value = found.ok_or_else(|| {
        Fault::new(Code::MissingParameters, format!("{name} is missing in the query string"))
    })?;
    if value.trim().is_empty() {
        return Err(Fault::new(Code::ParametersCannotEmpty, format!("{name} is empty")));
    }
    Ok(value)
}
