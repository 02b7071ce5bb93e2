//! The REST API of CompreFace (github.com/exadel-inc/CompreFace) over the group `compreface` of an
//! application's library, for clients that speak it: same paths, parameters, answers and codes, no
//! envelope, and the application's key in the header `x-api-key`. What it lists is in
//! docs/faces-library.md.

mod collection;
mod pictures;
mod refusal;
mod rows;
mod vectors;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter};
use bytes::Bytes;
use safelight_contract::{Code, Fault};
use safelight_operation::{Endpoint, Form, Named, Reference, Source};
use safelight_store::Principal;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Entered, authenticate_key, let_in, service_state_as};
use crate::body::{self, Received};
use crate::endpoints::service::Caller;
use crate::health;
use crate::limits::AtWork;
use crate::references;
use crate::reply::to_json;
use crate::sandbox::Simulation;
use crate::trace::Trace;
use crate::urls;

use refusal::Refusal;

/// The header that carries the key.
const KEY: &str = "x-api-key";

/// Longest text of a request in bytes, pictures in Base64 excepted.
const MAX_TEXT: usize = 256 << 10;

type Result<T> = std::result::Result<T, Refusal>;

/// A request that passed the door.
struct Admitted {
    app: Arc<App>,
    trace: Arc<Trace>,
    principal: Principal,
    /// What the path names, by the names in its pattern.
    named: HashMap<String, String>,
    request: Request,
    /// What a sandbox request asks for.
    simulation: Option<Simulation>,
    _at_work: AtWork,
}

/// An operation of the layer.
struct Offer {
    /// The status of its success.
    status: u16,
    /// The path of the endpoint of the library that does the same. What an application may do with
    /// that, and at which price, holds here.
    same_as: &'static str,
    endpoint: Endpoint,
}

impl Offer {
    const fn new(status: u16, same_as: &'static str, endpoint: Endpoint) -> Self {
        Self { status, same_as, endpoint }
    }
}

/// A success.
struct Answered {
    status: u16,
    kind: &'static str,
    body: Bytes,
}

impl Answered {
    fn json(status: u16, value: &Value) -> Result<Self> {
        Ok(Self { status, kind: "application/json", body: to_json(value)? })
    }

    fn ok(value: &Value) -> Result<Self> {
        Self::json(200, value)
    }
}

/// Adds the routes of the layer.
pub(crate) fn routes(router: Router<Arc<App>>) -> Router<Arc<App>> {
    const SUBJECTS: &str = "/api/v1/recognition/subjects";
    const SUBJECT: &str = "/api/v1/recognition/subjects/{subject}";
    const FACES: &str = "/api/v1/recognition/faces";
    const FACE: &str = "/api/v1/recognition/faces/{image_id}";
    const SOME_FACES: &str = "/api/v1/recognition/faces/delete";
    const IMAGE: &str = "/api/v1/recognition/faces/{image_id}/img";
    const STATIC_IMAGE: &str = "/api/v1/static/{key}/images/{image_id}";
    let (get, post) = (MethodFilter::GET, MethodFilter::POST);
    let (put, delete) = (MethodFilter::PUT, MethodFilter::DELETE);
    let mut router = router
        .route(SUBJECTS, on(get, SUBJECTS, rows::subjects))
        .route(SUBJECTS, on(post, SUBJECTS, rows::add_subject))
        .route(SUBJECTS, on(delete, SUBJECTS, rows::delete_subjects))
        .route(SUBJECT, on(put, SUBJECT, rows::rename_subject))
        .route(SUBJECT, on(delete, SUBJECT, rows::delete_subject))
        .route(FACES, on(get, FACES, rows::faces))
        .route(FACES, on(delete, FACES, rows::delete_faces_of))
        .route(SOME_FACES, on(post, SOME_FACES, rows::delete_faces))
        .route(FACE, on(delete, FACE, rows::delete_face))
        .route(IMAGE, on(get, IMAGE, rows::image))
        .route(STATIC_IMAGE, on(get, STATIC_IMAGE, rows::image));
    for offer in offers() {
        let path = offer.endpoint.spec().path;
        router = router.route(path, on(post, path, move |visit| work(visit, offer)));
    }
    router
}

/// Every operation of the layer.
fn offers() -> impl Iterator<Item = &'static Offer> {
    pictures::OFFERS.iter().chain(vectors::OFFERS)
}

