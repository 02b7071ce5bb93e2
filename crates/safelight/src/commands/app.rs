//! `safelight app`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use safelight_store::{Application, Credits, Limits, NewApplication, ServiceState};
use serde_json::json;

use super::Context;
use super::accounts::{Accounts, hint, with_store};
use super::services::find_any;
use crate::clock::{now, show as time};
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight app add shop --user maria --credits 500     prints its key, once
  safelight app limits shop --concurrency 4 --requests-per-second 10
  safelight app service shop universal-background-removal --price 0.5
  safelight app service shop universal-background-removal --disable
  safelight app list --json";

/// Applications, which keys and credits belong to
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct App {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Adds an application and prints its first key, once
    #[command(after_help = "Example:\n  safelight app add shop --user maria --credits 500")]
    Add {
        name: String,
        /// The user that owns it
        #[arg(long, default_value = "admin")]
        user: String,
        /// Credits in its pool `common`
        #[arg(long, default_value = "0")]
        credits: Credits,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Lists the applications
    #[command(after_help = "Example:\n  safelight app list --json")]
    List,
    /// Sets its limits; one that is left out goes back to the configuration's default
    #[command(after_help = "Example:\n  safelight app limits shop --concurrency 4")]
    Limits {
        name: String,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Switches a service on or off for it, or sets its price
    #[command(
        after_help = "Example:\n  safelight app service shop universal-background-removal --price 2"
    )]
    Service(ServiceArgs),
    /// Removes it; its keys stop working, its waiting tasks are revoked
    #[command(after_help = "Example:\n  safelight app remove shop")]
    Remove { name: String },
}

#[derive(Args)]
struct LimitArgs {
    /// Requests at work at the same time
    #[arg(long, value_name = "N")]
    concurrency: Option<u32>,
    /// Requests per second, sustained
    #[arg(long, value_name = "N")]
    requests_per_second: Option<u32>,
}

impl From<LimitArgs> for Limits {
    fn from(arguments: LimitArgs) -> Self {
        let LimitArgs { concurrency, requests_per_second } = arguments;
        Self { concurrency, requests_per_second }
    }
}

#[derive(Args)]
struct ServiceArgs {
    name: String,
    /// The service, by its path or the last segment of it
    service: String,
    /// Lets the application use it
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Answers ERROR_AI_NOT_EXISTS instead
    #[arg(long)]
    disable: bool,
    /// Credits for one success
    #[arg(long, conflicts_with = "default_price")]
    price: Option<Credits>,
    /// Back to the service's own price
    #[arg(long)]
    default_price: bool,
}

impl Row for Application {
    const HEAD: &'static [&'static str] = &["name", "user", "concurrency", "requests/s", "since"];

    fn cells(&self) -> Vec<String> {
        let limit = |limit: Option<u32>| limit.map_or("default".into(), |limit| limit.to_string());
        let Limits { concurrency, requests_per_second } = self.limits;
        let limits = [limit(concurrency), limit(requests_per_second)];
        let [concurrency, rate] = limits;
        vec![self.name.clone(), self.user.clone(), concurrency, rate, time(self.created_at)]
    }
}

impl App {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::Add { name, user, credits, limits } => {
                    add(context, accounts, name, user, credits, limits.into()).await
                }
                Action::List => {
                    output.list(&store.applications().await?, "There are no applications.")
                }
                Action::Limits { name, limits } => {
                    let id = hint(store.application(&name).await, "app list")?.id;
                    store.set_limits(id, limits.into()).await?;
                    let application = store.application(&name).await?;
                    output.result(&application, &format!("Changed the limits of {name}."))
                }
                Action::Service(arguments) => service(context, accounts, arguments).await,
                Action::Remove { name } => {
                    let id = hint(store.application(&name).await, "app list")?.id;
                    store.delete_application(id, now()).await?;
                    output.result(&json!({ "name": name, "removed": true }), "Removed.")
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn add(
    context: &Context,
    accounts: &Accounts,
    name: String,
    user: String,
    credits: Credits,
    limits: Limits,
) -> Result<()> {
    if credits < Credits::default() {
        bail!("--credits is {credits}, it must be 0 or more");
    }
    let secret = accounts.secret().await?;
    let (key, hash, key_hint) = secret.generate()?;
    let new = NewApplication { user, name, limits, key: Some((hash, key_hint)) };
    let application = hint(accounts.store.create_application(&new, now()).await, "user list")?;
    if credits != Credits::default() {
        accounts.store.add_credits(application.id, "common", credits, now()).await?;
    }
    let sentence = format!(
        "Added application {} with {credits} credits. Its key, shown only now:\n{key}",
        application.name
    );
    context.output.result(&json!({ "application": application, "key": key }), &sentence)
}

async fn service(context: &Context, accounts: &Accounts, arguments: ServiceArgs) -> Result<()> {
    let ServiceArgs { name, service, enable, disable, price, default_price } = arguments;
    let endpoint = find_any(&service)?;
    let path = endpoint.spec().path;
    let id = hint(accounts.store.application(&name).await, "app list")?.id;
    let services = accounts.store.services(id).await?;
    let before = services.get(path).copied().unwrap_or_default();
    let state = ServiceState {
        enabled: if disable { false } else { enable || before.enabled },
        price: if default_price { None } else { price.or(before.price) },
    };
    if state != before {
        accounts.store.set_service(id, path, state).await?;
    }
    let price = state.price.unwrap_or(Credits::whole(endpoint.spec().price));
    let answer = match state.enabled {
        true => format!("{name} may use {path} at {price} credits."),
        false => format!("{name} may not use {path}."),
    };
    context.output.result(&json!({ "application": name, "path": path, "state": state }), &answer)
}
