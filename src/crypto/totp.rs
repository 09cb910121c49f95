//! Time-based one-time passwords (RFC 6238): HMAC-SHA-1, windows of 30 seconds, 6 digits.

use crate::model::Secret;
use aws_lc_rs::hmac;
use subtle::{Choice, ConstantTimeEq};

/// Seconds of a window.
const WINDOW: i64 = 30;

const DIGITS: usize = 6;

/// Shorter secrets, in bytes, are refused, as RFC 4226 asks for.
const SHORTEST: usize = 16;

/// A shared secret.
pub struct TotpKey(hmac::Key);

impl TotpKey {
    /// Reads a secret in base32, with or without its padding; `None` for anything else and for
    /// secrets of less than 128 bits.
    pub fn parse(secret: &Secret) -> Option<Self> {
        let bytes = zeroize::Zeroizing::new(decode_base32(secret.expose())?);
        (bytes.len() >= SHORTEST)
            .then(|| Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes)))
    }

    /// A key that nobody has; checking it costs what checking a real one costs.
    pub fn dummy() -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            &[0; SHORTEST],
        ))
    }

    /// Whether a passcode is that of the current window or one of so many before it. Takes the same
    /// time whichever it is.
    pub fn accepts(&self, passcode: &str, now_seconds: i64, previous_windows: u64) -> bool {
        let current = now_seconds.div_euclid(WINDOW);
        let mut accepted = Choice::from(0);
        for back in 0..=previous_windows {
            let back = i64::try_from(back).unwrap_or(i64::MAX);
            let Ok(window) = u64::try_from(current.saturating_sub(back)) else {
                break;
            };
            let expected = passcode_text(self.value(window), DIGITS);
            accepted |= expected.as_bytes().ct_eq(passcode.as_bytes());
        }
        accepted.into()
    }

    /// The number that a counter gives, before it is cut to digits (RFC 4226, 5.3).
    fn value(&self, counter: u64) -> u32 {
        let tag = hmac::sign(&self.0, &counter.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or(0) & 15);
        tag.iter()
            .skip(offset)
            .take(4)
            .fold(0, |value, byte| value << 8 | u32::from(*byte))
            & 0x7fff_ffff
    }
}

/// The last digits of a number.
fn passcode_text(value: u32, digits: usize) -> String {
    let text = format!("{value:010}");
    text.get(text.len().saturating_sub(digits)..)
        .unwrap_or_default()
        .to_owned()
}

/// RFC 4648, section 6; upper case only. Bits after the last whole byte are ignored.
fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    if !matches!(text.len() % 8, 0 | 2 | 4 | 5 | 7) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        buffer = buffer << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    /// `12345678901234567890` in base32.
    const RFC_KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn key(secret: &str) -> TotpKey {
        TotpKey::parse(&secret.into()).unwrap()
    }

    #[test]
    fn values_are_those_of_rfc_6238() {
        for (time, passcode) in [
            (59_u64, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let value = key(RFC_KEY).value(time / 30);
            assert_eq!(passcode_text(value, 8), passcode, "{time}");
        }
    }

    #[derive(Deserialize)]
    struct Vector {
        secret: String,
        time: i64,
        passcode: String,
    }

    #[test]
    fn passcodes_are_those_of_pyotp() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../tests/golden/totp.json")).unwrap();
        assert!(vectors.len() >= 8);
        for vector in vectors {
            let accepts = |time| key(&vector.secret).accepts(&vector.passcode, time, 0);
            let start = vector.time - vector.time % 30;
            assert!(accepts(vector.time) && accepts(start) && accepts(start + 29));
            assert!(!accepts(start - 1) && !accepts(start + 30));
        }
    }

    #[test]
    fn earlier_windows_are_accepted_and_later_ones_are_not() {
        let key = key(RFC_KEY);
        let code = |time: i64| passcode_text(key.value(u64::try_from(time / 30).unwrap()), 6);
        let now = 1_234_567_890;
        assert!(key.accepts(&code(now - 60), now, 2));
        assert!(!key.accepts(&code(now - 90), now, 2));
        assert!(!key.accepts(&code(now + 30), now, 2));
        assert!(!key.accepts("", now, 10));
        assert!(!key.accepts(&format!(" {}", code(now)), now, 10));
        assert!(key.accepts(&code(0), 0, 10));
    }

    #[test]
    fn weak_and_malformed_secrets_are_no_keys() {
        for text in [
            "",
            "JBSWY3DPEHPK3PXP",
            "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
            "GEZDGNBVGY3TQOJQ GEZDGNBVGY3TQOJ",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQ=JQ",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
        ] {
            assert!(TotpKey::parse(&text.into()).is_none(), "{text}");
        }
        let padded = key("GEZDGNBVGY3TQOJQGEZDGNBVGY======");
        assert_eq!(padded.value(1), key("GEZDGNBVGY3TQOJQGEZDGNBVGY").value(1));
    }

    proptest! {
        #[test]
        fn nothing_panics(secret: String, passcode: String, time: i64, windows in 0_u64..20) {
            let key = TotpKey::parse(&secret.into()).unwrap_or_else(TotpKey::dummy);
            let _ = key.accepts(&passcode, time, windows);
        }
    }
}
