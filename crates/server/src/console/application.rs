//! One application: keys, credits, limits, services.

use safelight_console::application::{self, Contents};
use safelight_console::{Markup, Notice, Place};
use safelight_store::{Application, Credits, KeyKind, Limits, ServiceState};

use super::{Changed, Outcome, Refusal, Visit, accounts, session, told};
use crate::app::{Stored, now};
use crate::auth::revoke_earlier;
use crate::credits::check_pool;

/// Transfers that the ledger lists.
const LEDGER: u32 = 100;

/// The page.
pub(super) async fn page(visit: &Visit, id: i64, notice: Option<Notice>) -> Outcome<Markup> {
    let application = visit.application(id).await?;
    let store = &visit.app.store;
    let keys = store.keys(id).await.changed("reading the keys")?;
    let pools = store.pools(id).await.or_internal("reading the credits")?;
    let transfers = store.transfers(id, LEDGER).await.or_internal("reading the ledger")?;
    let states = store.services(id).await.changed("reading the services")?;
    let endpoints: Vec<_> = visit.app.endpoints().collect();
    let who = visit.who();
    let shell = visit.shell(&who, Place::Accounts, &application.name).with(notice);
    let contents = Contents {
        application: &application,
        keys: &keys,
        pools: &pools,
        transfers: &transfers,
        states: &states,
        endpoints: &endpoints,
        defaults: visit.app.default_limits(),
    };
    Ok(application::overview(&shell, &contents))
}

/// Changes the application.
pub(super) async fn change(visit: &Visit, id: i64, act: &[&str]) -> Outcome<Markup> {
    let application = visit.application(id).await?;
    if act == ["delete"] {
        return delete(visit, &application).await;
    }
    let done = async {
        match act {
            ["keys", "add"] => add_key(visit, id).await,
            ["keys", "rotate"] => rotate_keys(visit, id).await,
            ["keys", "revoke"] => revoke_key(visit, id).await,
            _ => {
                visit.operator()?;
                match act {
                    ["credits"] => add_credits(visit, id).await,
                    ["limits"] => set_limits(visit, id).await,
                    ["services"] => set_service(visit, id).await,
                    _ => Err(Refusal::Missing),
                }
            }
        }
    };
    let notice = told(done.await)?;
    page(visit, id, notice).await
}

async fn delete(visit: &Visit, application: &Application) -> Outcome<Markup> {
    visit.operator()?;
    let done = async {
        let deleted = visit.app.store.delete_application(application.id, now()).await;
        deleted.changed("deleting the application")?;
        visit.note(Some(application.id), "application deleted", &application.name).await?;
        Ok(Notice::Done(format!("The application {} is deleted.", application.name)))
    };
    let notice = told(done.await)?;
    accounts::page(visit, notice).await
}

async fn add_key(visit: &Visit, id: i64) -> Outcome<Notice> {
    let (key, hash, hint) = session::new_key(&visit.app)?;
    visit
        .app
        .store
        .add_key(id, &hash, &hint, KeyKind::Live, now())
        .await
        .changed("adding the key")?;
    visit.note(Some(id), "key added", &hint).await?;
    Ok(Notice::Secret("The new key.".to_owned(), key))
}

/// Adds a key and revokes every other that is not for the sandbox. The session of an owner goes on with the new one.
async fn rotate_keys(visit: &Visit, id: i64) -> Outcome<Notice> {
    let store = &visit.app.store;
    let mut earlier = store.keys(id).await.changed("reading the keys")?;
    earlier.retain(|key| key.kind == KeyKind::Live);
    let (key, hash, hint) = session::new_key(&visit.app)?;
    store.add_key(id, &hash, &hint, KeyKind::Live, now()).await.changed("adding the key")?;
    session::go_on_with(visit, hash).await?;
    revoke_earlier(&**store, &earlier, now()).await.changed("revoking the key")?;
    visit.note(Some(id), "keys rotated", &format!("{hint}, {} revoked", earlier.len())).await?;
    let sentence = format!("The new key; {} earlier ones are revoked.", earlier.len());
    Ok(Notice::Secret(sentence, key))
}

async fn revoke_key(visit: &Visit, id: i64) -> Outcome<Notice> {
    let number: i64 = visit.parsed("key", "the number of a key")?;
    let store = &visit.app.store;
    let keys = store.keys(id).await.changed("reading the keys")?;
    let own = keys.iter().find(|key| key.id == number);
    let own = own.ok_or_else(|| Refusal::Bad("The application has no such key.".to_owned()))?;
    store.revoke_key(number, now()).await.changed("revoking the key")?;
    visit.note(Some(id), "key revoked", &own.hint).await?;
    Ok(Notice::Done(format!("The key {}… is revoked.", own.hint)))
}

/// An amount of credits as people write it.
pub(super) fn credits(text: &str) -> Outcome<Credits> {
    text.parse().map_err(|why| Refusal::Bad(format!("{why}.")))
}

async fn add_credits(visit: &Visit, id: i64) -> Outcome<Notice> {
    let (amount, pool) = (credits(visit.field("amount")?)?, visit.field("pool")?);
    let pools = visit.app.store.pools(id).await.or_internal("reading the credits")?;
    check_pool(visit.app.endpoints(), &pools, pool)
        .map_err(|why| Refusal::Bad(format!("{why}.")))?;
    let added = visit.app.store.add_credits(id, pool, amount, now()).await;
    let balance = added.changed("adding the credits")?.balance;
    visit.note(Some(id), "credits added", &format!("{amount} to {pool}")).await?;
    Ok(Notice::Done(format!("The pool {pool} has {balance} credits now.")))
}

async fn set_limits(visit: &Visit, id: i64) -> Outcome<Notice> {
    let limit = |name: &str| match visit.optional(name) {
        None => Ok(None),
        Some(_) => visit.parsed::<u32>(name, "a whole number").map(Some),
    };
    let limits = Limits {
        concurrency: limit("concurrency")?,
        requests_per_second: limit("requests_per_second")?,
    };
    visit.app.store.set_limits(id, limits).await.changed("setting the limits")?;
    let shown = |limit: Option<u32>| limit.map_or("default".to_owned(), |limit| limit.to_string());
    let subject = format!(
        "{} at a time, {} a second",
        shown(limits.concurrency),
        shown(limits.requests_per_second)
    );
    visit.note(Some(id), "limits set", &subject).await?;
    Ok(Notice::Done(format!("The limits are set: {subject}.")))
}

async fn set_service(visit: &Visit, id: i64) -> Outcome<Notice> {
    let path = visit.field("path")?;
    let endpoint = visit.app.service(path);
    let endpoint = endpoint.ok_or_else(|| Refusal::Bad(format!("There is no service {path}.")))?;
    let price = visit.optional("price").map(credits).transpose()?;
    let enabled: bool = visit.parsed("enabled", "true or false")?;
    let state = ServiceState { enabled, price };
    visit.app.store.set_service(id, path, state).await.changed("setting the service")?;
    let name = endpoint.spec().name;
    let price = price.map_or("its own price".to_owned(), |price| format!("price {price}"));
    let subject = format!("{name}: {}, {price}", if enabled { "on" } else { "off" });
    visit.note(Some(id), "service set", &subject).await?;
    Ok(Notice::Done(format!("{subject}.")))
}
