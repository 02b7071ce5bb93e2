//! `safelight doctor`.

use std::net::TcpListener;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use safelight_services::CATALOG;
use safelight_store::Store;
use safelight_vision::networks;
use serde::Serialize;

use super::Context;
use crate::config::Loaded;
use crate::data::DataFolder;
use crate::engine::{self, Inventory};
use crate::output::{Row, size};
use crate::secrets;

const EXAMPLES: &str = "\
Examples:
  safelight doctor
  safelight doctor --json
  safelight doctor --data /var/lib/safelight

The exit code is 1 if anything is wrong.";

/// Free space below which a warning is due.
const LEAST_SPACE: u64 = 1 << 30;

/// Checks the installation: folder, disk, database, library, limits, engines, models, services, port
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {}

/// What a check found.
#[derive(Serialize)]
struct Finding {
    check: String,
    ok: bool,
    /// What was found, or what is wrong and what to do.
    detail: String,
}

impl Row for Finding {
    const HEAD: &'static [&'static str] = &["check", "", "detail"];

    fn cells(&self) -> Vec<String> {
        let state = if self.ok { "ok" } else { "WRONG" };
        vec![self.check.clone(), state.into(), self.detail.clone()]
    }
}

impl Finding {
    fn of(check: impl Into<String>, outcome: Result<String>) -> Self {
        let ok = outcome.is_ok();
        let detail = outcome.unwrap_or_else(|error| format!("{error:#}"));
        Self { check: check.into(), ok, detail }
    }
}

impl Doctor {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        let data = DataFolder::new(loaded.data.clone());
        let mut findings = vec![
            Finding::of("configuration", Ok(origin(&loaded))),
            Finding::of("data folder", folder(&data)),
            Finding::of("disk", disk(&loaded, &data)),
            Finding::of("memory", memory(&loaded)),
            Finding::of("database", database(&loaded, &data)),
            Finding::of("files", files(&loaded, &data)),
            Finding::of("key secret", secret(&loaded, &data)),
            Finding::of("library", library(&loaded, &data)),
            Finding::of("public URL", Ok(public_url(&loaded))),
            Finding::of("open files", open_files(&loaded)),
        ];
        findings.extend(instances(&loaded, &data));
        findings.extend(engines(&loaded));
        findings.extend(models(&loaded, &data));
        findings.push(Finding::of("port", port(&loaded, &data)));
        context.output.list(&findings, "")?;
        let healthy = findings.iter().all(|finding| finding.ok);
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn origin(loaded: &Loaded) -> String {
    let file = loaded.file.as_ref();
    file.map_or("defaults, no file".into(), |file| file.display().to_string())
}

fn folder(data: &DataFolder) -> Result<String> {
    let path = data.path().display();
    if !data.path().exists() {
        bail!("{path} is not there yet; `safelight serve` creates it");
    }
    tempfile::tempfile_in(data.path()).map_err(|error| {
        anyhow!(
            "{path} is not writable ({error}); change its rights, or choose another with --data"
        )
    })?;
    Ok(path.to_string())
}

fn disk(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    let reserve = loaded.config.server.results.disk_reserve;
    data.require_space(LEAST_SPACE.saturating_add(reserve), "a working installation")?;
    Ok(format!("{} free, of which {} stay free", size(data.free_space()?), size(reserve)))
}

/// Whether the memory budget leaves room for jobs beside the models.
fn memory(loaded: &Loaded) -> Result<String> {
    let limits = &loaded.config.server.limits;
    let own = &loaded.config.own;
    let data = DataFolder::new(loaded.data.clone());
    let models = if own.without_engine { 0 } else { engine::memory(&data, &own.models)? };
    let jobs = limits.job_budget(models).map_err(|reason| anyhow!(reason))?;
    Ok(format!("{} for the process, {} of it for jobs", size(limits.memory()), size(jobs)))
}

/// Asks the rows something.
fn ask<T>(
    loaded: &Loaded,
    data: &DataFolder,
    question: impl AsyncFnOnce(&dyn Store) -> Result<T>,
) -> Result<T> {
    let own = &loaded.config.own;
    if !own.store.is_shared() {
        data.require()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { question(&*own.store.open(data.database()).await?).await })
}

fn database(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    ask(loaded, data, async |store| {
        let audit = store.audit().await?;
        if !audit.errors.is_empty() {
            bail!("the books are wrong: {}; restore a backup", audit.errors.join("; "));
        }
        let reached = store.describe().await?;
        Ok(format!("{reached}; {} transfers, the books are right", audit.transfers))
    })
}

/// Writes, reads and deletes a file where results are kept.
fn files(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    let own = &loaded.config.own;
    let Some(url) = &own.blobs.url else { return Ok("in the data folder".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let blobs = own.blobs.open(data.blobs(), own.store.durability)?;
        let key = format!("results/doctor-{}", std::process::id());
        blobs.put(&key, key.clone().into_bytes()).await?;
        let found = blobs.get(&key).await?;
        let followed = blobs.follow(&key).await;
        blobs.delete(&key).await?;
        let redirect = own.blobs.redirect.as_deref().unwrap_or_default();
        let followed = followed.with_context(|| {
            format!("clients cannot read results at {redirect} (blobs.redirect)")
        })?;
        if found != key.as_bytes() || followed.as_ref().is_some_and(|read| *read != found) {
            bail!("{url} answers something else than was written");
        }
        Ok(match followed {
            Some(_) => format!("{url}, written and read, also by a signed URL at {redirect}"),
            None => format!("{url}, written and read"),
        })
    })
}

/// The processes at work, where several share the rows.
fn instances(loaded: &Loaded, data: &DataFolder) -> Vec<Finding> {
    if !loaded.config.own.store.is_shared() {
        return vec![];
    }
    let found =
        ask(loaded, data, async |store| Ok((store.instances().await?, store.clock().await?)));
    let (instances, now) = match found {
        Ok(found) => found,
        Err(error) => return vec![Finding::of("processes", Err(error))],
    };
    let finding = |instance: safelight_store::Instance| {
        let age = now - instance.seen_at;
        let said =
            format!("{} of release {}, seen {} s ago", instance.kind, instance.version, age / 1000);
        let outcome = match age > safelight_store::DEAD_AFTER {
            true => Err(anyhow!("{said}: it is dead, a living one will clean up after it")),
            false => Ok(said),
        };
        Finding::of(format!("process {}", instance.name), outcome)
    };
    let mut findings: Vec<_> = instances.into_iter().map(finding).collect();
    if findings.is_empty() {
        findings.push(Finding::of("processes", Ok("none is at work".into())));
    }
    findings
}

fn secret(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    ask(loaded, data, async |store| {
        secrets::check(store, data).await?;
        Ok("readable, and the one that the database knows".into())
    })
}

fn library(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    let own = &loaded.config.own;
    if own.without_engine {
        return Ok("not wanted (without_engine)".into());
    }
    let library = engine::find_library(data, &own.models)?
        .context("it is not there yet; `safelight serve` fetches it")?;
    let engine = engine::load(&library, data, &own.models)?;
    Ok(format!("{}, {}", safelight_inference::Engine::describe(&engine), library.origin))
}

/// Every generative engine, asked whether it is there.
fn engines(loaded: &Loaded) -> Vec<Finding> {
    let settings = &loaded.config.server;
    if settings.engine.is_empty() {
        return vec![];
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let inspected = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(safelight_server::engines::inspect(settings, CATALOG))
    });
    match inspected {
        Err(reason) => vec![Finding::of("engines", Err(anyhow!(reason)))],
        Ok(found) => {
            let finding = |(name, outcome): (String, Result<String, String>)| {
                Finding::of(format!("engine {name}"), outcome.map_err(|reason| anyhow!(reason)))
            };
            found.into_iter().map(finding).collect()
        }
    }
}

