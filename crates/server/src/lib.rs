//! The HTTP API over the catalogue and the store.
//!
//! A request passes, in this order: its key and user (`auth`), the service's state, the
//! application's limits (`limits`), its body (`body`), the files that it names (`references`,
//! `fetch`), the service's own checks, admission (`admission`), the hold of its price (`credits`),
//! the work (`pipeline`), the result files (`publish`), the charge, and the answer (`reply`). Tasks
//! take the second half of that way on their own (`tasks`).

mod accept;
mod admission;
mod app;
mod auth;
mod body;
mod connections;
mod console;
mod cors;
mod credits;
mod disk;
mod drain;
mod endpoints;
pub mod engines;
mod fetch;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod health;
mod idempotency;
mod instance;
mod jobs;
mod library;
mod limits;
mod mcp;
mod memory;
mod metrics;
pub mod moderation;
mod openapi;
mod paths;
mod pipeline;
mod protection;
mod publish;
mod references;
mod reply;
mod resume;
mod router;
mod sandbox;
pub mod settings;
mod stall;
mod sweep;
mod task_input;
mod tasks;
#[cfg(test)]
mod testing;
mod trace;
mod uploads;
mod urls;
mod usage;
mod webhooks;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use rmcp::ServiceExt;
use safelight_operation::Endpoint;
use safelight_services::CATALOG;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use app::{Parts, Role};
pub use auth::revoke_earlier;
pub use console::link as console_link;
pub use credits::check_pool;
pub use endpoints::recognition::RECOGNITION;
pub use library::pictures::Importer;
pub use library::{load_or_create_key, transfer};
pub use openapi::document as openapi;
pub use safelight_console::server::Configured;
pub use settings::Settings;

use app::App;
use credits::Releaser;
use mcp::{Api, Tools};
use settings::ConsoleSettings;

/// What is kept of the grace for putting back tasks and giving back holds.
const LAST_STEPS: Duration = Duration::from_secs(5);

/// Serves every service of the catalogue on `listener`, until `shutdown` completes and everything
/// at work has ended or, after the grace, is cut off: tasks are put back, holds given back.
///
/// # Errors
/// When the settings contradict themselves, or the system gives no threads.
pub async fn serve(
    listener: TcpListener,
    parts: Parts,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_catalog(CATALOG, listener, parts, shutdown).await
}

/// [`serve`] with other services than those of the catalogue, for tests.
///
/// # Errors
/// As [`serve`].
pub async fn serve_catalog(
    catalog: &'static [Endpoint],
    listener: TcpListener,
    parts: Parts,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    parts.settings.validate().map_err(io::Error::other)?;
    let console = console_listener(&parts.settings.console, parts.role).await?;
    let (releaser, releasing) = Releaser::start(parts.store.clone());
    let address = connections::named(listener.local_addr()?);
    let app = App::start(parts, catalog, address, releaser)?;
    instance::join(&app).await.map_err(io::Error::other)?;
    let (cut, when_cut) = watch::channel(false);
    let mut workers = tokio::spawn(tasks::work(app.clone(), when_cut.clone()));
    let background = background(&app);

    let console = console
        .map(|listener| tokio::spawn(serve_console(app.clone(), listener, when_cut.clone())));
    let router = router::routes(app.clone(), app.settings.console.is_with_the_api());
    let limits = app.settings.limits.clone();
    let connections = connections::accept(listener, router, &limits, shutdown, &when_cut).await;

    app.closing.send_replace(true);
    app.task_added.notify_waiters();
    let grace = Duration::from_secs(app.settings.shutdown_grace_seconds);
    tracing::info!(grace_seconds = grace.as_secs(), "shutting down");
    let console = async {
        if let Some(console) = console {
            let _ = console.await;
        }
    };
    let ending = async { tokio::join!(connections.shutdown(), &mut workers, console) };
    if timeout(grace, ending).await.is_err() {
        tracing::warn!("what is still at work after the grace is cut off");
    }
    cut.send_replace(true);
    drop(background);
    if !workers.is_finished() {
        let _ = timeout(LAST_STEPS, workers).await;
    }
    app.usage.flush(&*app.store).await;
    let store = app.store.clone();
    // With the app goes the releaser's sender, so that it ends after the last hold.
    drop(app);
    let _ = timeout(LAST_STEPS, releasing).await;
    if let Ok(Err(error)) = timeout(LAST_STEPS, store.leave()).await {
        tracing::warn!(%error, "the others will take this process for dead");
    }
    Ok(())
}

