//! `safelight completions` and `safelight man`.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use crate::cli::Cli;
use crate::output::print;

const COMPLETIONS: &str = "\
Examples:
  safelight completions bash > ~/.local/share/bash-completion/completions/safelight
  safelight completions zsh > \"${fpath[1]}/_safelight\"
  safelight completions fish > ~/.config/fish/completions/safelight.fish";

/// Prints what a shell completes command lines with
#[derive(Args)]
#[command(after_help = COMPLETIONS)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "safelight", &mut script);
        print(&String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints the manual page, of the whole or of one command
#[derive(Args)]
#[command(
    after_help = "Examples:\n  safelight man | man -l -\n  safelight man serve > safelight-serve.1"
)]
pub struct Man {
    /// The command
    command: Option<String>,
}

impl Man {
    pub fn run(self) -> Result<ExitCode> {
        let mut all = Cli::command();
        all.build();
        let page = match &self.command {
            None => all,
            Some(name) => {
                let found = all.find_subcommand(name).cloned();
                found.ok_or_else(|| anyhow::anyhow!("there is no command `{name}`"))?
            }
        };
        let mut text = Vec::new();
        Page::new(page).render(&mut text).map_err(io::Error::other)?;
        print(&String::from_utf8(text)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