/// Every model with its digest, then every service that cannot be used.
fn models(loaded: &Loaded, data: &DataFolder) -> Vec<Finding> {
    let inventory = match Inventory::take(data, &loaded.config.own.models) {
        Ok(inventory) => inventory,
        Err(error) => return vec![Finding::of("models", Err(error))],
    };
    let models = inventory.models().map(|(spec, why_not)| {
        let outcome = match (why_not, networks::find(&spec.name)) {
            (None, added) => inventory.registry.verify(&spec.name).map_err(|reason| match added {
                Some(_) => added_again(&spec.name, &reason.to_string()),
                None => {
                    let cure = "the next `safelight serve` replaces a file that ships with it";
                    anyhow!("{reason}; {cure}")
                }
            }),
            (Some(reason), Some(_)) => Err(added_again(&spec.name, &reason)),
            (Some(reason), None) => Err(anyhow!(reason)),
        };
        let place = inventory.registry.remote(&spec.name).map(|url| format!(", run at {url}"));
        let place = place.unwrap_or_default();
        let detail = outcome.map(|()| format!("{}, {}{place}", spec.task, size(spec.bytes)));
        Finding::of(format!("model {}", spec.name), detail)
    });
    let services = CATALOG.iter().map(|endpoint| {
        let name = endpoint.spec().slug();
        // That nobody attached an engine is as it should be.
        let lacks = safelight_server::engines::why_not(&loaded.config.server, endpoint);
        let outcome = match (inventory.why_not(endpoint), lacks) {
            (Some(reason), _) => Err(anyhow!(reason)),
            (None, Some(reason)) => Ok(format!("off: {reason}")),
            (None, None) => Ok("available".into()),
        };
        Finding::of(format!("service {name}"), outcome)
    });
    models.chain(services).collect()
}

/// What is wrong with a network that was added, and its cure.
fn added_again(name: &str, reason: &str) -> anyhow::Error {
    anyhow!("{reason}; `safelight models add {name} <file>` adds it again")
}

fn public_url(loaded: &Loaded) -> String {
    let settings = &loaded.config.server;
    match &settings.public_url {
        Some(url) => url.clone(),
        None if settings.listen.ip().is_loopback() => {
            "not set; only this machine reaches the server".into()
        }
        None => "not set; recommended is public_url = \"<how clients reach this server>\", since \
                 without it the URLs of results name whatever host a request names"
            .into(),
    }
}

/// Each connection is an open file, and the server raises its limit as far as it may.
#[cfg(unix)]
fn open_files(loaded: &Loaded) -> Result<String> {
    let limits = &loaded.config.server.limits;
    let most = rlimit::Resource::NOFILE.get_hard()?;
    let connections = limits.connections_within(most);
    let mut found = format!("at most {most}, {connections} of them connections");
    if connections < limits.connections {
        found += &format!(
            "; for all {} of limits.connections raise the limit to {} (ulimit -Hn, LimitNOFILE)",
            limits.connections,
            2 * u64::from(limits.connections)
        );
    }
    Ok(found)
}

#[cfg(not(unix))]
fn open_files(_: &Loaded) -> Result<String> {
    Ok("not limited".into())
}

fn port(loaded: &Loaded, data: &DataFolder) -> Result<String> {
    let address = loaded.config.server.listen;
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(_) if data.is_served() => Ok(format!("{address} is in use, and the server is running")),
        Err(error) => bail!("{address}: {error}; choose another with --listen when serving"),
    }
}
