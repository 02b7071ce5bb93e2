//! The reference under `/docs`, which needs no session.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use safelight_console::reference::{self, ServerEndpoint};
use safelight_console::{Markup, Place, Shell, Who};

use super::session::{self, Session};
use super::{Refusal, html, refused};
use crate::app::App;
use crate::endpoints::OWN;
use crate::trace::Trace;
use crate::urls;

/// Every page under `/docs`; `console` says whether there is a console to lead to.
pub(crate) async fn docs(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
    console: bool,
) -> Response {
    trace.endpoint("/docs");
    let (parts, _) = request.into_parts();
    // Whose store fails reads as a visitor.
    let session = match console {
        true => session::of(&app, &parts.headers).await.ok().flatten(),
        false => None,
    };
    let base = urls::base(&app, &parts);
    let page = page(&app, parts.uri.path(), parts.uri.query(), &base, session.as_ref(), console);
    let response =
        page.map_or_else(|| refused(&Refusal::Missing), |page| html(StatusCode::OK, page));
    trace.answered(response.status().as_u16(), "");
    response
}

fn page(
    app: &App,
    path: &str,
    query: Option<&str>,
    base: &str,
    session: Option<&Session>,
    console: bool,
) -> Option<Markup> {
    let who = session.map_or(Who::Visitor, |session| session.who.shown());
    let csrf = session.map_or("", |session| session.csrf.as_str());
    let shell =
        |title| Shell { who: &who, csrf, place: Place::Reference, title, notice: None, console };
    match path.strip_prefix("/docs")?.trim_start_matches('/') {
        "" => {
            let words = words(query);
            let endpoints: Vec<_> =
                app.endpoints().filter(|endpoint| endpoint.spec().matches(&words)).collect();
            let own: Vec<_> = OWN
                .iter()
                .map(|one| ServerEndpoint {
                    method: one.method,
                    path: one.path,
                    name: one.name,
                    summary: one.summary,
                })
                .collect();
            Some(reference::index(&shell("Reference"), &endpoints, &own, base, &words))
        }
        "errors" => Some(reference::errors(&shell("Error codes"), app.edition())),
        slug => {
            let endpoint = app.endpoints().find(|endpoint| endpoint.spec().slug() == slug)?;
            Some(reference::service(&shell(endpoint.spec().name), endpoint, base))
        }
    }
}

fn words(query: Option<&str>) -> String {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "q").map_or_else(String::new, |(_, value)| value.into_owned())
}
