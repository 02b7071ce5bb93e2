//! Choosing services, and running them.

use axum::http::StatusCode;
use axum::response::Response;
use safelight_console::playground::{self, Application, Entry};
use safelight_console::{Markup, Place};
use safelight_contract::Code;
use safelight_operation::Endpoint;
use safelight_store::{Credits, Principal};

use super::session::Signed;
use super::{Outcome, Refusal, Visit, html, principal};
use crate::app::{App, Stored};
use crate::{auth, credits, urls};

/// The list of services.
pub(super) async fn index(visit: &Visit) -> Outcome<Markup> {
    let query = visit.query("q").unwrap_or_default();
    let words: Vec<_> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |endpoint: &&'static Endpoint| {
        let spec = endpoint.spec();
        let text = format!("{} {} {}", spec.name, spec.path, spec.summary).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let caller = caller(visit).await?;
    let entries: Vec<_> = visit
        .app
        .endpoints()
        .filter(fits)
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
        let common = pools.iter().find(|pool| pool.sign == "common");
        applications.push(Application {
            id: one.id,
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
            Some(first) => Ok(principal(&visit.app, first.id).await?),
            None => Ok(None),
        },
    }
}

fn entry(app: &App, caller: Option<&Principal>, endpoint: &'static Endpoint) -> Entry {
    let spec = endpoint.spec();
    let Some(caller) = caller else {
        return Entry { endpoint, price: Credits::whole(spec.price), why_not: None };
    };
    let why_not = auth::service_state(app, caller, endpoint).err();
    Entry {
        endpoint,
        price: credits::price(spec, caller.service(spec.path)),
        why_not: why_not.map(|fault| fault.message().to_owned()),
    }
}

/// Cause and remedy of a code, to stand beside an error.
pub(super) fn remedy(code: &str) -> Outcome<Response> {
    let code: Code = code.parse().map_err(|_| Refusal::Missing)?;
    Ok(html(StatusCode::OK, safelight_console::remedy(code)))
}
