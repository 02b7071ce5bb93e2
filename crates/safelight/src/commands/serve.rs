//! `safelight serve`.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use safelight_inference::{Installation, Registry};
use safelight_server::{Configured, Parts, RECOGNITION, Role, Settings};
use safelight_services::CATALOG;
use safelight_store::Store;
use safelight_vision::Vision;
use tokio::runtime::Runtime;
use tokio::signal;
use tracing::{info, warn};

use super::Context;
use crate::config::{Assignment, Loaded, Origin, Own};
use crate::data::DataFolder;
use crate::output::{Output, line};
use crate::temporary::Temporary;
use crate::{engine, first_run, logs, models, secrets, twin};

const EXAMPLES: &str = "\
Examples:
  safelight serve
  safelight serve --listen 0.0.0.0:8080 --public-url https://images.example.com
  safelight serve --data /var/lib/safelight --set limits.memory_budget=4294967296
  safelight serve --without-engine     offline: services that need a model are switched off
  safelight serve --twin               sample answers for tests of client programs; the key is `twin`

The first start fetches the inference library (OpenVINO, about 60 MB) with pip, creates user `admin`
with the application `default`, and prints its API key once.";

/// Starts the server
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Address to listen on [default: 127.0.0.1:8080]; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Base of the URLs of result files, as clients reach this server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Fetches and loads no inference library; services that need a model are switched off
    #[arg(long)]
    without_engine: bool,
    /// Answers samples, for tests of client programs: no models, no data folder; the API key is `twin`
    #[arg(long, conflicts_with = "without_engine")]
    twin: bool,
}

impl Serve {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        self.run_as(Role::Serve, context)
    }

    /// Runs a process that does this.
    pub fn run_as(self, role: Role, context: &Context) -> Result<ExitCode> {
        let start = Instant::now();
        let loaded = context.load_with(&self.flags())?;
        logs::start(&loaded.config.own.log)?;
        raise_open_files();
        // First what can fail without leaving anything behind.
        let listener = bind(loaded.config.server.listen)?;
        if loaded.config.server.twin && role == Role::Worker {
            bail!("a worker works on the tasks of others, which no twin does: set twin to false");
        }
        if loaded.config.server.twin {
            return serve_twin(listener, &loaded, context.output, start);
        }
        let data = DataFolder::new(loaded.data.clone());
        if role == Role::Worker && !loaded.config.own.store.is_shared() {
            bail!(
                "a worker works for others: set store.url to the database that they share \
                 (docs/scaling.md)"
            );
        }
        let claim = data.claim()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let prepared = prepare(&loaded, &data, &runtime, role);
        let (parts, warming) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                claim.abandon();
                return Err(error);
            }
        };
        let outcome = runtime.block_on(serve(listener, parts, &data, context.output, start));
        // The library must not be at work while the process takes it down.
        let _ = warming.map(JoinHandle::join);
        outcome.map(|()| ExitCode::SUCCESS)
    }

    fn flags(&self) -> Vec<Assignment> {
        let listen = self.listen.iter().map(|value| Assignment::new("listen", value));
        let url = self.public_url.iter().map(|value| Assignment::new("public_url", value));
        let without = self.without_engine.then(|| Assignment::new("without_engine", "true"));
        let twin = self.twin.then(|| Assignment::new("twin", "true"));
        listen.chain(url).chain(without).chain(twin).collect()
    }
}

/// Lets the process open as many files as the system allows it: each connection is one.
fn raise_open_files() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        warn!(%error, "the limit of open files could not be raised");
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    let why = |error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is taken by another program; stop it, or choose another port with --listen \
             {}:{}",
            address.ip(),
            address.port().wrapping_add(1)
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "{address} may not be listened on without more rights; choose a port from 1024 on with \
             --listen"
        ),
        ErrorKind::AddrNotAvailable => {
            anyhow!("{} is no address of this machine; choose another with --listen", address.ip())
        }
        _ => anyhow!("{address} cannot be listened on ({error}); choose another with --listen"),
    };
    let listener = TcpListener::bind(address).map_err(why)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves samples until the process is told to stop.
