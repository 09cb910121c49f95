//! Key repositories: `fernet_*`, `token_*`, `receipt_*`, `credential_setup`, `create_jws_keypair`.

use super::arguments::{CreateJwsKeypair, KeyOwner, KeyRotation};
use super::{USAGE, owner};
use crate::config::Config;
use crate::crypto::jws_keys::{JwsAlgorithm, create_key_pair};
use crate::crypto::key_repository::KeyRepository;
use crate::model::Timestamp;
use anyhow::bail;
use chrono::{DateTime, Utc};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// Credential keys: one staged, one in use, and the one before, which credential_migrate needs.
const CREDENTIAL_KEYS: usize = 3;

/// A key repository and how many keys it may hold.
pub(super) struct Repository {
    pub keys: KeyRepository,
    pub max_active: usize,
    /// How long lives what is made with the keys.
    lifetime: Duration,
    /// Whose option `max_active_keys` is.
    group: &'static str,
}

impl Repository {
    fn refuse_to_lose_keys_in_use(&self) -> anyhow::Result<()> {
        let Some((path, ended)) = self.keys.doomed(self.max_active)? else {
            return Ok(());
        };
        let until = ended + self.lifetime;
        if until > SystemTime::now() {
            bail!(
                "a rotation would delete {}, and what was made with it is good until {}; raise \
                 [{}] max_active_keys, rotate later, or give --force",
                path.display(),
                Timestamp::from(DateTime::<Utc>::from(until)).whole_seconds(),
                self.group
            );
        }
        Ok(())
    }
}

/// The keys of tokens.
pub(super) fn of_tokens(config: &Config) -> Repository {
    let options = &config.fernet_tokens;
    Repository {
        keys: KeyRepository::new(&options.key_repository),
        max_active: usize::try_from(options.max_active_keys).unwrap_or(usize::MAX),
        lifetime: Duration::from_secs(config.token.expiration),
        group: "fernet_tokens",
    }
}

/// The keys of receipts.
pub(super) fn of_receipts(config: &Config) -> Repository {
    let options = &config.fernet_receipts;
    Repository {
        keys: KeyRepository::new(&options.key_repository),
        max_active: usize::try_from(options.max_active_keys).unwrap_or(usize::MAX),
        lifetime: Duration::from_secs(config.receipt.expiration),
        group: "fernet_receipts",
    }
}

/// Both; one when they are the same.
pub(super) fn of_tokens_and_receipts(config: &Config) -> Vec<Repository> {
    let (tokens, receipts) = (of_tokens(config), of_receipts(config));
    if tokens.keys.path() == receipts.keys.path() {
        vec![tokens]
    } else {
        vec![tokens, receipts]
    }
}

/// The keys of credentials.
pub(super) fn of_credentials(config: &Config) -> Repository {
    Repository {
        keys: KeyRepository::new(&config.credential.key_repository),
        max_active: CREDENTIAL_KEYS,
        // What depends on them is asked of the database.
        lifetime: Duration::ZERO,
        group: "credential",
    }
}

/// Makes the repositories that are not there.
pub(super) fn setup(repositories: &[Repository], options: &KeyOwner) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(options)? else {
        return Ok(ExitCode::from(USAGE));
    };
    for Repository {
        keys, max_active, ..
    } in repositories
    {
        let path = keys.path().display();
        match keys.setup(*max_active, owner)? {
            true => tracing::info!("made the keys in {path}"),
            false => tracing::info!("there are keys in {path} already; nothing was changed"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts each repository's staged key into use. Refuses to delete a key with which something was made
/// that may still be good, unless forced.
pub(super) fn rotate(
    repositories: &[Repository],
    options: &KeyRotation,
) -> anyhow::Result<ExitCode> {
    if !options.force {
        for repository in repositories {
            repository.refuse_to_lose_keys_in_use()?;
        }
    }
    promote(repositories, &options.owner)
}

/// Puts each repository's staged key into use.
pub(super) fn promote(repositories: &[Repository], options: &KeyOwner) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(options)? else {
        return Ok(ExitCode::from(USAGE));
    };
    for Repository {
        keys, max_active, ..
    } in repositories
    {
        keys.rotate(*max_active, owner)?;
        tracing::info!("rotated the keys in {}", keys.path().display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a key pair to the working folder.
pub(super) fn create_jws_keypair(
    config: &Config,
    options: &CreateJwsKeypair,
) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(&options.owner)? else {
        return Ok(ExitCode::from(USAGE));
    };
    let algorithm: JwsAlgorithm = config.jwt_tokens.jws_algorithm.as_str().parse()?;
    create_key_pair(algorithm, Path::new("."), options.force, owner)?;
    tracing::info!("made private.pem and public.pem for {}", algorithm.as_str());
    Ok(ExitCode::SUCCESS)
}
