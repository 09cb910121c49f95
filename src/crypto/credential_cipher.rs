//! Encryption of credential blobs in the database.
//!
//! The ciphertext is a Fernet token with its padding. Beside it stands the hash of the key's text,
//! by which rotation knows what is still to be re-encrypted.

use crate::crypto::fernet::FernetKeys;
use crate::model::Secret;
use crate::{Error, Result};
use serde_json::Value;

/// The credential type whose plaintext is the blob as a JSON string instead of the blob itself.
const EC2: &str = "ec2";

/// A blob as the `credential` table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedBlob {
    /// Column `encrypted_blob`.
    pub encrypted_blob: String,
    /// Column `key_hash`: which key made it.
    pub key_hash: String,
}

/// Encrypts a credential's blob of a type (`ec2`, `totp`, `cert`, …) with the primary key.
pub fn encrypt(keys: &FernetKeys, kind: &str, blob: &str, now: i64) -> Result<EncryptedBlob> {
    let plaintext = match kind {
        EC2 => Value::from(blob).to_string(),
        _ => blob.to_owned(),
    };
    encrypt_plaintext(keys, &plaintext, now)
}

/// Decrypts a credential's blob.
///
/// # Errors
/// [`Error::Internal`] when no key fits, or what comes out is not text.
pub fn decrypt(keys: &FernetKeys, kind: &str, encrypted_blob: &str) -> Result<Secret> {
    let plaintext = decrypt_plaintext(keys, encrypted_blob)?;
    if kind != EC2 {
        return Ok(plaintext);
    }
    // A blob that was given as a JSON object is one JSON text, not a JSON string within one.
    match serde_json::from_str(plaintext.expose()) {
        Ok(Value::String(blob)) => Ok(blob.into()),
        _ => Ok(plaintext),
    }
}

/// Encrypts anew with the primary key, whatever the credential's type, as after a key rotation.
pub fn reencrypt(keys: &FernetKeys, encrypted_blob: &str, now: i64) -> Result<EncryptedBlob> {
    encrypt_plaintext(keys, decrypt_plaintext(keys, encrypted_blob)?.expose(), now)
}

fn encrypt_plaintext(keys: &FernetKeys, plaintext: &str, now: i64) -> Result<EncryptedBlob> {
    Ok(EncryptedBlob {
        encrypted_blob: keys.encrypt(plaintext.as_bytes(), now)?,
        key_hash: keys.primary().hash().to_owned(),
    })
}

fn decrypt_plaintext(keys: &FernetKeys, encrypted_blob: &str) -> Result<Secret> {
    keys.decrypt(encrypted_blob)
        .and_then(|(plaintext, _)| String::from_utf8(plaintext).ok())
        .map(Secret::from)
        .ok_or_else(|| Error::internal("a credential can't be decrypted with the keys at hand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::fernet::{FernetKey, NULL_KEY};

    const BLOB: &str = r#"{"access": "a", "secret": "s"}"#;

    fn keys(texts: &[&str]) -> FernetKeys {
        FernetKeys::new(
            texts
                .iter()
                .map(|text| FernetKey::parse(text).unwrap())
                .collect(),
        )
        .unwrap()
    }

    #[test]
    fn an_ec2_blob_is_a_json_string_of_the_blob() {
        let keys = keys(&[NULL_KEY]);
        let row = encrypt(&keys, "ec2", BLOB, 0).unwrap();
        let (plaintext, _) = keys.decrypt(&row.encrypted_blob).unwrap();
        assert_eq!(plaintext, br#""{\"access\": \"a\", \"secret\": \"s\"}""#);
        assert_eq!(
            decrypt(&keys, "ec2", &row.encrypted_blob).unwrap().expose(),
            BLOB
        );
    }

    #[test]
    fn other_blobs_are_encrypted_as_they_are() {
        let keys = keys(&[NULL_KEY]);
        let row = encrypt(&keys, "totp", "GEZDGNBV", 0).unwrap();
        assert_eq!(keys.decrypt(&row.encrypted_blob).unwrap().0, b"GEZDGNBV");
        assert_eq!(
            decrypt(&keys, "totp", &row.encrypted_blob)
                .unwrap()
                .expose(),
            "GEZDGNBV"
        );
    }

    #[test]
    fn after_rotation_a_row_can_be_moved_to_the_new_key() {
        let old = encrypt(&keys(&[NULL_KEY]), "ec2", BLOB, 0).unwrap();
        let fresh = FernetKey::generate().unwrap();
        let moved = reencrypt(&keys(&[&fresh, NULL_KEY]), &old.encrypted_blob, 0).unwrap();
        assert_ne!(moved.key_hash, old.key_hash);
        let blob = decrypt(&keys(&[&fresh]), "ec2", &moved.encrypted_blob).unwrap();
        assert_eq!(blob.expose(), BLOB);
        assert!(decrypt(&keys(&[&fresh]), "ec2", &old.encrypted_blob).is_err());
    }
}
