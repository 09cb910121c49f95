//! Whether a token may do what would make or show a secret or a right.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::delegation::{Act, Exceptions};
use crate::model::token::ValidToken;

/// Fails unless every step of the token's delegation permits the act. The one question that routes ask
/// which make tokens, trusts, credentials of any kind, or show secrets.
///
/// # Errors
/// 403 that names the step.
pub fn permit(token: &ValidToken, act: Act, config: &Config) -> Result<()> {
    let exceptions = Exceptions {
        application_credentials_manage_trusts: config
            .security_compliance
            .allow_insecure_application_credential_trust_escalation,
    };
    let refusing = token
        .delegation
        .iter()
        .find(|step| !step.permits(act, exceptions));
    match refusing {
        None => Ok(()),
        Some(step) => Err(Error::forbidden_action(format!(
            "A token that was made with a delegation ({}) can't be used for this.",
            step.name()
        ))),
    }
}
