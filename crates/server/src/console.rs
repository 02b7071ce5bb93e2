//! The console in the browser, and the reference: which path leads where, and who may go there.
//!
//! A page is read with GET and works without a script. What changes something is a POST from a form
//! of the same origin with the session's token ([`session`]); it answers the page again, with what
//! became of it. The playground calls the API itself, as the application of the session ([`mod@relay`]).

mod accounts;
mod activity;
mod application;
mod models;
mod playground;
mod reference;
mod relay;
mod server;
mod session;
mod upload;
mod usage;

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use safelight_console::{Markup, Notice, Place, Shell, Who, assets, refusal};
use safelight_contract::{Code, Fault};
use safelight_store::{Application, ConsoleAct, StoreError};

use crate::app::{App, Stored, now};
use crate::trace::Trace;
use session::{Session, Signed};

pub(crate) use reference::docs;
pub(crate) use relay::relay;
pub use session::link;

/// Where the console is.
pub(crate) const PATH: &str = "/console";

/// What a call of the playground was charged, in credits.
pub(crate) const CHARGED: HeaderName = HeaderName::from_static("x-safelight-charged");

/// Bytes of a form.
const MAX_FORM: usize = 64 << 10;

/// What pages may load: their own files, and pictures that a script made.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
     connect-src 'self' blob:",
);

/// Why a request to the console is not done.
pub(crate) enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// It does not come from a page of the session.
    Forged,
    /// There is no such page, or not for this session.
    Missing,
    /// What was sent does not fit, or contradicts what is there.
    Bad(String),
    /// Something failed.
    Failed(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault.code() {
            Code::ServiceInternalError | Code::UnknownError => Self::Failed(fault),
            _ => Self::Bad(fault.message().to_owned()),
        }
    }
}

/// The outcome of a request to the console.
pub(crate) type Outcome<T> = Result<T, Refusal>;

/// Changes of the store whose refusal is for whoever asked.
trait Changed<T> {
    fn changed(self, what: &str) -> Outcome<T>;
}

impl<T> Changed<T> for Result<T, StoreError> {
    fn changed(self, what: &str) -> Outcome<T> {
        match self {
            Err(
                error
                @ (StoreError::NotFound(_) | StoreError::Conflict(_) | StoreError::Invalid(_)),
            ) => Err(Refusal::Bad(format!("{error}."))),
            other => Ok(other.or_internal(what)?),
        }
    }
}

/// A request of one who is signed in.
pub(crate) struct Visit {
    app: Arc<App>,
    parts: Parts,
    session: Session,
    /// The fields of the form.
    form: Vec<(String, String)>,
}

impl Visit {
    fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut found = form_urlencoded::parse(query.as_bytes());
        let found = found.find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
        found.filter(|value| !value.is_empty())
    }

    /// A field of the form, which must be there and not be empty.
    fn field(&self, name: &str) -> Outcome<&str> {
        let value = self.optional(name);
        value.ok_or_else(|| Refusal::Bad(format!("{name} is missing.")))
    }

    /// A field of the form, where it is not empty.
    fn optional(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// A field of the form as what it stands for.
    fn parsed<T: std::str::FromStr>(&self, name: &str, what: &str) -> Outcome<T> {
        let text = self.field(name)?;
        text.parse().map_err(|_| Refusal::Bad(format!("{name} is `{text}`, which is not {what}.")))
    }

    /// Whether it changes nothing.
    fn reads(&self) -> bool {
        matches!(self.parts.method, Method::GET | Method::HEAD)
    }

    fn who(&self) -> Who {
        self.session.who.shown()
    }

    fn is_operator(&self) -> bool {
        matches!(self.session.who, Signed::Operator)
    }

    fn operator(&self) -> Outcome<()> {
        if self.is_operator() { Ok(()) } else { Err(Refusal::Missing) }
    }

    /// The applications that the session may see.
    async fn applications(&self) -> Outcome<Vec<Application>> {
        match &self.session.who {
            Signed::Owner(principal) => Ok(vec![principal.application.clone()]),
            Signed::Operator => {
                Ok(self.app.store.applications().await.or_internal("reading the applications")?)
            }
        }
    }

    /// Numbers and names of the applications that the session may see.
    async fn names(&self) -> Outcome<Vec<(i64, String)>> {
        let name = |one: Application| (one.id, format!("{}/{}", one.user, one.name));
        Ok(self.applications().await?.into_iter().map(name).collect())
    }

    /// An application that the session may see.
    async fn application(&self, id: i64) -> Outcome<Application> {
        let found = self.applications().await?.into_iter().find(|one| one.id == id);
        found.ok_or(Refusal::Missing)
    }

    /// Notes a change.
    async fn note(&self, application: Option<i64>, action: &str, subject: &str) -> Outcome<()> {
        let act = self.act(application, action, subject);
        Ok(self.app.store.add_console_act(&act).await.or_internal("noting a change")?)
    }

    /// A change, to be noted.
    fn act(&self, application: Option<i64>, action: &str, subject: &str) -> ConsoleAct {
        ConsoleAct {
            at: now(),
            who: self.session.who.name(),
            application,
            action: action.to_owned(),
            subject: subject.to_owned(),
        }
    }

    fn shell<'a>(&'a self, who: &'a Who, place: Place, title: &'a str) -> Shell<'a> {
        Shell::signed_in(who, &self.session.csrf, place, title)
    }
}

