//! Signatures of EC2 and S3 requests, versions 0, 1, 2 and 4.
//!
//! A service that received a signed request passes its parts on; what was signed is put together
//! from them again. Sources: AWS's "Signature Version 2" and "Signature Version 4", and for 0 and 1
//! what keystoneclient's `Ec2Signer` makes.

mod s3;

pub use s3::{S3StringToSign, SignedTime};

use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::model::{Secret, Timestamp};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const V4_ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What stays as it is in canonical queries.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parts of a signed EC2 request. What is absent is only missed by the version that needs it.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// Query or form parameters, without the signature.
    pub params: &'a Map<String, Value>,
    pub headers: &'a Map<String, Value>,
    pub verb: Option<&'a str>,
    /// Host as the client saw it, with its port.
    pub host: Option<&'a str>,
    pub path: Option<&'a str>,
    /// SHA-256 of the body in hex.
    pub body_hash: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V0,
    V1,
    V2,
    V4,
}

impl<'a> SignedRequest<'a> {
    /// Whether a signature is the one that the secret makes of this request. Clients that leave the
    /// port out of what they sign are understood, too.
    ///
    /// # Errors
    /// 401 when the request is none that can be signed: an unknown version, or missing parts.
    pub fn is_signed(&self, secret: &Secret, signature: &str) -> Result<bool> {
        let version = self.version()?;
        if equal(&self.sign(version, secret)?, signature) {
            return Ok(true);
        }
        match self.host.and_then(without_port) {
            Some(host) if version == Version::V2 => {
                let portless = SignedRequest {
                    host: Some(&host),
                    ..*self
                };
                Ok(equal(&portless.sign(version, secret)?, signature))
            }
            _ => Ok(false),
        }
    }

    /// The request's signature.
    ///
    /// # Errors
    /// As [`is_signed`](Self::is_signed).
    pub fn signature(&self, secret: &Secret) -> Result<String> {
        self.sign(self.version()?, secret)
    }

    /// When the request was signed, from what the signature covers; `None` when it covers no time.
    ///
    /// # Errors
    /// 401 for what is no time.
    pub fn signed_at(&self) -> Result<Option<Timestamp>> {
        let text = match self.version()? {
            Version::V0 | Version::V1 | Version::V2 => text(self.params, "Timestamp"),
            Version::V4 => self.v4_date(),
        };
        match text {
            None | Some("") => Ok(None),
            Some(text) => parse_time(text)
                .map(Some)
                .ok_or_else(|| Error::unauthorized("the request's timestamp is no time")),
        }
    }

    fn version(&self) -> Result<Version> {
        match text(self.params, "SignatureVersion") {
            Some("0") => Ok(Version::V0),
            Some("1") => Ok(Version::V1),
            Some("2") => Ok(Version::V2),
            _ if self.is_v4() => Ok(Version::V4),
            _ => Err(Error::unauthorized("the signature's version is not known")),
        }
    }

    fn is_v4(&self) -> bool {
        match text(self.headers, "Authorization") {
            Some(header) => header.starts_with(V4_ALGORITHM),
            None => text(self.params, "X-Amz-Algorithm") == Some(V4_ALGORITHM),
        }
    }

    fn sign(&self, version: Version, secret: &Secret) -> Result<String> {
        match version {
            Version::V0 => self.sign_v0(secret),
            Version::V1 => Ok(self.sign_v1(secret)),
            Version::V2 => self.sign_v2(secret),
            Version::V4 => self.sign_v4(secret),
        }
    }

    fn sign_v0(&self, secret: &Secret) -> Result<String> {
        let action = needed("Action", text(self.params, "Action"))?;
        let timestamp = needed("Timestamp", text(self.params, "Timestamp"))?;
        let signed = format!("{action}{timestamp}");
        Ok(STANDARD.encode(hmac_sha1(secret, signed.as_bytes())))
    }

    fn sign_v1(&self, secret: &Secret) -> String {
        let mut params: Vec<_> = self.params.iter().collect();
        params.sort_by_cached_key(|(name, _)| name.to_lowercase());
        let mut signed = String::new();
        for (name, value) in params {
            signed.push_str(name);
            signed.push_str(&as_signed(value));
        }
        STANDARD.encode(hmac_sha1(secret, signed.as_bytes()))
    }

