//! Who makes a request, and whether they may use a service.

use axum::http::HeaderMap;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, no_engine};
use safelight_store::{Principal, ServiceState};

use crate::app::{App, Stored};
use crate::trace::Trace;

/// The header that carries the API key.
pub(crate) const KEY_HEADER: &str = "ailabapi-api-key";

/// Finds the application of the request's key, or of the console's session, and checks that its user is there and not locked.
pub(crate) async fn authenticate(
    app: &App,
    trace: &Trace,
    headers: &HeaderMap,
) -> Result<Principal> {
    let principal = match trace.signed_in() {
        Some(principal) => principal.clone(),
        None => by_key(app, headers).await?,
    };
    trace.application(principal.application.id);
    match &principal.user {
        None => Err(Fault::new(
            Code::UserNotExists,
            "the user that owns the application does not exist any more",
        )),
        Some(user) if user.locked => Err(Fault::new(
            Code::UserLocked,
            "the user that owns the application is locked; the operator of this server can \
             unlock it",
        )),
        Some(_) => Ok(principal),
    }
}

async fn by_key(app: &App, headers: &HeaderMap) -> Result<Principal> {
    let unknown = |message: &str| Fault::new(Code::ApplicationsNotExists, message);
    let key =
        headers.get(KEY_HEADER).ok_or_else(|| unknown("the header ailabapi-api-key is missing"))?;
    let no_such = || unknown("no application has the key in the header ailabapi-api-key");
    let key = key.to_str().map_err(|_| no_such())?.trim();
    let hash = app.secret.hash(key);
    let principal = app.store.authenticate(&hash).await.or_internal("looking up the key")?;
    principal.ok_or_else(no_such)
}

/// What the application may do with the service; `ERROR_AI_NOT_EXISTS` where it is switched off
/// or lacks a model or a generative engine, `ERROR_RESOURCE_UNAVAILABLE` where that may pass.
pub(crate) fn service_state(
    app: &App,
    principal: &Principal,
    endpoint: &Endpoint,
) -> Result<ServiceState> {
    let path = endpoint.spec().path;
    let state = principal.service(path);
    if !state.enabled {
        return Err(Fault::new(
            Code::AiNotExists,
            format!("{path} is switched off for the application"),
        ));
    }
    let missing = app.missing_models(endpoint);
    let (passing, lasting): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|(_, reason)| reason.may_pass());
    if !lasting.is_empty() {
        let missing: Vec<_> = lasting.into_iter().map(|(name, _)| name).collect();
        let missing = missing.join(", ");
        return Err(Fault::new(
            Code::AiNotExists,
            format!("{path} is not available: this server lacks the model {missing}"),
        ));
    }
    if app.engines.lacks(endpoint) {
        return Err(no_engine(endpoint.spec().slug()));
    }
    passing.into_iter().next().map_or(Ok(state), |(_, reason)| Err(reason.into()))
}