/// What became of a change: a refusal that the page itself tells is a notice.
fn told(outcome: Outcome<Notice>) -> Outcome<Option<Notice>> {
    match outcome {
        Ok(notice) => Ok(Some(notice)),
        Err(Refusal::Bad(why)) => Ok(Some(Notice::Refused(why))),
        Err(refusal) => Err(refusal),
    }
}

/// Every page under `/console`.
pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
) -> Response {
    trace.endpoint(PATH);
    let (parts, body) = request.into_parts();
    let answered = Box::pin(answer(&app, parts, body)).await;
    let response = answered.unwrap_or_else(|refusal| refused(&refusal));
    trace.answered(response.status().as_u16(), "");
    response
}

async fn answer(app: &Arc<App>, parts: Parts, body: Body) -> Outcome<Response> {
    let path = parts.uri.path().to_owned();
    let steps: Vec<_> = path.split('/').filter(|step| !step.is_empty()).skip(1).collect();
    // A form with a file is read as it comes, by whoever takes the file.
    let (form, file) = match steps.as_slice() {
        ["models", "add"] if parts.method == Method::POST => (Vec::new(), Some(body)),
        _ => (form(&parts, body).await?, None),
    };
    match (&parts.method, steps.as_slice()) {
        (&Method::GET, ["remedy", code]) => return playground::remedy(code),
        (&Method::GET, ["enter"]) => return session::entrance(&parts),
        (&Method::POST, ["enter"]) => return session::enter(app, &parts, &form).await,
        _ => {}
    }
    let session = session::of(app, &parts.headers).await?;
    let Some(session) = session else {
        return match steps.is_empty() {
            true => Ok(html(StatusCode::OK, safelight_console::sign_in::by_key(None))),
            false => Err(Refusal::SignIn),
        };
    };
    let visit = Visit { app: app.clone(), parts, session, form };
    if let Some(file) = file {
        return Ok(html(StatusCode::OK, models::add(&visit, file).await?));
    }
    if !visit.reads() {
        let sent = visit.optional("csrf").unwrap_or_default();
        session::check(app, &visit.parts, &visit.session, sent)?;
    }
    page(&visit, &steps).await.map(|content| match content {
        Content::Page(markup) => html(StatusCode::OK, markup),
        Content::Response(response) => response,
    })
}

/// What a page answers with.
enum Content {
    Page(Markup),
    Response(Response),
}

