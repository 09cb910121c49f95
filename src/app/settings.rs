//! From configuration to what the program runs on: keys, policy, hashing.

use super::{Settings, token_formats};
use crate::api::environment::ProxyRules;
use crate::api::links::LinkRules;
use crate::config::{Config, DomainFile, HashAlgorithm};
use crate::crypto::fernet::FernetKeys;
use crate::crypto::key_repository::KeyRepository;
use crate::crypto::password::{Algorithm, HashParameters, PARTIAL_HASHES};
use crate::driver::templated_catalog::TemplatedCatalog;
use crate::error::{Error, Result};
use crate::manager::identity::check_drivers;
use crate::policy::{Policy, PolicyOptions};
use crate::token::PayloadCodec;
use crate::token::receipt::ReceiptProvider;
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
        check_auth(&config)?;
        let policy_options = policy_options(&config, config_dirs.clone());
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
        let receipts = receipt_provider(&config, warnings)?;
        let credential_keys = credential_keys(&config, warnings)?;
        warnings.extend(unreported_passwords(&config));
        let domains = DomainFile::of(&config, warnings).map_err(Error::internal)?;
        check_drivers(&config, &domains)?;
        let links = LinkRules {
            public_endpoint: config.default.public_endpoint.clone(),
            admin_endpoint: config.default.admin_endpoint.clone(),
            enable_proxy_headers_parsing: config.oslo_middleware.enable_proxy_headers_parsing,
        };
        Ok(Self {
            policy: Arc::new(policy.policy),
            tokens: Arc::new(tokens),
            receipts: Arc::new(receipts),
            proxies: Arc::new(ProxyRules::of(&config)?),
            credential_keys: Arc::new(credential_keys),
            templates: templates(&config, config_dirs)?.map(Arc::new),
            hashing: Arc::new(hash_parameters(&config, default_hash)?),
            links: Arc::new(links),
            domains: domains.into(),
            config,
        })
    }
}

/// Authentication methods that have a place in `[auth] methods`. Not all of them are served, but
/// tokens may carry any.
const METHODS: [&str; 12] = [
    "application_credential",
    "ec2credential",
    "external",
    "kerberos",
    "mapped",
    "oauth1",
    "openid",
    "password",
    "saml2",
    "token",
    "totp",
    "x509",
];

/// Refuses methods and plugins that nobody knows: a typo would lock users out without a word.
fn check_auth(config: &Config) -> Result<()> {
    let refuse = |option: &str, name: &str, known: &str| {
        let place = config.origin("auth", option);
        Err(Error::internal(format!(
            "{place}: [auth] {option}: '{name}' is not known; known are {known}"
        )))
    };
    let mut methods = config.auth.methods.iter();
    if let Some(name) = methods.find(|name| !METHODS.contains(&name.as_str())) {
        return refuse("methods", name, &METHODS.join(", "));
    }
    const PLUGINS: [&str; 3] = ["default", "DefaultDomain", "Domain"];
    match &config.auth.external {
        Some(name) if !PLUGINS.contains(&name.as_str()) => {
            refuse("external", name, &PLUGINS.join(", "))
        }
        _ => Ok(()),
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

/// The catalog's file, where the catalog is one.
fn templates(config: &Config, config_dirs: Vec<PathBuf>) -> Result<Option<TemplatedCatalog>> {
    match config.catalog.driver.as_str() {
        "sql" | "endpoint_filter.sql" => return Ok(None),
        "templated" => {}
        other => {
            let place = config.origin("catalog", "driver");
            return Err(Error::internal(format!(
                "{place}: [catalog] driver: '{other}' is not known; known are sql, \
                 endpoint_filter.sql and templated"
            )));
        }
    }
    let named = PathBuf::from(&config.catalog.template_file);
    let candidates = config_dirs.iter().map(|folder| folder.join(&named));
    let path = candidates.into_iter().find(|path| path.is_file());
    let path = path.unwrap_or(named);
    TemplatedCatalog::load(&path)
        .map(Some)
        .map_err(|error| Error::internal(format!("[catalog] template_file: {error}")))
}

fn codec(config: &Config) -> PayloadCodec {
    PayloadCodec {
        methods: config.auth.methods.clone(),
        default_domain_id: config.identity.default_domain_id.as_str().into(),
    }
}

fn receipt_provider(config: &Config, warnings: &mut Vec<String>) -> Result<ReceiptProvider> {
    if config.receipt.provider != "fernet" {
        return Err(Error::internal(format!(
            "[receipt] provider: {} is not known; use fernet",
            config.receipt.provider
        )));
    }
    let repository = KeyRepository::new(&config.fernet_receipts.key_repository);
    let keys = if repository.is_set_up() {
        let loaded = repository.load()?;
        warnings.extend(loaded.warnings);
        Some(loaded.keys)
    } else {
        warnings.push(format!(
            "no receipt keys in {}: logins that need several methods must send all of them at once",
            repository.path().display()
        ));
        None
    };
    Ok(ReceiptProvider::new(keys, codec(config)))
}

fn credential_keys(config: &Config, warnings: &mut Vec<String>) -> Result<FernetKeys> {
    let options = &config.credential;
    if options.provider != "fernet" {
        return Err(Error::internal(format!(
            "[credential] provider: {} is not known; use fernet",
            options.provider
        )));
    }
    let loaded = KeyRepository::new(&options.key_repository).load_with_null_key()?;
    warnings.extend(loaded.warnings);
    Ok(loaded.keys)
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
