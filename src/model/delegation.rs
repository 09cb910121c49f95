//! Delegation as one idea: a token stands for its user, or for a part of what a user may do that was
//! handed on. This is the one type that says which part, and the one place that says what may be made
//! of it.

use super::application_credential::ApplicationCredential;
use super::oauth1::AccessToken;
use super::token::TokenOrigin;
use super::trust::Trust;
use super::{Role, Timestamp};

/// One step by which a token came to stand for less than its user. A token's steps are its chain: one
/// that was made with EC2 keys under a trust has two.
#[derive(Clone, Debug)]
pub enum Delegation {
    /// A trust, with the roles that it gives now.
    Trust {
        trust: Trust,
        /// Those delegated and those that these imply, without domain-specific ones.
        roles: Vec<Role>,
    },
    /// An application credential.
    ApplicationCredential(ApplicationCredential),
    /// An OAuth1 access token.
    OAuth1(AccessToken),
    /// OAuth2 with a client certificate.
    OAuth2 {
        /// SHA-256 of the client certificate, base64url.
        thumbprint: String,
    },
    /// A client certificate that came instead of a token. It stands for its user in one request, and
    /// nothing that outlasts the request can be made with it.
    Certificate,
    /// EC2 keys, that is, signed requests that some service passed on.
    Ec2Credential,
    /// Some authentication method that is not known to be a user's own.
    Unknown,
}

/// What a token can be used for that would make, or show, a secret or a new right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To call this API at all.
    CallApi,
    /// To become a token with another scope.
    Rescope,
    /// To read, make or withdraw trusts. Of a trust's token, what it makes is bounded by the trust.
    Trusts,
    /// To read application credentials and access rules, and to delete rules that are not used.
    ReadApplicationCredentials,
    /// To make or delete application credentials.
    WriteApplicationCredentials,
    /// To read, make, change or delete credentials (`/v3/credentials` and OS-EC2).
    Credentials,
    /// To authorize OAuth1 request tokens.
    AuthorizeRequestTokens,
    /// To read or withdraw OAuth1 access tokens.
    AccessTokens,
    /// To set the password of the token's own user: with it, what was handed on would become all that
    /// the user may do.
    SetOwnPassword,
}

/// What operators can change about [`Delegation::permits`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Exceptions {
    /// `[security_compliance] allow_insecure_application_credential_trust_escalation`
    pub application_credentials_manage_trusts: bool,
}

impl Delegation {
    /// Whether a token that was handed on in this way may do that. What is not named here is refused;
    /// both matches list everything, so that a new delegation or a new act has to be decided upon.
    pub fn permits(&self, act: Act, exceptions: Exceptions) -> bool {
        match self {
            Self::Trust { .. } => match act {
                Act::CallApi | Act::Trusts => true,
                Act::Rescope
                | Act::ReadApplicationCredentials
                | Act::WriteApplicationCredentials
                | Act::Credentials
                | Act::AuthorizeRequestTokens
                | Act::AccessTokens
                | Act::SetOwnPassword => false,
            },
            Self::ApplicationCredential(credential) => match act {
                Act::CallApi | Act::ReadApplicationCredentials => true,
                Act::WriteApplicationCredentials => credential.is_unrestricted(),
                Act::Trusts => exceptions.application_credentials_manage_trusts,
                Act::Rescope
                | Act::Credentials
                | Act::AuthorizeRequestTokens
                | Act::AccessTokens
                | Act::SetOwnPassword => false,
            },
            Self::OAuth1(_) | Self::OAuth2 { .. } | Self::Certificate | Self::Unknown => {
                match act {
                    Act::CallApi => true,
                    Act::Rescope
                    | Act::Trusts
                    | Act::ReadApplicationCredentials
                    | Act::WriteApplicationCredentials
                    | Act::Credentials
                    | Act::AuthorizeRequestTokens
                    | Act::AccessTokens
                    | Act::SetOwnPassword => false,
                }
            }
            Self::Ec2Credential => match act {
                Act::CallApi
                | Act::Rescope
                | Act::Trusts
                | Act::ReadApplicationCredentials
                | Act::WriteApplicationCredentials
                | Act::Credentials
                | Act::AuthorizeRequestTokens
                | Act::AccessTokens
                | Act::SetOwnPassword => false,
            },
        }
    }

    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trust { .. } => "trust",
            Self::ApplicationCredential(credential) if credential.is_unrestricted() => {
                "unrestricted application credential"
            }
            Self::ApplicationCredential(_) => "restricted application credential",
            Self::OAuth1(_) => "OAuth1 access token",
            Self::OAuth2 { .. } => "OAuth2 client certificate",
            Self::Certificate => "client certificate",
            Self::Ec2Credential => "EC2 credential",
            Self::Unknown => "delegation of an unknown kind",
        }
    }
}

