//! `safelight user`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use safelight_store::User as Account;
use serde_json::json;

use super::Context;
use super::accounts::{hint, with_store};
use crate::clock::{now, show as time};
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight user add maria
  safelight user lock maria     every request of her applications answers ERROR_USER_LOCKED
  safelight user list --json";

/// Users, who own applications
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Adds a user
    #[command(after_help = "Example:\n  safelight user add maria")]
    Add { name: String },
    /// Lists the users
    #[command(after_help = "Example:\n  safelight user list --json")]
    List,
    /// Refuses every request of a user's applications
    #[command(after_help = "Example:\n  safelight user lock maria")]
    Lock { name: String },
    /// Lets a locked user in again
    #[command(after_help = "Example:\n  safelight user unlock maria")]
    Unlock { name: String },
    /// Removes a user; the keys of its applications stop working
    #[command(after_help = "Example:\n  safelight user remove maria")]
    Remove { name: String },
}

impl Row for Account {
    const HEAD: &'static [&'static str] = &["name", "state", "since"];

    fn cells(&self) -> Vec<String> {
        let state = if self.locked { "locked" } else { "active" };
        vec![self.name.clone(), state.into(), time(self.created_at)]
    }
}

impl User {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::Add { name } => {
                    let user = store.create_user(&name, now()).await?;
                    output.result(&user, &format!("Added user {name}."))
                }
                Action::List => output.list(&store.users().await?, "There are no users."),
                Action::Lock { name } => {
                    hint(store.lock_user(&name, true).await, "user list")?;
                    output.result(&json!({ "name": name, "locked": true }), "Locked.")
                }
                Action::Unlock { name } => {
                    hint(store.lock_user(&name, false).await, "user list")?;
                    output.result(&json!({ "name": name, "locked": false }), "Unlocked.")
                }
                Action::Remove { name } => {
                    hint(store.delete_user(&name, now()).await, "user list")?;
                    output.result(&json!({ "name": name, "removed": true }), "Removed.")
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
