//! The commands, one file each.

pub mod app;
pub mod completions;
pub mod config;
pub mod console;
pub mod credits;
pub mod docs;
pub mod doctor;
pub mod errors;
pub mod gallery;
pub mod key;
pub mod library;
pub mod mcp;
pub mod migrate;
pub mod models;
pub mod ready;
pub mod run;
pub mod serve;
pub mod services;
pub mod user;
pub mod webhook;
pub mod worker;

mod accounts;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command, Global};
use crate::config::{Assignment, Loaded};
use crate::output::Output;

/// What every command has at hand.
pub struct Context {
    pub global: Global,
    pub output: Output,
}

impl Context {
    /// Reads the configuration and checks it.
    pub fn load(&self) -> Result<Loaded> {
        self.load_with(&[])
    }

    /// The same, with the flags of the command itself.
    pub fn load_with(&self, flags: &[Assignment]) -> Result<Loaded> {
        let loaded = Loaded::load(&self.global, flags)?;
        loaded.check()?;
        Ok(loaded)
    }
}

/// Runs the command that was given.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let context = Context { output: Output::new(cli.global.json), global: cli.global };
    match cli.command {
        Command::Serve(command) => command.run(&context),
        Command::Console(command) => command.run(&context),
        Command::Worker(command) => command.run(&context),
        Command::Run(command) => command.run(&context),
        Command::Mcp(command) => command.run(&context),
        Command::Gallery(command) => command.run(&context),
        Command::Services(command) => command.run(&context),
        Command::Errors(command) => command.run(&context),
        Command::Models(command) => command.run(&context),
        Command::Migrate(command) => command.run(&context),
        Command::Doctor(command) => command.run(&context),
        Command::Ready(command) => command.run(&context),
        Command::User(command) => command.run(&context),
        Command::App(command) => command.run(&context),
        Command::Key(command) => command.run(&context),
        Command::Library(command) => command.run(&context),
        Command::Webhook(command) => command.run(&context),
        Command::Credits(command) => command.run(&context),
        Command::Config(command) => command.run(&context),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Docs(command) => command.run(&context),
    }
}
