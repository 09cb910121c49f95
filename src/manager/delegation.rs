//! Whether a token may do what would make or show a secret or a right.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::access_path;
use crate::model::delegation::{Act, Delegation, Exceptions};
use crate::model::token::ValidToken;

/// Fails unless every step of the token's delegation permits the act. The one question that routes ask
/// which make tokens, trusts, credentials of any kind, or show secrets.
///
/// # Errors
/// 403 that names the step.
pub fn permit(token: &ValidToken, act: Act, config: &Config) -> Result<()> {
    permit_steps(&token.delegation, act, config)
}

/// As [`permit`], for who calls without a token.
///
/// # Errors
/// 403 that names the step.
pub fn permit_steps(steps: &[Delegation], act: Act, config: &Config) -> Result<()> {
    let exceptions = Exceptions {
        application_credentials_manage_trusts: config
            .security_compliance
            .allow_insecure_application_credential_trust_escalation,
    };
    let refusing = steps.iter().find(|step| !step.permits(act, exceptions));
    match refusing {
        None => Ok(()),
        Some(step) => Err(Error::forbidden_action(format!(
            "This can't be done with what was handed on ({}).",
            step.name()
        ))),
    }
}

/// The type of this service in catalogs and access rules.
const SERVICE: &str = "identity";

/// Fails unless the access rules of the application credential behind the token, if there are any, have
/// one for a request to this API. Any token may be validated.
///
/// # Errors
/// 401.
pub fn permit_request(token: &ValidToken, method: &str, path: &str) -> Result<()> {
    let Some(credential) = token.application_credential() else {
        return Ok(());
    };
    if credential.access_rules.is_empty() || (method == "GET" && path.ends_with("/v3/auth/tokens"))
    {
        return Ok(());
    }
    let in_catalog = token
        .services()?
        .iter()
        .any(|service| service.service_type.as_deref() == Some(SERVICE));
    let ruled = credential.access_rules.iter().any(|rule| {
        rule.service == SERVICE && rule.method == method && access_path::matches(&rule.path, path)
    });
    if in_catalog && ruled {
        Ok(())
    } else {
        Err(Error::unauthorized(format!(
            "application credential {} has no access rule for {method} {path}",
            credential.id
        )))
    }
}
