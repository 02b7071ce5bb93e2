//! `safelight mcp`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use safelight_inference::Registry;
use safelight_store::KeySecret;
use tokio::io::{stdin, stdout};

use super::Context;
use super::serve::signalled;
use crate::data::DataFolder;
use crate::temporary::Temporary;
use crate::{engine, logs};

const EXAMPLES: &str = "\
Examples:
  safelight mcp
  safelight mcp --set log.level=debug
  safelight mcp --set twin=true       sample answers, no models: for tests of client programs

Programs such as desktop assistants start this command by themselves; their configuration names it,
e.g. {\"mcpServers\": {\"safelight\": {\"command\": \"safelight\", \"args\": [\"mcp\"]}}}. It needs no server
and no key, reads and writes the user's own files, and opens no port. A running server offers the same
tools at /mcp, with the API key as bearer token.";

/// How long work may go on that was called off, before its files go.
const LAST_STEPS: Duration = Duration::from_millis(500);

/// Offers the services as tools of language models on standard input and output (Model Context Protocol)
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Mcp {}

impl Mcp {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let loaded = context.load()?;
        // The standard output belongs to the protocol, the log goes to the standard error output.
        logs::start_quietly(&loaded.config.own.log)?;
        let data = DataFolder::new(loaded.data.clone());
        let registry = match loaded.config.server.twin {
            true => Registry::empty(),
            false => engine::start(&data, &loaded.config.own.models)?,
        };
        let mut secret = [0; 32];
        secret[..16].copy_from_slice(&KeySecret::webhook_nonce()?);
        secret[16..].copy_from_slice(&KeySecret::webhook_nonce()?);
        let local = Temporary::new(&loaded, registry, KeySecret::new(secret))?;
        let (key, ..) = local.parts.secret.generate()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(local.open(&key))?;
        // The folder holds the user's pictures: it goes when this ends, also where the process is told to.
        let Temporary { parts, folder: _folder } = local;
        let outcome = runtime.block_on(async {
            tokio::select! {
                served = safelight_server::serve_tools(parts, &key, stdin(), stdout()) => served,
                () = signalled() => Ok(()),
            }
        });
        // A read of the standard input cannot be called off, so that whatever else is at work has a moment.
        runtime.shutdown_timeout(LAST_STEPS);
        Ok(outcome.map(|()| ExitCode::SUCCESS)?)
    }
}
