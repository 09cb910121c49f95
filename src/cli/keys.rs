//! Key repositories: `fernet_*`, `token_*`, `receipt_*`, `credential_setup`, `create_jws_keypair`.

use super::arguments::{CreateJwsKeypair, KeyOwner};
use super::{USAGE, owner};
use crate::config::Config;
use crate::crypto::jws_keys::{JwsAlgorithm, create_key_pair};
use crate::crypto::key_repository::KeyRepository;
use std::path::Path;
use std::process::ExitCode;

/// Credential keys: one staged, one in use, and the one before, which credential_migrate needs.
const CREDENTIAL_KEYS: usize = 3;

/// A key repository and how many keys it may hold.
pub(super) struct Repository {
    pub keys: KeyRepository,
    pub max_active: usize,
}

impl Repository {
    fn new(path: &Path, max_active: u64) -> Self {
        Self {
            keys: KeyRepository::new(path),
            max_active: usize::try_from(max_active).unwrap_or(usize::MAX),
        }
    }
}

/// The keys of tokens.
pub(super) fn of_tokens(config: &Config) -> Repository {
    let options = &config.fernet_tokens;
    Repository::new(&options.key_repository, options.max_active_keys)
}

/// The keys of receipts.
pub(super) fn of_receipts(config: &Config) -> Repository {
    let options = &config.fernet_receipts;
    Repository::new(&options.key_repository, options.max_active_keys)
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
    }
}

/// Makes the repositories that are not there.
pub(super) fn setup(repositories: &[Repository], options: &KeyOwner) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(options)? else {
        return Ok(ExitCode::from(USAGE));
    };
    for Repository { keys, max_active } in repositories {
        let path = keys.path().display();
        match keys.setup(*max_active, owner)? {
            true => tracing::info!("made the keys in {path}"),
            false => tracing::info!("there are keys in {path} already; nothing was changed"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts each repository's staged key into use.
pub(super) fn rotate(repositories: &[Repository], options: &KeyOwner) -> anyhow::Result<ExitCode> {
    let Some(owner) = owner::of(options)? else {
        return Ok(ExitCode::from(USAGE));
    };
    for Repository { keys, max_active } in repositories {
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
