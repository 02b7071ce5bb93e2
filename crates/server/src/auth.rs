//! Who makes a request, and whether they may use a service.

use axum::http::HeaderMap;
use safelight_contract::{Code, Fault, Result};
use safelight_operation::{Endpoint, no_engine};
use safelight_store::{
    ApiKey, Credits, KeyHash, KeyKind, Millis, Principal, ServiceState, Store, StoreError,
};

use crate::app::{App, Stored};
use crate::limits::AtWork;
use crate::sandbox::Simulation;
use crate::trace::Trace;

/// The header that carries the API key.
pub(crate) const KEY_HEADER: &str = "ailabapi-api-key";

/// A request that was let in.
pub(crate) struct Entered {
    pub principal: Principal,
    /// What a sandbox request asks for.
    pub simulation: Option<Simulation>,
    /// It counts against the limits of its application until this is dropped.
    pub at_work: AtWork,
}

/// Finds the application of a request ([`authenticate`]), and counts the request against its limits
/// before anything is done for it.
pub(crate) async fn enter(app: &App, trace: &Trace, headers: &HeaderMap) -> Result<Entered> {
    let principal = identify(app, trace, headers).await?;
    let_in(app, principal, headers).await
}

/// Counts a request against the limits of its application. What a sandbox request asks for happens
/// here.
pub(crate) async fn let_in(
    app: &App,
    principal: Principal,
    headers: &HeaderMap,
) -> Result<Entered> {
    let simulation = Simulation::of(&principal, headers)?;
    let at_work = app.enter(principal.application.id, principal.application.limits).await?;
    if let Some(simulation) = &simulation {
        simulation.carry_out().await?;
    }
    Ok(Entered { principal, simulation, at_work })
}

/// Finds the application of the request's key, or of the console's session, and checks that its user
/// is there and not locked. For requests that no limit counts; what a sandbox request asks for happens
/// here, and one that waits is counted.
pub(crate) async fn authenticate(
    app: &App,
    trace: &Trace,
    headers: &HeaderMap,
) -> Result<Principal> {
    let principal = identify(app, trace, headers).await?;
    match Simulation::of(&principal, headers)? {
        Some(simulation) if simulation.waits() => {
            Ok(let_in(app, principal, headers).await?.principal)
        }
        Some(simulation) => simulation.carry_out().await.map(|()| principal),
        None => Ok(principal),
    }
}

/// Who makes a request, by its key or by the console's session.
async fn identify(app: &App, trace: &Trace, headers: &HeaderMap) -> Result<Principal> {
    if let Some(principal) = trace.signed_in() {
        return admit(trace, principal.clone());
    }
    let key = headers.get(KEY_HEADER).ok_or_else(|| {
        let message = format!("the header {KEY_HEADER} is missing");
        Fault::new(Code::ApplicationsNotExists, message)
    })?;
    authenticate_key(app, trace, key.as_bytes(), &format!("the header {KEY_HEADER}")).await
}

/// Who has a key that was sent in `place`, for messages.
pub(crate) async fn authenticate_key(
    app: &App,
    trace: &Trace,
    key: &[u8],
    place: &str,
) -> Result<Principal> {
    let no_such = || {
        let message = format!("no application has the key in {place}");
        Fault::new(Code::ApplicationsNotExists, message)
    };
    let key = std::str::from_utf8(key).map_err(|_| no_such())?.trim();
    let principal = principal_of_key(app, &app.secret.hash(key)).await?;
    admit(trace, principal.ok_or_else(no_such)?)
}

/// Who has the key with this hash.
pub(crate) async fn principal_of_key(app: &App, hash: &KeyHash) -> Result<Option<Principal>> {
    let principal = app.store.authenticate(hash).await.or_internal("looking up the key")?;
    Ok(principal.map(|principal| Principal { kind: served_as(app, principal.kind), ..principal }))
}

/// Who acts for an application without its key: an operator.
pub(crate) async fn principal_of_operator(
    app: &App,
    application: i64,
) -> Result<Option<Principal>> {
    let applications = app.store.applications().await.or_internal("reading the applications")?;
    let Some(application) = applications.into_iter().find(|one| one.id == application) else {
        return Ok(None);
    };
    let users = app.store.users().await.or_internal("reading the users")?;
    let user = users.into_iter().find(|user| user.name == application.user);
    let services = app.store.services(application.id).await.or_internal("reading the services")?;
    let kind = served_as(app, KeyKind::Live);
    Ok(Some(Principal { application, user, key: None, kind, services }))
}

/// What requests with a key of this kind get here: samples alone from a twin.
pub(crate) fn served_as(app: &App, kind: KeyKind) -> KeyKind {
    if app.settings.twin { KeyKind::Sandbox } else { kind }
}

/// Names the application to the trace, and refuses one whose user is locked or gone.
fn admit(trace: &Trace, principal: Principal) -> Result<Principal> {
    trace.application(principal.application.id);
    if principal.kind == KeyKind::Sandbox {
        trace.sandbox();
    }
    check_user(&principal).map(|()| principal)
}

/// Refuses an application whose user is locked or gone.
pub(crate) fn check_user(principal: &Principal) -> Result<()> {
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
        Some(_) => Ok(()),
    }
}

/// The state of a service as requests of a kind meet it: a sandbox pays nothing.
pub(crate) fn state_for(kind: KeyKind, state: ServiceState) -> ServiceState {
    match kind {
        KeyKind::Live => state,
        KeyKind::Sandbox => ServiceState { price: Some(Credits::default()), ..state },
    }
}

/// What the application may do with the service at `path`, whatever this process lacks for it.
fn switched(principal: &Principal, path: &str) -> Result<ServiceState> {
    let state = state_for(principal.kind, principal.service(path));
    match state.enabled {
        true => Ok(state),
        false => Err(Fault::new(
            Code::AiNotExists,
            format!("{path} is switched off for the application"),
        )),
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
    service_state_as(app, principal, endpoint, endpoint.spec().path)
}

/// The same for a task: where several processes share them, another may have what this one lacks, and
/// the store knows whether one has when it accepts the task.
pub(crate) fn task_state(
    app: &App,
    principal: &Principal,
    endpoint: &Endpoint,
) -> Result<ServiceState> {
    match app.store.is_shared() {
        true => switched(principal, endpoint.spec().path),
        false => service_state(app, principal, endpoint),
    }
}

/// The same for an operation that is switched and priced as the service at `path`.
pub(crate) fn service_state_as(
    app: &App,
    principal: &Principal,
    endpoint: &Endpoint,
    path: &str,
) -> Result<ServiceState> {
    let state = switched(principal, path)?;
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

/// Revokes the keys that a new one replaces. One that somebody else has revoked meanwhile is passed over, since
/// the new key must be shown whatever happens to the others.
///
/// # Errors
/// Those of the store.
pub async fn revoke_earlier(
    store: &dyn Store,
    earlier: &[ApiKey],
    now: Millis,
) -> std::result::Result<(), StoreError> {
    for key in earlier {
        match store.revoke_key(key.id, now).await {
            Err(StoreError::NotFound(_)) => {}
            revoked => revoked?,
        }
    }
    Ok(())
}