    fn sign_v2(&self, secret: &Secret) -> Result<String> {
        // Whatever method the request names, this one is used, and named in what is signed.
        let mut params = self.params.clone();
        params.insert("SignatureMethod".to_owned(), Value::from("HmacSHA256"));
        let signed = format!(
            "{}\n{}\n{}\n{}",
            needed("verb", self.verb)?,
            needed("host", self.host)?,
            needed("path", self.path)?,
            canonical_query(&params)
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Ok(STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    }

    fn sign_v4(&self, secret: &Secret) -> Result<String> {
        let credential = needed("Credential", self.v4_parameter("Credential"))?;
        let (_, scope) = credential
            .split_once('/')
            .ok_or_else(|| Error::unauthorized("the signature's scope is malformed"))?;
        let mut parts = scope.split('/');
        let (Some(date), Some(region), Some(service)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::unauthorized("the signature's scope is malformed"));
        };
        let signed_at = needed("X-Amz-Date", self.v4_date())?;
        if !signed_at.starts_with(date) {
            return Err(Error::unauthorized(
                "the signature's scope is of another day than the request",
            ));
        }
        let request = self.v4_canonical_request()?;
        let hash = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let signed = format!("{V4_ALGORITHM}\n{signed_at}\n{scope}\n{hash}");
        Ok(v4_signature(
            secret,
            [date, region, service],
            signed.as_bytes(),
        ))
    }

    fn v4_canonical_request(&self) -> Result<String> {
        let verb = needed("verb", self.verb)?.to_uppercase();
        let query = match verb.as_str() {
            // The parameters are the body.
            "POST" => String::new(),
            _ => canonical_query(self.params),
        };
        let names = needed("SignedHeaders", self.v4_parameter("SignedHeaders"))?;
        Ok(format!(
            "{verb}\n{}\n{query}\n{}\n{names}\n{}",
            needed("path", self.path)?,
            self.v4_canonical_headers(names),
            needed("body_hash", self.body_hash)?
        ))
    }

    /// Signed headers that are not there are left out.
    fn v4_canonical_headers(&self, names: &str) -> String {
        let headers: Vec<(String, &str)> = self
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.trim().to_lowercase(), value.as_str()?.trim())))
            .collect();
        let value = |wanted: &str| {
            let mut found = headers.iter().rev();
            found.find(|(name, _)| name == wanted).map(|(_, v)| *v)
        };
        let old_boto = value("user-agent").is_some_and(signs_without_port);
        let mut lines = String::new();
        for name in names.split(';') {
            let Some(mut value) = value(name) else {
                continue;
            };
            if name == "host" && old_boto {
                value = value.split(':').next().unwrap_or_default();
            }
            lines.push_str(name);
            lines.push(':');
            lines.push_str(value);
            lines.push('\n');
        }
        if lines.is_empty() {
            lines.push('\n');
        }
        lines
    }

    /// `Credential` or `SignedHeaders`: from the header, else from the parameters.
    fn v4_parameter(&self, name: &str) -> Option<&'a str> {
        match text(self.headers, "Authorization") {
            Some(header) => {
                let (_, rest) = header.split_once(&format!("{name}="))?;
                rest.split(',').next()
            }
            None => text(self.params, &format!("X-Amz-{name}")),
        }
    }

    fn v4_date(&self) -> Option<&'a str> {
        text(self.headers, "X-Amz-Date").or_else(|| text(self.params, "X-Amz-Date"))
    }
}

/// The signature of a text with the key that belongs to a day, region and service.
fn v4_signature(secret: &Secret, scope: [&str; 3], signed: &[u8]) -> String {
    let start = Zeroizing::new(format!("AWS4{}", secret.expose()));
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, start.as_bytes());
    for part in scope.into_iter().chain(["aws4_request"]) {
        let tag = hmac::sign(&key, part.as_bytes());
        key = hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref());
    }
    hex(hmac::sign(&key, signed).as_ref())
}

fn hmac_sha1(secret: &Secret, signed: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        secret.expose().as_bytes(),
    );
    hmac::sign(&key, signed)
}

fn canonical_query(params: &Map<String, Value>) -> String {
    let mut names: Vec<_> = params.keys().collect();
    names.sort_unstable();
    let mut query = String::new();
    for name in names {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, UNRESERVED));
        query.push('=');
        if let Some(value) = params.get(name) {
            query.extend(utf8_percent_encode(&as_signed(value), UNRESERVED));
        }
    }
    query
}

/// A parameter's text. Numbers and the like are spelled as Python does.
fn as_signed(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("True"),
        Value::Bool(false) => Cow::Borrowed("False"),
        Value::Null => Cow::Borrowed("None"),
        other => Cow::Owned(other.to_string()),
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

fn needed<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| Error::unauthorized(format!("the signed request has no {name}")))
}

