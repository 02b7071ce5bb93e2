//! Which path leads where, and what surrounds every request: its trace, the log line, the check of
//! its host, tidy paths, what other origins may read, the guard against panics, the headers of every
//! answer.

use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use safelight_contract::{Code, Fault, Result};
use safelight_operation::Method;

use crate::app::{App, Role};
use crate::drain::Draining;
use crate::endpoints::{
    Asked, Call, Own, asyn_task_results, compreface, delete_file, library, list_async_tasks,
    liveness, query_async_task_result, query_credits, query_file, results, revoke_async_task, root,
    serve, service, stop_async_task, submit_batch_tasks, upload_file,
};
use crate::jobs::Panicked;
use crate::reply::{Reply, SERVER_TIMING, json_response, respond, respond_fault};
use crate::trace::Trace;
use crate::{accept, console, cors, health, mcp, openapi, paths, protection, sandbox, urls};

/// Every path: those of the API, the Model Context Protocol over them, and the console where `console`
/// says so.
pub(crate) fn routes(app: Arc<App>, console: bool) -> Router {
    let api = all_routes(app.clone(), console);
    if !app.settings.mcp.enabled || app.role == Role::Worker {
        return api;
    }
    let protocol = surrounded(mcp::routes(&app, api.clone()), app, false);
    Router::new().route_service(mcp::PATH, protocol.into_service::<Body>()).fallback_service(api)
}

/// Every path of the API.
pub(crate) fn api_routes(app: Arc<App>) -> Router {
    all_routes(app, false)
}

/// Every path but that of the Model Context Protocol; of a worker, those that tell how it fares.
fn all_routes(app: Arc<App>, console: bool) -> Router {
    let told = Router::new()
        .route("/metrics", get_plain("/metrics", health::metrics))
        .route("/health/live", get_plain("/health/live", health::live))
        .route("/health/ready", get_plain("/health/ready", health::ready));
    let router = match app.role {
        Role::Worker => told,
        Role::Serve => served(&app, told, console),
    };
    let router = router.method_not_allowed_fallback(method_not_allowed).fallback(unknown_path);
    surrounded(router, app, console)
}

/// Routes with what every request passes through.
fn surrounded(router: Router<Arc<App>>, app: Arc<App>, console: bool) -> Router {
    // What comes before a path is looked up stands around a router of its own; the last is outermost.
    let router = Router::new()
        .fallback_service(router.with_state(app.clone()))
        .layer(from_fn_with_state(app.clone(), guard));
    let router = match console {
        true => router.layer(from_fn_with_state(app.clone(), console::relay)),
        false => router,
    };
    router
        .layer(from_fn_with_state(cors::layer(&app.settings.cors), cors::share))
        .layer(from_fn(paths::tidy))
        .layer(from_fn_with_state(app, surround))
}

/// Adds the paths of the API, the reference and the console.
fn served(app: &App, router: Router<Arc<App>>, console: bool) -> Router<Arc<App>> {
    let docs = move |app, trace, request| console::docs(app, trace, request, console);
    let mut router = router
        .route("/", get_plain("/", move |call| root::handle(call, console)))
        .route("/docs", get(docs))
        .route("/docs/{page}", get(docs))
        .route("/assets/{digest}/{file}", get(console::asset))
        .route(query_credits::PATH, get_api(query_credits::PATH, query_credits::handle))
        .route(
            query_async_task_result::PATH,
            get_api(query_async_task_result::PATH, query_async_task_result::handle),
        )
        .route(asyn_task_results::PATH, get_api(asyn_task_results::PATH, asyn_task_results::handle))
        .route(upload_file::OWN.path, own(&upload_file::OWN, upload_file::handle))
        .route(query_file::OWN.path, own(&query_file::OWN, query_file::handle))
        .route(delete_file::OWN.path, own(&delete_file::OWN, delete_file::handle))
        .route(list_async_tasks::OWN.path, own(&list_async_tasks::OWN, list_async_tasks::handle))
        .route(revoke_async_task::OWN.path, own(&revoke_async_task::OWN, revoke_async_task::handle))
        .route(stop_async_task::OWN.path, own(&stop_async_task::OWN, stop_async_task::handle))
        .route(
            submit_batch_tasks::OWN.path,
            post_api(submit_batch_tasks::OWN.path, submit_batch_tasks::handle),
        )
        .route(results::ROUTE, get_plain("/results", results::handle))
        .route("/openapi.json", get_plain("/openapi.json", document()));
    if app.settings.library.enabled {
        router = library_routes(router);
        if app.settings.compat.compreface {
            router = compreface::routes(router);
        }
    }
    if console {
        router = router
            .route("/console", get(console::handle).post(console::handle))
            .route("/console/{*page}", get(console::handle).post(console::handle));
    }
    for endpoint in app.endpoints() {
        let path = endpoint.spec().path;
        let handler = move |State(app): State<Arc<App>>,
                            Extension(trace): Extension<Arc<Trace>>,
                            request: Request| {
            api(path, Call { app, trace, request }, move |call| service::handle(call, endpoint))
        };
        router = router.route(
            path,
            match endpoint.spec().method {
                Method::Get => get(handler),
                Method::Post => post(handler),
            },
        );
    }
    router
}

