//! Models for the operator: refusing them, adding networks from files, giving networks their work. What
//! is decided here counts from the next start, after the configuration; nothing is kept that the next
//! start would fail on.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use safelight_console::models::{self as pages, Changes, Contents, Model, Network, Since, Work};
use safelight_console::{Markup, Notice, Place};
use safelight_contract::Fault;
use safelight_inference::{
    AddedError, Arrived, Choices, Installation, InstallationError, Registry, memory_of,
};
use safelight_operation::Endpoint;
use safelight_vision::Vision;
use safelight_vision::networks::{self, NETWORKS, SLOTS};

use super::upload::Upload;
use super::{Outcome, Refusal, Visit, session, told};
use crate::admission::{Load, Patience};
use crate::app::{App, Stored};
use crate::moderation::Policy;
use crate::reply::apart;

/// Whose the memory is that looking at a file takes: no application's.
const NOBODY: i64 = 0;

impl From<AddedError> for Refusal {
    fn from(error: AddedError) -> Self {
        Self::Bad(format!("{error}."))
    }
}

impl From<InstallationError> for Refusal {
    fn from(error: InstallationError) -> Self {
        Self::Bad(format!("{error}."))
    }
}

/// The page.
pub(super) async fn page(visit: &Visit, notice: Option<Notice>) -> Outcome<Markup> {
    visit.operator()?;
    let app = visit.app.clone();
    let seen = move || {
        Ok(app.installation.as_ref().ok().map(|found| (found.next(), found.added.choices())))
    };
    let seen = apart("reading the models", seen).await?;
    let (app, who) = (&visit.app, visit.who());
    let shell = visit.shell(&who, Place::Models, "Models").with(notice);
    let shown = match (&app.installation, seen) {
        (Ok(installation), Some((Ok(next), Ok(choices)))) => {
            let changes = changes(app, installation, &next, &choices);
            let contents = Contents { models: models(app, Some(&next)), changes: Ok(changes) };
            pages::overview(&shell, &contents)
        }
        (installation, seen) => {
            let failed = match seen {
                Some((Err(error), _)) => error.to_string(),
                Some((_, Err(error))) => error.to_string(),
                _ => installation.as_ref().err().cloned().unwrap_or_default(),
            };
            pages::overview(&shell, &Contents { models: models(app, None), changes: Err(failed) })
        }
    };
    Ok(shown)
}

/// Every model, as it is now and as the next start will find it.
fn models<'a>(app: &'a App, next: Option<&'a Registry>) -> Vec<Model<'a>> {
    let now = &app.registry;
    let is_new = |name: &str| now.specs().all(|other| other.name != name);
    let new = next.into_iter().flat_map(Registry::specs).filter(|spec| is_new(&spec.name));
    let model = |spec: &'a safelight_inference::manifest::ModelSpec| {
        let name = &spec.name;
        let is_needed = |endpoint: &&Endpoint| {
            let mut needs = endpoint.needs().all_models();
            needs.any(|needed| now.name_of(needed) == Some(name))
        };
        let why_not = now.inspect(name).err();
        let pending = next.and_then(|next| {
            let gone = next.specs().all(|other| other.name != *name);
            match (now.refusal(name), next.refusal(name)) {
                _ if gone => Some("gone"),
                _ if is_new(name) => Some("there"),
                (None, Some(_)) => Some("refused"),
                (Some(_), None) => Some("allowed"),
                _ => None,
            }
        });
        Model {
            spec,
            why_not: why_not.map(|reason| Fault::from(reason).message().to_owned()),
            services: app.endpoints().filter(is_needed).map(|one| one.spec().name).collect(),
            pending,
            refusable: next.is_some_and(|next| next.refusal(name).is_none()),
        }
    };
    now.specs().chain(new).map(model).collect()
}

