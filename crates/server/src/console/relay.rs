//! The playground's calls of the API: `/console/api/…` is `/api/…`, as the application of the
//! session, through the same checks, queue and books as any other request.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::Response;
use safelight_contract::{Code, Fault, Result};
use safelight_store::Principal;

use super::PATH;
use super::session::{self, Signed};
use crate::app::App;
use crate::auth;
use crate::reply::respond_fault;
use crate::trace::Trace;

/// Sends a call on as a request of the application.
pub(crate) async fn relay(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(uri) = target(request.uri()) else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let caller = async {
        let refused = |message| Fault::new(Code::ApplicationsNotExists, message);
        let session = session::of(&app, &parts.headers).await?;
        let session =
            session.ok_or_else(|| refused("you are not signed in to the console any more"))?;
        let sent = text(&parts.headers, "x-csrf-token");
        if session::check(&app, &parts, &session, sent).is_err() {
            return Err(refused("the request is not from a page of the session"));
        }
        let asked = text(&parts.headers, "x-console-application").parse().unwrap_or_default();
        caller(&app, session.who, asked).await
    };
    match caller.await {
        Ok(principal) => {
            trace.sign_in(principal);
            parts.uri = uri;
            next.run(Request::from_parts(parts, body)).await
        }
        Err(fault) => respond_fault(&trace, app.edition(), &fault),
    }
}

/// Who calls: an owner always as its own application, an operator as the one that is asked for.
async fn caller(app: &App, who: Signed, asked: i64) -> Result<Principal> {
    match who {
        Signed::Owner(principal) => Ok(*principal),
        Signed::Operator => auth::principal_of_operator(app, asked).await?.ok_or_else(|| {
            Fault::new(Code::ApplicationsNotExists, "the application to run as does not exist")
        }),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The URI of the API that a call is for; `None` for what is no call.
fn target(uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query()?.as_str().strip_prefix(PATH)?;
    if !path.starts_with("/api/") {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_of_the_api_are_sent_on() {
        let target = |uri: &str| target(&uri.parse().expect("a URI")).map(|uri| uri.to_string());
        assert_eq!(target("/console/api/a/b?c=d").as_deref(), Some("/api/a/b?c=d"));
        for other in ["/api/a", "/console/apis", "/console", "/console/tasks", "/x/console/api/a"] {
            assert_eq!(target(other), None, "{other}");
        }
    }
}
