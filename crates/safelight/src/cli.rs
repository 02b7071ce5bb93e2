//! The shape of the command line: what holds for every command, and the list of commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::config::Assignment;

const EXAMPLES: &str = "\
Examples:
  safelight serve                          start the server; the first start prints a key
  safelight console                        a link that signs you in to the console
  safelight run universal-background-removal photos/*.jpg -o cutouts
  safelight services                       what it can do, and at which price
  safelight key add default                one more API key for the application `default`
  safelight doctor                         is everything in order?";

/// What `--version` says beyond the number that `-V` says.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\nAPI editions: 2025 (default), 2026",
    "\nengine:       OpenVINO 2026.4.1 or later",
    "\nmodels:       ",
    env!("MODEL_SET"),
);

/// A self-hosted, drop-in image API.
#[derive(Parser)]
#[command(name = "safelight", version, long_version = LONG_VERSION, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Args)]
pub struct Global {
    /// Configuration file [default: safelight.toml in the data folder, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "SAFELIGHT_CONFIG", hide_env = true)]
    #[arg(help_heading = "Everywhere")]
    pub config: Option<PathBuf>,
    /// Data folder: database, results, models, native library
    #[arg(long, global = true, value_name = "FOLDER", help_heading = "Everywhere")]
    pub data: Option<PathBuf>,
    /// Sets one key of the configuration, e.g. `--set log.level=debug`; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = "Everywhere")]
    pub set: Vec<Assignment>,
    /// Answers in JSON
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
}

/// The commands, in the order that a newcomer meets them.
#[derive(Subcommand)]
pub enum Command {
    Serve(commands::serve::Serve),
    Console(commands::console::Console),
    Worker(commands::worker::Worker),
    Run(commands::run::Run),
    Mcp(commands::mcp::Mcp),
    Gallery(commands::gallery::Gallery),
    Services(commands::services::Services),
    Errors(commands::errors::Errors),
    Models(commands::models::Models),
    Doctor(commands::doctor::Doctor),
    Ready(commands::ready::Ready),
    User(commands::user::User),
    App(commands::app::App),
    Key(commands::key::Key),
    Library(commands::library::Library),
    Webhook(commands::webhook::Webhook),
    Credits(commands::credits::Credits),
    Migrate(commands::migrate::Migrate),
    Config(commands::config::Config),
    Completions(commands::completions::Completions),
    Man(commands::completions::Man),
    Docs(commands::docs::Docs),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo run` hands what the build sets to the program, which refuses settings that it does not know.
    #[test]
    fn what_the_build_sets_is_no_setting() {
        let build = include_str!("../build.rs");
        assert!(build.contains("rustc-env=") && !build.contains("rustc-env=SAFELIGHT_"));
    }

    #[test]
    fn the_version_names_the_engine_that_is_fetched() {
        let engine = safelight_inference::runtime::VERSION;
        assert!(LONG_VERSION.contains(&format!("OpenVINO {engine}")), "{LONG_VERSION}");
    }
}
