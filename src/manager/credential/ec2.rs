//! What the secret of an EC2 key pair holds.

use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::model::{CredentialDelegation, CredentialId, Secret};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};
use zeroize::Zeroize;

/// Members that say which delegation a key pair stands for.
const DELEGATION: [&str; 4] = ["trust_id", "app_cred_id", "access_token_id", "access_id"];

/// The id of the credential that has an access key: SHA-256 of it, in hex.
pub fn access_key_id(access: &str) -> CredentialId {
    hex(digest(&SHA256, access.as_bytes()).as_ref()).into()
}

/// The JSON object in an EC2 credential's blob.
pub struct Ec2Blob(Map<String, Value>);

impl Ec2Blob {
    /// Reads a blob.
    ///
    /// # Errors
    /// 400 when it is not a JSON object.
    pub fn parse(blob: &Secret) -> Result<Self> {
        match serde_json::from_str(blob.expose()) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(Error::bad_request(
                "The blob of an ec2 credential must be a JSON object in a text.",
            )),
        }
    }

    /// The access key.
    ///
    /// # Errors
    /// 400 when there is none.
    pub fn required_access(&self) -> Result<&str> {
        self.access().ok_or_else(|| {
            Error::bad_request("The blob of an ec2 credential must hold a text 'access'.")
        })
    }

    /// The access key.
    pub fn access(&self) -> Option<&str> {
        self.text("access")
    }

    /// The key that signs.
    pub fn secret(&self) -> Option<Secret> {
        self.text("secret").map(Secret::from)
    }

    /// Which delegation the key pair was made through.
    pub fn delegation(&self) -> CredentialDelegation {
        let id = |name| {
            self.text(name)
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
        };
        CredentialDelegation {
            trust_id: id("trust_id"),
            app_cred_id: id("app_cred_id"),
            access_token_id: id("access_token_id"),
        }
    }

    /// Writes the caller's delegation into the blob; whether there was any.
    pub fn remember(&mut self, delegation: &CredentialDelegation) -> bool {
        let ids = [
            ("trust_id", &delegation.trust_id),
            ("app_cred_id", &delegation.app_cred_id),
            ("access_token_id", &delegation.access_token_id),
        ];
        let mut changed = false;
        for (name, id) in ids {
            if let Some(id) = id {
                self.0.insert(name.to_owned(), Value::from(id.as_str()));
                changed = true;
            }
        }
        changed
    }

    /// Refuses to stand for another delegation than before.
    ///
    /// # Errors
    /// 400.
    pub fn check_same_delegation(&self, before: &Self) -> Result<()> {
        let value = |blob: &Self, name| blob.0.get(name).cloned().unwrap_or(Value::Null);
        for name in DELEGATION {
            if value(self, name) != value(before, name) {
                return Err(Error::bad_request(format!(
                    "'{name}' in the blob of a credential can't be changed."
                )));
            }
        }
        Ok(())
    }

    /// The blob's text.
    pub fn to_secret(&self) -> Secret {
        serde_json::to_string(&self.0).unwrap_or_default().into()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

impl Drop for Ec2Blob {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            if let Value::String(text) = value {
                text.zeroize();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(text: &str) -> Ec2Blob {
        Ec2Blob::parse(&text.into()).unwrap()
    }

    #[test]
    fn an_absent_delegation_is_the_same_as_a_null_one() {
        let before = blob(r#"{"access": "a", "trust_id": null}"#);
        assert!(
            blob(r#"{"access": "b"}"#)
                .check_same_delegation(&before)
                .is_ok()
        );
        for name in DELEGATION {
            let other = blob(&format!(r#"{{"access": "a", "{name}": "x"}}"#));
            assert!(other.check_same_delegation(&before).is_err(), "{name}");
            assert!(before.check_same_delegation(&other).is_err(), "{name}");
            assert!(other.check_same_delegation(&other).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "nojson", "[]", "\"a\"", "null", "{"] {
            assert!(Ec2Blob::parse(&text.into()).is_err(), "{text}");
        }
        assert!(blob("{}").required_access().is_err());
        assert!(blob(r#"{"access": 5}"#).required_access().is_err());
    }
}
