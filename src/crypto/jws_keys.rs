//! Keys of the JWS token provider: making pairs, and reading them from PEM files.

use super::files::{self, Owner, failed};
use crate::model::Secret;
use crate::{Error, Result};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

const PRIVATE_FILE: &str = "private.pem";
const PUBLIC_FILE: &str = "public.pem";

/// A signature algorithm, named as in `[jwt_tokens] jws_algorithm` and in a JWS header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwsAlgorithm {
    /// ECDSA on P-256 with SHA-256, the default.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// Ed25519.
    EdDsa,
}

impl JwsAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Es384, Self::Es512, Self::EdDsa];

    /// The name in configuration and headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    fn ecdsa(self) -> Option<&'static signature::EcdsaSigningAlgorithm> {
        match self {
            Self::Es256 => Some(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::Es384 => Some(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::Es512 => Some(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Self::EdDsa => None,
        }
    }

    fn verification(self) -> &'static dyn signature::VerificationAlgorithm {
        match self {
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
            Self::EdDsa => &signature::ED25519,
        }
    }
}

impl FromStr for JwsAlgorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| Error::internal(format!("unknown JWS algorithm {name:?}")))
    }
}

/// A private key that signs. Cloning is cheap.
#[derive(Clone)]
pub struct JwsSigningKey(Arc<SigningState>);

enum SigningState {
    Ecdsa(JwsAlgorithm, EcdsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl JwsSigningKey {
    /// A new random key.
    pub fn generate(algorithm: JwsAlgorithm) -> Result<Self> {
        let state = match algorithm.ecdsa() {
            Some(curve) => {
                let pair = EcdsaKeyPair::generate(curve).map_err(Error::internal)?;
                SigningState::Ecdsa(algorithm, pair, SystemRandom::new())
            }
            None => SigningState::Ed25519(Ed25519KeyPair::generate().map_err(Error::internal)?),
        };
        Ok(Self(Arc::new(state)))
    }

    /// Reads an unencrypted private key of the algorithm: PKCS#8 (`PRIVATE KEY`), or for the
    /// elliptic curves also SEC 1 (`EC PRIVATE KEY`).
    ///
    /// # Errors
    /// [`Error::Internal`] when the text is not PEM or not a key of that algorithm.
    pub fn from_pem(algorithm: JwsAlgorithm, text: &str) -> Result<Self> {
        let name = algorithm.as_str();
        let invalid = || Error::internal(format!("not an unencrypted private key for {name}"));
        let blocks = pem::parse_many(text).map_err(|_| invalid())?;
        // OpenSSL may write a block of curve parameters before the key.
        let key = blocks
            .iter()
            .find(|block| block.tag().ends_with("PRIVATE KEY"));
        let key = key.ok_or_else(invalid)?;
        let state = match (algorithm.ecdsa(), key.tag()) {
            (Some(curve), "PRIVATE KEY") => EcdsaKeyPair::from_pkcs8(curve, key.contents())
                .map(|pair| SigningState::Ecdsa(algorithm, pair, SystemRandom::new())),
            (Some(curve), "EC PRIVATE KEY") => {
                EcdsaKeyPair::from_private_key_der(curve, key.contents())
                    .map(|pair| SigningState::Ecdsa(algorithm, pair, SystemRandom::new()))
            }
            (None, "PRIVATE KEY") => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.contents())
                .map(SigningState::Ed25519),
            _ => return Err(invalid()),
        };
        state
            .map(|state| Self(Arc::new(state)))
            .map_err(|_| invalid())
    }

    /// Reads `private.pem` of a private key repository.
    pub fn load(algorithm: JwsAlgorithm, repository: &Path) -> Result<Self> {
        let path = repository.join(PRIVATE_FILE);
        let text = fs::read_to_string(&path).map_err(|e| failed("read", &path, e))?;
        Self::from_pem(algorithm, Secret::from(text).expose()).map_err(|e| failed("use", &path, e))
    }

    /// What the key signs with.
    pub fn algorithm(&self) -> JwsAlgorithm {
        match &*self.0 {
            SigningState::Ecdsa(algorithm, ..) => *algorithm,
            SigningState::Ed25519(_) => JwsAlgorithm::EdDsa,
        }
    }

    /// The signature in the form that JWS has (for ECDSA: r and s side by side, not DER).
    pub fn sign(&self, message: &[u8]) -> Result<signature::Signature> {
        match &*self.0 {
            SigningState::Ecdsa(_, pair, random) => pair.sign(random, message),
            SigningState::Ed25519(pair) => pair.try_sign(message),
        }
        .map_err(|_| Error::internal("signing failed"))
    }

    /// The public half.
    pub fn verifying_key(&self) -> Result<JwsVerifyingKey> {
        JwsVerifyingKey::from_pem(&self.public_pem()?)
    }

    /// The private key as PKCS#8 PEM, unencrypted.
    pub fn private_pem(&self) -> Result<Secret> {
        let document = match &*self.0 {
            SigningState::Ecdsa(_, pair, _) => pair.to_pkcs8v1(),
            // Version 1, because version 2 (with the public key) is not read by OpenSSL.
            SigningState::Ed25519(pair) => pair.to_pkcs8v1(),
        };
        let document = document.map_err(Error::internal)?;
        Ok(encode_pem("PRIVATE KEY", document.as_ref()).into())
    }

    /// The public key as SubjectPublicKeyInfo PEM.
    pub fn public_pem(&self) -> Result<String> {
        let der: std::result::Result<PublicKeyX509Der<'_>, _> = match &*self.0 {
            SigningState::Ecdsa(_, pair, _) => pair.public_key().as_der(),
            SigningState::Ed25519(pair) => pair.public_key().as_der(),
        };
        Ok(encode_pem(
            "PUBLIC KEY",
            der.map_err(Error::internal)?.as_ref(),
        ))
    }
}

