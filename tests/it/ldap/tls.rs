//! Directories behind TLS.

use super::Scene;
use super::slapd::Slapd;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use serde_json::Value;
use std::path::Path;

/// `ca.pem`, and `cert.pem` with `key.pem` for this machine, which the authority signed.
fn write_certificates(folder: &Path) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name = DistinguishedName::new();
    ca.distinguished_name
        .push(DnType::CommonName, "the authority");
    let ca_certificate = ca.self_signed(&ca_key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let issuer = Issuer::from_params(&ca, &ca_key);
    let certificate = certificate.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in [
        ("ca.pem", ca_certificate.pem()),
        ("cert.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

#[tokio::test]
async fn the_servers_certificate_must_be_signed_by_whom_one_trusts() {
    for (base, use_tls) in [("ldaps://127.0.0.1", false), ("ldap://127.0.0.1", true)] {
        let folder = tempfile::tempdir().expect("a folder");
        write_certificates(folder.path());
        let Some(slapd) = Slapd::start_tls(base, folder.path()) else {
            return;
        };
        let of = async |options: &str| {
            let options = format!("use_tls = {use_tls}\n{options}");
            let scene = Scene::with_options(&slapd, &options).await;
            scene.login("Alice", "secret of alice", Value::Null).await
        };
        let authority = folder.path().join("ca.pem");
        let trusted = format!("tls_cacertfile = {}\n", authority.display());
        of(&trusted).await.expect(201);
        // The same one in a folder of authorities.
        let authorities = tempfile::tempdir().expect("a folder");
        std::fs::copy(&authority, authorities.path().join("one.pem")).expect("a copy");
        let trusted = format!("tls_cacertdir = {}\n", authorities.path().display());
        of(&trusted).await.expect(201);
        let other = tempfile::tempdir().expect("a folder");
        write_certificates(other.path());
        let other = format!(
            "tls_cacertfile = {}\n",
            other.path().join("ca.pem").display()
        );
        of(&other).await.error(503);
        of(&format!("{other}tls_req_cert = never\n"))
            .await
            .expect(201);
        of(&format!("{other}tls_req_cert = allow\n"))
            .await
            .expect(201);
    }
}
