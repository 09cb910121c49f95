//! Hashes as the `password_hash` column holds them: parsing, rendering and the derivations behind.
//!
//! | format | text |
//! |---|---|
//! | bcrypt | `$2b$<rounds, 2 digits>$<salt, 22><digest, 31>` |
//! | bcrypt_sha256 | `$bcrypt-sha256$v=2,t=2b,r=<rounds>$<salt, 22>$<digest, 31>` |
//! | scrypt | `$scrypt$ln=<log₂ N>,r=<r>,p=<p>$<salt>$<digest>` |
//! | pbkdf2_sha512 | `$pbkdf2-sha512$<rounds>$<salt>$<digest>` |
//! | argon2id | `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<digest>` |
//!
//! The bcrypts use bcrypt's own base64 alphabet, the others the standard one, all without padding.

use super::{Algorithm, BCRYPT_MAX_LENGTH, scratch};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode::RequireNone;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use std::num::NonZeroU32;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// bcrypt writes 128 and 184 bits in six-bit characters and leaves rubbish in the spare bits.
const BCRYPT64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The column holds 255 characters.
const MAX_LENGTH: usize = 512;
/// Beyond these a stored hash is taken for an attack on memory or time, not for a password's.
const MAX_MEMORY: u64 = 1 << 30;
const MAX_LANES: u32 = 64;
const MAX_PASSES: u32 = 64;
const MAX_PBKDF2_ROUNDS: u32 = 10_000_000;

/// An algorithm and its costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipe {
    Argon2id {
        memory: u32,
        passes: u32,
        lanes: u32,
    },
    Bcrypt {
        rounds: u32,
    },
    BcryptSha256 {
        rounds: u32,
    },
    Scrypt {
        log_n: u8,
        block_size: u32,
        parallelism: u32,
    },
    Pbkdf2Sha512 {
        rounds: u32,
    },
}

impl Recipe {
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::Argon2id { .. } => Algorithm::Argon2,
            Self::Bcrypt { .. } => Algorithm::Bcrypt,
            Self::BcryptSha256 { .. } => Algorithm::BcryptSha256,
            Self::Scrypt { .. } => Algorithm::Scrypt,
            Self::Pbkdf2Sha512 { .. } => Algorithm::Pbkdf2Sha512,
        }
    }

    /// How long a new digest is, in bytes.
    pub(super) fn digest_length(self) -> usize {
        match self {
            Self::Bcrypt { .. } | Self::BcryptSha256 { .. } => 23,
            Self::Argon2id { .. } | Self::Scrypt { .. } => 32,
            Self::Pbkdf2Sha512 { .. } => 64,
        }
    }

    /// Whether the costs are legal and bearable.
    fn is_sane(self) -> bool {
        match self {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => {
                (1..=MAX_LANES).contains(&lanes)
                    && (1..=MAX_PASSES).contains(&passes)
                    && memory >= 8 * lanes
                    && u64::from(memory) * 1024 <= MAX_MEMORY
            }
            Self::Bcrypt { rounds } | Self::BcryptSha256 { rounds } => (4..=31).contains(&rounds),
            Self::Scrypt {
                log_n,
                block_size,
                parallelism,
            } => {
                let memory = 1_u64
                    .checked_shl(log_n.into())
                    .and_then(|n| n.checked_mul(128 * u64::from(block_size)));
                log_n > 0
                    && block_size > 0
                    && (1..=MAX_LANES).contains(&parallelism)
                    && memory.is_some_and(|memory| memory <= MAX_MEMORY)
            }
            Self::Pbkdf2Sha512 { rounds } => (1..=MAX_PBKDF2_ROUNDS).contains(&rounds),
        }
    }

    /// The digest of a password; `None` when costs, salt or length are not the algorithm's.
    pub(super) fn derive(self, password: &[u8], salt: &[u8], length: usize) -> Option<Vec<u8>> {
        if !self.is_sane() {
            return None;
        }
        let mut digest = vec![0; length];
        match self {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => {
                let params = argon2::Params::new(memory, passes, lanes, Some(length)).ok()?;
                let (kind, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
                let blocks = params.block_count();
                let argon2 = argon2::Argon2::new(kind, version, params);
                scratch::with(blocks, |memory| {
                    argon2.hash_password_into_with_memory(password, salt, &mut digest, memory)
                })
                .ok()?;
            }
            Self::Bcrypt { rounds } => digest = bcrypt(rounds, salt, password)?,
            Self::BcryptSha256 { rounds } => {
                // The key is the salt's text, not its bytes.
                let key = hmac::Key::new(hmac::HMAC_SHA256, BCRYPT64.encode(salt).as_bytes());
                let mac = hmac::sign(&key, password);
                let shortened = Zeroizing::new(base64_padded(mac.as_ref()));
                digest = bcrypt(rounds, salt, shortened.as_bytes())?;
            }
            Self::Scrypt {
                log_n,
                block_size,
                parallelism,
            } => {
                let params = scrypt::Params::new(log_n, block_size, parallelism).ok()?;
                scrypt::scrypt(password, salt, &params, &mut digest).ok()?;
            }
            Self::Pbkdf2Sha512 { rounds } => {
                let rounds = NonZeroU32::new(rounds)?;
                pbkdf2::derive(
                    pbkdf2::PBKDF2_HMAC_SHA512,
                    rounds,
                    salt,
                    password,
                    &mut digest,
                );
            }
        }
        Some(digest)
    }
}

