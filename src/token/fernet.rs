//! Fernet tokens: a payload in a Fernet envelope, without the envelope's padding.

use super::payload::PayloadCodec;
use crate::Result;
use crate::crypto::fernet::FernetKeys;
use crate::model::Timestamp;
use crate::model::token::TokenPayload;

/// The token's text. The time of issue becomes the envelope's time.
///
/// # Errors
/// As [`PayloadCodec::encode`].
pub fn encode(keys: &FernetKeys, codec: &PayloadCodec, token: &TokenPayload) -> Result<String> {
    let payload = codec.encode(token)?;
    Ok(unpadded(keys.encrypt(&payload, token.issued_at.seconds())?))
}

/// What a token says; `None` when none of the keys made it. Its expiry is not looked at.
pub fn decode(keys: &FernetKeys, codec: &PayloadCodec, token: &str) -> Option<TokenPayload> {
    let (payload, issued_at) = keys.decrypt(token)?;
    codec.decode(&payload, Timestamp::from_seconds(issued_at)?)
}

/// Without the `=` at the end, which clients of old would have quoted in headers.
pub(super) fn unpadded(mut token: String) -> String {
    token.truncate(token.trim_end_matches('=').len());
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::golden;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_those_of_python_byte_for_byte() {
        let golden = golden::read();
        let (keys, codec) = (golden.keys(), golden.codec());
        for vector in &golden.fernet {
            let Some(token) = golden.encodable(vector) else {
                continue;
            };
            let payload = codec.encode(&token).unwrap();
            let text = keys
                .encrypt_at(&payload, golden.issued_at, golden.iv)
                .unwrap();
            assert_eq!(unpadded(text), vector.token, "{}", vector.name);
        }
    }

    #[test]
    fn tokens_of_python_are_read() {
        let golden = golden::read();
        for vector in &golden.fernet {
            let read = decode(&golden.keys(), &golden.codec(), &vector.token);
            assert_eq!(read, Some(golden.readable(vector)), "{}", vector.name);
        }
    }

    #[test]
    fn our_own_tokens_come_back() {
        let golden = golden::read();
        let (keys, codec) = (golden.keys(), golden.codec());
        for vector in &golden.fernet {
            let token = golden.readable(vector);
            let text = encode(&keys, &codec, &token).unwrap();
            assert!(!text.contains('='));
            assert_eq!(decode(&keys, &codec, &text), Some(token), "{}", vector.name);
        }
    }

    proptest! {
        #[test]
        fn no_signed_payload_panics(payload: Vec<u8>, time: i64) {
            let golden = golden::read();
            let token = golden.keys().encrypt(&payload, time).unwrap();
            let _ = decode(&golden.keys(), &golden.codec(), &token);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let golden = golden::read();
            prop_assert_eq!(decode(&golden.keys(), &golden.codec(), &text), None);
        }
    }
}
