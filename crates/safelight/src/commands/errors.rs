//! `safelight errors`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use safelight_contract::{Code, Edition};
use serde::Serialize;

use super::Context;
use crate::output::Row;

const EXAMPLES: &str = "\
Examples:
  safelight errors                  every code
  safelight errors face             those with `face` in their name
  safelight errors --edition 2026   with the statuses of the later edition
  safelight errors --json";

/// Lists the error codes: HTTP status, coarse code and meaning
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Errors {
    /// Only codes whose name holds this word
    word: Option<String>,
    /// The edition of the contract that decides the HTTP statuses
    #[arg(long, value_enum, default_value_t)]
    edition: EditionName,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum EditionName {
    #[default]
    #[value(name = "2025")]
    E2025,
    #[value(name = "2026")]
    E2026,
}

impl From<EditionName> for Edition {
    fn from(name: EditionName) -> Self {
        match name {
            EditionName::E2025 => Edition::E2025,
            EditionName::E2026 => Edition::E2026,
        }
    }
}

/// A code as listings show it.
#[derive(Serialize)]
struct ErrorRow {
    code: &'static str,
    status: u16,
    message: &'static str,
    coarse: &'static str,
}

impl Row for ErrorRow {
    const HEAD: &'static [&'static str] = &["code", "status", "coarse", "message"];

    fn cells(&self) -> Vec<String> {
        let Self { code, status, message, coarse } = self;
        vec![(*code).into(), status.to_string(), (*coarse).into(), (*message).into()]
    }
}

impl Errors {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let edition = self.edition.into();
        let word = self.word.unwrap_or_default().to_uppercase();
        let rows: Vec<_> = Code::ALL
            .iter()
            // A code that the edition does not know never goes on its wire.
            .filter(|code| code.in_edition(edition) == **code && code.name().contains(&word))
            .map(|code| ErrorRow {
                code: code.name(),
                status: code.status(edition),
                message: code.message(),
                coarse: code.coarse().name(),
            })
            .collect();
        if rows.is_empty() {
            bail!("no code has `{word}` in its name; `safelight errors` lists them all");
        }
        context.output.list(&rows, "")?;
        Ok(ExitCode::SUCCESS)
    }
}