fn base64_padded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn bcrypt(rounds: u32, salt: &[u8], password: &[u8]) -> Option<Vec<u8>> {
    let salt = salt.try_into().ok()?;
    // Like C strings: a terminating zero is part of what is hashed, if there is room for it.
    let mut key = Zeroizing::new([0; BCRYPT_MAX_LENGTH]);
    let length = password.len().min(BCRYPT_MAX_LENGTH);
    key[..length].copy_from_slice(&password[..length]);
    let used = (length + 1).min(BCRYPT_MAX_LENGTH);
    Some(bcrypt::bcrypt(rounds, salt, &key[..used])[..23].to_vec())
}

/// A hash with everything that is needed to compute it again.
pub(super) struct StoredHash {
    pub(super) recipe: Recipe,
    pub(super) salt: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

impl StoredHash {
    /// Reads any known format; `None` when it is none, malformed, or too expensive to be true.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH || !text.is_ascii() {
            return None;
        }
        let (ident, rest) = text.strip_prefix('$')?.split_once('$')?;
        let stored = match ident {
            "2a" | "2b" | "2x" | "2y" => Self::parse_bcrypt(rest),
            "bcrypt-sha256" => Self::parse_bcrypt_sha256(rest),
            "scrypt" => Self::parse_scrypt(rest),
            "pbkdf2-sha512" => Self::parse_pbkdf2(rest),
            "argon2id" => Self::parse_argon2(rest),
            _ => None,
        }?;
        // A digest of a few bits would let many passwords in.
        (stored.recipe.is_sane() && stored.digest.len() >= 16).then_some(stored)
    }

    /// Whether a password gives this hash; compares in constant time.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        self.recipe
            .derive(password, &self.salt, self.digest.len())
            .is_some_and(|digest| digest.ct_eq(&self.digest).into())
    }

    fn parse_bcrypt(rest: &str) -> Option<Self> {
        let (rounds, tail) = rest.split_once('$')?;
        let rounds = number(rounds).filter(|_| rounds.len() == 2)?;
        let (salt, digest) = tail.split_at_checked(22)?;
        Self::with_bcrypt_parts(Recipe::Bcrypt { rounds }, salt, digest)
    }

    fn parse_bcrypt_sha256(rest: &str) -> Option<Self> {
        let [costs, salt, digest] = fields(rest, '$')?;
        let [version, ident, rounds] = fields(costs, ',')?;
        if version != "v=2" || ident != "t=2b" {
            return None;
        }
        let rounds = setting(rounds, "r=")?;
        Self::with_bcrypt_parts(Recipe::BcryptSha256 { rounds }, salt, digest)
    }

    fn with_bcrypt_parts(recipe: Recipe, salt: &str, digest: &str) -> Option<Self> {
        let salt = BCRYPT64.decode(salt).ok().filter(|salt| salt.len() == 16)?;
        let digest = BCRYPT64
            .decode(digest)
            .ok()
            .filter(|digest| digest.len() == 23)?;
        Some(Self {
            recipe,
            salt,
            digest,
        })
    }

    fn parse_scrypt(rest: &str) -> Option<Self> {
        let [costs, salt, digest] = fields(rest, '$')?;
        let [log_n, block_size, parallelism] = fields(costs, ',')?;
        let recipe = Recipe::Scrypt {
            log_n: setting(log_n, "ln=")?.try_into().ok()?,
            block_size: setting(block_size, "r=")?,
            parallelism: setting(parallelism, "p=")?,
        };
        Self::with_base64_parts(recipe, salt, digest)
    }

    fn parse_pbkdf2(rest: &str) -> Option<Self> {
        let [rounds, salt, digest] = fields(rest, '$')?;
        let recipe = Recipe::Pbkdf2Sha512 {
            rounds: number(rounds)?,
        };
        // Older writers put `.` where base64 has `+`.
        Self::with_base64_parts(recipe, &salt.replace('.', "+"), &digest.replace('.', "+"))
    }

    fn parse_argon2(rest: &str) -> Option<Self> {
        let [version, costs, salt, digest] = fields(rest, '$')?;
        let [memory, passes, lanes] = fields(costs, ',')?;
        let recipe = Recipe::Argon2id {
            memory: setting(memory, "m=")?,
            passes: setting(passes, "t=")?,
            lanes: setting(lanes, "p=")?,
        };
        Self::with_base64_parts(recipe, salt, digest).filter(|_| version == "v=19")
    }

    fn with_base64_parts(recipe: Recipe, salt: &str, digest: &str) -> Option<Self> {
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        let digest = STANDARD_NO_PAD.decode(digest).ok()?;
        Some(Self {
            recipe,
            salt,
            digest,
        })
    }
}

