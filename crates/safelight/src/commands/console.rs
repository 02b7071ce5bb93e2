//! `safelight console`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use super::Context;
use super::accounts::with_store;
use super::serve::{base_url, console_url};

const EXAMPLES: &str = "\
Examples:
  safelight console
  safelight console --url https://console.example.com
  safelight console --json";

/// Prints a link that signs you in to the console as operator, once, within ten minutes
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Console {
    /// Where the console is reached [default: as the configuration says]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Console {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let settings = context.load()?.config.server;
        let base = base_url(&settings, settings.listen);
        let Some(configured) = console_url(&settings, &base) else {
            bail!("the console is switched off (console.enabled is false)");
        };
        let url = self.url.unwrap_or(configured);
        let output = context.output;
        with_store(context, async |accounts| {
            let secret = accounts.secret().await?;
            let url = url.trim_end_matches('/');
            let link = safelight_server::console_link(&*accounts.store, &secret, url).await?;
            output.result(&json!({ "link": link }), &link)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
