//! Choosing services, and running them.

use axum::http::StatusCode;
use axum::response::Response;
use safelight_console::playground::{self, Application, Entry};
use safelight_console::{Markup, Place};
use safelight_contract::Code;
use safelight_operation::Endpoint;
use safelight_store::{Credits, KeyKind, Principal};

use super::session::Signed;
use super::{Outcome, Refusal, Visit, html};
use crate::app::{App, Stored};
use crate::{auth, credits, urls};

/// The list of services.
pub(super) async fn index(visit: &Visit) -> Outcome<Markup> {
    let query = visit.query("q").unwrap_or_default();
    let caller = caller(visit).await?;
    let entries: Vec<_> = visit
        .app
        .endpoints()
        .filter(|endpoint| endpoint.spec().matches(&query))
        .map(|endpoint| entry(&visit.app, caller.as_ref(), endpoint))
        .collect();
    let who = visit.who();
    Ok(playground::index(&visit.shell(&who, Place::Playground, "Playground"), &entries, &query))
}

/// The page of one service.
pub(super) async fn service(visit: &Visit, slug: &str) -> Outcome<Markup> {
    let found = visit.app.endpoints().find(|endpoint| endpoint.spec().slug() == slug);
    let endpoint = found.ok_or(Refusal::Missing)?;
    let caller = caller(visit).await?;
    let entry = entry(&visit.app, caller.as_ref(), endpoint);
    let mut applications = Vec::new();
    for one in visit.applications().await? {
        let pools = visit.app.store.pools(one.id).await.or_internal("reading the credits")?;
        let common = pools.iter().find(|pool| pool.sign == safelight_store::COMMON_POOL);
        let services =
            visit.app.store.services(one.id).await.or_internal("reading the services")?;
        let state = services.get(endpoint.spec().path).copied().unwrap_or_default();
        let state = auth::state_for(auth::served_as(&visit.app, KeyKind::Live), state);
        applications.push(Application {
            id: one.id,
            price: credits::price(endpoint.spec(), state),
            name: format!("{}/{}", one.user, one.name),
            balance: common.map(|pool| pool.balance).unwrap_or_default(),
        });
    }
    let who = visit.who();
    let shell = visit.shell(&who, Place::Playground, endpoint.spec().name);
    Ok(playground::service(&shell, &entry, &applications, &urls::base(&visit.app, &visit.parts)))
}

/// The application that prices and switches are shown for: an owner's, or an operator's first.
async fn caller(visit: &Visit) -> Outcome<Option<Principal>> {
    match &visit.session.who {
        Signed::Owner(principal) => Ok(Some((**principal).clone())),
        Signed::Operator => match visit.applications().await?.first() {
            Some(first) => Ok(auth::principal_of_operator(&visit.app, first.id).await?),
            None => Ok(None),
        },
    }
}

fn entry(app: &App, caller: Option<&Principal>, endpoint: &'static Endpoint) -> Entry {
    let why_not = caller.and_then(|caller| auth::service_state(app, caller, endpoint).err());
    Entry {
        endpoint,
        price: price(caller, endpoint),
        why_not: why_not.map(|fault| fault.message().to_owned()),
    }
}

/// What a service costs an application, where there is one.
fn price(caller: Option<&Principal>, endpoint: &Endpoint) -> Credits {
    let spec = endpoint.spec();
    let state = caller.map(|caller| auth::state_for(caller.kind, caller.service(spec.path)));
    credits::price(spec, state.unwrap_or_default())
}

/// Cause and remedy of a code, to stand beside an error.
pub(super) fn remedy(code: &str) -> Outcome<Response> {
    let code: Code = code.parse().map_err(|_| Refusal::Missing)?;
    Ok(html(StatusCode::OK, safelight_console::remedy(code)))
}
