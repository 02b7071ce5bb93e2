//! Log output.

mod text;

use std::io::{self, IsTerminal};

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// How the log is written; it goes to the standard error output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Lowest level that is written, or a list of `module=level`.
    pub level: String,
    /// The form of a line.
    pub format: Format,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: "info".into(), format: Format::Auto }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Checks the level and starts to log.
pub fn start(settings: &Settings) -> Result<()> {
    let filter = filter(settings)?;
    let terminal = io::stderr().is_terminal();
    let json = match settings.format {
        Format::Auto => !terminal,
        Format::Text => false,
        Format::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(terminal);
    let started = match json {
        true => builder.json().flatten_event(true).try_init(),
        false => builder.event_format(text::Line).try_init(),
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}

/// Starts to log warnings and errors only, unless a level was asked for: for commands whose output
/// is the answer.
pub fn start_quietly(settings: &Settings) -> Result<()> {
    let default = settings.level == Settings::default().level;
    let level = if default { "warn".into() } else { settings.level.clone() };
    start(&Settings { level, format: Format::Text })
}

/// The filter that the level means.
pub fn filter(settings: &Settings) -> Result<EnvFilter> {
    EnvFilter::try_new(&settings.level).map_err(|error| {
        anyhow!(
            "log.level is `{}`: {error}; allowed are error, warn, info, debug, trace, or a list \
             such as `info,safelight_server=debug`",
            settings.level
        )
    })
}
