//! `safelight`: the server, the account tools and the services on the command line, in one binary.

mod cli;
mod clock;
mod commands;
mod config;
mod data;
mod documents;
mod engine;
mod first_run;
mod logs;
mod models;
mod output;
mod progress;
mod secrets;
mod temporary;
mod twin;

use std::process::ExitCode;

use clap::Parser;

/// Keeps memory flat where many threads allocate and free whole pictures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        // `safelight errors | head` ends early, and that is fine.
        Err(error) if output::reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