async fn page(visit: &Visit, steps: &[&str]) -> Outcome<Content> {
    Ok(Content::Page(match (visit.reads(), steps) {
        (true, []) => return Ok(Content::Response(see("/console/playground"))),
        (false, ["leave"]) => return session::leave(visit).await.map(Content::Response),
        (true, ["playground"]) => playground::index(visit).await?,
        (true, ["playground", slug]) => playground::service(visit, slug).await?,
        (true, ["usage"]) => usage::page(visit).await?,
        (true, ["accounts"]) => match &visit.session.who {
            Signed::Operator => accounts::page(visit, None).await?,
            Signed::Owner(own) => application::page(visit, own.application.id, None).await?,
        },
        (false, ["users", act]) => accounts::change_user(visit, act).await?,
        (false, ["applications", "create"]) => accounts::create_application(visit).await?,
        (true, ["applications", id]) => application::page(visit, number(id)?, None).await?,
        (false, ["applications", id, act @ ..]) => {
            application::change(visit, number(id)?, act).await?
        }
        (true, ["tasks"]) => activity::tasks(visit, None).await?,
        (true, ["tasks", "rows"]) => activity::task_rows(visit).await?,
        (false, ["tasks", act]) => activity::end_task(visit, act).await?,
        (true, ["webhooks"]) => activity::webhooks(visit, None).await?,
        (false, ["webhooks", "resend"]) => activity::resend(visit).await?,
        (true, ["uploads"]) => activity::uploads(visit, None).await?,
        (false, ["uploads", "delete"]) => activity::delete_upload(visit).await?,
        (true, ["audit"]) => server::audit(visit).await?,
        (true, ["server"]) => server::overview(visit).await?,
        (true, ["server", "live"]) => server::live(visit).await?,
        (true, ["models"]) => models::page(visit, None).await?,
        (false, ["models", act]) => models::change(visit, act).await?,
        (true, ["engines"]) => server::engines(visit, None)?,
        (false, ["engines", "probe"]) => server::probe(visit).await?,
        (true, ["configuration"]) => server::configuration(visit)?,
        _ => return Err(Refusal::Missing),
    }))
}

fn number(text: &str) -> Outcome<i64> {
    text.parse().map_err(|_| Refusal::Missing)
}

/// The fields of a form; none for what is not posted.
async fn form(parts: &Parts, body: Body) -> Outcome<Vec<(String, String)>> {
    if parts.method != Method::POST {
        return Ok(Vec::new());
    }
    let bytes = to_bytes(body, MAX_FORM).await;
    let bytes =
        bytes.map_err(|_| Refusal::Bad(format!("The form is larger than {MAX_FORM} bytes.")))?;
    let own = |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
    Ok(form_urlencoded::parse(&bytes).map(own).collect())
}

fn refused(refused: &Refusal) -> Response {
    let (status, title, message) = match refused {
        Refusal::SignIn => (
            StatusCode::UNAUTHORIZED,
            "Sign in",
            "You are not signed in, or the session has expired.",
        ),
        Refusal::Forged => (
            StatusCode::FORBIDDEN,
            "Refused",
            "The form is not from a page of this session. Open the page again and repeat what you did.",
        ),
        Refusal::Missing => {
            (StatusCode::NOT_FOUND, "Not found", "There is no such page for you here.")
        }
        Refusal::Bad(why) => (StatusCode::UNPROCESSABLE_ENTITY, "Refused", why.as_str()),
        Refusal::Failed(fault) => (StatusCode::INTERNAL_SERVER_ERROR, "Failed", fault.message()),
    };
    let shell = Shell {
        who: &Who::Visitor,
        csrf: "",
        place: Place::SignIn,
        title,
        notice: None,
        console: true,
    };
    html(status, refusal(&shell, message))
}

/// A page, which is nobody's but its reader's.
fn html(status: StatusCode, markup: Markup) -> Response {
    let mut response = Response::new(Body::from(markup.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Without a referrer browsers hide the origin of forms, by which they are known as ours.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Leads elsewhere, to be read with GET.
fn see(path: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(path));
    response
}

/// The files of pages.
pub(crate) async fn asset(Extension(trace): Extension<Arc<Trace>>, request: Request) -> Response {
    trace.endpoint(PATH);
    let Some(asset) = assets::find(request.uri().path()) else {
        trace.answered(404, "");
        return refused(&Refusal::Missing);
    };
    trace.answered(200, "");
    let mut response = Response::new(Body::from(asset.bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, forever);
    response
}
