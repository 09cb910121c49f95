//! Certificates that sign, and `openssl`, which must agree with what we sign.

use base64::Engine as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pki")
}

/// `keystone.conf` with keys for every format, `[token]` last.
pub fn config(provider: &str) -> String {
    static JWS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let jws = JWS.get_or_init(|| {
        use keystone::crypto::jws_keys::{JwsAlgorithm, create_key_pair};
        let keys = tempfile::tempdir().expect("a folder");
        let private = keys.path().join("private");
        let public = keys.path().join("public");
        for folder in [&private, &public] {
            std::fs::create_dir(folder).expect("a folder");
        }
        create_key_pair(JwsAlgorithm::Es256, &private, false, Default::default()).expect("keys");
        std::fs::rename(private.join("public.pem"), public.join("public.pem")).expect("a key");
        keys
    });
    let (pki, jws) = (folder(), jws.path());
    format!(
        "[signing]\ncertfile = {pki}/signing_cert.pem\nkeyfile = {pki}/signing_key.pem\n\
         ca_certs = {pki}/ca.pem\n\
         [jwt_tokens]\njws_private_key_repository = {jws}/private\n\
         jws_public_key_repository = {jws}/public\n\
         [token]\nprovider = {provider}\n",
        pki = pki.display(),
        jws = jws.display(),
    )
}

/// The armoured document in a PKI or PKIZ text, unpacked without our own code.
pub fn pem_of(token: &str) -> String {
    if let Some(compressed) = token.strip_prefix("PKIZ_") {
        let compressed = base64::engine::general_purpose::URL_SAFE
            .decode(compressed)
            .expect("base64");
        let script =
            "import sys, zlib; sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))";
        return run("python3", &["-c", script], &compressed);
    }
    let text = token.replace('-', "/");
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN CMS-----\n{}\n-----END CMS-----\n",
        lines.join("\n")
    )
}

/// What `openssl` finds in a signed document, as Keystone's user guide calls it.
pub fn verify(pem: &str) -> String {
    let certificate = folder().join("signing_cert.pem").display().to_string();
    let ca = folder().join("ca.pem").display().to_string();
    let words = [
        "cms",
        "-verify",
        "-certfile",
        &certificate,
        "-CAfile",
        &ca,
        "-inform",
        "PEM",
        "-nosmimecap",
        "-nodetach",
        "-nocerts",
        "-noattr",
    ];
    run("openssl", &words, pem.as_bytes())
}

/// A hash of a text, lower-case hexadecimal.
pub fn digest(algorithm: &str, text: &str) -> String {
    let said = run(
        "openssl",
        &["dgst", &format!("-{algorithm}"), "-r"],
        text.as_bytes(),
    );
    said.split(' ').next().expect("a hash").to_owned()
}

fn run(program: &str, words: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("an end");
    writing.join().expect("no panic").expect("a reader");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}
