//! `safelight key`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use safelight_store::{ApiKey, KeyKind};
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::accounts::{Accounts, hint, with_store};
use crate::clock::{now, show as time};
use crate::output::Row;
use crate::secrets;

const EXAMPLES: &str = "\
Examples:
  safelight key add default       prints a new key, once
  safelight key add default --sandbox    one whose requests are tested, answered with samples and free
  safelight key list
  safelight key revoke 3
  safelight key rotate default    a new key; all earlier ones stop working";

/// API keys of applications
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Adds a key to an application and prints it, once
    #[command(after_help = "Example:\n  safelight key add default")]
    Add {
        application: String,
        /// A key for tests: requests are checked as usual, then get sample answers or the failures that
        /// their header X-Safelight-Simulate asks for, and cost nothing
        #[arg(long)]
        sandbox: bool,
    },
    /// Lists the keys of one application, or of all
    #[command(after_help = "Example:\n  safelight key list default --json")]
    List { application: Option<String> },
    /// Revokes a key, by the number that the list shows
    #[command(after_help = "Example:\n  safelight key revoke 3")]
    Revoke { number: i64 },
    /// Makes a new secret.key in place of one that is lost: all keys of all applications are revoked, and
    /// webhooks need new secrets
    #[command(after_help = "Example:\n  safelight key new-secret --yes")]
    NewSecret {
        /// Says that it is meant
        #[arg(long)]
        yes: bool,
    },
    /// Adds a key and revokes all earlier ones, sandbox keys apart
    #[command(after_help = "Example:\n  safelight key rotate default")]
    Rotate { application: String },
}

/// A key as listings show it.
#[derive(Serialize)]
struct KeyRow {
    application: String,
    #[serde(flatten)]
    key: ApiKey,
}

impl Row for KeyRow {
    const HEAD: &'static [&'static str] = &["number", "key", "kind", "application", "since"];

    fn cells(&self) -> Vec<String> {
        let ApiKey { id, hint, kind, created_at } = &self.key;
        let name = self.application.clone();
        vec![id.to_string(), format!("{hint}…"), kind.name().to_owned(), name, time(*created_at)]
    }
}

impl Key {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::Add { application, sandbox } => {
                    let kind = if sandbox { KeyKind::Sandbox } else { KeyKind::Live };
                    let id = hint(store.application(&application).await, "app list")?.id;
                    let (row, key) = add(accounts, id, kind).await?;
                    let sentence = format!("Key {}, shown only now:\n{key}", row.id);
                    let answer = json!({
                        "application": application, "id": row.id, "kind": kind, "key": key,
                    });
                    output.result(&answer, &sentence)
                }
                Action::List { application } => {
                    output.list(&list(accounts, application).await?, "There are no keys.")
                }
                Action::Revoke { number } => {
                    hint(store.revoke_key(number, now()).await, "key list")?;
                    output.result(&json!({ "id": number, "revoked": true }), "Revoked.")
                }
                Action::NewSecret { yes } => {
                    if !yes {
                        bail!("nothing was changed; say --yes if all keys must be made anew");
                    }
                    let revoked = new_secret(accounts).await?;
                    let sentence = format!(
                        "Made a new {}; {revoked} keys are revoked. `safelight key add` makes others.",
                        secrets::KEYS
                    );
                    output.result(&json!({ "revoked": revoked }), &sentence)
                }
                Action::Rotate { application } => {
                    let id = hint(store.application(&application).await, "app list")?.id;
                    let mut earlier = store.keys(id).await?;
                    earlier.retain(|key| key.kind == KeyKind::Live);
                    let (row, key) = add(accounts, id, KeyKind::Live).await?;
                    safelight_server::revoke_earlier(&**store, &earlier, now()).await?;
                    let count = earlier.len();
                    let sentence =
                        format!("Key {}, shown only now ({count} revoked):\n{key}", row.id);
                    let revoked: Vec<_> = earlier.iter().map(|key| key.id).collect();
                    let answer = json!({
                        "application": application, "id": row.id, "key": key, "revoked": revoked,
                    });
                    output.result(&answer, &sentence)
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Adds a key; answers its row and its text.
async fn add(accounts: &Accounts, application: i64, kind: KeyKind) -> Result<(ApiKey, String)> {
    let secret = accounts.secret().await?;
    let (key, hash, hint) = secret.generate()?;
    let row = accounts.store.add_key(application, &hash, &hint, kind, now()).await?;
    Ok((row, key))
}

/// Makes the secret anew; answers how many keys were made with the one before.
async fn new_secret(accounts: &Accounts) -> Result<usize> {
    secrets::give_up(&*accounts.store, accounts.data(), secrets::KEYS).await?;
    let keys = list(accounts, None).await?;
    for row in &keys {
        accounts.store.revoke_key(row.key.id, now()).await?;
    }
    accounts.secret().await?;
    Ok(keys.len())
}

async fn list(accounts: &Accounts, application: Option<String>) -> Result<Vec<KeyRow>> {
    let applications = match application {
        Some(name) => vec![hint(accounts.store.application(&name).await, "app list")?],
        None => accounts.store.applications().await?,
    };
    let mut rows = Vec::new();
    for application in applications {
        let keys = accounts.store.keys(application.id).await?;
        let name = application.name;
        rows.extend(keys.into_iter().map(|key| KeyRow { application: name.clone(), key }));
    }
    Ok(rows)
}
