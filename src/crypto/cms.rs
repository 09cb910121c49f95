//! Signed documents: CMS SignedData (RFC 5652) in the one form that PKI tokens and revocation lists
//! have.
//!
//! It is what `openssl cms -sign -nodetach -nocerts -noattr -nosmimecap -md sha256` writes: the
//! content inside, no certificates, no attributes, one signer named by issuer and serial number,
//! RSASSA-PKCS1-v1_5 over the content. The same key and content give the same bytes.

mod certificate;
mod der;

pub use certificate::{SigningCertificate, SigningKey};

use crate::{Error, Result};
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{CONTEXT_0, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, SET, element};

/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 2.16.840.1.101.3.4.2.1, .2 and .3
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

const VERSION_1: &[u8] = &[INTEGER, 1, 1];

const BEGIN: &str = "-----BEGIN CMS-----\n";
const END: &str = "-----END CMS-----\n";
const LINE: usize = 64;

/// Signs a content with SHA-256. DER.
///
/// # Errors
/// 500 when the key can't sign.
pub fn sign(key: &SigningKey, certificate: &SigningCertificate, content: &[u8]) -> Result<Vec<u8>> {
    let signature = key.sign(content)?;
    let digest = element(SEQUENCE, &[&element(OID, &[SHA256])]);
    let signer = element(
        SEQUENCE,
        &[
            VERSION_1,
            &element(SEQUENCE, &[&certificate.issuer, &certificate.serial]),
            &digest,
            &element(SEQUENCE, &[&element(OID, &[RSA]), &element(NULL, &[])]),
            &element(OCTET_STRING, &[&signature]),
        ],
    );
    let content = element(
        SEQUENCE,
        &[
            &element(OID, &[DATA]),
            &element(CONTEXT_0, &[&element(OCTET_STRING, &[content])]),
        ],
    );
    let signed = element(
        SEQUENCE,
        &[
            VERSION_1,
            &element(SET, &[&digest]),
            &content,
            &element(SET, &[&signer]),
        ],
    );
    Ok(element(
        SEQUENCE,
        &[
            &element(OID, &[SIGNED_DATA]),
            &element(CONTEXT_0, &[&signed]),
        ],
    ))
}

/// The content of a signed document, if this certificate's key signed it.
///
/// Only the form that [`sign`] writes is read, with SHA-256, SHA-384 or SHA-512.
pub fn verify<'a>(certificate: &SigningCertificate, document: &'a [u8]) -> Option<&'a [u8]> {
    let mut outer = Reader::new(document);
    let mut info = outer.enter(SEQUENCE)?;
    if info.expect(OID)?.content != SIGNED_DATA {
        return None;
    }
    let mut signed = info.enter(CONTEXT_0)?.enter(SEQUENCE)?;
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    let mut encapsulated = signed.enter(SEQUENCE)?;
    if encapsulated.expect(OID)?.content != DATA {
        return None;
    }
    let content = encapsulated.enter(CONTEXT_0)?.expect(OCTET_STRING)?.content;
    let mut signers = signed.enter(SET)?;
    let mut signer = signers.enter(SEQUENCE)?;
    signer.expect(INTEGER)?;
    let mut name = signer.enter(SEQUENCE)?;
    let (issuer, serial) = (name.expect(SEQUENCE)?, name.expect(INTEGER)?);
    let digest = signer.enter(SEQUENCE)?.expect(OID)?.content;
    // Signed attributes would stand here; the signature would then be over them.
    let algorithm = signer.enter(SEQUENCE)?.expect(OID)?.content;
    let signature = signer.expect(OCTET_STRING)?.content;
    let ended = [
        &outer,
        &info,
        &signed,
        &encapsulated,
        &signers,
        &name,
        &signer,
    ];
    if !ended.iter().all(|reader| reader.is_at_end())
        || algorithm != RSA
        || issuer.whole != certificate.issuer
        || serial.whole != certificate.serial
    {
        return None;
    }
    let algorithm = match digest {
        SHA256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        SHA384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        SHA512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return None,
    };
    UnparsedPublicKey::new(algorithm, &certificate.public_key)
        .verify(content, signature)
        .is_ok()
        .then_some(content)
}

/// The armoured form, as `openssl cms -outform PEM` writes it.
pub fn to_pem(document: &[u8]) -> String {
    let text = STANDARD.encode(document);
    let mut pem = String::with_capacity(text.len() + text.len() / LINE + 48);
    pem.push_str(BEGIN);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII: every index is a boundary.
        let (line, after) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(END);
    pem
}

/// The document in an armoured form.
pub fn from_pem(text: &str) -> Option<Vec<u8>> {
    let pem = pem::parse(text).ok()?;
    (pem.tag() == "CMS").then(|| pem.into_contents())
}

fn unusable(what: &str, path: &std::path::Path, reason: impl std::fmt::Display) -> Error {
    Error::internal(format!("{what} {}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden/pki")
            .join(name)
    }

    fn text(name: &str) -> String {
        std::fs::read_to_string(file(name)).unwrap()
    }

    fn certificate() -> SigningCertificate {
        SigningCertificate::load(&file("signing_cert.pem")).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::load(&file("signing_key.pem")).unwrap()
    }

    #[test]
    fn documents_are_those_of_openssl_byte_for_byte() {
        for name in ["token", "revoked"] {
            let content = text(&format!("{name}.json"));
            let document = sign(&key(), &certificate(), content.as_bytes()).unwrap();
            assert_eq!(to_pem(&document), text(&format!("{name}.pem")));
        }
    }

    #[test]
    fn documents_of_openssl_are_read() {
        for name in ["token", "revoked"] {
            let document = from_pem(&text(&format!("{name}.pem"))).unwrap();
            let content = verify(&certificate(), &document).unwrap();
            assert_eq!(content, text(&format!("{name}.json")).as_bytes());
        }
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let document = from_pem(&text("token.pem")).unwrap();
        for index in 0..document.len() {
            let mut changed = document.clone();
            changed[index] ^= 1;
            if let Some(content) = verify(&certificate(), &changed) {
                // Versions and the outer list of digests say nothing that the signature depends on.
                assert_eq!(content, text("token.json").as_bytes());
            }
        }
    }

    #[test]
    fn another_certificate_of_the_same_key_is_not_the_signer() {
        let document = from_pem(&text("token.pem")).unwrap();
        let ca = SigningCertificate::load(&file("ca.pem")).unwrap();
        assert_eq!(verify(&ca, &document), None);
    }

    proptest! {
        #[test]
        fn any_content_comes_back(content: Vec<u8>) {
            let document = sign(&key(), &certificate(), &content).unwrap();
            let read = verify(&certificate(), &document);
            prop_assert_eq!(read, Some(content.as_slice()));
            let armoured = to_pem(&document);
            prop_assert_eq!(from_pem(&armoured), Some(document));
        }

        #[test]
        fn no_document_panics(document: Vec<u8>) {
            prop_assert!(verify(&certificate(), &document).is_none());
        }
    }
}
