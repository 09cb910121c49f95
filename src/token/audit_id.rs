//! Audit ids: by which a token, and the chain of tokens made from it, are revoked.
//!
//! An audit id is 16 random bytes in base64url without padding, 22 characters.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// A fresh random audit id.
pub fn new() -> String {
    encode(Uuid::new_v4().as_bytes())
}

/// The audit ids of a new token: its own, then, when it is made from a parent token, the id of the
/// chain, which is the id of the chain's first token.
pub fn for_new_token(parent: Option<&[String]>) -> Vec<String> {
    // The last id is the chain's, or in the chain's first token its only one.
    let chain = parent.and_then(<[String]>::last);
    std::iter::once(new()).chain(chain.cloned()).collect()
}

/// 16 bytes as an audit id.
pub(super) fn encode(bytes: &[u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of an audit id; `None` when it is none.
pub(super) fn decode(audit_id: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let fits = audit_id.len() == 22;
    (fits && URL_SAFE_NO_PAD.decode_slice(audit_id, &mut bytes).ok()? == 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_token_has_one_id_of_22_characters() {
        let ids = for_new_token(None);
        assert_eq!(ids.len(), 1);
        assert_eq!(ids[0].len(), 22);
        assert_ne!(ids, for_new_token(None));
        assert_eq!(encode(&decode(&ids[0]).unwrap()), ids[0]);
    }

    #[test]
    fn descendants_carry_the_id_of_the_first_token() {
        let first = for_new_token(None);
        let second = for_new_token(Some(&first));
        let third = for_new_token(Some(&second));
        assert_eq!(second[1], first[0]);
        assert_eq!(third[1], first[0]);
        assert_eq!(third.len(), 2);
        assert_ne!(third[0], second[0]);
    }

    #[test]
    fn other_texts_are_no_audit_ids() {
        for text in [
            "",
            "short",
            &"A".repeat(23),
            "AAAAAAAAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAAAAAAAA\u{e9}",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
