//! `safelight credits`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use safelight_server::RECOGNITION;
use safelight_services::CATALOG;
use safelight_store::{Credits as Amount, Pool};
use serde::Serialize;
use serde_json::json;

use super::Context;
use super::accounts::{Accounts, hint, with_store};
use crate::clock::{now, show as time};
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight credits show
  safelight credits add default 500
  safelight credits add default -20              takes 20 back
  safelight credits warn default 50              `balance_warning` of query-credits
  safelight credits audit                        do the books add up?";

/// Credits of applications
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Credits {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Shows the pools of one application, or of all
    #[command(after_help = "Example:\n  safelight credits show default --json")]
    Show { application: Option<String> },
    /// Adds credits to a pool; a negative amount takes back, never below zero
    #[command(after_help = "Example:\n  safelight credits add default 500")]
    Add {
        application: String,
        #[arg(allow_negative_numbers = true)]
        amount: Amount,
        /// `common`, or the pool of a service (see `safelight services`)
        #[arg(long, default_value = "common")]
        pool: String,
    },
    /// Sets the balance below which a pool warns
    #[command(after_help = "Example:\n  safelight credits warn default 50")]
    Warn {
        application: String,
        balance: Amount,
        /// `common`, or the pool of a service
        #[arg(long, default_value = "common")]
        pool: String,
    },
    /// Checks that every transfer balances; exit code 1 if one does not
    #[command(after_help = "Example:\n  safelight credits audit --json")]
    Audit,
}

/// A pool as listings show it.
#[derive(Serialize)]
struct PoolRow {
    application: String,
    #[serde(flatten)]
    pool: Pool,
}

impl Row for PoolRow {
    const HEAD: &'static [&'static str] =
        &["application", "pool", "balance", "held", "bought", "warns below", "changed"];

    fn cells(&self) -> Vec<String> {
        let pool = &self.pool;
        vec![
            self.application.clone(),
            pool.sign.clone(),
            pool.balance.to_string(),
            pool.held.to_string(),
            pool.total.to_string(),
            pool.balance_warning.to_string(),
            time(pool.last_update_time),
        ]
    }
}

impl Credits {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        with_store(context, async |accounts| {
            let store = &accounts.store;
            match self.action {
                Action::Show { application } => {
                    output
                        .list(&show(accounts, application).await?, "There are no applications.")?;
                }
                Action::Add { application, amount, pool } => {
                    let id = hint(store.application(&application).await, "app list")?.id;
                    check(accounts, id, &pool).await?;
                    let pool = store.add_credits(id, &pool, amount, now()).await?;
                    let sentence =
                        format!("{application} has {} credits in {}.", pool.balance, pool.sign);
                    output.result(&PoolRow { application, pool }, &sentence)?;
                }
                Action::Warn { application, balance, pool } => {
                    let id = hint(store.application(&application).await, "app list")?.id;
                    check(accounts, id, &pool).await?;
                    store.set_balance_warning(id, &pool, balance).await?;
                    let answer =
                        json!({ "application": application, "sign": pool, "warning": balance });
                    output.result(&answer, &format!("{pool} warns below {balance} credits."))?;
                }
                Action::Audit => return audit(context, accounts).await,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Refuses a pool that nothing is paid from.
async fn check(accounts: &Accounts, application: i64, pool: &str) -> Result<()> {
    let pools = accounts.store.pools(application).await?;
    let endpoints = CATALOG.iter().chain(RECOGNITION);
    safelight_server::check_pool(endpoints, &pools, pool).map_err(|why| anyhow!(why))
}

async fn show(accounts: &Accounts, application: Option<String>) -> Result<Vec<PoolRow>> {
    let applications = match application {
        Some(name) => vec![hint(accounts.store.application(&name).await, "app list")?],
        None => accounts.store.applications().await?,
    };
    let mut rows = Vec::new();
    for application in applications {
        let pools = accounts.store.pools(application.id).await?;
        let name = application.name;
        rows.extend(pools.into_iter().map(|pool| PoolRow { application: name.clone(), pool }));
    }
    Ok(rows)
}

async fn audit(context: &Context, accounts: &Accounts) -> Result<ExitCode> {
    let audit = accounts.store.audit().await?;
    let sentence = match audit.errors.is_empty() {
        true => format!(
            "The books are right: {} credits issued, {} left, {} held, {} spent in {} charges.",
            audit.issued, audit.balances, audit.held, audit.spent, audit.charges
        ),
        false => format!("The books are wrong:\n  {}", audit.errors.join("\n  ")),
    };
    context.output.result(&audit, &sentence)?;
    Ok(if audit.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