fn changes(app: &App, installation: &Installation, next: &Registry, choices: &Choices) -> Changes {
    let (configured, started) = (&installation.settings, &installation.settings.choices);
    let origin = |key: &str| {
        let found = app.configuration.iter().find(|one| one.key == key);
        found.map_or_else(|| "the configuration".to_owned(), |one| one.origin.clone())
    };
    let covers = |entry: &str| next.specs().filter(|spec| covers(entry, spec)).count();
    let fixed = configured.refuse.iter().map(|entry| pages::Refusal {
        entry: entry.clone(),
        origin: origin("models.refuse"),
        own: false,
        covers: covers(entry),
        since: Since::Now,
    });
    let own = |entry: &String, since| pages::Refusal {
        entry: entry.clone(),
        origin: "the console".to_owned(),
        own: true,
        covers: covers(entry),
        since,
    };
    let kept = choices.refuse.iter().map(|entry| match started.refuse.contains(entry) {
        true => own(entry, Since::Now),
        false => own(entry, Since::NextStart),
    });
    let ending = started.refuse.iter().filter(|entry| !choices.refuse.contains(entry));
    let ending = ending.map(|entry| own(entry, Since::UntilNextStart));
    let work = |(slot, usual): &(&'static str, &'static str)| {
        let fixed = configured.chosen.contains_key(*slot);
        let there = next.specs().filter(|spec| spec.slot.as_deref() == Some(*slot));
        Work {
            slot,
            usual,
            now: app.registry.chosen(slot).map(str::to_owned),
            next: next.chosen(slot).map(str::to_owned),
            fixed: fixed.then(|| origin(&format!("models.use.{slot}"))),
            there: there.map(|spec| spec.name.clone()).filter(|name| name != usual).collect(),
            services: services_of(app, next, slot),
        }
    };
    let network = |network: &networks::Network| {
        let added = next.specs().find(|spec| spec.name == network.name);
        Network {
            name: network.name,
            slot: network.slot,
            licence: network.licence,
            training: format!("{} ({})", network.data, network.terms.name()),
            published: network.digests.iter().map(|(_, file)| *file).collect(),
            added: added.map(|spec| (spec.origin.version.clone(), spec.sha256.clone())),
        }
    };
    let refusals: Vec<_> = fixed.chain(kept).chain(ending).collect();
    let works: Vec<_> = SLOTS.iter().map(work).collect();
    let wait = refusals.iter().any(|one| one.since != Since::Now)
        || works.iter().any(|one| one.now != one.next);
    Changes {
        refusals,
        works,
        wait,
        networks: NETWORKS.iter().map(network).collect(),
        problems: next.idle_choices().to_vec(),
        max_bytes: installation.added.max_bytes(),
    }
}

fn covers(entry: &str, spec: &safelight_inference::manifest::ModelSpec) -> bool {
    let refuse = vec![entry.to_owned()];
    safelight_inference::Settings { refuse, ..Default::default() }.refuses(spec)
}

/// The services that ask for a kind of work, or for the model that ships for it.
fn services_of(app: &App, next: &Registry, slot: &str) -> Vec<&'static str> {
    let of_slot = |name: &str| {
        let mut specs = next.specs();
        name == slot || specs.any(|spec| spec.name == name && spec.slot.as_deref() == Some(slot))
    };
    let asking = app.endpoints().filter(|endpoint| endpoint.needs().all_models().any(of_slot));
    asking.map(|endpoint| endpoint.spec().name).collect()
}

/// Refuses, allows, gives work or removes.
pub(super) async fn change(visit: &Visit, act: &str) -> Outcome<Markup> {
    visit.operator()?;
    let done = async {
        match act {
            "refuse" => refuse(visit).await,
            "allow" => allow(visit).await,
            "use" => give_work(visit).await,
            "remove" => remove(visit).await,
            _ => Err(Refusal::Missing),
        }
    };
    let notice = told(done.await)?;
    page(visit, notice).await
}

async fn refuse(visit: &Visit) -> Outcome<Notice> {
    let entry = visit.field("entry")?.to_owned();
    let refused = entry.clone();
    decide(visit, move |installation, choices| {
        let known = installation.next()?.specs().any(|spec| covers(&refused, spec));
        if !known {
            return Err(Refusal::Bad(format!("{refused} covers no model that is here.")));
        }
        choices.refuse(&refused).map_err(Refusal::Bad)
    })
    .await?;
    visit.note(None, "model refused", &entry).await?;
    Ok(Notice::Done(format!("From the next start on {entry} is refused.")))
}