fn serve_twin(
    listener: TcpListener,
    loaded: &Loaded,
    output: Output,
    start: Instant,
) -> Result<ExitCode> {
    refuse_huge_pages();
    let twin = twin::prepare(loaded)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        twin::open(&twin, output).await?;
        // The folder goes when this ends.
        let Temporary { parts, folder: _folder } = twin;
        let url = base_url(&parts.settings, listener.local_addr()?);
        ready(Role::Serve, &url, output, start)?;
        safelight_server::serve(listener, parts, stopped()).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Takes memory in small pages alone: a twin has little to do with any, and of huge ones, which the allocator
/// asks for, most lies idle.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay");
    }
}

fn ready(role: Role, url: &str, output: Output, start: Instant) -> Result<()> {
    if output.is_json() {
        return Ok(());
    }
    let ms = start.elapsed().as_millis();
    match role {
        Role::Serve => line(&format!("Safelight is ready at {url} ({ms} ms)")),
        Role::Worker => line(&format!("A worker of Safelight is ready ({ms} ms)")),
    }
}

/// Everything that the server is made of; what is missing is said in one sentence.
fn prepare(
    loaded: &Loaded,
    data: &DataFolder,
    runtime: &Runtime,
    role: Role,
) -> Result<(Parts, Option<JoinHandle<()>>)> {
    let own = &loaded.config.own;
    let compiled = data.cache().exists();
    let registry = match own.without_engine {
        true => engine::without(data, &own.models)?,
        false => {
            // The library ends the process where memory runs out, so that has to be known before.
            let models = engine::memory(data, &own.models)?;
            loaded.config.server.limits.job_budget(models).map_err(|reason| anyhow!(reason))?;
            engine::start(data, &own.models)?
        }
    };
    let registry = Arc::new(registry);
    // Compiling models takes seconds, the first time: nobody should meet a key or a ready server
    // before that is known to work. What is compiled loads beside the first requests.
    let warming = match compiled {
        true => {
            let (registry, settings) = (registry.clone(), loaded.config.server.clone());
            let warming = move || warm(&registry, &settings);
            Some(thread::Builder::new().name("warm".into()).spawn(warming)?)
        }
        false => {
            warm(&registry, &loaded.config.server);
            None
        }
    };
    let (store, secret, library_key) = runtime.block_on(async {
        let store = open(own, data).await?;
        // They are made by the first start, and are those that the rows were made with ever after.
        let secret = secrets::of_keys(&*store, data).await?;
        let library_key = secrets::of_library(&*store, data).await?;
        Ok::<_, anyhow::Error>((store, secret, library_key))
    })?;
    let parts = Parts {
        settings: loaded.config.server.clone(),
        store,
        blobs: own.blobs.open(data.blobs(), own.store.durability)?,
        secret,
        library_key,
        vision: Vision::new(registry.clone()),
        registry,
        installation: installation(own, data),
        configuration: configuration(loaded)?,
        role,
    };
    Ok((parts, warming))
}

/// The models on the disk, which the console may change where they are those of the whole installation.
fn installation(own: &Own, data: &DataFolder) -> Result<Installation, String> {
    if own.store.is_shared() {
        return Err(format!(
            "other processes share the rows of this one, and each has models in a data folder of its own. \
             Set models.refuse and [models.use] in the configuration that all of them read, and add networks with \
             `safelight models add` on each. What was decided here before still counts, for the processes whose data \
             folder holds {}.",
            data.added_models().choices_file().display()
        ));
    }
    let shipped = models::present(data).ok_or("the models that ship are not there.")?;
    Ok(engine::installation(shipped, data, &own.models))
}

/// Every key of the configuration and where it comes from, for the console.
pub fn configuration(loaded: &Loaded) -> Result<Vec<Configured>> {
    let shown = |Origin { key, value, source }| {
        let value = match value {
            serde_json::Value::String(text) => without_password(&text).into(),
            other => other,
        };
        Configured { key, value, origin: source }
    };
    Ok(loaded.origins().into_iter().map(shown).collect())
}

