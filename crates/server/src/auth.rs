//! Who makes a request, and whether they may use a service.

use axum::http::HeaderMap;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, no_engine};
use safelight_store::{Credits, KeyKind, Principal, ServiceState};

use crate::app::{App, Stored};
use crate::sandbox::Simulation;
use crate::trace::Trace;

/// The header that carries the API key.
pub(crate) const KEY_HEADER: &str = "ailabapi-api-key";

/// Finds the application of the request's key, or of the console's session, and checks that its user
/// is there and not locked. What a sandbox request asks for happens here.
pub(crate) async fn authenticate(
    app: &App,
    trace: &Trace,
    headers: &HeaderMap,
) -> Result<Principal> {
    let missing = || {
        let message = format!("the header {KEY_HEADER} is missing");
        Fault::new(Code::ApplicationsNotExists, message)
    };
    let principal = match trace.signed_in() {
        Some(principal) => admit(trace, principal.clone())?,
        None => {
            let key = headers.get(KEY_HEADER).ok_or_else(missing)?;
            authenticate_key(app, trace, key.as_bytes(), KEY_HEADER).await?
        }
    };
    if let Some(simulation) = Simulation::of(&principal, headers)? {
        trace.sandbox();
        simulation.strike().await?;
    }
    Ok(principal)
}

/// The same for a key that was sent elsewhere; `place` names where.
pub(crate) async fn authenticate_key(
    app: &App,
    trace: &Trace,
    key: &[u8],
    place: &str,
) -> Result<Principal> {
    let no_such = || {
        let message = format!("no application has the key in the header {place}");
        Fault::new(Code::ApplicationsNotExists, message)
    };
    let key = std::str::from_utf8(key).map_err(|_| no_such())?.trim();
    let hash = app.secret.hash(key);
    let principal = app.store.authenticate(&hash).await.or_internal("looking up the key")?;
    let mut principal = principal.ok_or_else(no_such)?;
    if app.settings.twin {
        principal.kind = KeyKind::Sandbox;
    }
    admit(trace, principal)
}

/// Names the application to the trace, and refuses one whose user is locked or gone.
fn admit(trace: &Trace, principal: Principal) -> Result<Principal> {
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

/// What the application may do with the service, in a sandbox for nothing; `ERROR_AI_NOT_EXISTS` where
/// it is switched off or lacks a model or a generative engine, `ERROR_RESOURCE_UNAVAILABLE` where that
/// may pass.
pub(crate) fn service_state(
    app: &App,
    principal: &Principal,
    endpoint: &Endpoint,
) -> Result<ServiceState> {
    let path = endpoint.spec().path;
    let mut state = principal.service(path);
    if principal.kind == KeyKind::Sandbox {
        state.price = Some(Credits::default());
    }
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
    if app.lacks_engine(endpoint) {
        return Err(no_engine(endpoint.spec().slug()));
    }
    passing.into_iter().next().map_or(Ok(state), |(_, reason)| Err(reason.into()))
}
