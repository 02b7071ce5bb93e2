//! Users and applications.

use safelight_console::{Markup, Notice, Place, accounts};
use safelight_store::{Credits, Limits, NewApplication};

use super::{Changed, Outcome, Refusal, Visit, application, session, told};
use crate::app::{Stored, now};

/// The page.
pub(super) async fn page(visit: &Visit, notice: Option<Notice>) -> Outcome<Markup> {
    visit.operator()?;
    let store = &visit.app.store;
    let users = store.users().await.or_internal("reading the users")?;
    let mut applications = Vec::new();
    for one in visit.applications().await? {
        let pools = store.pools(one.id).await.or_internal("reading the credits")?;
        let common = pools.iter().find(|pool| pool.sign == safelight_store::COMMON_POOL);
        applications.push((one, common.map(|pool| pool.balance).unwrap_or_default()));
    }
    let who = visit.who();
    let shell = visit.shell(&who, Place::Accounts, "Accounts").with(notice);
    Ok(accounts::overview(&shell, &users, &applications))
}

/// Creates, locks, unlocks or deletes a user.
pub(super) async fn change_user(visit: &Visit, act: &str) -> Outcome<Markup> {
    visit.operator()?;
    let done = async {
        let store = &visit.app.store;
        let (name, what) = match act {
            "create" => {
                let name = visit.field("name")?;
                store.create_user(name, now()).await.changed("creating the user")?;
                (name, "user created")
            }
            "lock" | "unlock" => {
                let name = visit.field("name")?;
                let lock = act == "lock";
                store.lock_user(name, lock).await.changed("locking the user")?;
                (name, if lock { "user locked" } else { "user unlocked" })
            }
            "delete" => {
                let name = visit.field("name")?;
                store.delete_user(name, now()).await.changed("deleting the user")?;
                (name, "user deleted")
            }
            _ => return Err(Refusal::Missing),
        };
        visit.note(None, what, name).await?;
        Ok(Notice::Done(format!("Done: {what}, {name}.")))
    };
    let notice = told(done.await)?;
    page(visit, notice).await
}

/// Creates an application with credits and a key.
pub(super) async fn create_application(visit: &Visit) -> Outcome<Markup> {
    visit.operator()?;
    let done = async {
        let (user, name) = (visit.field("user")?.to_owned(), visit.field("name")?.to_owned());
        let credits = match visit.optional("credits") {
            None => Credits::default(),
            Some(text) => application::credits(text)?,
        };
        if credits.0 < 0 {
            return Err(Refusal::Bad(format!("credits is {credits}, it must not be negative.")));
        }
        let (key, hash, hint) = session::new_key(&visit.app)?;
        let new = NewApplication { user, name, limits: Limits::default(), key: Some((hash, hint)) };
        let store = &visit.app.store;
        let made = store.create_application(&new, now()).await;
        let made = made.changed("creating the application")?;
        visit.note(Some(made.id), "application created", &made.name).await?;
        if credits.0 > 0 {
            let added =
                store.add_credits(made.id, safelight_store::COMMON_POOL, credits, now()).await;
            added.changed("adding the credits")?;
            visit.note(Some(made.id), "credits added", &format!("{credits} to common")).await?;
        }
        Ok(Notice::Secret(format!("The application {} has a key.", made.name), key))
    };
    let notice = told(done.await)?;
    page(visit, notice).await
}
