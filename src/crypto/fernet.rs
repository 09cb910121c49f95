//! Fernet: authenticated encryption of small texts, as tokens, receipts and credentials use it.
//!
//! Format (<https://github.com/fernet/spec>): byte `0x80`, 8 bytes of big-endian Unix seconds, 16
//! bytes IV, AES-128-CBC ciphertext with PKCS#7 padding, 32 bytes HMAC-SHA256 over all that; in
//! base64url.

use crate::crypto::{hex, random_bytes};
use crate::{Error, Result};
use aws_lc_rs::cipher::{
    AES_128, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use std::fmt;
use std::sync::Arc;

/// The longest text that is looked at, in characters; real tokens have some 300.
pub const MAX_LENGTH: usize = 64 * 1024;

/// The key that credentials are encrypted with when no repository exists: 32 zero bytes.
pub const NULL_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const VERSION: u8 = 0x80;
const BLOCK: usize = 16;
const HEADER: usize = 1 + 8 + BLOCK;
const MAC: usize = 32;

/// One key, its cipher and MAC states computed once. Cloning is cheap.
#[derive(Clone)]
pub struct FernetKey(Arc<KeyStates>);

struct KeyStates {
    signing: hmac::Key,
    encrypting: EncryptingKey,
    decrypting: DecryptingKey,
    hash: String,
}

impl FernetKey {
    /// Reads a key file's content: 32 bytes in base64url, surrounding white space allowed.
    ///
    /// # Errors
    /// [`Error::Internal`] when the text is not a key. The text itself is not repeated.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || Error::internal("not a Fernet key: want 32 bytes in base64url");
        let bytes = decode_base64(text.trim()).ok_or_else(invalid)?;
        let bytes = zeroize::Zeroizing::new(bytes);
        let (signing, encryption) = match bytes.len() {
            32 => bytes.split_at(16),
            _ => return Err(invalid()),
        };
        let key = || UnboundCipherKey::new(&AES_128, encryption);
        let states = KeyStates {
            signing: hmac::Key::new(hmac::HMAC_SHA256, signing),
            encrypting: key()
                .and_then(EncryptingKey::cbc)
                .map_err(Error::internal)?,
            decrypting: key()
                .and_then(DecryptingKey::cbc)
                .map_err(Error::internal)?,
            // Of the file's characters, not of the key's bytes: that is what credential rows hold.
            hash: hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref()),
        };
        Ok(Self(Arc::new(states)))
    }

    /// The text of a new random key, as a key file holds it.
    pub fn generate() -> Result<String> {
        let bytes = zeroize::Zeroizing::new(random_bytes::<32>()?);
        Ok(URL_SAFE.encode(*bytes))
    }

    /// The name of the key in `credential.key_hash`: SHA-1 of the key file's content, in hex.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    fn is_signed(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0.signing, message, mac).is_ok()
    }
}

impl fmt::Debug for FernetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FernetKey(***)")
    }
}

/// Keys in the order in which they are tried; the first one encrypts. Never empty.
#[derive(Clone, Debug)]
pub struct FernetKeys(Vec<FernetKey>);

