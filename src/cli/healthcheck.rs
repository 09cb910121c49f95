//! `healthcheck`: what a container's own health probe runs.

use super::serve::reachable;
use crate::config::Config;
use anyhow::{Context as _, bail};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);
/// More than a status line needs.
const MOST_READ: u64 = 1024;

/// Asks the server on this machine; succeeds when it says 200.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let address = reachable(config.server.bind);
    let status = status(address).with_context(|| format!("no answer from {address}"))?;
    if !status.contains(" 200 ") {
        bail!("{address} says: {status}");
    }
    Ok(ExitCode::SUCCESS)
}

fn status(address: std::net::SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET /healthcheck HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(MOST_READ).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
