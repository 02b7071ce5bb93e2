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

/// A self-hosted, drop-in image API.
#[derive(Parser)]
#[command(name = "safelight", version, about, after_help = EXAMPLES, max_term_width = 100)]
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
    Run(commands::run::Run),
    Gallery(commands::gallery::Gallery),
    Services(commands::services::Services),
    Errors(commands::errors::Errors),
    Models(commands::models::Models),
    Doctor(commands::doctor::Doctor),
    User(commands::user::User),
    App(commands::app::App),
    Key(commands::key::Key),
    Library(commands::library::Library),
    Webhook(commands::webhook::Webhook),
    Credits(commands::credits::Credits),
    Config(commands::config::Config),
    Docs(commands::docs::Docs),
}