async fn allow(visit: &Visit) -> Outcome<Notice> {
    let entry = visit.field("entry")?.to_owned();
    let allowed = entry.clone();
    decide(visit, move |installation, choices| {
        let count = choices.refuse.len();
        choices.refuse.retain(|other| *other != allowed);
        match choices.refuse.len() < count {
            true => Ok(()),
            false if installation.settings.refuse.contains(&allowed) => Err(Refusal::Bad(format!(
                "{allowed} is refused by models.refuse of the configuration, which counts first."
            ))),
            false => Err(Refusal::Bad(format!("{allowed} is not refused here."))),
        }
    })
    .await?;
    visit.note(None, "model allowed", &entry).await?;
    Ok(Notice::Done(format!("From the next start on {entry} is no longer refused here.")))
}

async fn give_work(visit: &Visit) -> Outcome<Notice> {
    let slot = visit.field("work")?;
    let Some((slot, usual)) = SLOTS.iter().find(|(known, _)| *known == slot).copied() else {
        return Err(Refusal::Bad(format!("{slot} is no work for networks.")));
    };
    let network = visit.optional("network").map(str::to_owned);
    let named = network.clone().unwrap_or_else(|| usual.to_owned());
    decide(visit, move |installation, choices| {
        if let Some(fixed) = installation.settings.chosen.get(slot) {
            return Err(Refusal::Bad(format!(
                "The configuration gives {slot} to {fixed}, and counts first."
            )));
        }
        let Some(network) = network else {
            choices.chosen.remove(slot);
            return Ok(());
        };
        let next = installation.next()?;
        let mut able = next.specs().filter(|spec| spec.slot.as_deref() == Some(slot));
        if able.all(|spec| spec.name != network) {
            return Err(Refusal::Bad(format!("{network} is no network for {slot} that is here.")));
        }
        if let Some(entry) = next.refusal(&network) {
            return Err(Refusal::Bad(format!("{network} is refused by {entry}.")));
        }
        choices.chosen.insert(slot.to_owned(), network);
        Ok(())
    })
    .await?;
    visit.note(None, "network chosen", &format!("{slot}: {named}")).await?;
    Ok(Notice::Done(format!("From the next start on {slot} is done by {named}.")))
}

async fn remove(visit: &Visit) -> Outcome<Notice> {
    let network = known(visit.field("network")?)?;
    let app = visit.app.clone();
    apart_told("removing the network", move || {
        let installation = installation(&app)?;
        free(&app, installation, network)?;
        unchosen(&installation.added, network)?;
        Ok(installation.added.remove(network.name)?)
    })
    .await?;
    visit.note(None, "network removed", network.name).await?;
    Ok(Notice::Done(format!("{} is removed.", network.name)))
}

/// Adds a network from a form that comes in with its file: token, network, file, in this order. The file
/// is written to the disk as it comes.
pub(super) async fn add(visit: &Visit, body: Body) -> Outcome<Markup> {
    let stall = visit.app.settings.limits.stall_timeout();
    let mut upload = Upload::new(&visit.parts.headers, body, stall)?;
    let token = upload.text("csrf").await.unwrap_or_default();
    session::check(&visit.app, &visit.parts, &visit.session, &token)?;
    visit.operator()?;
    let notice = told(take(visit, upload).await)?;
    page(visit, notice).await
}

async fn take(visit: &Visit, mut upload: Upload) -> Outcome<Notice> {
    let app = visit.app.clone();
    let network = known(&upload.text("network").await?)?;
    let added = {
        let installation = installation(&app)?;
        free(&app, installation, network)?;
        unchosen(&installation.added, network)?;
        if let Err(why) = app.registry.engine() {
            return Err(Refusal::Bad(format!(
                "Without an inference engine nothing can be said of a file ({why})."
            )));
        }
        installation.added.clone()
    };
    let reserve = app.settings.results.disk_reserve;
    let into = added.clone();
    let receive = move |content: &mut dyn std::io::Read| into.receive(content, reserve);
    let (file, arrived) = upload.file("file", receive).await?;
    let arrived = arrived?;
    // Making a graph ready takes the memory of a model.
    let need = Load { slots: 1, ..Load::bytes(memory_of(arrived.bytes)) };
    if app.work.check(need).is_err() {
        return Err(Refusal::Bad(format!(
            "To look at this file takes {} bytes of memory, more than jobs may take here \
             (limits.memory_budget).",
            need.bytes
        )));
    }
    let act = visit.act(None, "network added", network.name);
    // Goes on where the browser leaves, so that nothing is kept that is not noted.
    let keeping = tokio::spawn(async move {
        let permit = app.work.acquire(NOBODY, need, Patience::Worker(QUEUE)).await?;
        let registry = app.registry.clone();
        let told = apart_told("adding the network", move || {
            let _permit = permit;
            keep(&registry, &added, network, Path::new(&file), arrived)
        });
        let notice = told.await?;
        app.store.add_console_act(&act).await.or_internal("noting a change")?;
        Ok(notice)
    });
    keeping.await.unwrap_or_else(|error| {
        Err(Refusal::Failed(crate::reply::internal("adding the network", &error)))
    })
}

