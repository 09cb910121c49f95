//! PKI and PKIZ: signed documents as token texts.
//!
//! A PKI text is the base64 of a signed document with `-` for `/`. A PKIZ text is `PKIZ_` and, in
//! the URL-safe alphabet with padding, the compressed (RFC 1950) armoured form of it. Both are long,
//! so that they also go by a short id: the hash of the whole text.

use crate::crypto::{cms, hex};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use md5::{Digest as _, Md5};
use std::io::Read as _;

const COMPRESSED: &str = "PKIZ_";

/// How every PKI text begins: a DER SEQUENCE whose length has two bytes.
const PLAIN: &str = "MII";

/// The longest armoured document inside a PKIZ text: some bytes can grow a thousandfold.
const LONGEST: u64 = 1 << 20;

/// The PKI text of a signed document.
pub fn to_pki(document: &[u8]) -> String {
    STANDARD.encode(document).replace('/', "-")
}

/// The PKIZ text of a signed document. Its bytes depend on who compresses.
pub fn to_pkiz(document: &[u8]) -> String {
    let pem = cms::to_pem(document);
    let mut compressed = Vec::new();
    // Reading from memory doesn't fail.
    let _ = ZlibEncoder::new(pem.as_bytes(), Compression::new(6)).read_to_end(&mut compressed);
    let mut text = COMPRESSED.to_owned();
    URL_SAFE.encode_string(compressed, &mut text);
    text
}

/// Whether a text is one of these two, by its first characters.
pub fn is_signed(text: &str) -> bool {
    text.starts_with(PLAIN) || text.starts_with(COMPRESSED)
}

/// The signed document in a PKI or PKIZ text; whose signature it has is not looked at.
pub fn document_of(text: &str) -> Option<Vec<u8>> {
    let Some(compressed) = text.strip_prefix(COMPRESSED) else {
        return STANDARD.decode(text.replace('-', "/")).ok();
    };
    let compressed = URL_SAFE.decode(compressed).ok()?;
    let mut pem = String::new();
    let mut inflating = ZlibDecoder::new(compressed.as_slice()).take(LONGEST);
    inflating.read_to_string(&mut pem).ok()?;
    cms::from_pem(&pem)
}

/// `[token] hash_algorithm`: what makes short ids of PKI texts. Longer hashes than these don't fit the
/// column of the token table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortIdHash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
}

impl ShortIdHash {
    /// The hash of the whole text, lower-case hexadecimal.
    pub fn of(self, text: &str) -> String {
        let algorithm = match self {
            Self::Md5 => return hex(&Md5::digest(text.as_bytes())),
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
        };
        hex(digest::digest(algorithm, text.as_bytes()).as_ref())
    }
}

impl std::str::FromStr for ShortIdHash {
    type Err = crate::Error;

    fn from_str(name: &str) -> crate::Result<Self> {
        Ok(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            other => {
                return Err(crate::Error::internal(format!(
                    "[token] hash_algorithm: {other} is none of md5, sha1, sha224 and sha256"
                )));
            }
        })
    }
}

/// The JSON that is signed: one line of ASCII, because `openssl` would change line ends, and old
/// readers don't expect more.
pub fn json(document: &serde_json::Value) -> String {
    let text = document.to_string();
    if text.is_ascii() {
        return text;
    }
    let mut ascii = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
            continue;
        }
        // Other characters stand only inside of JSON's texts, where they may be escaped.
        for unit in c.encode_utf16(&mut [0; 2]) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn golden(name: &str) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pki");
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn texts_are_those_of_keystone() {
        let document = cms::from_pem(&golden("token.pem")).unwrap();
        assert_eq!(to_pki(&document), golden("token.pki"));
        assert_eq!(document_of(&golden("token.pki")), Some(document.clone()));
        // Compressed bytes depend on who compresses; what they hold does not.
        assert_eq!(document_of(&golden("token.pkiz")), Some(document.clone()));
        assert_eq!(document_of(&to_pkiz(&document)), Some(document));
    }

    #[test]
    fn short_ids_are_those_of_keystone() {
        let lines = golden("short-ids.csv");
        let mut checked = 0;
        for line in lines.lines() {
            let [file, algorithm, id] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let Ok(hash) = algorithm.parse::<ShortIdHash>() else {
                continue;
            };
            assert_eq!(hash.of(&golden(file)), id, "{file} {algorithm}");
            checked += 1;
        }
        assert_eq!(checked, 8);
    }

    #[test]
    fn json_is_one_line_of_ascii() {
        let document = json!({ "name": "Zoë\n😀" });
        assert_eq!(json(&document), r#"{"name":"Zo\u00eb\n\ud83d\ude00"}"#);
    }

    #[test]
    fn a_small_text_does_not_become_a_large_document() {
        let mut compressed = Vec::new();
        let zeros = vec![b'A'; 64 << 20];
        ZlibEncoder::new(zeros.as_slice(), Compression::best())
            .read_to_end(&mut compressed)
            .unwrap();
        let text = format!("{COMPRESSED}{}", URL_SAFE.encode(compressed));
        assert_eq!(document_of(&text), None);
    }

    proptest! {
        #[test]
        fn documents_come_back(document: Vec<u8>) {
            prop_assert_eq!(document_of(&to_pki(&document)), Some(document.clone()));
            prop_assert_eq!(document_of(&to_pkiz(&document)), Some(document));
        }

        #[test]
        fn no_text_panics(text: String, compressed: Vec<u8>) {
            let _ = document_of(&text);
            let _ = document_of(&format!("{COMPRESSED}{}", URL_SAFE.encode(compressed)));
        }
    }
}
