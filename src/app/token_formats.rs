//! `[token] provider` and `accept`, with the keys that they need.

use crate::config::Config;
use crate::crypto::cms::{SigningCertificate, SigningKey};
use crate::crypto::jws_keys::{JwsAlgorithm, JwsSigningKey, JwsVerifyingKey};
use crate::crypto::key_repository::KeyRepository;
use crate::error::Result;
use crate::token::PayloadCodec;
use crate::token::jws::JwsVerifier;
use crate::token::provider::{Keys, PkiKeys, TokenFormat, TokenProvider};

/// Reads the keys of the format that is issued and of those that are accepted. Blocking I/O.
///
/// # Errors
/// 500, with a message for the operator: a format is not known, or keys of one that was asked for are
/// missing or broken.
pub fn load(config: &Config, warnings: &mut Vec<String>) -> Result<TokenProvider> {
    let issues: TokenFormat = config.token.provider.parse()?;
    let mut keys = Keys::default();
    let mut accepts = Vec::new();
    for Wanted { format, required } in wanted(config, issues)? {
        match read_keys(config, format, format == issues, &mut keys, warnings) {
            Ok(()) => accepts.push(format),
            Err(error) if required => return Err(error),
            // What only happens to be there may be broken without harm.
            Err(error) => {
                warnings.push(format!(
                    "{} tokens are not accepted: {error}",
                    format.name()
                ));
            }
        }
    }
    if keys.pki.is_none() && has_keys(config, TokenFormat::Pki) {
        // The list of revoked tokens is signed whatever the format of tokens is.
        match pki(config, false) {
            Ok(found) => keys.pki = Some(found),
            Err(error) => warnings.push(format!("nothing can be signed: {error}")),
        }
    }
    let codec = PayloadCodec {
        methods: config.auth.methods.clone(),
        default_domain_id: config.identity.default_domain_id.as_str().into(),
    };
    let short_id = config.token.hash_algorithm.parse()?;
    Ok(TokenProvider::new(issues, accepts, keys, codec, short_id))
}

struct Wanted {
    format: TokenFormat,
    required: bool,
}

/// What is issued, and what is accepted besides: what the operator lists, else everything whose keys
/// are there.
fn wanted(config: &Config, issues: TokenFormat) -> Result<Vec<Wanted>> {
    let mut wanted = vec![Wanted {
        format: issues,
        required: true,
    }];
    for name in &config.token.accept {
        wanted.push(Wanted {
            format: name.parse()?,
            required: true,
        });
    }
    if config.token.accept.is_empty() {
        let present = TokenFormat::ALL.into_iter();
        let present = present.filter(|format| *format != issues && has_keys(config, *format));
        wanted.extend(present.map(|format| Wanted {
            format,
            required: false,
        }));
    }
    Ok(wanted)
}

fn has_keys(config: &Config, format: TokenFormat) -> bool {
    match format {
        TokenFormat::Fernet => config.fernet_tokens.key_repository.is_dir(),
        TokenFormat::Jws => config.jwt_tokens.jws_public_key_repository.is_dir(),
        TokenFormat::Uuid => false,
        TokenFormat::Pki | TokenFormat::Pkiz => config.signing.certfile.is_file(),
    }
}

fn read_keys(
    config: &Config,
    format: TokenFormat,
    issues: bool,
    keys: &mut Keys,
    warnings: &mut Vec<String>,
) -> Result<()> {
    match format {
        TokenFormat::Fernet if keys.fernet.is_none() => {
            let loaded = KeyRepository::new(&config.fernet_tokens.key_repository).load()?;
            warnings.extend(loaded.warnings);
            keys.fernet = Some(loaded.keys);
        }
        TokenFormat::Jws if keys.jws.is_none() => {
            let options = &config.jwt_tokens;
            if issues {
                let algorithm: JwsAlgorithm = options.jws_algorithm.as_str().parse()?;
                let folder = &options.jws_private_key_repository;
                keys.jws_signing = Some(JwsSigningKey::load(algorithm, folder)?);
            }
            let accepted = options.jws_accepted_algorithms.iter();
            keys.jws = Some(JwsVerifier {
                keys: JwsVerifyingKey::load_all(&options.jws_public_key_repository)?,
                accepted: accepted.map(|name| name.parse()).collect::<Result<_>>()?,
            });
        }
        TokenFormat::Pki | TokenFormat::Pkiz if keys.pki.is_none() => {
            keys.pki = Some(pki(config, issues)?);
        }
        _ => {}
    }
    Ok(())
}

/// `[signing]` keys. Where nothing has to be signed, the private one may be missing.
fn pki(config: &Config, must_sign: bool) -> Result<PkiKeys> {
    let options = &config.signing;
    let certificate = SigningCertificate::load(&options.certfile)?;
    let signing = match options.keyfile.is_file() || must_sign {
        true => Some(SigningKey::load(&options.keyfile)?),
        false => None,
    };
    Ok(PkiKeys {
        certificate,
        signing,
    })
}