/// Where the console listens, if at an address of its own.
/// A worker, which may run beside a server with the same configuration, has none.
async fn console_listener(
    settings: &ConsoleSettings,
    role: Role,
) -> io::Result<Option<TcpListener>> {
    let has_console = settings.enabled && role == Role::Serve;
    let Some(address) = settings.listen.filter(|_| has_console) else { return Ok(None) };
    let why = |error: io::Error| {
        io::Error::new(error.kind(), format!("console.listen is {address}: {error}"))
    };
    TcpListener::bind(address).await.map(Some).map_err(why)
}

/// Serves everything, the console included, at an address of its own, until the server closes.
async fn serve_console(app: Arc<App>, listener: TcpListener, cut: watch::Receiver<bool>) {
    let mut closing = app.closing.subscribe();
    let closed = async move { drop(closing.wait_for(|closing| *closing).await) };
    let router = router::routes(app.clone(), true);
    let limits = app.settings.limits.clone();
    connections::accept(listener, router, &limits, closed, &cut).await.shutdown().await;
}

/// Starts what goes on beside requests and tasks.
fn background(app: &Arc<App>) -> JoinSet<()> {
    let mut background = JoinSet::new();
    background.spawn(instance::run(app.clone()));
    background.spawn(instance::announce(app.clone()));
    background.spawn(instance::listen(app.clone()));
    background.spawn(sweep::run(app.clone()));
    background.spawn(library::run(app.clone()));
    background.spawn(webhooks::run(app.clone()));
    background.spawn(health::retry_models(app.clone()));
    background.spawn(engines::watch(app.clone()));
    background.spawn(usage::run(app.clone()));
    background
}

/// Serves the services of the catalogue as tools of the Model Context Protocol on `input` and
/// `output`, for the user of this machine, until the input ends. Requests are made with `key`; no port
/// is opened.
///
/// # Errors
/// When the settings contradict themselves, the key is no text of a header, the system gives no
/// threads, or the client does not speak the protocol.
pub async fn serve_tools(
    parts: Parts,
    key: &str,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    parts.settings.validate().map_err(io::Error::other)?;
    let key = HeaderValue::from_str(key).map_err(io::Error::other)?;
    let (releaser, _) = Releaser::start(parts.store.clone());
    let address = SocketAddr::from(([127, 0, 0, 1], parts.settings.listen.port()));
    let app = App::start(parts, CATALOG, address, releaser)?;
    instance::join(&app).await.map_err(io::Error::other)?;
    let (cut, when_cut) = watch::channel(false);
    let workers = tokio::spawn(tasks::work(app.clone(), when_cut));
    let background = background(&app);
    let api = Api::local(router::api_routes(app.clone()), key);
    let tools = Tools::new(api, app.clone());
    let serving = async {
        let session = tools.serve((input, output)).await.map_err(io::Error::other)?;
        session.waiting().await.map_err(io::Error::other)
    };
    let ended = serving.await;
    app.closing.send_replace(true);
    app.task_added.notify_waiters();
    cut.send_replace(true);
    drop(background);
    let _ = timeout(LAST_STEPS, workers).await;
    ended.map(drop)
}

/// The API without connections, workers and sweep: for tests in the process. Must be called
/// inside an async runtime.
///
/// # Errors
/// As [`serve`].
pub fn router(parts: Parts, catalog: &'static [Endpoint]) -> io::Result<Router> {
    parts.settings.validate().map_err(io::Error::other)?;
    let (releaser, _) = Releaser::start(parts.store.clone());
    let address = SocketAddr::from(([127, 0, 0, 1], parts.settings.listen.port()));
    let app: Arc<App> = App::start(parts, catalog, address, releaser)?;
    let console = app.settings.console.is_with_the_api();
    Ok(router::routes(app, console))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_beside_a_server_takes_no_address_of_the_console() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let address = server.local_addr().expect("an address");
        let settings = ConsoleSettings { listen: Some(address), ..ConsoleSettings::default() };
        assert!(matches!(console_listener(&settings, Role::Worker).await, Ok(None)));
        assert!(console_listener(&settings, Role::Serve).await.is_err(), "it is taken");
    }
}