/// How long looking at a file waits for memory.
const QUEUE: std::time::Duration = std::time::Duration::from_secs(60);

fn keep(
    registry: &Registry,
    added: &safelight_inference::Added,
    network: &networks::Network,
    file: &Path,
    arrived: Arrived,
) -> Outcome<Notice> {
    let found = registry.signature(arrived.path());
    let found =
        found.map_err(|why| Refusal::Bad(format!("{} was not added: {why}.", network.name)))?;
    let spec = network.spec(file, arrived.sha256.clone(), arrived.bytes, &found);
    let spec =
        spec.map_err(|why| Refusal::Bad(format!("{} was not added: {why}.", network.name)))?;
    let published = match network.published(&spec.sha256) {
        Some(published) => format!("by its SHA-256 it is {published}"),
        None => "by its SHA-256 it is none of the published files".to_owned(),
    };
    // It may have been chosen while the file came in.
    unchosen(added, network)?;
    added.keep(arrived, spec)?;
    Ok(Notice::Done(format!(
        "{} is added; {published}. It does nothing until it is given its work.",
        network.name
    )))
}

fn known(name: &str) -> Outcome<&'static networks::Network> {
    let unknown = || Refusal::Bad(format!("`{name}` is no network that can be added."));
    networks::find(name).ok_or_else(unknown)
}

/// Refuses to touch the file of a network that this process uses, or that the configuration names.
fn free(app: &App, installation: &Installation, network: &networks::Network) -> Outcome<()> {
    let name = network.name;
    if let Some(key) = installation.settings.naming(name) {
        return Err(Refusal::Bad(format!("The configuration names {name} in {key}.")));
    }
    if app.registry.chosen(network.slot) == Some(name) {
        return Err(Refusal::Bad(format!(
            "{name} is at work here; choose another for {}, and start the server anew.",
            network.slot
        )));
    }
    Ok(())
}

/// Refuses to touch the file of a network that the next start will use.
fn unchosen(added: &safelight_inference::Added, network: &networks::Network) -> Outcome<()> {
    let chosen = added.choices()?.chosen;
    match chosen.get(network.slot).is_some_and(|chosen| chosen == network.name) {
        true => Err(Refusal::Bad(format!(
            "{} shall do {} from the next start on; choose another first.",
            network.name, network.slot
        ))),
        false => Ok(()),
    }
}

fn installation(app: &App) -> Outcome<&Installation> {
    app.installation
        .as_ref()
        .map_err(|why| Refusal::Bad(format!("Nothing can be changed here: {why}")))
}

/// Changes what is decided here, where the next start can do with it.
async fn decide(
    visit: &Visit,
    change: impl FnOnce(&Installation, &mut Choices) -> Outcome<()> + Send + 'static,
) -> Outcome<()> {
    let app = visit.app.clone();
    apart_told("changing the models", move || {
        let installation = installation(&app)?;
        installation.added.choose(|choices| {
            change(installation, choices)?;
            rehearse(&app, installation, choices).map_err(|why| {
                Refusal::Bad(format!("The next start would fail, so nothing was changed: {why}."))
            })
        })
    })
    .await
}

/// What the next start would do with these choices.
fn rehearse(app: &App, installation: &Installation, choices: &Choices) -> Result<(), String> {
    let next = installation.with(choices.clone()).map_err(|error| error.to_string())?;
    let next = Arc::new(next);
    Policy::new(&app.settings, &Vision::new(next.clone()), &next)?;
    if app.registry.engine().is_ok() {
        let models = |endpoint: &'static Endpoint| {
            endpoint.needs().all_models().chain(app.moderation.model(endpoint))
        };
        let models = app.endpoints().flat_map(models);
        app.settings.limits.job_budget(next.memory(models))?;
    }
    Ok(())
}

/// Runs blocking work whose refusals are for the operator.
async fn apart_told<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    apart(what, move || Ok(work())).await?
}
