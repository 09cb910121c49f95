//! From configuration to what the program runs on: keys, policy, hashing.

use super::{Settings, token_formats};
use crate::api::links::LinkRules;
use crate::config::{Config, HashAlgorithm};
use crate::crypto::password::{Algorithm, HashParameters, PARTIAL_HASHES};
use crate::error::{Error, Result};
use crate::policy::{Policy, PolicyOptions};
use std::path::PathBuf;
use std::sync::Arc;

impl Settings {
    /// Reads the key repositories and the policy files that a configuration names. Blocking I/O.
    ///
    /// `default_hash` is used when `password_hash_algorithm` is unset. Warnings are appended.
    ///
    /// # Errors
    /// A missing or unusable key repository, a broken policy file.
    pub fn load(
        config: Arc<Config>,
        config_dirs: Vec<PathBuf>,
        default_hash: Algorithm,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let policy_options = policy_options(&config, config_dirs);
        let policy = Policy::load(&policy_options).map_err(Error::internal)?;
        warnings.extend(policy.warnings);
        if config.default.admin_token.is_some() {
            warnings.push(
                "[DEFAULT] admin_token is set: whoever knows it may do everything, without an \
                 account that could be named or disabled. Remove it once there is an administrator."
                    .to_owned(),
            );
        }
        let tokens = token_formats::load(&config, warnings)?;
        warnings.extend(unreported_passwords(&config));
        let links = LinkRules {
            public_endpoint: config.default.public_endpoint.clone(),
            enable_proxy_headers_parsing: config.oslo_middleware.enable_proxy_headers_parsing,
        };
        Ok(Self {
            policy: Arc::new(policy.policy),
            tokens: Arc::new(tokens),
            hashing: Arc::new(hash_parameters(&config, default_hash)?),
            links: Arc::new(links),
            config,
        })
    }
}

/// Where and how policy is read.
pub fn policy_options(config: &Config, config_dirs: Vec<PathBuf>) -> PolicyOptions {
    let options = &config.oslo_policy;
    PolicyOptions {
        policy_file: options.policy_file.clone(),
        policy_dirs: options.policy_dirs.iter().map(PathBuf::from).collect(),
        config_dirs,
        enforce_scope: true,
        enforce_new_defaults: options.enforce_new_defaults,
        policy_default_rule: options.policy_default_rule.clone(),
    }
}

/// Why wrong passwords can't be reported although that is asked for.
fn unreported_passwords(config: &Config) -> Option<String> {
    let rules = &config.security_compliance;
    let nothing_is = |reason: &str| {
        format!("[security_compliance] report_invalid_password_hash: nothing is reported, {reason}")
    };
    if rules.report_invalid_password_hash.is_empty() {
        None
    } else if rules.invalid_password_hash_secret_key.is_none() {
        Some(nothing_is("invalid_password_hash_secret_key is not set"))
    } else if !PARTIAL_HASHES.contains(&rules.invalid_password_hash_function.as_str()) {
        Some(nothing_is(&format!(
            "invalid_password_hash_function must be one of {}",
            PARTIAL_HASHES.join(", ")
        )))
    } else {
        None
    }
}

/// How new passwords are hashed; `default` counts when `password_hash_algorithm` is unset.
///
/// # Errors
/// A cost that is out of range.
pub fn hash_parameters(config: &Config, default: Algorithm) -> Result<HashParameters> {
    let identity = &config.identity;
    let algorithm = match identity.password_hash_algorithm {
        Some(HashAlgorithm::Argon2) => Algorithm::Argon2,
        Some(HashAlgorithm::Bcrypt) => Algorithm::Bcrypt,
        Some(HashAlgorithm::BcryptSha256) => Algorithm::BcryptSha256,
        Some(HashAlgorithm::Scrypt) => Algorithm::Scrypt,
        Some(HashAlgorithm::Pbkdf2Sha512) => Algorithm::Pbkdf2Sha512,
        None => default,
    };
    let rounds = match algorithm {
        Algorithm::Argon2 => Some(identity.argon2_time_cost),
        _ => to_u32("password_hash_rounds", identity.password_hash_rounds)?,
    };
    Ok(HashParameters {
        algorithm,
        rounds,
        salt_bytesize: to_u32(
            "salt_bytesize",
            identity.salt_bytesize.map(u64::cast_signed),
        )?,
        scrypt_block_size: to_u32("scrypt_block_size", identity.scrypt_block_size)?,
        scrypt_parallelism: to_u32("scrypt_parallelism", identity.scrypt_parallelism)?,
        argon2_memory_cost: Some(identity.argon2_memory_cost),
        argon2_parallelism: Some(identity.argon2_parallelism),
        max_password_length: usize::try_from(identity.max_password_length).unwrap_or(usize::MAX),
        strict_password_check: config.default.strict_password_check,
    })
}

fn to_u32(name: &str, value: Option<i64>) -> Result<Option<u32>> {
    value
        .map(|value| {
            u32::try_from(value)
                .map_err(|_| Error::internal(format!("[identity] {name}: {value} is out of range")))
        })
        .transpose()
}
