//! Certificates of a cloud's own: `pki_setup` and `ssl_setup`.

use super::arguments::PkiSetup;
use super::{USAGE, owner, print};
use crate::app::Clock;
use crate::config::Config;
use crate::crypto::authority::Authority;
use crate::crypto::{Owner, files};
use anyhow::Context as _;
use std::path::Path;
use std::process::ExitCode;

/// What a section says about four files.
struct Plan<'a> {
    ca_certificate: &'a Path,
    ca_key: &'a Path,
    certificate: &'a Path,
    key: &'a Path,
    key_size: u64,
    valid_days: u64,
    subject: &'a str,
}

/// Makes the certificates that sign PKI tokens and revocation lists.
pub(super) fn pki_setup(config: &Config, options: &PkiSetup) -> anyhow::Result<ExitCode> {
    let signing = &config.signing;
    let plan = Plan {
        ca_certificate: &signing.ca_certs,
        ca_key: &signing.ca_key,
        certificate: &signing.certfile,
        key: &signing.keyfile,
        key_size: signing.key_size,
        valid_days: signing.valid_days,
        subject: &signing.cert_subject,
    };
    set_up(&plan, options)
}

/// Makes a certificate for a TLS server.
pub(super) fn ssl_setup(config: &Config, options: &PkiSetup) -> anyhow::Result<ExitCode> {
    let (server, ssl) = (&config.eventlet_server_ssl, &config.ssl);
    let plan = Plan {
        ca_certificate: &server.ca_certs,
        ca_key: &ssl.ca_key,
        certificate: &server.certfile,
        key: &server.keyfile,
        key_size: ssl.key_size,
        valid_days: ssl.valid_days,
        subject: &ssl.cert_subject,
    };
    set_up(&plan, options)
}

fn set_up(plan: &Plan<'_>, options: &PkiSetup) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(&options.owner)? else {
        return Ok(ExitCode::from(USAGE));
    };
    let files = [plan.ca_key, plan.ca_certificate, plan.key, plan.certificate];
    let present: Vec<_> = files.into_iter().filter(|file| file.exists()).collect();
    if !present.is_empty() {
        if !options.rebuild {
            return print(&already_there(&present));
        }
        for file in present {
            std::fs::remove_file(file)
                .with_context(|| format!("can't remove {}", file.display()))?;
        }
    }
    tracing::warn!(
        "certificates that nobody but this cloud trusts are made; in production use those of a \
         certificate authority"
    );
    let made = Authority::create(
        plan.subject,
        plan.key_size,
        plan.valid_days,
        Clock::System.now(),
    )?;
    // The keys first: a certificate whose key is missing looks finished.
    write(plan.ca_key, made.ca_key.expose(), Kind::Key, owner)?;
    write(plan.key, made.key.expose(), Kind::Key, owner)?;
    write(
        plan.ca_certificate,
        &made.ca_certificate,
        Kind::Certificate,
        owner,
    )?;
    write(
        plan.certificate,
        &made.certificate,
        Kind::Certificate,
        owner,
    )?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
enum Kind {
    Key,
    Certificate,
}

/// Keys may be read by the group, so that several daemons can share them.
fn write(path: &Path, text: &str, kind: Kind, owner: Owner) -> anyhow::Result<()> {
    let (folder_mode, mode) = match kind {
        Kind::Key => (0o750, 0o640),
        Kind::Certificate => (0o755, 0o644),
    };
    if let Some(folder) = path.parent() {
        files::create_directory(folder, folder_mode, owner)?;
    }
    files::write(path, text, mode, owner)?;
    tracing::info!("made {}", path.display());
    Ok(())
}

fn already_there(present: &[&Path]) -> String {
    let names = present.iter().map(|file| format!("{}\n", file.display()));
    format!(
        "Nothing was done, because these files are there; --rebuild replaces them:\n{}",
        names.collect::<String>()
    )
}