impl fmt::Display for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alphabet = match self.recipe {
            Recipe::Bcrypt { .. } | Recipe::BcryptSha256 { .. } => &BCRYPT64,
            _ => &STANDARD_NO_PAD,
        };
        let (salt, digest) = (alphabet.encode(&self.salt), alphabet.encode(&self.digest));
        match self.recipe {
            Recipe::Argon2id {
                memory,
                passes,
                lanes,
            } => {
                write!(
                    f,
                    "$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${digest}"
                )
            }
            Recipe::Bcrypt { rounds } => write!(f, "$2b${rounds:02}${salt}{digest}"),
            Recipe::BcryptSha256 { rounds } => {
                write!(f, "$bcrypt-sha256$v=2,t=2b,r={rounds}${salt}${digest}")
            }
            Recipe::Scrypt {
                log_n,
                block_size,
                parallelism,
            } => {
                write!(
                    f,
                    "$scrypt$ln={log_n},r={block_size},p={parallelism}${salt}${digest}"
                )
            }
            Recipe::Pbkdf2Sha512 { rounds } => {
                write!(f, "$pbkdf2-sha512${rounds}${salt}${digest}")
            }
        }
    }
}

/// Exactly so many fields between separators.
fn fields<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut parts = text.split(separator);
    let mut fields = [""; N];
    for field in &mut fields {
        *field = parts.next()?;
    }
    parts.next().is_none().then_some(fields)
}

fn setting(text: &str, key: &str) -> Option<u32> {
    number(text.strip_prefix(key)?)
}

fn number(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
