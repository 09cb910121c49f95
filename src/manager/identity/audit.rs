//! What logins tell to those who audit them.

use super::IdentityManager;
use super::login::UserLookup;
use crate::config::Config;
use crate::crypto::password::partial_hash;
use crate::manager::auth::DomainLookup;
use crate::model::event::{
    Action, Attempted, Authentication, Event, Outcome, Reason, ResourceKind,
};
use crate::model::{Secret, User, UserId};

/// What is kept of a name that nobody has; it comes from outside and can be long.
const LONGEST_NAME: usize = 255;

/// Why a login failed, as far as audits can tell it apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure<'a> {
    Locked,
    WrongPassword(&'a Secret),
    Expired,
    Other,
}

impl IdentityManager<'_> {
    /// A user proved to be who they say.
    pub(super) fn tell_success(&self, user: &User) {
        self.tell(Outcome::Success, attempted(user), None, None);
    }

    /// A user, or somebody else, did not.
    pub(super) fn tell_failure(&self, user: &User, failure: Failure<'_>) {
        // Audits know these by their texts, which therefore are Keystone's.
        let reason = match failure {
            Failure::Locked => Some(format!("The account is locked for user: {}.", user.id)),
            Failure::Expired => Some(format!(
                "The password is expired and needs to be changed for user: {}.",
                user.id
            )),
            Failure::WrongPassword(_) | Failure::Other => None,
        };
        let hash = match failure {
            Failure::WrongPassword(password) => reported_hash(&self.app.config(), password),
            _ => None,
        };
        let reason = reason.map(|text| Reason { text, status: 401 });
        self.tell(Outcome::Failure, attempted(user), reason, hash);
    }

    /// Somebody named a user that there is not.
    pub(super) fn tell_unknown(&self, who: &UserLookup) {
        let cut = |text: &str| text.chars().take(LONGEST_NAME).collect::<String>();
        let (named, who) = match who {
            UserLookup::Id(id) => {
                let id = cut(id);
                (id.clone(), Attempted::UnknownId(UserId::from(id)))
            }
            UserLookup::Name { name, domain } => {
                let (domain_id, domain_name) = match domain {
                    DomainLookup::Id(id) => (Some(cut(id).into()), None),
                    DomainLookup::Name(name) => (None, Some(cut(name))),
                };
                let name = cut(name);
                let who = Attempted::UnknownName {
                    name: name.clone(),
                    domain_id,
                    domain_name,
                };
                (name, who)
            }
        };
        let reason = Reason {
            text: format!("Could not find user: {named}."),
            status: 404,
        };
        self.tell(Outcome::Failure, who, Some(reason), None);
    }

    /// A user wanted another password and the rules forbade it.
    pub(super) fn tell_refused_password(&self, id: &UserId, why: &crate::Error) {
        self.app.notify(Event::Resource {
            kind: ResourceKind::User,
            action: Action::Updated,
            id: id.to_string(),
            member: None,
            reason: Some(Reason {
                text: why.to_string(),
                status: 400,
            }),
        });
    }

    fn tell(
        &self,
        outcome: Outcome,
        who: Attempted,
        reason: Option<Reason>,
        password_hash: Option<String>,
    ) {
        self.app.notify(Event::Authentication(Authentication {
            outcome,
            who,
            reason,
            password_hash,
        }));
    }
}

fn attempted(user: &User) -> Attempted {
    Attempted::User {
        id: user.id.clone(),
        name: Some(user.name.clone()),
    }
}

/// What `[security_compliance] report_invalid_password_hash` lets out about a wrong password.
fn reported_hash(config: &Config, password: &Secret) -> Option<String> {
    /// Keystone salts with the name of the class that holds the passwords.
    const SALT: &str = "keystone.identity.backends.sql.Identity";
    let rules = &config.security_compliance;
    let wanted = rules
        .report_invalid_password_hash
        .iter()
        .any(|place| place == "event");
    let key = rules.invalid_password_hash_secret_key.as_ref()?;
    if !wanted {
        return None;
    }
    let function = &rules.invalid_password_hash_function;
    let mut hash = partial_hash(function, SALT, key, password)?;
    if let Some(most) = rules.invalid_password_hash_max_chars {
        hash.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_is_reported_as_keystone_does() {
        let text = "[security_compliance]\nreport_invalid_password_hash = event\n\
            invalid_password_hash_secret_key = pepper\n";
        let config = Config::from_text(text).unwrap();
        let hash = |config: &Config| reported_hash(config, &Secret::from("wrong"));
        // From a notification of Keystone 30.0.0 with these options.
        let golden = "AfwZdhmoIeDa/LZ+eRiE5FVaFPdL7Qai5eNAdcPIQJI";
        assert_eq!(hash(&config).as_deref(), Some(golden));
        let cut = Config::from_text(&format!("{text}invalid_password_hash_max_chars = 5\n"));
        assert_eq!(hash(&cut.unwrap()).as_deref(), Some("AfwZd"));
        let off = "[security_compliance]\ninvalid_password_hash_secret_key = pepper\n";
        assert_eq!(hash(&Config::from_text(off).unwrap()), None);
    }
}
