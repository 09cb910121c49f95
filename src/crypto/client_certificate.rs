//! Client certificates as proxies pass them on. Whether one is good, the proxy has found out; here it
//! is only read.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::percent_decode_str;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::model::Timestamp;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const LINE: usize = 64;

/// The names of kinds of attributes; all others go by their numbers.
const NAMES: [(&str, &str); 10] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "EMAILADDRESS"),
];

/// What is known of a client by its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate as PEM, base64url: what Keystone and its middleware compare.
    pub thumbprint: String,
    /// The attributes of subject and issuer, under the names that mappings know them by:
    /// `SSL_CLIENT_SUBJECT_DN_CN`, `SSL_CLIENT_ISSUER_DN_O`.
    pub names: Vec<(String, String)>,
    /// When it ends.
    pub not_after: Timestamp,
}

impl ClientCertificate {
    /// Reads a certificate that came in a header: PEM, with its lines joined by spaces or escaped for
    /// URLs, or DER in base64. `None` when it is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = percent_decode_str(text).decode_utf8().ok()?;
        let encoded = match text.split_once(BEGIN) {
            Some((_, rest)) => rest.split_once(END)?.0,
            None => text.trim().trim_matches(':'),
        };
        let encoded: String = encoded.split_whitespace().collect();
        let der = STANDARD.decode(encoded).ok()?;
        let (rest, certificate) = X509Certificate::from_der(&der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let mut names = attributes("SSL_CLIENT_SUBJECT_DN_", certificate.subject());
        names.extend(attributes("SSL_CLIENT_ISSUER_DN_", certificate.issuer()));
        Some(Self {
            thumbprint: URL_SAFE.encode(digest(&SHA256, pem(&der).as_bytes())),
            names,
            not_after: Timestamp::from_seconds(certificate.validity().not_after.timestamp())?,
        })
    }
}

fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("{BEGIN}\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(END);
    text.push('\n');
    text
}

/// The attributes of a name. Of several of one kind, the last counts; those that are no text don't.
fn attributes(prefix: &str, name: &X509Name<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for attribute in name.iter_attributes() {
        let Ok(value) = attribute.as_str() else {
            continue;
        };
        let number = attribute.attr_type().to_id_string();
        let known = NAMES.iter().find(|(oid, _)| *oid == number);
        let key = format!(
            "{prefix}{}",
            known.map_or(number.as_str(), |(_, name)| name)
        );
        found.retain(|(other, _)| *other != key);
        found.push((key, escaped(value)));
    }
    found
}

/// A value as RFC 4514 writes it, which is how mappings get it.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        match c {
            '\\' | '"' | '+' | ',' | ';' | '<' | '>' => text.extend(['\\', c]),
            '#' if index == 0 => text.push_str("\\#"),
            ' ' if (index == 0 || index == last) => text.push_str("\\ "),
            '\0' => text.push_str("\\00"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `tests/golden/certificates.py`, together with what Keystone reads in them.
    const GOLDEN: &str = include_str!("../../tests/golden/certificates.json");

    fn golden() -> Vec<serde_json::Value> {
        serde_json::from_str(GOLDEN).unwrap()
    }

    #[test]
    fn certificates_are_read_as_keystone_30_reads_them() {
        for case in golden() {
            let pem = case["pem"].as_str().unwrap();
            let read = ClientCertificate::read(pem).unwrap();
            assert_eq!(read.thumbprint, case["thumbprint"], "{pem}");
            let mut names = serde_json::Map::new();
            for (name, value) in read.names {
                names.insert(name, value.into());
            }
            assert_eq!(serde_json::Value::Object(names), case["names"], "{pem}");
        }
    }

    #[test]
    fn all_ways_to_put_a_certificate_into_a_header_mean_the_same() {
        let case = golden().remove(0);
        let text = case["pem"].as_str().unwrap();
        let whole = ClientCertificate::read(text).unwrap();
        let escaped =
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let lines: Vec<&str> = text.lines().collect();
        let bare = lines[1..lines.len() - 1].concat();
        for form in [
            escaped.to_string(),
            lines.join(" "),
            lines.join("\t"),
            bare.clone(),
            format!(":{bare}:"),
        ] {
            assert_eq!(
                ClientCertificate::read(&form),
                Some(whole.clone()),
                "{form}"
            );
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let case = golden().remove(0);
        let text = case["pem"].as_str().unwrap();
        let cut = &text[..text.len() / 2];
        let trailing = text.replace(END, &format!("AAAA\n{END}"));
        for text in [
            "",
            "x",
            BEGIN,
            cut,
            &trailing,
            "%ff",
            "-----BEGIN CERTIFICATE-----AA==",
        ] {
            assert_eq!(ClientCertificate::read(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,60}", der in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let _ = ClientCertificate::read(&text);
            let _ = ClientCertificate::read(&STANDARD.encode(der));
        }
    }
}
