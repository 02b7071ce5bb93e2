//! `safelight ready`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::Context;

const EXAMPLES: &str = "\
Examples:
  safelight ready && echo at your service
  safelight ready --set listen=127.0.0.1:9000

The exit code is 1 where it is not ready or does not run. For health checks of containers.";

/// Longest wait for the server.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the server of this machine whether it is ready
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Ready {}

impl Ready {
    pub fn run(self, context: &Context) -> Result<ExitCode> {
        let mut address = context.load()?.config.server.listen;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let answer = ask(address).with_context(|| format!("no server answers at {address}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split(' ').nth(1) != Some("200") {
            bail!("the server at {address} is not ready: {body}");
        }
        context.output.result(&serde_json::json!({ "ready": true }), "The server is ready.")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What the server says of itself, with its head.
fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