/// The endpoints of libraries of faces that are no operations.
fn library_routes(router: Router<Arc<App>>) -> Router<Arc<App>> {
    use library::{faces, groups, users, whole};
    router
        .route(liveness::SESSION.path, own(&liveness::SESSION, liveness::session))
        .route(groups::CREATE.path, own(&groups::CREATE, groups::create))
        .route(groups::UPDATE.path, own(&groups::UPDATE, groups::update))
        .route(groups::DELETE.path, own(&groups::DELETE, groups::delete))
        .route(groups::LIST.path, own(&groups::LIST, groups::list))
        .route(groups::SHARE.path, own(&groups::SHARE, groups::share))
        .route(users::CREATE.path, own(&users::CREATE, users::create))
        .route(users::UPDATE.path, own(&users::UPDATE, users::update))
        .route(users::GET.path, own(&users::GET, users::get))
        .route(users::LIST.path, own(&users::LIST, users::list))
        .route(users::COPY.path, own(&users::COPY, users::copy))
        .route(users::DELETE.path, own(&users::DELETE, users::delete))
        .route(users::EXPORT.path, own(&users::EXPORT, users::export))
        .route(faces::LIST.path, own(&faces::LIST, faces::list))
        .route(faces::DELETE.path, own(&faces::DELETE, faces::delete))
        .route(faces::IMAGE.path, own(&faces::IMAGE, faces::image))
        .route(whole::ERASE.path, own(&whole::ERASE, whole::erase))
}

