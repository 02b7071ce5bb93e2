//! `safelight serve`.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use safelight_inference::Registry;
use safelight_server::{Configured, Parts, RECOGNITION, Settings};
use safelight_services::CATALOG;
use safelight_store::KeySecret;
use safelight_vision::Vision;
use tokio::signal;
use tracing::{info, warn};

use super::Context;
use crate::config::{Assignment, Loaded, Origin};
use crate::data::DataFolder;
use crate::output::{Output, line};
use crate::{engine, first_run, logs};

const EXAMPLES: &str = "\
Examples:
  safelight serve
  safelight serve --listen 0.0.0.0:8080 --public-url https://images.example.com
  safelight serve --data /var/lib/safelight --set limits.memory_budget=4294967296
  safelight serve --without-engine     offline: services that need a model are switched off

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
}

impl Serve {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let start = Instant::now();
        let loaded = context.load_with(&self.flags())?;
        logs::start(&loaded.config.own.log)?;
        raise_open_files();
        // First what can fail without leaving anything behind.
        let listener = bind(loaded.config.server.listen)?;
        let data = DataFolder::new(loaded.data.clone());
        let claim = data.claim()?;
        let prepared = prepare(&loaded, &data).and_then(|(parts, warming)| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            Ok((parts, warming, runtime))
        });
        let (parts, warming, runtime) = match prepared {
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
        listen.chain(url).chain(without).collect()
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

/// Everything that the server is made of; what is missing is said in one sentence.
fn prepare(loaded: &Loaded, data: &DataFolder) -> Result<(Parts, Option<JoinHandle<()>>)> {
    let own = &loaded.config.own;
    let compiled = data.cache().exists();
    let registry = match own.without_engine {
        true => engine::without(data, &own.models)?,
        false => {
            // The library ends the process where memory runs out, so that has to be known before.
            let models = engine::memory(&own.models)?;
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
    let store = own
        .store
        .open_database(data.database())
        .with_context(|| format!("the database {} cannot be used", data.database().display()))?;
    let parts = Parts {
        settings: loaded.config.server.clone(),
        store: Arc::new(store),
        blobs: own.store.open_files(data.blobs())?,
        secret: KeySecret::load_or_create(data.secret())?,
        library_key: safelight_server::load_or_create_key(data.library_key())?,
        vision: Vision::new(registry.clone()),
        registry,
        configuration: configuration(loaded)?,
    };
    Ok((parts, warming))
}

/// Every key of the configuration and where it comes from, for the console.
fn configuration(loaded: &Loaded) -> Result<Vec<Configured>> {
    let shown = |Origin { key, value, source }| Configured { key, value, origin: source };
    Ok(loaded.origins()?.into_iter().map(shown).collect())
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
    if first_run::is_first(&*parts.store, data).await? {
        let console = console_url(&parts.settings, &url);
        let welcome = first_run::prepare(&*parts.store, &parts.secret, data, &url, console);
        welcome.await?.show(output, data)?;
    }
    if !output.is_json() {
        line(&format!("Safelight is ready at {url} ({} ms)", start.elapsed().as_millis()))?;
    }
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

async fn signalled() {
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
