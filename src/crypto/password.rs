//! Password hashing: Argon2id and every format that Keystone databases hold.

mod scratch;
mod stored;

use crate::crypto::fill_random;
use crate::model::Secret;
use crate::{Error, Result};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::borrow::Cow;
use std::str::FromStr;
use stored::{Recipe, StoredHash};

/// bcrypt reads no more of a password than this many bytes.
const BCRYPT_MAX_LENGTH: usize = 72;

/// A way of hashing passwords; named as in `[identity] password_hash_algorithm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `argon2`: Argon2id, the default of a fresh installation.
    Argon2,
    /// `bcrypt`: the default on a database that Python made.
    Bcrypt,
    /// `bcrypt_sha256`: bcrypt over an HMAC of the password, so that no byte is cut off.
    BcryptSha256,
    /// `scrypt`.
    Scrypt,
    /// `pbkdf2_sha512`.
    Pbkdf2Sha512,
}

impl Algorithm {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Bcrypt => "bcrypt",
            Self::BcryptSha256 => "bcrypt_sha256",
            Self::Scrypt => "scrypt",
            Self::Pbkdf2Sha512 => "pbkdf2_sha512",
        }
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [
            Self::Argon2,
            Self::Bcrypt,
            Self::BcryptSha256,
            Self::Scrypt,
            Self::Pbkdf2Sha512,
        ]
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)
        .ok_or_else(|| Error::internal(format!("unknown password hash algorithm {name:?}")))
    }
}

/// The options of `[identity]` that decide how new passwords are hashed. `None` and 0 mean the
/// algorithm's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashParameters {
    /// `password_hash_algorithm`.
    pub algorithm: Algorithm,
    /// `password_hash_rounds`: log₂ of the work for both bcrypts (4 to 31, default 12), iterations
    /// for pbkdf2_sha512 (default 25000), passes for argon2 (default 2); scrypt ignores it.
    /// Python peers of release 30 can't verify bcrypt_sha256 below 10 rounds, even their own.
    pub rounds: Option<u32>,
    /// `salt_bytesize`, of scrypt and pbkdf2_sha512; default 16.
    pub salt_bytesize: Option<u32>,
    /// `scrypt_block_size` (r), default 8. The cost N is always 2¹⁶.
    pub scrypt_block_size: Option<u32>,
    /// `scrypt_parallelism` (p), default 1.
    pub scrypt_parallelism: Option<u32>,
    /// Memory of argon2 in KiB, default 19456.
    pub argon2_memory_cost: Option<u32>,
    /// Lanes of argon2, default 1.
    pub argon2_parallelism: Option<u32>,
    /// `max_password_length`: in bytes of UTF-8; what is longer is cut or refused.
    pub max_password_length: usize,
    /// `[DEFAULT] strict_password_check`: longer passwords are refused instead of cut.
    pub strict_password_check: bool,
}

impl HashParameters {
    /// An algorithm with its defaults.
    pub fn new(algorithm: Algorithm) -> Self {
        Self {
            algorithm,
            rounds: None,
            salt_bytesize: None,
            scrypt_block_size: None,
            scrypt_parallelism: None,
            argon2_memory_cost: None,
            argon2_parallelism: None,
            max_password_length: 4096,
            strict_password_check: false,
        }
    }

    /// The length in bytes at which passwords are cut or refused.
    pub fn length_limit(&self) -> usize {
        self.length_limit_of(self.algorithm)
    }

    fn length_limit_of(&self, algorithm: Algorithm) -> usize {
        match algorithm {
            Algorithm::Bcrypt => self.max_password_length.min(BCRYPT_MAX_LENGTH),
            _ => self.max_password_length,
        }
    }

