//! TLS to directories: whose signature is believed.

use super::Server;
use crate::config::Ldap;
use crate::error::{Error, Result};
use ldap3::LdapConnSettings;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How connections of a configuration are made. Blocking I/O, if TLS is used.
///
/// # Errors
/// 500, with a message for the operator, when the files with authorities are of no use, or TLS is asked
/// for twice.
pub(super) fn settings(options: &Ldap, servers: &[Server]) -> Result<LdapConnSettings> {
    let settings = LdapConnSettings::new().set_starttls(options.use_tls);
    let has_tls_of_its_own = servers.iter().any(|server| server.url.scheme() == "ldaps");
    if options.use_tls && has_tls_of_its_own {
        return Err(Error::internal(
            "[ldap] use_tls starts TLS on plain connections; a url with ldaps has it from the start",
        ));
    }
    if !options.use_tls && !has_tls_of_its_own {
        return Ok(settings);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    if options.tls_req_cert != "demand" {
        // The library makes this configuration itself and asks the process for a provider. That there
        // is one already is fine.
        let _ = provider.as_ref().clone().install_default();
        return Ok(settings.set_no_tls_verify(true));
    }
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(authorities(options)?)
        .with_no_client_auth();
    Ok(settings.set_config(Arc::new(config)))
}

/// The authorities of `tls_cacertfile`, else of the files in `tls_cacertdir`, else the system's.
fn authorities(options: &Ldap) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    let (option, files) = match (&options.tls_cacertfile, &options.tls_cacertdir) {
        (Some(file), _) => ("tls_cacertfile", vec![file.clone()]),
        (None, Some(folder)) => ("tls_cacertdir", files_in(folder)?),
        (None, None) => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            ("tls_cacertfile", Vec::new())
        }
    };
    for file in &files {
        let failed = |why: &dyn Display| unusable(option, file, why);
        let content = std::fs::read(file).map_err(|error| failed(&error))?;
        let blocks = pem::parse_many(&content).map_err(|error| failed(&error))?;
        let certificates = blocks
            .into_iter()
            .filter(|block| block.tag().ends_with("CERTIFICATE"))
            .map(|block| CertificateDer::from(block.into_contents()));
        store.add_parsable_certificates(certificates);
    }
    match store.is_empty() {
        false => Ok(store),
        true => Err(Error::internal(format!(
            "[ldap] {option}: there is no authority that could have signed a server's certificate"
        ))),
    }
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error: std::io::Error| unusable("tls_cacertdir", folder, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unusable(option: &str, path: &Path, why: &dyn Display) -> Error {
    Error::internal(format!("[ldap] {option}: {}: {why}", path.display()))
}
