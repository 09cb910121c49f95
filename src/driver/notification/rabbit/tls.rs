//! TLS to the message bus, as `[oslo_messaging_rabbit]` asks for it.

use crate::config::OsloMessagingRabbit;
use crate::error::{Error, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use std::fmt::Display;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

const ANY: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const ONLY_12: &[&SupportedProtocolVersion] = &[&version::TLS12];

/// How to encrypt; `None` where `ssl` is off. Certificate and name of the server are always verified.
///
/// # Errors
/// 500, with the option and the file, when one is of no use.
pub(super) fn connector(options: &OsloMessagingRabbit) -> Result<Option<TlsConnector>> {
    if !options.ssl {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(&options.ssl_version)?)
        .map_err(|error| failed("ssl", "", &error))?
        .with_root_certificates(authorities(&options.ssl_ca_file)?);
    let (certificate, key) = (&options.ssl_cert_file, &options.ssl_key_file);
    let config = match (certificate.as_str(), key.as_str()) {
        ("", "") => builder.with_no_client_auth(),
        ("", key) => return Err(failed("ssl_key_file", key, &"ssl_cert_file is not set")),
        (certificate, key) => {
            // As OpenSSL has it, the key may be in the certificate's file.
            let key = if key.is_empty() { certificate } else { key };
            let chain = certificates("ssl_cert_file", certificate)?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| failed("ssl_key_file", key, &error))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| failed("ssl_cert_file", certificate, &error))?
        }
    };
    Ok(Some(TlsConnector::from(Arc::new(config))))
}

/// OpenSSL's names of versions. `SSLv23` is its old word for whatever both sides can.
fn versions(name: &str) -> Result<&'static [&'static SupportedProtocolVersion]> {
    match name.to_ascii_lowercase().as_str() {
        "" | "sslv23" => Ok(ANY),
        "tlsv1_2" => Ok(ONLY_12),
        _ => Err(Error::internal(format!(
            "[oslo_messaging_rabbit] ssl_version: {name} is not supported; leave it empty, or use \
             TLSv1_2"
        ))),
    }
}

/// Who may have signed the server's certificate: those of a file, else the system's.
fn authorities(file: &str) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if file.is_empty() {
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            return Err(failed("ssl_ca_file", "", &"the system has none"));
        }
        return Ok(store);
    }
    for certificate in certificates("ssl_ca_file", file)? {
        store
            .add(certificate)
            .map_err(|error| failed("ssl_ca_file", file, &error))?;
    }
    Ok(store)
}

fn certificates(option: &str, file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<std::result::Result<Vec<_>, _>>();
    let found = read().map_err(|error| failed(option, file, &error))?;
    if found.is_empty() {
        return Err(failed(option, file, &"it has no certificate in PEM"));
    }
    Ok(found)
}

fn failed(option: &str, file: &str, why: &dyn Display) -> Error {
    Error::internal(format!("[oslo_messaging_rabbit] {option}: {file}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn outcome(options: &str) -> String {
        let text = format!("[oslo_messaging_rabbit]\n{options}\n");
        let config = Config::from_text(&text).unwrap();
        match connector(&config.oslo_messaging_rabbit) {
            Ok(connector) => connector.is_some().to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn what_is_of_no_use_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.pem");
        std::fs::write(&file, "no PEM").unwrap();
        let file = file.display();
        assert_eq!(outcome(&format!("ssl_ca_file = {file}")), "false");
        for (options, wanted) in [
            (format!("ssl_ca_file = {file}"), "no certificate"),
            (format!("ssl_ca_file = {file}.not"), "ssl_ca_file"),
            ("ssl_version = SSLv3".to_owned(), "SSLv3"),
        ] {
            let outcome = outcome(&format!("ssl = true\n{options}"));
            assert!(outcome.contains(wanted), "{options}: {outcome}");
        }
    }

    #[test]
    fn a_client_certificate_needs_its_key_and_a_key_its_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["client".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let cert = write("cert.pem", &certificate.pem());
        let both = write("both.pem", &(certificate.pem() + &key.serialize_pem()));
        let key = write("key.pem", &key.serialize_pem());
        let with = |options: &str| outcome(&format!("ssl = true\nssl_ca_file = {cert}\n{options}"));
        let pair = format!("ssl_cert_file = {cert}\nssl_key_file = {key}");
        assert_eq!(with(&pair), "true");
        assert_eq!(with(&format!("ssl_cert_file = {both}")), "true");
        assert!(with(&format!("ssl_cert_file = {cert}")).contains("ssl_key_file"));
        assert!(with(&format!("ssl_key_file = {key}")).contains("ssl_cert_file"));
    }
}