/// An endpoint of the server's own with typed fields.
fn own<H, F>(own: &'static Own, handle: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Asked) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply>> + Send + 'static,
{
    let handle = move |call: Call| serve(call, own, handle.clone());
    match own.method {
        Method::Get => get_api(own.path, handle),
        Method::Post => post_api(own.path, handle),
    }
}

fn post_api<H, F>(path: &'static str, handle: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply>> + Send,
{
    post(
        move |State(app): State<Arc<App>>,
              Extension(trace): Extension<Arc<Trace>>,
              request: Request| { api(path, Call { app, trace, request }, handle) },
    )
}

fn get_api<H, F>(path: &'static str, handle: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Reply>> + Send,
{
    get(
        move |State(app): State<Arc<App>>,
              Extension(trace): Extension<Arc<Trace>>,
              request: Request| { api(path, Call { app, trace, request }, handle) },
    )
}

/// An endpoint of the API: JSON in the envelope.
async fn api<H, F>(path: &'static str, call: Call, handle: H) -> Response
where
    H: FnOnce(Call) -> F,
    F: Future<Output = Result<Reply>>,
{
    let (app, trace) = (call.app.clone(), call.trace.clone());
    trace.endpoint(path);
    let (headers, query) = (call.request.headers(), call.request.uri().query());
    let outcome = match check(&app, headers, query) {
        Ok(()) => handle(call).await,
        Err(fault) => Err(fault),
    };
    respond(&trace, app.edition(), outcome)
}

fn check(app: &App, headers: &HeaderMap, query: Option<&str>) -> Result<()> {
    if app.is_closing() {
        return Err(health::shutting_down());
    }
    if !accept::json(headers) {
        return Err(Fault::new(
            Code::InvalidResponseFormat,
            "the header Accept names no application/json, which is what answers are",
        ));
    }
    let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let format = parameters.find(|(name, _)| name == "format").map(|(_, value)| value);
    match format {
        Some(format) if !format.is_empty() && !format.eq_ignore_ascii_case("json") => {
            Err(Fault::new(
                Code::UnsupportedResponseFormat,
                format!(
                    "format on the query string is `{}`, allowed is `json`",
                    safelight_contract::shortened(&format)
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// An endpoint whose successes are not in the envelope; its failures are.
fn get_plain<H, F>(path: &'static str, handle: H) -> MethodRouter<Arc<App>>
where
    H: Fn(Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response>> + Send,
{
    get(
        move |State(app): State<Arc<App>>,
              Extension(trace): Extension<Arc<Trace>>,
              request: Request| async move {
            trace.endpoint(path);
            let edition = app.edition();
            let outcome = handle(Call { app, trace: trace.clone(), request }).await;
            outcome.unwrap_or_else(|fault| respond_fault(&trace, edition, &fault))
        },
    )
}

/// The endpoint of the OpenAPI document, which is made once, for the first that asks.
fn document() -> impl Fn(Call) -> Ready<Result<Response>> + Clone {
    let template = Arc::<OnceLock<openapi::Template>>::default();
    move |call| {
        let Call { app, trace, request } = call;
        let document = template.get_or_init(|| openapi::Template::new(app.catalog, app.edition()));
        trace.answered(200, "");
        let (parts, _) = request.into_parts();
        let base = urls::base(&app, &parts);
        let (length, body) = document.with_base(&base);
        let mut response = json_response(StatusCode::OK, body);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        ready(Ok(response))
    }
}

async fn unknown_path(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
) -> Response {
    let path: String = request.uri().path().chars().take(120).collect();
    let fault = Fault::new(Code::AiNotExists, format!("there is nothing at {path}"));
    respond_fault(&trace, app.edition(), &fault)
}

async fn method_not_allowed(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let fault = Fault::new(
        Code::IllegalOperation,
        format!("{path} does not take {method}; the header Allow says what it takes"),
    );
    respond_fault(&trace, app.edition(), &fault)
}

/// What every request passes through.
async fn surround(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let trace = Arc::new(Trace::new(app.metrics.clone(), app.usage.clone()));
    // Who waits for `100 Continue` sends nothing after a refusal.
    let waits = request.headers().contains_key(EXPECT);
    let drain = |body| Draining::wrap(body, &app.settings.limits);
    let mut request = if waits { request } else { request.map(drain) };
    request.extensions_mut().insert(trace.clone());
    let mut response = match urls::check_host(&request) {
        Ok(()) => next.run(request).await,
        Err(fault) => respond_fault(&trace, app.edition(), &fault),
    };
    if let Ok(timing) = HeaderValue::from_str(&trace.server_timing()) {
        response.headers_mut().insert(SERVER_TIMING, timing);
    }
    if trace.is_sandbox() {
        response.headers_mut().insert(sandbox::SANDBOX, HeaderValue::from_static("true"));
    }
    let charged = trace.shown_charge().map(|charged| HeaderValue::try_from(charged.to_string()));
    if let Some(Ok(charged)) = charged {
        response.headers_mut().insert(console::CHARGED, charged);
    }
    protection::protect(response.headers_mut());
    response
}

/// Answers for a handler that panics.
async fn guard(
    State(app): State<Arc<App>>,
    Extension(trace): Extension<Arc<Trace>>,
    request: Request,
    next: Next,
) -> Response {
    unwinding(next.run(request)).await.unwrap_or_else(|Panicked(panic)| {
        tracing::error!(request_id = %trace.ids.request_id, panic, "a handler panicked");
        let fault = Fault::new(Code::UnknownError, "the server met an unexpected error");
        respond_fault(&trace, app.edition(), &fault)
    })
}

/// Drives a future, and makes a panic in it an error.
async fn unwinding<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(Panicked::new(&*panic))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_become_errors() {
        let panicked: Result<(), Panicked> = unwinding(async { panic!("on purpose") }).await;
        assert_eq!(panicked.expect_err("panics").0, "on purpose");
        assert_eq!(unwinding(async { 7 }).await.expect("no panic"), 7);
    }
}