impl fmt::Debug for JwsSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwsSigningKey({}, ***)", self.algorithm().as_str())
    }
}

/// A public key that checks signatures.
#[derive(Clone, Debug)]
pub struct JwsVerifyingKey {
    algorithm: JwsAlgorithm,
    key: Arc<ParsedPublicKey>,
}

impl JwsVerifyingKey {
    /// Reads a public key (SubjectPublicKeyInfo) of any of the algorithms.
    ///
    /// # Errors
    /// [`Error::Internal`] when the text is not PEM or none of the algorithms' keys.
    pub fn from_pem(text: &str) -> Result<Self> {
        let block = pem::parse(text)
            .ok()
            .filter(|block| block.tag() == "PUBLIC KEY")
            .ok_or_else(|| Error::internal("not a public key in PEM"))?;
        JwsAlgorithm::ALL
            .into_iter()
            .find_map(|algorithm| {
                let key = ParsedPublicKey::new(algorithm.verification(), block.contents()).ok()?;
                Some(Self {
                    algorithm,
                    key: Arc::new(key),
                })
            })
            .ok_or_else(|| Error::internal("a public key of no supported algorithm"))
    }

    /// Reads every file of a public key repository, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Internal`] when the directory is missing, is empty, or holds a file that is no
    /// public key.
    pub fn load_all(repository: &Path) -> Result<Vec<Self>> {
        let unreadable = |e| failed("read", repository, e);
        let mut paths = fs::read_dir(repository)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.path()))
                    .collect::<Result<Vec<_>, _>>()
            })
            .map_err(unreadable)?;
        paths.retain(|path| path.is_file());
        paths.sort();
        if paths.is_empty() {
            return Err(failed("use", repository, "it has no public keys"));
        }
        let read = |path: &std::path::PathBuf| {
            let text = fs::read_to_string(path).map_err(|e| failed("read", path, e))?;
            Self::from_pem(&text).map_err(|e| failed("use", path, e))
        };
        paths.iter().map(read).collect()
    }

    /// What the key checks.
    pub fn algorithm(&self) -> JwsAlgorithm {
        self.algorithm
    }

    /// Whether the key's owner has signed a message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

