//! `safelight migrate`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use futures_util::TryStreamExt;
use safelight_store::{BlobSettings, Blobs, MovedTable};
use serde::Serialize;

use super::Context;
use crate::clock::now;
use crate::data::DataFolder;
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight migrate sqlite-to-postgres --dry-run
  safelight migrate sqlite-to-postgres

Stop the server first. Set store.url and blobs.url to where rows and files shall go; they come from the
data folder. A move that was cut off goes on when it is started again, until a server has run on the new
database. Credits, holds and charges are compared before and after.";

/// What all files lie under.
const PREFIXES: [&str; 4] = ["results", "inputs", "uploads", "faces"];

/// Moves an installation to another database
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Migrate {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// From the data folder to the database and the files that several processes share
    #[command(after_help = EXAMPLES)]
    SqliteToPostgres {
        /// Counts what would be copied, and copies nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Serialize)]
struct Moved {
    what: String,
    found: u64,
    copied: u64,
}

impl Row for Moved {
    const HEAD: &'static [&'static str] = &["what", "found", "copied"];

    fn cells(&self) -> Vec<String> {
        vec![self.what.clone(), self.found.to_string(), self.copied.to_string()]
    }
}

impl Migrate {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let Action::SqliteToPostgres { dry_run } = self.action;
        let loaded = context.load()?;
        let own = &loaded.config.own;
        if !own.store.is_shared() {
            bail!("store.url is not set: it names where the rows shall go");
        }
        let data = DataFolder::new(loaded.data.clone());
        data.require()?;
        // No server may change what is copied.
        let _claim = data.claim()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let moved = runtime.block_on(async {
            let rows = safelight_store::migrate(&data.database(), &own.store, dry_run, now()).await;
            let rows = rows.context("the rows were not moved")?;
            let table =
                |MovedTable { name, rows, copied }| Moved { what: name, found: rows, copied };
            let mut moved: Vec<_> = rows.into_iter().map(table).collect();
            let from = BlobSettings::default().open(data.blobs(), own.store.durability)?;
            let to = own.blobs.open(data.blobs(), own.store.durability)?;
            for prefix in PREFIXES {
                moved.push(files(&from, &to, prefix, dry_run).await?);
            }
            Ok::<_, anyhow::Error>(moved)
        })?;
        context.output.list(&moved, "There is nothing to move.")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Copies the files under a prefix that are not there, or not as long.
async fn files(from: &Blobs, to: &Blobs, prefix: &str, dry_run: bool) -> Result<Moved> {
    let mut moved = Moved { what: format!("files in {prefix}"), found: 0, copied: 0 };
    let mut blobs = from.list(prefix)?;
    while let Some(blob) = blobs.try_next().await? {
        moved.found += 1;
        let there = to.head(&blob.key).await.is_ok_and(|size| size == blob.size);
        if !there && !dry_run {
            to.put(&blob.key, from.get(&blob.key).await?).await?;
            moved.copied += 1;
        }
    }
    Ok(moved)
}