/// Methods by which users prove themselves who they are. `[auth] additional_primary_auth_methods` adds
/// to them.
const PRIMARY_METHODS: [&str; 9] = [
    "external", "kerberos", "mapped", "openid", "password", "saml2", "token", "totp", "x509",
];

/// Whether a method shows by itself who the user is: what was made before, or handed on, does not.
pub fn is_first_hand(method: &str, additional_primary: &[String]) -> bool {
    method != "token" && is_primary(method, additional_primary)
}

/// Whether a method is a user's own.
fn is_primary(method: &str, additional_primary: &[String]) -> bool {
    method != EC2_METHOD
        && (PRIMARY_METHODS.contains(&method)
            || additional_primary.iter().any(|primary| primary == method))
}

/// The method of tokens that were made with EC2 keys. No option makes it a user's own.
pub const EC2_METHOD: &str = "ec2credential";

/// The steps that a token's authentication methods tell of, beyond those of its origin. A token whose
/// methods are unknown may have been anything.
pub fn steps_of_methods(
    methods: &[String],
    origin: &TokenOrigin,
    additional_primary: &[String],
) -> Vec<Delegation> {
    let mut steps = Vec::new();
    if methods.iter().any(|method| method == EC2_METHOD) {
        steps.push(Delegation::Ec2Credential);
    }
    let accounted_for = |method: &String| {
        let method = method.as_str();
        is_primary(method, additional_primary)
            || match origin {
                TokenOrigin::ApplicationCredential(_) => method == "application_credential",
                TokenOrigin::OAuth1 { .. } => method == "oauth1",
                TokenOrigin::OAuth2 { .. } => method == "oauth2_credential",
                TokenOrigin::Direct | TokenOrigin::Trust(_) | TokenOrigin::Federated { .. } => {
                    false
                }
            }
    };
    let known = match origin {
        // The method has no place in a token's payload.
        TokenOrigin::OAuth2 { .. } => true,
        _ => !methods.is_empty(),
    };
    let others = methods.iter().filter(|method| *method != EC2_METHOD);
    if !known || !others.into_iter().all(accounted_for) {
        steps.push(Delegation::Unknown);
    }
    steps
}

/// When something that is made now ends, if left to itself it would end at `own`: no later than
/// anything that it comes from. `None` stands for no end.
pub fn expiry(own: Timestamp, bounds: impl IntoIterator<Item = Option<Timestamp>>) -> Timestamp {
    bounds.into_iter().flatten().fold(own, Timestamp::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(methods: &[&str], origin: &TokenOrigin) -> Vec<&'static str> {
        let methods: Vec<String> = methods.iter().map(|name| (*name).to_owned()).collect();
        let additional = ["our-sso".to_owned(), EC2_METHOD.to_owned()];
        steps_of_methods(&methods, origin, &additional)
            .iter()
            .map(Delegation::name)
            .collect()
    }

    #[test]
    fn methods_of_users_are_no_delegation_and_all_others_are() {
        const UNKNOWN: &str = "delegation of an unknown kind";
        let direct = TokenOrigin::Direct;
        assert!(steps(&["password", "token", "totp"], &direct).is_empty());
        assert!(steps(&["our-sso"], &direct).is_empty());
        assert_eq!(steps(&[], &direct), [UNKNOWN]);
        assert_eq!(steps(&["application_credential"], &direct), [UNKNOWN]);
        assert_eq!(steps(&["password", "new-one"], &direct), [UNKNOWN]);
        // No option makes it a user's own.
        assert_eq!(steps(&["ec2credential"], &direct), ["EC2 credential"]);
    }

    #[test]
    fn a_method_is_accounted_for_by_the_origin_that_it_leads_to() {
        let credential = TokenOrigin::ApplicationCredential("c".into());
        let oauth2 = TokenOrigin::OAuth2 {
            thumbprint: "t".to_owned(),
        };
        assert!(steps(&["application_credential"], &credential).is_empty());
        assert!(steps(&[], &oauth2).is_empty());
        assert_eq!(
            steps(&["ec2credential", "password"], &credential),
            ["EC2 credential"]
        );
        assert_eq!(steps(&["oauth1"], &credential).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_outlives_what_it_comes_from(
            own in 0i64..4_000_000_000,
            bounds in proptest::collection::vec(proptest::option::of(0i64..4_000_000_000), 0..6),
        ) {
            let at = |seconds| Timestamp::from_seconds(seconds).expect("in range");
            let end = expiry(at(own), bounds.iter().map(|bound| bound.map(at)));
            prop_assert!(end <= at(own));
            prop_assert!(bounds.iter().flatten().all(|bound| end <= at(*bound)));
            let earliest = bounds.iter().flatten().copied().min().unwrap_or(own).min(own);
            prop_assert_eq!(end, at(earliest));
        }
    }
}