    fn recipe(&self) -> Recipe {
        let or = |option: Option<u32>, default| option.filter(|n| *n != 0).unwrap_or(default);
        match self.algorithm {
            Algorithm::Argon2 => Recipe::Argon2id {
                memory: or(self.argon2_memory_cost, 19_456),
                passes: or(self.rounds, 2),
                lanes: or(self.argon2_parallelism, 1),
            },
            Algorithm::Bcrypt => Recipe::Bcrypt {
                rounds: or(self.rounds, 12),
            },
            Algorithm::BcryptSha256 => Recipe::BcryptSha256 {
                rounds: or(self.rounds, 12),
            },
            Algorithm::Scrypt => Recipe::Scrypt {
                log_n: 16,
                block_size: or(self.scrypt_block_size, 8),
                parallelism: or(self.scrypt_parallelism, 1),
            },
            Algorithm::Pbkdf2Sha512 => Recipe::Pbkdf2Sha512 {
                rounds: or(self.rounds, 25_000),
            },
        }
    }

    fn salt_length(&self) -> usize {
        match self.algorithm {
            Algorithm::Scrypt | Algorithm::Pbkdf2Sha512 => {
                self.salt_bytesize.filter(|n| *n != 0).unwrap_or(16) as usize
            }
            _ => 16,
        }
    }
}

/// Refuses a password that is too long for the configured algorithm, when that is to be refused.
///
/// # Errors
/// [`Error::ForbiddenAction`] (403) under `strict_password_check`.
pub fn check_length(parameters: &HashParameters, password: &str) -> Result<()> {
    let limit = parameters.length_limit();
    if parameters.strict_password_check && password.len() > limit {
        let message = format!("The password is longer than {limit} bytes.");
        return Err(Error::forbidden_action(message));
    }
    Ok(())
}

/// The first `limit` bytes of a password's UTF-8, even when that splits a character.
pub fn truncate(password: &str, limit: usize) -> &[u8] {
    &password.as_bytes()[..password.len().min(limit)]
}

/// Hashes a password for storage. Takes some 10 to 300 ms of CPU: run it in the hashing pool.
///
/// # Errors
/// As [`check_length`]; [`Error::Internal`] when the configured costs are out of range.
pub fn hash(parameters: &HashParameters, password: &str) -> Result<String> {
    check_length(parameters, password)?;
    let recipe = parameters.recipe();
    let mut salt = vec![0; parameters.salt_length()];
    fill_random(&mut salt)?;
    let password = truncate(password, parameters.length_limit());
    let digest = recipe
        .derive(password, &salt, recipe.digest_length())
        .ok_or_else(|| {
            let name = parameters.algorithm.as_str();
            Error::internal(format!(
                "password hash settings are out of range for {name}"
            ))
        })?;
    Ok(StoredHash {
        recipe,
        salt,
        digest,
    }
    .to_string())
}

/// Whether a password is the one behind a stored hash of any known format. As costly as [`hash`].
///
/// False for a hash that is malformed, of an unknown format, or so expensive that it must be an
/// attack. The password is cut at the limit of the *stored* format, so that changing the
/// configured algorithm locks nobody out; under `strict_password_check` one that is too long for
/// it is wrong.
pub fn verify(parameters: &HashParameters, password: &str, hash: &str) -> bool {
    let Some(stored) = StoredHash::parse(hash) else {
        return false;
    };
    let limit = parameters.length_limit_of(stored.recipe.algorithm());
    if parameters.strict_password_check && password.len() > limit {
        return false;
    }
    stored.verify(truncate(password, limit))
}

/// Spends the time that verifying a password takes, for users that do not exist.
pub fn dummy(parameters: &HashParameters, password: &str) {
    // Lenient, because refusing a long password early would tell that the user is unknown.
    let parameters = match parameters.strict_password_check {
        true => Cow::Owned(HashParameters {
            strict_password_check: false,
            ..parameters.clone()
        }),
        false => Cow::Borrowed(parameters),
    };
    std::hint::black_box(hash(&parameters, password).is_ok());
}

/// Gives back the memory that this thread keeps for its next hash; for threads with nothing to do.
pub fn release_memory() {
    scratch::release();
}