/// One method of a path.
fn on<H, F>(method: MethodFilter, path: &'static str, handle: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Admitted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Answered>> + Send,
{
    axum::routing::on(
        method,
        move |State(app): State<Arc<App>>,
              Extension(trace): Extension<Arc<Trace>>,
              Path(named): Path<HashMap<String, String>>,
              request: Request| async move {
            trace.endpoint(path);
            let outcome = match enter(app.clone(), trace.clone(), named, request).await {
                Ok(visit) => handle(visit).await,
                Err(refusal) => Err(refusal),
            };
            respond(&app, &trace, outcome)
        },
    )
}

/// Who comes, and whether they may.
async fn enter(
    app: Arc<App>,
    trace: Arc<Trace>,
    named: HashMap<String, String>,
    request: Request,
) -> Result<Admitted> {
    if app.is_closing() {
        return Err(health::shutting_down().into());
    }
    let header = format!("the header {KEY}");
    let (key, place) = match (request.headers().get(KEY), named.get("key")) {
        (Some(key), _) => (key.as_bytes(), header.as_str()),
        (None, Some(key)) => (key.as_bytes(), "the path"),
        (None, None) => return Err(Refusal::missing_header(format!("{header} is missing"))),
    };
    let principal = authenticate_key(&app, &trace, key, place).await?;
    let entered = let_in(&app, principal, request.headers()).await?;
    let Entered { principal, simulation, at_work } = entered;
    app.library.check_open().await?;
    Ok(Admitted { app, trace, principal, named, request, simulation, _at_work: at_work })
}

fn respond(app: &App, trace: &Trace, outcome: Result<Answered>) -> Response {
    let (answer, wait) = match outcome {
        Ok(answer) => {
            trace.answered(answer.status, "");
            (answer, None)
        }
        Err(refusal) => {
            let (status, code) = refusal.seen(app.edition());
            trace.answered(status, refusal.fault.code().in_edition(app.edition()).name());
            let body = json!({ "message": refusal.fault.message(), "code": code }).to_string();
            let answer = Answered { status, kind: "application/json", body: body.into() };
            (answer, refusal.fault.wait())
        }
    };
    trace.bytes_out(answer.body.len() as u64);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.kind));
    if let Some(wait) = wait {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Runs an operation of the layer: the same way, at the same price and out of the same pool as the
/// endpoint of the library that does the same.
async fn work(visit: Admitted, offer: &'static Offer) -> Result<Answered> {
    let Admitted { app, trace, principal, named, request, simulation, _at_work } = visit;
    let endpoint = &offer.endpoint;
    let state = service_state_as(&app, &principal, endpoint, offer.same_as)?;
    let (application, fields) = (principal.application.id, endpoint.accepts());
    let (parts, body) = request.into_parts();
    let base = urls::base(&app, &parts);
    let request = Request::from_parts(parts, body);
    let mut received = receive(&app, &trace, application, endpoint, request).await?;
    for (name, value) in named {
        received.form.set_text(name, value);
    }
    check(endpoint, &received.form)?;
    let received = references::resolve(&app, &trace, application, fields, received).await?;
    let request_id = trace.ids.request_id.clone();
    let caller = Caller {
        app: &app,
        trace: &trace,
        principal: &principal,
        state,
        endpoint,
        simulation,
        request_id,
    };
    let (answer, permit) = caller.done(received, base).await?;
    let answered = Answered::json(offer.status, &Value::Object(answer));
    drop(permit);
    answered
}

/// Reads a form, or a JSON object in which pictures are Base64 under the names of their fields.
async fn receive(
    app: &App,
    trace: &Trace,
    application: i64,
    endpoint: &'static Endpoint,
    request: Request,
) -> Result<Received> {
    let fields = endpoint.accepts();
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with(b"application/json") {
        return Ok(body::receive(app, trace, application, fields, request).await?);
    }
    let mut form = Form::new();
    let (parts, content) = request.into_parts();
    for (name, value) in body::query(&parts).filter(|(name, _)| fields.find(name).is_some()) {
        form.add_query(name, value);
    }
    let request = Request::from_parts(parts, content);
    let (text, memory) = body::receive_json(app, trace, application, request).await?;
    if let Some(memory) = &memory {
        memory.grow(text.len() as u64, app.settings.limits.queue_wait()).await?;
    }
    let object = body::object(&text, "the body")?;
    body::each(object, &mut |name, value| {
        let text = text_of(value);
        match fields.find(name) {
            Some(Named::File(file)) => {
                if body::keeps_another(&form, file, Source::Base64) {
                    form.add_reference(file.name, Reference { source: Source::Base64, text });
                }
            }
            Some(Named::Text(_)) if text.len() > MAX_TEXT => {
                let message = format!("{name} has {} bytes, the limit is {MAX_TEXT}", text.len());
                return Err(Fault::new(Code::ContentTooLong, message));
            }
            Some(Named::Text(_)) => form.add_text(name, text),
            Some(Named::Reference(..)) | None => {}
        }
        Ok(())
    })?;
    Ok(Received { form, memory })
}

/// A member of an object as text: a string itself, anything else as it is written.
fn text_of(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// What has a code of its own in CompreFace.
fn check(endpoint: &Endpoint, form: &Form) -> Result<()> {
    for file in endpoint.files().filter(|file| file.is_required()) {
        if form.files_of(file.name).is_empty() && form.references_of(file.name).is_empty() {
            return Err(Refusal::missing_file(format!("{} is missing", file.name)));
        }
    }
    match form.text("prediction_count").map(|text| text.trim().parse::<i64>()) {
        Some(Ok(count)) if count < 1 => {
            Err(Refusal::prediction_count(format!("prediction_count is {count}, the minimum is 1")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::recognition::RECOGNITION;

    #[test]
    fn offers_cost_what_the_endpoints_of_the_library_cost() {
        for Offer { same_as, endpoint, .. } in offers() {
            let same = RECOGNITION.iter().map(Endpoint::spec).find(|spec| spec.path == *same_as);
            let (same, own) = (same.expect(same_as), endpoint.spec());
            // What looks at no picture is free, unless the operator sets a price.
            let price = if endpoint.files().next().is_some() { same.price } else { 0 };
            assert_eq!((own.pool, own.price), (same.pool, price), "{}", own.path);
        }
    }
}
