//! `safelight config`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::config::{DOCUMENT, Origin};
use crate::output::{Row, line, print};

const EXAMPLES: &str = "\
Examples:
  safelight config default > safelight.toml     every key with its meaning
  safelight config check --config safelight.toml
  SAFELIGHT_LOG__LEVEL=debug safelight config show
  safelight config show --json

A value is taken from the flags, else from the environment (SAFELIGHT_<AREA>__<KEY>), else from the
file, else it is the default.";

/// The configuration: check it, show it, print a template
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Subcommand)]
enum Action {
    /// Says whether the configuration is valid, and where each value comes from
    #[command(after_help = "Example:\n  safelight config check --config safelight.toml")]
    Check,
    /// Prints the effective configuration
    #[command(after_help = "Example:\n  safelight config show --json")]
    Show,
    /// Prints a complete, commented file with the defaults
    #[command(after_help = "Example:\n  safelight config default > safelight.toml")]
    Default,
}

impl Row for Origin {
    const HEAD: &'static [&'static str] = &["key", "value", "from"];

    fn cells(&self) -> Vec<String> {
        vec![self.key.clone(), self.value.to_string(), self.source.clone()]
    }
}

impl Config {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let output = context.output;
        match self.action {
            Action::Default if output.is_json() => {
                output.json(&crate::config::Config::default())?;
            }
            Action::Default => print(DOCUMENT)?,
            Action::Show => {
                let loaded = context.load()?;
                match output.is_json() {
                    true => output.json(&loaded.config)?,
                    false => print(&toml::to_string_pretty(&loaded.config)?)?,
                }
            }
            Action::Check => {
                let loaded = context.load()?;
                let origins = loaded.origins();
                if output.is_json() {
                    let data = &loaded.data;
                    output.json(&json!({ "ok": true, "data": data, "values": origins }))?;
                } else {
                    output.list(&origins, "")?;
                    line(&format!("ok; the data folder is {}", loaded.data.display()))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