/// A URL without the passwords in it; any other text as it is.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The database's driver takes all before an `@` for user and password.
    let is_database = scheme.starts_with("postgres");
    if is_database && query.contains('@') {
        return format!("{scheme}://…");
    }
    let user = place.rsplit_once('@').filter(|(user, _)| is_database || !user.contains('/'));
    let user = user.and_then(|(user, host)| Some((user.split_once(':')?.0, host)));
    let place = user.map_or(place.to_owned(), |(name, host)| format!("{name}:…@{host}"));
    if query.is_empty() {
        return format!("{scheme}://{place}");
    }
    let shown = |pair: &str| match pair.split_once('=') {
        // The name may be percent-encoded.
        Some((name, _)) if name.eq_ignore_ascii_case("password") || name.contains('%') => {
            format!("{name}=…")
        }
        _ => pair.to_owned(),
    };
    let query: Vec<_> = query.split('&').map(shown).collect();
    format!("{scheme}://{place}?{}", query.join("&"))
}

/// Opens the rows, as the only process at work on them or as one of several.
async fn open(own: &Own, data: &DataFolder) -> Result<Arc<dyn Store>> {
    if !own.store.is_shared() {
        let path = data.database();
        let cannot = || format!("the database {} cannot be used", path.display());
        data.create_private()?;
        let store = own.store.open(&path).await.with_context(cannot)?;
        // The folder is locked, so that no other process is at work on what lies in it.
        store.leave_all().await.with_context(cannot)?;
        return Ok(store);
    }
    own.store.open(data.database()).await.context("store.url cannot be used")
}

/// Loads what services need, and says which services cannot be used.
fn warm(registry: &Registry, settings: &Settings) {
    if let Ok(engine) = registry.engine() {
        info!(engine, "engine");
    }
    registry.warm(engine::needed());
    for endpoint in CATALOG.iter().chain(RECOGNITION) {
        let lacks = || safelight_server::engines::why_not(settings, endpoint);
        if let Some(reason) = engine::why_not(registry, endpoint).or_else(lacks) {
            warn!(service = endpoint.spec().path, reason, "service is not available");
        }
    }
}

async fn serve(
    listener: TcpListener,
    parts: Parts,
    data: &DataFolder,
    output: Output,
    start: Instant,
) -> Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let url = base_url(&parts.settings, listener.local_addr()?);
    if parts.role == Role::Serve && first_run::is_first(&*parts.store, data).await? {
        let console = console_url(&parts.settings, &url);
        let welcome = first_run::prepare(&*parts.store, &parts.secret, data, &url, console);
        welcome.await?.show(output, data)?;
    }
    ready(parts.role, &url, output, start)?;
    safelight_server::serve(listener, parts, stopped()).await?;
    Ok(())
}

/// Where the console is reached of a server that is reached at `url`; `None` where there is none.
pub fn console_url(settings: &Settings, url: &str) -> Option<String> {
    let console = &settings.console;
    console.enabled.then(|| console.listen.map_or_else(|| url.to_owned(), reachable))
}

/// Where clients on this machine reach the server.
pub fn base_url(settings: &Settings, address: SocketAddr) -> String {
    settings.public_url.clone().unwrap_or_else(|| reachable(address))
}

fn reachable(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

/// Ends with the first Ctrl-C or SIGTERM; the second ends the process at once.
async fn stopped() {
    signalled().await;
    info!("shutting down; a second signal ends the process at once");
    tokio::spawn(async {
        signalled().await;
        std::process::exit(130);
    });
}

/// Ends with Ctrl-C or SIGTERM.
pub async fn signalled() {
    #[cfg(unix)]
    {
        let terminated = signal::unix::signal(signal::unix::SignalKind::terminate());
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        for (text, shown) in [
            ("postgres://ada:s3cret@host/db?a=b", "postgres://ada:…@host/db?a=b"),
            ("postgres://ada:s3/cret@host/db", "postgres://ada:…@host/db"),
            (
                "postgres://host/db?user=a&password=s3cret&b=c",
                "postgres://host/db?user=a&password=…&b=c",
            ),
            ("postgresql://host/db?p%61ssword=s3cret", "postgresql://host/db?p%61ssword=…"),
            ("postgres://ada:s3?cret@host/db", "postgres://…"),
            ("http://ada:s3cret@host/a", "http://ada:…@host/a"),
        ] {
            assert_eq!(without_password(text), shown);
        }
        for text in
            ["postgres://ada@host/db?a=b", "https://a/b:c@d", "http://a?b", "127.0.0.1:80", "a@b:c"]
        {
            assert_eq!(without_password(text), text);
        }
    }
}