/// Makes a key pair, `private.pem` (0600) and `public.pem` (0644), in a directory.
///
/// # Errors
/// [`Error::Conflict`] when one of the files exists and `force` is not given; [`Error::Internal`]
/// when they can't be written.
pub fn create_key_pair(
    algorithm: JwsAlgorithm,
    directory: &Path,
    force: bool,
    owner: Owner,
) -> Result<()> {
    let private = directory.join(PRIVATE_FILE);
    let public = directory.join(PUBLIC_FILE);
    if let Some(taken) = [&private, &public]
        .into_iter()
        .find(|path| !force && path.exists())
    {
        return Err(Error::conflict(format!(
            "{} is already there",
            taken.display()
        )));
    }
    let key = JwsSigningKey::generate(algorithm)?;
    for (path, text, mode) in [
        (&private, key.private_pem()?, 0o600),
        (&public, Secret::from(key.public_pem()?), 0o644),
    ] {
        let draft = path.with_extension("pem.tmp");
        files::write(&draft, text.expose(), mode, owner)?;
        files::rename(&draft, path)?;
    }
    files::sync_directory(directory)
}

fn encode_pem(tag: &str, contents: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(tag, contents), config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_survives_its_files() {
        for algorithm in JwsAlgorithm::ALL {
            let directory = tempfile::tempdir().unwrap();
            let (private, public) = (
                directory.path().join("private"),
                directory.path().join("public"),
            );
            for path in [&private, &public] {
                fs::create_dir(path).unwrap();
            }
            create_key_pair(algorithm, &private, false, Owner::default()).unwrap();
            fs::rename(private.join("public.pem"), public.join("public.pem")).unwrap();

            let signing = JwsSigningKey::load(algorithm, &private).unwrap();
            let verifying = JwsVerifyingKey::load_all(&public).unwrap();
            let signature = signing.sign(b"message").unwrap();
            assert_eq!(verifying.len(), 1);
            assert_eq!(verifying[0].algorithm(), algorithm);
            assert!(verifying[0].verify(b"message", signature.as_ref()));
            assert!(!verifying[0].verify(b"massage", signature.as_ref()));
        }
    }

    #[test]
    fn existing_keys_are_not_overwritten_without_force() {
        let directory = tempfile::tempdir().unwrap();
        let create = |force| {
            create_key_pair(
                JwsAlgorithm::Es256,
                directory.path(),
                force,
                Owner::default(),
            )
        };
        create(false).unwrap();
        let first = fs::read_to_string(directory.path().join(PRIVATE_FILE)).unwrap();
        assert!(matches!(create(false), Err(Error::Conflict(_))));
        assert_eq!(
            fs::read_to_string(directory.path().join(PRIVATE_FILE)).unwrap(),
            first
        );
        create(true).unwrap();
        assert_ne!(
            fs::read_to_string(directory.path().join(PRIVATE_FILE)).unwrap(),
            first
        );
    }

    #[test]
    fn a_key_of_another_algorithm_is_refused() {
        let key = JwsSigningKey::generate(JwsAlgorithm::Es384)
            .unwrap()
            .private_pem()
            .unwrap();
        assert!(JwsSigningKey::from_pem(JwsAlgorithm::Es256, key.expose()).is_err());
        assert!(JwsSigningKey::from_pem(JwsAlgorithm::EdDsa, key.expose()).is_err());
    }

    #[test]
    fn a_repository_without_keys_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(JwsVerifyingKey::load_all(directory.path()).is_err());
        assert!(JwsSigningKey::load(JwsAlgorithm::Es256, directory.path()).is_err());
        fs::write(directory.path().join("x"), "garbage").unwrap();
        assert!(JwsVerifyingKey::load_all(directory.path()).is_err());
    }
}