fn equal(computed: &str, given: &str) -> bool {
    computed.as_bytes().ct_eq(given.as_bytes()).into()
}

/// A host's name, in lower case, when a port stands behind it.
fn without_port(host: &str) -> Option<String> {
    if !host.contains(':') {
        return None;
    }
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    };
    name.map(str::to_lowercase)
}

/// `Boto/2.0.0` to `Boto/2.9.2`.
fn signs_without_port(agent: &str) -> bool {
    let Some(version) = agent.strip_prefix("Boto/2.") else {
        return false;
    };
    matches!(version.as_bytes(), [b'0'..=b'9', b'.', b'0'..=b'2', ..])
}

/// `2026-01-01T00:00:00Z` and its kin, or `20260101T000000Z`.
fn parse_time(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| {
        let digits = text.strip_suffix('Z').unwrap_or(text);
        let naive = NaiveDateTime::parse_from_str(digits, "%Y%m%dT%H%M%S").ok()?;
        Some(Timestamp::from_naive(naive))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Golden {
        secret: Secret,
        now: String,
        ec2: Vec<Ec2Vector>,
        s3: Vec<S3Vector>,
    }

    #[derive(Deserialize)]
    struct Ec2Vector {
        name: String,
        by: String,
        request: Value,
        signature: String,
    }

    #[derive(Deserialize)]
    struct S3Vector {
        name: String,
        token: String,
        signature: String,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/ec2_signatures.json")).unwrap()
    }

    fn members(request: &Value, name: &str) -> Map<String, Value> {
        request[name].as_object().cloned().unwrap_or_default()
    }

    fn with_request<T>(request: &Value, look: impl FnOnce(SignedRequest<'_>) -> T) -> T {
        look(SignedRequest {
            params: &members(request, "params"),
            headers: &members(request, "headers"),
            verb: request["verb"].as_str(),
            host: request["host"].as_str(),
            path: request["path"].as_str(),
            body_hash: request["body_hash"].as_str(),
        })
    }

    #[test]
    fn signatures_are_those_of_botocore_and_keystoneclient() {
        let golden = golden();
        let now = Timestamp::parse(&golden.now);
        let other = Secret::from("other");
        assert_eq!(golden.ec2.len(), 12);
        for vector in &golden.ec2 {
            let name = format!("{}: {}", vector.by, vector.name);
            with_request(&vector.request, |request| {
                let signature = request.signature(&golden.secret).unwrap();
                assert_eq!(signature, vector.signature, "{name}");
                assert_eq!(request.signed_at().unwrap(), now, "{name}");
                let is_signed = |secret, signature| request.is_signed(secret, signature).unwrap();
                assert!(is_signed(&golden.secret, &vector.signature), "{name}");
                assert!(!is_signed(&other, &vector.signature), "{name}");
                assert!(!is_signed(&golden.secret, ""), "{name}");
            });
        }
    }

    #[test]
    fn a_signature_covers_every_part() {
        let golden = golden();
        for vector in &golden.ec2 {
            let covered: &[&str] =
                match text(&members(&vector.request, "params"), "SignatureVersion") {
                    Some("0") => &["Timestamp", "Action"],
                    Some("1") => &["Timestamp", "Action", "AWSAccessKeyId"],
                    _ => &["verb", "path"],
                };
            for part in covered {
                let mut request = vector.request.clone();
                let place = match request["params"].get_mut(*part) {
                    Some(parameter) => parameter,
                    None => &mut request[*part],
                };
                *place = Value::from("Another");
                with_request(&request, |request| {
                    let verdict = request.is_signed(&golden.secret, &vector.signature);
                    assert!(!verdict.unwrap(), "{}: {part}", vector.name);
                });
            }
        }
    }

    #[test]
    fn a_port_that_was_not_signed_does_not_matter_to_version_2() {
        let golden = golden();
        let vector = golden
            .ec2
            .iter()
            .find(|vector| vector.name == "version 2")
            .unwrap();
        for (host, signed) in [
            ("cloud.example.org:8773", true),
            ("CLOUD.example.org:8773", true),
            ("CLOUD.example.org", false),
            ("[::1]:80", false),
            ("other:80", false),
        ] {
            let mut request = vector.request.clone();
            request["host"] = Value::from(host);
            with_request(&request, |request| {
                let verdict = request.is_signed(&golden.secret, &vector.signature);
                assert_eq!(verdict.unwrap(), signed, "{host}");
            });
        }
        assert_eq!(without_port("[FE80::1]:80").as_deref(), Some("fe80::1"));
    }

    #[test]
    fn the_time_of_version_4_is_the_one_that_is_signed() {
        let golden = golden();
        let vector = golden
            .ec2
            .iter()
            .find(|vector| vector.name == "version 4, POST")
            .unwrap();
        let mut request = vector.request.clone();
        request["params"]["Timestamp"] = Value::from("2099-01-01T00:00:00Z");
        with_request(&request, |request| {
            // The parameters of a POST are not signed.
            assert!(
                request
                    .is_signed(&golden.secret, &vector.signature)
                    .unwrap()
            );
            assert_eq!(request.signed_at().unwrap(), Timestamp::parse(&golden.now));
        });
    }

    #[test]
    fn what_cant_be_signed_is_refused() {
        for request in [
            serde_json::json!({}),
            serde_json::json!({ "params": { "SignatureVersion": "3" } }),
            serde_json::json!({ "params": { "SignatureVersion": 2 } }),
            serde_json::json!({ "params": { "SignatureVersion": "0" } }),
            serde_json::json!({ "params": { "SignatureVersion": "2" } }),
            serde_json::json!({ "headers": { "Authorization": "AWS4-HMAC-SHA256 Credential=a" } }),
            serde_json::json!({ "headers": { "Authorization": "Basic" },
                "params": { "X-Amz-Algorithm": V4_ALGORITHM } }),
        ] {
            with_request(&request, |signed| {
                let verdict = signed.is_signed(&"s".into(), "");
                assert!(
                    matches!(verdict, Err(Error::Unauthorized { .. })),
                    "{request}"
                );
            });
        }
    }

    #[test]
    fn a_version_4_signature_is_bound_to_its_day() {
        let golden = golden();
        let vector = golden
            .ec2
            .iter()
            .find(|vector| vector.name == "version 4, GET")
            .unwrap();
        let mut request = vector.request.clone();
        request["headers"]["X-Amz-Date"] = Value::from("20260102T000000Z");
        with_request(&request, |request| {
            assert!(
                request
                    .is_signed(&golden.secret, &vector.signature)
                    .is_err()
            );
        });
    }

    #[test]
    fn s3_signatures_are_those_of_botocore() {
        let golden = golden();
        let now = Timestamp::parse(&golden.now).unwrap();
        assert_eq!(golden.s3.len(), 6);
        for vector in &golden.s3 {
            let text = S3StringToSign::decode(&vector.token).unwrap();
            let name = &vector.name;
            assert!(
                text.is_signed(&golden.secret, &vector.signature).unwrap(),
                "{name}"
            );
            assert!(
                !text.is_signed(&"other".into(), &vector.signature).unwrap(),
                "{name}"
            );
            let time = match name.as_str() {
                "version 1" | "version 1, x-amz-date" => SignedTime::At(now),
                "version 1, presigned" => SignedTime::Until(now.plus_seconds(300)),
                _ => SignedTime::PerhapsAhead(now),
            };
            assert_eq!(text.time(), Some(time), "{name}");
        }
    }

    #[test]
    fn malformed_s3_texts_are_refused() {
        let decode = |text: &str| S3StringToSign::decode(&STANDARD.encode(text)).unwrap();
        for text in [
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/r/s3/aws4_request",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/r/ec2/aws4_request\nh",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/r/s3/aws4\nh",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260102/r/s3/aws4_request\nh",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/r/s3/aws4_request/x\nh",
            "AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/r/s3/aws4_request\nh\n",
            "AWS4-OTHER\n20260101T000000Z\n20260101/r/s3/aws4_request\nh",
        ] {
            assert!(decode(text).is_signed(&"s".into(), "").is_err(), "{text}");
            assert_eq!(decode(text).time(), None);
        }
        assert!(S3StringToSign::decode("?").is_err());
        assert_eq!(decode("GET\n\n\n\n/b").time(), None);
        assert_eq!(decode("GET").time(), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(token in ".*", header in ".*", date in ".*", verb in ".*") {
            if let Ok(text) = S3StringToSign::decode(&token) {
                let _ = (text.time(), text.is_signed(&"s".into(), ""));
            }
            let request = serde_json::json!({
                "headers": { "Authorization": format!("{V4_ALGORITHM} {header}"), "X-Amz-Date": date },
                "verb": verb, "path": "/", "host": header, "body_hash": "" });
            with_request(&request, |request| {
                let _ = (request.signed_at(), request.is_signed(&"s".into(), ""));
            });
        }
    }
}
