//! `safelight worker`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use safelight_server::Role;

use super::Context;
use super::serve::Serve;

const EXAMPLES: &str = "\
Examples:
  safelight worker --config /etc/safelight/safelight.toml --listen 127.0.0.1:8081
  safelight worker --listen 127.0.0.1:8081 --set store.url=postgres://safelight@db/safelight \\
      --set blobs.url=s3://safelight/production --set public_url=https://images.example.com

A worker takes asynchronous tasks from the database that it shares with `safelight serve` on other
machines, as many as it has room for and models to do. It answers no requests but /health/live,
/health/ready and /metrics on the address that it listens on. SIGTERM lets it end what it works on,
for as long as shutdown_grace_seconds say, and put back the rest.";

/// Works on tasks for servers that share a database
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Worker {
    #[command(flatten)]
    serve: Serve,
}

impl Worker {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        self.serve.run_as(Role::Worker, context)
    }
}
