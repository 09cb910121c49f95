//! OAuth 1.0 signatures of requests: RFC 5849, section 3, with the HMACs of SHA-1, SHA-256 and SHA-512.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;

/// All but the unreserved characters (RFC 5849, section 3.6).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A signed request, as it came.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    base_string: String,
    oauth: BTreeMap<String, String>,
    method: hmac::Algorithm,
}

impl SignedRequest {
    /// Reads an `Authorization` header of the scheme `OAuth`.
    ///
    /// `url` has no query; `query` is that, as it came.
    ///
    /// # Errors
    /// What is missing or wrong, for the client.
    pub fn read(
        http_method: &str,
        url: &str,
        query: &str,
        authorization: &str,
    ) -> Result<Self, &'static str> {
        let (scheme, fields) = authorization
            .split_once(' ')
            .ok_or("The Authorization header is none of OAuth.")?;
        if !scheme.eq_ignore_ascii_case("oauth") {
            return Err("The Authorization header is none of OAuth.");
        }
        let mut oauth = BTreeMap::new();
        for field in fields.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            let (name, value) = field
                .split_once('=')
                .ok_or("The Authorization header has a field without a value.")?;
            let value = value.trim().trim_matches('"');
            let fresh = oauth
                .insert(decoded(name.trim())?, decoded(value)?)
                .is_none();
            if !fresh {
                return Err("The Authorization header has a field twice.");
            }
        }
        oauth.remove("realm");
        let method = match oauth.get("oauth_signature_method").map(String::as_str) {
            Some("HMAC-SHA1") => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Some("HMAC-SHA256") => hmac::HMAC_SHA256,
            Some("HMAC-SHA512") => hmac::HMAC_SHA512,
            _ => return Err("The signature method must be an HMAC."),
        };
        if oauth
            .get("oauth_version")
            .is_some_and(|version| version != "1.0")
        {
            return Err("The OAuth version must be 1.0.");
        }
        for needed in [
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_timestamp",
            "oauth_signature",
        ] {
            if oauth.get(needed).is_none_or(String::is_empty) {
                return Err("An OAuth request needs a key, a nonce, a timestamp and a signature.");
            }
        }
        let mut parameters: Vec<(String, String)> = oauth
            .iter()
            .filter(|(name, _)| *name != "oauth_signature")
            .map(|(name, value)| (escaped(name), escaped(value)))
            .collect();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            parameters.push((escaped(&name), escaped(&value)));
        }
        parameters.sort();
        let normal: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let base_string = format!(
            "{}&{}&{}",
            http_method.to_ascii_uppercase(),
            escaped(&lower_case_authority(url)),
            escaped(&normal.join("&"))
        );
        Ok(Self {
            base_string,
            oauth,
            method,
        })
    }

    /// A protocol parameter, e.g. `oauth_token`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.oauth.get(name).map(String::as_str)
    }

    /// When the client says it signed; seconds since 1970.
    pub fn timestamp(&self) -> Option<i64> {
        let text = self.get("oauth_timestamp")?;
        let digits = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    }

    /// Whether it was signed with these secrets. Takes the same time for any signature.
    pub fn is_signed_with(&self, consumer_secret: &str, token_secret: &str) -> bool {
        let key = format!("{}&{}", escaped(consumer_secret), escaped(token_secret));
        let key = hmac::Key::new(self.method, key.as_bytes());
        let signature = self.get("oauth_signature").unwrap_or_default();
        STANDARD
            .decode(signature)
            .is_ok_and(|mac| hmac::verify(&key, self.base_string.as_bytes(), &mac).is_ok())
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> Result<String, &'static str> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| "The Authorization header is not UTF-8.")
}

/// Scheme and host are signed in lower case, the path as it is.
fn lower_case_authority(url: &str) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..]
        .find('/')
        .map_or(url.len(), |at| authority + at);
    format!("{}{}", url[..path].to_ascii_lowercase(), &url[path..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of RFC 5849, section 1.2, whose secrets are given there.
    #[test]
    fn the_signature_of_the_standards_example_is_good() {
        let header = "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", \
            oauth_token=\"nnch734d00sl2jdk\", oauth_signature_method=\"HMAC-SHA1\", \
            oauth_timestamp=\"137131202\", oauth_nonce=\"chapoH\", \
            oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"";
        let query = "file=vacation.jpg&size=original";
        let url = "HTTP://Photos.example.net/photos";
        let request = SignedRequest::read("get", url, query, header).unwrap();
        assert!(request.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"));
        assert!(!request.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s01"));
        assert_eq!(request.get("oauth_token"), Some("nnch734d00sl2jdk"));
        assert_eq!(request.timestamp(), Some(137_131_202));
        let other = SignedRequest::read("GET", url, "file=vacation.jpg", header).unwrap();
        assert!(!other.is_signed_with("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"));
    }

    #[test]
    fn what_is_not_signed_with_an_hmac_is_refused() {
        let header = |method: &str| {
            format!(
                "OAuth oauth_consumer_key=\"k\", oauth_nonce=\"n\", oauth_timestamp=\"1\", \
                 oauth_signature=\"s\", oauth_signature_method=\"{method}\""
            )
        };
        let read = |header: &str| SignedRequest::read("POST", "http://h/p", "", header);
        assert!(read(&header("HMAC-SHA512")).is_ok());
        for bad in [
            header("PLAINTEXT"),
            header("RSA-SHA1"),
            header("HMAC-SHA1\", oauth_nonce=\"m"),
            header("HMAC-SHA1\", oauth_version=\"2.0"),
            "OAuth oauth_signature_method=\"HMAC-SHA1\"".to_owned(),
            "Basic eDp5".to_owned(),
            String::new(),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(header in "(OAuth )?.{0,200}", query in ".{0,40}") {
            let _ = SignedRequest::read("POST", "http://h/p", &query, &header);
        }
    }
}
