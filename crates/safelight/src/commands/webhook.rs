//! `safelight webhook`.

use std::process::ExitCode;

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use safelight_store::{KeySecret, Millis, Webhook as Posted};
use serde_json::json;

use super::Context;
use super::accounts::{hint, with_store};
use crate::clock::{now, show as time};
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight webhook secret shop     makes a secret and prints it, once
  safelight webhook list shop       shows the newest webhooks and how they went";

/// How long the secret before stays valid after a new one is made.
const OVERLAP: Millis = 24 * 3_600_000;

/// Webhooks that are listed.
const LISTED: u32 = 100;

/// Webhooks, which tell clients of the end of their tasks
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Webhook {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Makes the secret that an application's webhooks are signed with, and prints it, once; the one
    /// before stays valid for a day
    #[command(after_help = "Example:\n  safelight webhook secret shop")]
    Secret { application: String },
    /// Lists the newest webhooks of an application
    #[command(after_help = "Example:\n  safelight webhook list shop --json")]
    List { application: String },
}

impl Row for Posted {
    const HEAD: &'static [&'static str] =
        &["webhook", "task", "to", "state", "attempts", "last attempt", "task ended"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.task.clone(),
            self.url.clone(),
            self.state.name().to_owned(),
            self.attempts.to_string(),
            self.note.clone(),
            time(self.created_at),
        ]
    }
}

impl Webhook {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::Secret { application } => {
                    let id = hint(store.application(&application).await, "app list")?.id;
                    let nonce = KeySecret::webhook_nonce()?;
                    let bytes = accounts.secret().await?.webhook_secret(id, &nonce);
                    let now = now();
                    store.add_webhook_secret(id, &nonce, now + OVERLAP, now).await?;
                    let secret = format!("whsec_{}", BASE64_STANDARD.encode(bytes));
                    let sentence = format!(
                        "Secret of the webhooks of {application}, shown only now; the one before \
                         stays valid for a day:\n{secret}"
                    );
                    output
                        .result(&json!({ "application": application, "secret": secret }), &sentence)
                }
                Action::List { application } => {
                    let id = hint(store.application(&application).await, "app list")?.id;
                    output.list(&store.webhooks(id, LISTED).await?, "There are no webhooks.")
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