/// The functions that [`partial_hash`] offers.
pub const PARTIAL_HASHES: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/// A keyed hash by which a wrong password can be recognized, and not found out: base64 of
/// HMAC(key, HMAC(salt, password)). `None` for a function that is not offered.
pub fn partial_hash(function: &str, salt: &str, key: &Secret, password: &Secret) -> Option<String> {
    let algorithm = match function {
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => hmac::HMAC_SHA224,
        "sha256" => hmac::HMAC_SHA256,
        "sha384" => hmac::HMAC_SHA384,
        "sha512" => hmac::HMAC_SHA512,
        _ => return None,
    };
    let mac = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(algorithm, key), text);
    let salted = mac(salt.as_bytes(), password.expose().as_bytes());
    let keyed = mac(key.expose().as_bytes(), salted.as_ref());
    Some(STANDARD_NO_PAD.encode(keyed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        password: String,
        hash: String,
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!("../../tests/golden/passwords.json")).unwrap()
    }

    fn cheap(algorithm: Algorithm) -> HashParameters {
        let rounds = match algorithm {
            Algorithm::Argon2 => 1,
            Algorithm::Pbkdf2Sha512 => 10,
            _ => 4,
        };
        HashParameters {
            rounds: Some(rounds),
            scrypt_block_size: Some(1),
            argon2_memory_cost: Some(64),
            ..HashParameters::new(algorithm)
        }
    }

    const ALL: [Algorithm; 5] = [
        Algorithm::Argon2,
        Algorithm::Bcrypt,
        Algorithm::BcryptSha256,
        Algorithm::Scrypt,
        Algorithm::Pbkdf2Sha512,
    ];

    #[test]
    fn hashes_made_by_python_verify() {
        let parameters = HashParameters::new(Algorithm::Argon2);
        for Vector { password, hash } in vectors() {
            assert!(verify(&parameters, &password, &hash), "{hash}");
            assert!(
                !verify(&parameters, &format!("!{password}"), &hash),
                "{hash}"
            );
        }
    }

    #[test]
    fn a_stored_hash_is_written_as_it_was_read() {
        for Vector { hash, .. } in vectors() {
            let written = StoredHash::parse(&hash).unwrap().to_string();
            // New hashes carry one ident of bcrypt's, and base64 as everyone else writes it.
            let expected = match hash.starts_with("$pbkdf2") {
                true => hash.replace('.', "+"),
                false => hash.replacen("$2a$", "$2b$", 1).replacen("$2y$", "$2b$", 1),
            };
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn every_algorithm_verifies_what_it_has_made_and_nothing_else() {
        for algorithm in ALL {
            let parameters = cheap(algorithm);
            for password in ["", "secret", "a\0b", "pässwörd"] {
                let hash = hash(&parameters, password).unwrap();
                assert!(hash.len() <= 255, "{hash}");
                assert!(verify(&parameters, password, &hash), "{hash} {password:?}");
                assert!(!verify(&parameters, "other", &hash), "{hash}");
            }
        }
    }

    #[test]
    fn bcrypt_reads_72_bytes_and_the_others_all() {
        for algorithm in ALL {
            let parameters = cheap(algorithm);
            let hash = hash(&parameters, &"x".repeat(100)).unwrap();
            let equal_prefix_suffices = verify(&parameters, &"x".repeat(72), &hash);
            assert_eq!(
                equal_prefix_suffices,
                algorithm == Algorithm::Bcrypt,
                "{algorithm:?}"
            );
            assert!(!verify(&parameters, &"x".repeat(71), &hash));
        }
    }

    #[test]
    fn a_cut_may_split_a_character() {
        let parameters = HashParameters {
            max_password_length: 7,
            ..cheap(Algorithm::Bcrypt)
        };
        assert_eq!(truncate("éééé", 7), &"éééé".as_bytes()[..7]);
        let hash = hash(&parameters, "éééé").unwrap();
        assert!(verify(&parameters, "éééè", &hash));
        assert!(!verify(&parameters, "ééé", &hash));
    }

    #[test]
    fn a_strict_installation_refuses_what_it_would_cut() {
        let strict = HashParameters {
            strict_password_check: true,
            ..cheap(Algorithm::Bcrypt)
        };
        let long = "x".repeat(73);
        assert!(matches!(
            hash(&strict, &long),
            Err(Error::ForbiddenAction(_))
        ));
        assert!(check_length(&strict, &"x".repeat(72)).is_ok());
        let lenient = cheap(Algorithm::Bcrypt);
        assert!(!verify(&strict, &long, &hash(&lenient, &long).unwrap()));
    }

    #[test]
    fn a_changed_algorithm_locks_nobody_out() {
        let long = "x".repeat(100);
        let hash = hash(&cheap(Algorithm::Scrypt), &long).unwrap();
        assert!(verify(&cheap(Algorithm::Bcrypt), &long, &hash));
    }

    #[test]
    fn costs_out_of_range_are_a_broken_configuration() {
        for rounds in [1, 3, 32, 1000] {
            for algorithm in [Algorithm::Bcrypt, Algorithm::BcryptSha256] {
                let parameters = HashParameters {
                    rounds: Some(rounds),
                    ..HashParameters::new(algorithm)
                };
                assert!(matches!(hash(&parameters, "x"), Err(Error::Internal(_))));
            }
        }
    }

    #[test]
    fn zero_and_unset_mean_the_default() {
        let zero = HashParameters {
            rounds: Some(0),
            ..HashParameters::new(Algorithm::Bcrypt)
        };
        assert_eq!(zero.recipe(), Recipe::Bcrypt { rounds: 12 });
        let default = HashParameters::new(Algorithm::Argon2).recipe();
        assert_eq!(
            default,
            Recipe::Argon2id {
                memory: 19_456,
                passes: 2,
                lanes: 1
            }
        );
    }

    #[test]
    fn malformed_and_absurd_hashes_match_no_password() {
        let digest = "A".repeat(43);
        let parameters = HashParameters::new(Algorithm::Argon2);
        for hash in [
            "",
            "x",
            "$",
            "$2b$",
            "$2b$04$short",
            "$2$04$r5vY5nIW6zLSn6KzvL5S8ueOFo/J1udJXusdl1VdkIBZZ98kYi7UW",
            "$2b$99$r5vY5nIW6zLSn6KzvL5S8ueOFo/J1udJXusdl1VdkIBZZ98kYi7UW",
            "$2b$04$é5vY5nIW6zLSn6KzvL5S8ueOFo/J1udJXusdl1VdkIBZZ98kYi7UW",
            "$bcrypt-sha256$2b,04$aaaaaaaaaaaaaaaaaaaaaa$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            "$scrypt$ln=16",
            &format!("$scrypt$ln=40,r=8,p=1$AAAAAAAA${digest}"),
            &format!("$scrypt$ln=1,r=4294967295,p=4294967295$AAAAAAAA${digest}"),
            &format!("$scrypt$ln=0,r=8,p=1$AAAAAAAA${digest}"),
            "$pbkdf2-sha512$x$y$z",
            &format!("$pbkdf2-sha512$4294967295$AAAAAAAA${digest}"),
            &format!("$pbkdf2-sha512$0$AAAAAAAA${digest}"),
            "$pbkdf2-sha512$10$AAAAAAAA$",
            &format!("$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAA${digest}"),
            &format!("$argon2id$v=19$m=8,t=0,p=1$AAAAAAAAAAA${digest}"),
            &format!("$argon2id$v=16$m=64,t=1,p=1$AAAAAAAAAAA${digest}"),
            "$6$rounds=656000$x$y",
        ] {
            assert!(!verify(&parameters, "x", hash), "{hash}");
        }
    }

    #[test]
    fn algorithms_have_the_names_of_the_configuration() {
        for algorithm in ALL {
            assert_eq!(algorithm.as_str().parse::<Algorithm>().unwrap(), algorithm);
        }
        assert!("md5".parse::<Algorithm>().is_err());
    }

    proptest! {
        #[test]
        fn no_stored_text_panics(
            ident in "2b|scrypt|bcrypt-sha256|pbkdf2-sha512|argon2id",
            rest in r"[$a-zA-Z0-9=,/.+]{0,80}",
        ) {
            let text = format!("${ident}${rest}");
            // Only parsed, because even the costs that are allowed take long.
            let _ = StoredHash::parse(&text).map(|stored| stored.to_string());
        }
    }
}