impl FernetKeys {
    /// The primary key, then all others, newest first.
    ///
    /// # Errors
    /// [`Error::Internal`] when there is no key at all.
    pub fn new(keys: Vec<FernetKey>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::internal(
                "no Fernet keys: run the key setup command first",
            ));
        }
        Ok(Self(keys))
    }

    /// The key that encrypts.
    pub fn primary(&self) -> &FernetKey {
        &self.0[0]
    }

    /// How many keys there are.
    #[allow(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Encrypts with a random IV; the result has its base64 padding.
    pub fn encrypt(&self, plaintext: &[u8], now_seconds: i64) -> Result<String> {
        self.encrypt_at(plaintext, now_seconds, random_bytes()?)
    }

    /// Encrypts with a given IV, which must be unpredictable and never be used twice.
    ///
    /// `now_seconds` is written into the token; times before 1970 are written as 0.
    pub fn encrypt_at(&self, text: &[u8], now_seconds: i64, iv: [u8; BLOCK]) -> Result<String> {
        let key = &self.primary().0;
        let padding = BLOCK - text.len() % BLOCK;
        let mut token = Vec::with_capacity(HEADER + text.len() + padding + MAC);
        token.push(VERSION);
        token.extend_from_slice(&u64::try_from(now_seconds).unwrap_or(0).to_be_bytes());
        token.extend_from_slice(&iv);
        token.extend_from_slice(text);
        token.resize(token.len() + padding, padding as u8);
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        key.encrypting
            .less_safe_encrypt(&mut token[HEADER..], context)
            .map_err(|_| Error::internal("Fernet encryption failed"))?;
        let mac = hmac::sign(&key.signing, &token);
        token.extend_from_slice(mac.as_ref());
        Ok(URL_SAFE.encode(token))
    }

    /// Decrypts with whichever key fits: the plaintext and the time of encryption (Unix seconds).
    ///
    /// `None` for everything that none of the keys has made. Padding (`=`) may be absent. How old
    /// the text is does not matter.
    pub fn decrypt(&self, token: &str) -> Option<(Vec<u8>, i64)> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let mut token = decode_base64(token)?;
        let cipher_len = token.len().checked_sub(HEADER + MAC)?;
        if token[0] != VERSION || cipher_len == 0 || cipher_len % BLOCK != 0 {
            return None;
        }
        let (message, mac) = token.split_at(HEADER + cipher_len);
        let key = self.0.iter().find(|key| key.is_signed(message, mac))?;

        let seconds = u64::from_be_bytes(token[1..9].try_into().ok()?);
        let iv: [u8; BLOCK] = token[9..HEADER].try_into().ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let ciphertext = &mut token[HEADER..HEADER + cipher_len];
        key.0.decrypting.decrypt(ciphertext, context).ok()?;
        // The MAC has vouched for the text, so the shape of its padding tells a forger nothing.
        let plain_len = unpadded_length(ciphertext)?;
        token.truncate(HEADER + plain_len);
        token.drain(..HEADER);
        Some((token, i64::try_from(seconds).ok()?))
    }
}

fn unpadded_length(padded: &[u8]) -> Option<usize> {
    let count = usize::from(*padded.last()?);
    let length = padded.len().checked_sub(count)?;
    let right = (1..=BLOCK).contains(&count)
        && padded[length..]
            .iter()
            .all(|byte| usize::from(*byte) == count);
    right.then_some(length)
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // The specification's own vector (generate.json).
    const SPEC_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const SPEC_TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhu\
                              VUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

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
    fn the_specifications_vector_works_in_both_directions() {
        let iv = std::array::from_fn(|i| i as u8);
        let keys = keys(&[SPEC_KEY]);
        assert_eq!(
            keys.encrypt_at(b"hello", 499_162_800, iv).unwrap(),
            SPEC_TOKEN
        );
        assert_eq!(
            keys.decrypt(SPEC_TOKEN),
            Some((b"hello".to_vec(), 499_162_800))
        );
        assert_eq!(
            keys.decrypt(SPEC_TOKEN.trim_end_matches('=')).unwrap().0,
            b"hello"
        );
    }

    #[test]
    fn older_keys_still_decrypt() {
        let token = keys(&[SPEC_KEY]).encrypt(b"text", 1).unwrap();
        assert_eq!(
            keys(&[NULL_KEY, SPEC_KEY]).decrypt(&token),
            Some((b"text".to_vec(), 1))
        );
        assert_eq!(keys(&[NULL_KEY]).decrypt(&token), None);
    }

    #[test]
    fn a_key_is_named_by_the_sha1_of_its_text() {
        let key = FernetKey::parse(NULL_KEY).unwrap();
        assert_eq!(key.hash(), "c5bdc272b97a0d521ef878dc26fb73e4075544dc");
    }

    #[test]
    fn a_text_of_the_wrong_size_is_no_key() {
        for text in [
            "",
            "AAAA",
            "not base64 at all!",
            &NULL_KEY[..40],
            &NULL_KEY.repeat(2),
        ] {
            assert!(FernetKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_changed_bit_anywhere_is_refused() {
        let keys = keys(&[SPEC_KEY]);
        let bytes = URL_SAFE.decode(SPEC_TOKEN).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.decrypt(&URL_SAFE.encode(forged)), None, "bit {bit}");
        }
    }

    #[test]
    fn an_enormous_text_is_not_looked_at() {
        assert_eq!(keys(&[SPEC_KEY]).decrypt(&"A".repeat(MAX_LENGTH + 1)), None);
    }

    proptest! {
        #[test]
        fn no_input_panics(text in ".*") {
            prop_assert_eq!(keys(&[SPEC_KEY]).decrypt(&text), None);
        }

        #[test]
        fn what_was_encrypted_comes_back(text: Vec<u8>, time in 0..i64::MAX) {
            let keys = keys(&[SPEC_KEY]);
            let token = keys.encrypt(&text, time).unwrap();
            prop_assert_eq!(keys.decrypt(&token), Some((text, time)));
        }
    }
}
