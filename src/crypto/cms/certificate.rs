//! The certificate and the key that sign: `[signing] certfile` and `keyfile`.

use super::der::{BIT_STRING, CONTEXT_0, INTEGER, Reader, SEQUENCE};
use super::unusable;
use crate::{Error, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use std::path::Path;
use zeroize::Zeroizing;

/// What of an X.509 certificate names a signer and checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningCertificate {
    /// Name of the issuer, DER.
    pub(super) issuer: Vec<u8>,
    /// Serial number, DER.
    pub(super) serial: Vec<u8>,
    /// RSAPublicKey, DER.
    pub(super) public_key: Vec<u8>,
}

impl SigningCertificate {
    /// Reads the first certificate of a PEM file; text before it, which `openssl ca` writes, is
    /// passed over.
    ///
    /// # Errors
    /// 500 when the file is not there or holds no X.509 certificate with an RSA key.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read(path)
            .map_err(|error| unusable("can't read the certificate", path, error))?;
        let pem = pem::parse(&text).map_err(|error| unusable("no certificate in", path, error))?;
        if pem.tag() != "CERTIFICATE" {
            return Err(unusable("no certificate in", path, pem.tag()));
        }
        Self::from_der(pem.contents())
            .ok_or_else(|| unusable("certificate", path, "it is none that can sign tokens"))
    }

    /// Reads a certificate (RFC 5280, section 4.1).
    fn from_der(certificate: &[u8]) -> Option<Self> {
        let mut tbs = Reader::new(certificate).enter(SEQUENCE)?.enter(SEQUENCE)?;
        let mut serial = tbs.next()?;
        if serial.tag == CONTEXT_0 {
            // That was the version.
            serial = tbs.next()?;
        }
        if serial.tag != INTEGER {
            return None;
        }
        tbs.expect(SEQUENCE)?; // algorithm
        let issuer = tbs.expect(SEQUENCE)?;
        tbs.expect(SEQUENCE)?; // validity
        tbs.expect(SEQUENCE)?; // subject
        let mut key = tbs.enter(SEQUENCE)?;
        key.expect(SEQUENCE)?; // algorithm
        // The first byte of a bit string counts the bits that the last one has too many.
        let (unused, public_key) = key.expect(BIT_STRING)?.content.split_first()?;
        let is_rsa = Reader::new(public_key)
            .enter(SEQUENCE)
            .is_some_and(|mut numbers| numbers.expect(INTEGER).is_some());
        (*unused == 0 && is_rsa).then(|| Self {
            issuer: issuer.whole.to_vec(),
            serial: serial.whole.to_vec(),
            public_key: public_key.to_vec(),
        })
    }
}

/// The RSA key that signs.
pub struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads a PEM file, PKCS #1 or PKCS #8, not encrypted.
    ///
    /// # Errors
    /// 500 when the file is not there or holds no RSA key of at least 2048 bits.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read(path)
            .map(Zeroizing::new)
            .map_err(|error| unusable("can't read the key", path, error))?;
        let pem = pem::parse(&*text).map_err(|error| unusable("no key in", path, error))?;
        let tag = pem.tag().to_owned();
        let der = Zeroizing::new(pem.into_contents());
        let pair = match tag.as_str() {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
            other => return Err(unusable("no RSA key in", path, other)),
        };
        pair.map(Self)
            .map_err(|error| unusable("the key can't sign:", path, error))
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(in crate::crypto) fn sign(&self, content: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                content,
                &mut signature,
            )
            .map_err(|_| Error::internal("the signing key refused to sign"))?;
        Ok(signature)
    }
}
