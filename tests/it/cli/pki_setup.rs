//! `pki_setup` and `ssl_setup`: files that `openssl` accepts, and nothing overwritten unasked.

use super::harness::{Home, said};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

fn home() -> Home {
    let home = Home::new();
    let folder = home.path("ssl").display().to_string();
    home.config(
        "sqlite://",
        &format!(
            "[signing]\ncertfile = {folder}/certs/signing_cert.pem\n\
             keyfile = {folder}/private/signing_key.pem\nca_certs = {folder}/certs/ca.pem\n\
             ca_key = {folder}/private/cakey.pem\n\
             cert_subject = /C=DE/ST=Berlin/L=Mitte/O=Zoë/CN=signer.example.com\n\
             [eventlet_server_ssl]\ncertfile = {folder}/tls/keystone.pem\n\
             keyfile = {folder}/tls/keystonekey.pem\nca_certs = {folder}/tls/ca.pem\n\
             [ssl]\nca_key = {folder}/tls/cakey.pem\n"
        ),
    );
    home
}

fn openssl(words: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(words)
        .output()
        .expect("openssl");
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn rebuild(home: &Home, name: &str) -> Output {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(home.path("keystone.conf")).expect("a file");
    let (user, group) = (owner.uid().to_string(), owner.gid().to_string());
    let owner = ["--keystone-user", &user, "--keystone-group", &group];
    home.manage(&[&[name, "--rebuild"], &owner[..]].concat())
}

fn mode(path: &Path) -> u32 {
    let metadata = std::fs::metadata(path).expect("a file");
    metadata.permissions().mode() & 0o777
}

#[test]
fn pki_setup_makes_what_openssl_accepts() {
    let home = home();
    let output = home.manage_keys("pki_setup");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(output.stdout.is_empty());
    let file = |name: &str| home.path("ssl").join(name).display().to_string();
    let (ca, signing) = (file("certs/ca.pem"), file("certs/signing_cert.pem"));
    openssl(&["verify", "-CAfile", &ca, &ca]);
    openssl(&["verify", "-purpose", "smimesign", "-CAfile", &ca, &signing]);
    let text = openssl(&[
        "x509", "-in", &signing, "-noout", "-text", "-nameopt", "utf8",
    ]);
    assert!(text.contains("CA:FALSE"), "{text}");
    assert!(text.contains("O=Zoë"), "{text}");
    assert!(text.contains("CN=signer.example.com"), "{text}");
    let subject = openssl(&["x509", "-in", &signing, "-noout", "-subject", "-serial"]);
    assert!(subject.contains("serial=01"), "{subject}");
    assert!(!subject.contains("Mitte"), "{subject}");
    let of_key = openssl(&["pkey", "-in", &file("private/signing_key.pem"), "-pubout"]);
    assert_eq!(
        openssl(&["x509", "-in", &signing, "-noout", "-pubkey"]),
        of_key
    );
    for (name, wanted) in [
        ("certs", 0o755),
        ("private", 0o750),
        ("certs/ca.pem", 0o644),
        ("certs/signing_cert.pem", 0o644),
        ("private/cakey.pem", 0o640),
        ("private/signing_key.pem", 0o640),
    ] {
        assert_eq!(mode(&home.path("ssl").join(name)), wanted, "{name}");
    }
}

#[test]
fn files_that_are_there_stay_unless_they_are_to_be_rebuilt() {
    let home = home();
    for name in ["pki_setup", "ssl_setup"] {
        assert!(home.manage_keys(name).status.success());
    }
    let before = home.read("ssl/certs/signing_cert.pem");
    let output = home.manage_keys("pki_setup");
    assert_eq!(output.status.code(), Some(0));
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(listed.lines().count(), 5, "{listed}");
    assert_eq!(home.read("ssl/certs/signing_cert.pem"), before);
    assert!(rebuild(&home, "pki_setup").status.success());
    assert_ne!(home.read("ssl/certs/signing_cert.pem"), before);
    let (ca, tls) = (
        home.path("ssl/tls/ca.pem"),
        home.path("ssl/tls/keystone.pem"),
    );
    openssl(&[
        "verify",
        "-CAfile",
        &ca.display().to_string(),
        &tls.display().to_string(),
    ]);
}

#[test]
fn a_size_or_subject_that_makes_no_sense_is_an_error() {
    for line in ["key_size = 1024", "cert_subject = example.com"] {
        let home = Home::new();
        let folder = home.path("ssl").display().to_string();
        let options = ["certfile", "keyfile", "ca_certs", "ca_key"];
        let options = options.map(|name| format!("{name} = {folder}/{name}.pem\n"));
        home.config(
            "sqlite://",
            &format!("[signing]\n{}{line}\n", options.concat()),
        );
        let output = home.manage_keys("pki_setup");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(!home.path("ssl").exists());
    }
}
