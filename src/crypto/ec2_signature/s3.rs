//! The text that an S3 request's signature covers, which the object store has put together.

use super::{V4_ALGORITHM, equal, hmac_sha1, parse_time, v4_signature};
use crate::error::{Error, Result};
use crate::model::{Secret, Timestamp};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chrono::DateTime;

/// Services whose version 4 signatures object stores pass on.
const SERVICES: [&str; 3] = ["s3", "iam", "sts"];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A text to sign: one that begins with `AWS4` is of version 4, any other of the older one.
#[derive(Debug)]
pub struct S3StringToSign(Vec<u8>);

/// A time that a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedTime {
    /// When the request was made.
    At(Timestamp),
    /// When the request was made, which may be a URL made ahead of its use.
    PerhapsAhead(Timestamp),
    /// Until when the request may be used.
    Until(Timestamp),
}

impl S3StringToSign {
    /// Reads the base64 text in which it comes, of either alphabet.
    ///
    /// # Errors
    /// 401 when it is none.
    pub fn decode(token: &str) -> Result<Self> {
        let token: String = token
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .map(|c| match c {
                '+' => '-',
                '/' => '_',
                other => other,
            })
            .collect();
        BASE64
            .decode(token)
            .map(Self)
            .map_err(|_| Error::unauthorized("the text to sign is not base64"))
    }

    /// Whether a signature is the one that the secret makes of this text.
    ///
    /// # Errors
    /// 401 for a malformed text of version 4.
    pub fn is_signed(&self, secret: &Secret, signature: &str) -> Result<bool> {
        let computed = match self.is_v4() {
            false => STANDARD.encode(hmac_sha1(secret, &self.0)),
            true => {
                let v4 = self.v4().ok_or_else(malformed)?;
                v4_signature(secret, v4.scope, &self.0)
            }
        };
        Ok(equal(&computed, signature))
    }

    /// The time that the text names, if it names one that can be read.
    pub fn time(&self) -> Option<SignedTime> {
        if self.is_v4() {
            return parse_time(self.v4()?.time).map(SignedTime::PerhapsAhead);
        }
        let text = std::str::from_utf8(&self.0).ok()?;
        let mut lines = text.split('\n').skip(3);
        let date = lines.next()?.trim();
        let date = lines
            .find_map(|line| line.strip_prefix("x-amz-date:"))
            .map_or(date, str::trim);
        if let Ok(seconds) = date.parse::<i64>() {
            return Timestamp::from_seconds(seconds).map(SignedTime::Until);
        }
        DateTime::parse_from_rfc2822(date)
            .ok()
            .map(|time| time.to_utc().into())
            .or_else(|| parse_time(date))
            .map(SignedTime::At)
    }

    fn is_v4(&self) -> bool {
        self.0.starts_with(b"AWS4")
    }

    fn v4(&self) -> Option<V4<'_>> {
        let text = std::str::from_utf8(&self.0).ok()?;
        let mut lines = text.split('\n');
        let (algorithm, time, scope, _hash) =
            (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let mut parts = scope.split('/');
        let [date, region, service, end] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let well_formed = algorithm == V4_ALGORITHM
            && lines.next().is_none()
            && parts.next().is_none()
            && end == "aws4_request"
            && SERVICES.contains(&service)
            && time.starts_with(date);
        well_formed.then_some(V4 {
            time,
            scope: [date, region, service],
        })
    }
}

struct V4<'a> {
    time: &'a str,
    scope: [&'a str; 3],
}

fn malformed() -> Error {
    Error::unauthorized("the text to sign is not one of signature version 4")
}
