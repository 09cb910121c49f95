//! The MessagePack payloads of Fernet tokens, versions 0 to 10.
//!
//! A payload is the array `[version, user, methods, …, expires_at, audit_ids, …]`;
//! [`PayloadCodec::encode`] shows which fields a version has and in which order. Ids that are
//! UUIDs are written as 16 bytes, which keeps tokens short.

use super::audit_id;
use super::msgpack::{Reader, Scalar, Writer};
use crate::crypto::hex;
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use crate::model::{DomainId, Timestamp};
use crate::{Error, Result};

const UNSCOPED: i64 = 0;
const DOMAIN: i64 = 1;
const PROJECT: i64 = 2;
const TRUST: i64 = 3;
const FEDERATED_UNSCOPED: i64 = 4;
const FEDERATED_PROJECT: i64 = 5;
const FEDERATED_DOMAIN: i64 = 6;
const OAUTH1: i64 = 7;
const SYSTEM: i64 = 8;
const APPLICATION_CREDENTIAL: i64 = 9;
const OAUTH2: i64 = 10;

/// What system scope is called inside a payload.
pub(super) const WHOLE_SYSTEM: &str = "all";

/// The settings that payloads depend on; servers that share tokens must agree on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadCodec {
    /// `[auth] methods`, in order: method i has bit 2ⁱ. At most 63 are used.
    pub methods: Vec<String>,
    /// `[identity] default_domain_id`, the only domain whose id need not be a UUID.
    pub default_domain_id: DomainId,
}

impl PayloadCodec {
    /// Writes a payload, in the version that its origin and scope call for.
    ///
    /// After the version come the user, the methods, then what the version is about (scope, and for
    /// a federated user or an OAuth1 consumer the origin), the expiry, the audit ids, and for the
    /// other delegations their id. Times are floats, seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Internal`] when no version can say it: a domain or system scope of a delegation, a
    /// federated system scope, a trust or domain id that is no UUID, a malformed audit id.
    pub fn encode(&self, token: &TokenPayload) -> Result<Vec<u8>> {
        let version = version_of(token)?;
        let mut out = Writer::default();
        out.array(match version {
            UNSCOPED => 5,
            DOMAIN | PROJECT | SYSTEM => 6,
            TRUST | OAUTH1 | APPLICATION_CREDENTIAL => 7,
            FEDERATED_UNSCOPED | OAUTH2 => 8,
            _ => 9,
        });
        out.integer(version as u64);
        write_id(&mut out, Some(&token.user_id));
        out.integer(self.method_mask(&token.methods));
        match version {
            DOMAIN => self.write_bare_domain(&mut out, domain_of(token).unwrap_or_default())?,
            PROJECT | TRUST | OAUTH1 | APPLICATION_CREDENTIAL | FEDERATED_PROJECT => {
                write_id(&mut out, project_of(token));
            }
            FEDERATED_DOMAIN => write_id(&mut out, domain_of(token)),
            OAUTH2 => {
                write_id(&mut out, project_of(token));
                write_id(&mut out, domain_of(token));
            }
            SYSTEM => out.text(WHOLE_SYSTEM),
            _ => {}
        }
        match &token.origin {
            TokenOrigin::Federated {
                group_ids,
                idp_id,
                protocol_id,
            } => {
                out.array(group_ids.len());
                group_ids
                    .iter()
                    .for_each(|group| write_id(&mut out, Some(group)));
                write_id(&mut out, Some(idp_id));
                out.text(protocol_id);
            }
            TokenOrigin::OAuth1 { access_token_id } => write_id(&mut out, Some(access_token_id)),
            _ => {}
        }
        write_time(&mut out, token.expires_at);
        out.array(token.audit_ids.len());
        for id in &token.audit_ids {
            let bytes = audit_id::decode(id)
                .ok_or_else(|| Error::internal(format!("{id:?} is not an audit id")))?;
            out.bytes(&bytes);
        }
        match &token.origin {
            TokenOrigin::Trust(id) => {
                let uuid = parse_uuid(id).ok_or_else(|| unwritable("trust", id))?;
                out.bytes(&uuid);
            }
            TokenOrigin::ApplicationCredential(id) => write_id(&mut out, Some(id)),
            TokenOrigin::OAuth2 { thumbprint } => {
                out.array(2);
                out.bool(false);
                out.text(thumbprint);
            }
            _ => {}
        }
        Ok(out.finish())
    }

    /// Reads a payload of any version; `None` when it is none. The time of issue is not in it.
    ///
    /// Fields after the last known one are refused: they would mean something that is not honoured.
    pub fn decode(&self, bytes: &[u8], issued_at: Timestamp) -> Option<TokenPayload> {
        let mut input = Reader::new(bytes);
        let length = input.array()?;
        let version = input.integer()?;
        let expected = match version {
            UNSCOPED => 5,
            DOMAIN | PROJECT | SYSTEM => 6,
            TRUST | OAUTH1 | APPLICATION_CREDENTIAL => 7,
            FEDERATED_UNSCOPED | OAUTH2 => 8,
            FEDERATED_PROJECT | FEDERATED_DOMAIN => 9,
            _ => return None,
        };
        if length != expected {
            return None;
        }
        let user_id = read_id(&mut input)??.into();
        let methods = self.methods_of(input.integer()?);
        let scope = match version {
            DOMAIN => TokenScope::Domain(self.read_bare_domain(&mut input)?),
            PROJECT | TRUST | OAUTH1 | APPLICATION_CREDENTIAL | FEDERATED_PROJECT => {
                project_scope(read_id(&mut input)?)
            }
            FEDERATED_DOMAIN => TokenScope::Domain(read_id(&mut input)??.into()),
            OAUTH2 => match (read_id(&mut input)?, read_id(&mut input)?) {
                (None, Some(domain)) => TokenScope::Domain(domain.into()),
                (project, _) => project_scope(project),
            },
            // The only system there is; another word must not become power over it.
            SYSTEM if input.text()? == WHOLE_SYSTEM => TokenScope::System,
            SYSTEM => return None,
            _ => TokenScope::Unscoped,
        };
        let mut origin = match version {
            FEDERATED_UNSCOPED | FEDERATED_PROJECT | FEDERATED_DOMAIN => {
                let count = input.array()?;
                let groups = (0..count).map(|_| Some(read_id(&mut input)??.into()));
                TokenOrigin::Federated {
                    group_ids: groups.collect::<Option<_>>()?,
                    idp_id: read_id(&mut input)??.into(),
                    protocol_id: input.text()?.to_owned(),
                }
            }
            OAUTH1 => TokenOrigin::OAuth1 {
                access_token_id: read_id(&mut input)??.into(),
            },
            _ => TokenOrigin::Direct,
        };
        let expires_at = read_time(&mut input)?;
        let count = input.array()?;
        let audit_ids = (0..count)
            .map(|_| Some(audit_id::encode(input.bytes()?.try_into().ok()?)))
            .collect::<Option<_>>()?;
        match version {
            TRUST => origin = TokenOrigin::Trust(hex(&uuid_bytes(input.bytes()?)?).into()),
            APPLICATION_CREDENTIAL => {
                origin = TokenOrigin::ApplicationCredential(read_id(&mut input)??.into());
            }
            OAUTH2 => {
                origin = TokenOrigin::OAuth2 {
                    thumbprint: read_id(&mut input)??,
                }
            }
            _ => {}
        }
        input.is_at_end().then_some(TokenPayload {
            user_id,
            methods,
            issued_at,
            expires_at,
            audit_ids,
            scope,
            origin,
        })
    }

    /// Methods as a bit mask; names that are not configured are left out.
    pub(super) fn method_mask(&self, names: &[String]) -> u64 {
        let bit = |name| {
            self.methods
                .iter()
                .take(63)
                .position(|method| method == name)
        };
        names
            .iter()
            .filter_map(bit)
            .fold(0, |mask, index| mask | 1 << index)
    }

    /// The names of a mask, highest bit first.
    ///
    /// A mask with a bit that no configured method has was made with another list. Its other bits
    /// can't be trusted to mean the same, so that nothing is read from it.
    pub(super) fn methods_of(&self, mask: i64) -> Vec<String> {
        let known = self.methods.len().min(63);
        if mask < 0 || mask >> known != 0 {
            return Vec::new();
        }
        let methods = self.methods.iter().enumerate().take(known).rev();
        methods
            .filter(|(i, _)| mask >> i & 1 == 1)
            .map(|(_, name)| name.clone())
            .collect()
    }

    fn write_bare_domain(&self, out: &mut Writer, id: &str) -> Result<()> {
        match parse_uuid(id) {
            Some(uuid) => out.bytes(&uuid),
            None if self.default_domain_id == *id => out.text(id),
            None => return Err(unwritable("domain", id)),
        }
        Ok(())
    }

    fn read_bare_domain(&self, input: &mut Reader<'_>) -> Option<DomainId> {
        let bytes = input.bytes()?;
        if bytes == self.default_domain_id.as_bytes() {
            return Some(self.default_domain_id.clone());
        }
        uuid_bytes(bytes).map(|uuid| hex(&uuid).into())
    }
}

fn unwritable(kind: &str, id: &str) -> Error {
    Error::internal(format!(
        "a Fernet token can't carry the {kind} id {id:?}: it is no UUID"
    ))
}

fn version_of(token: &TokenPayload) -> Result<i64> {
    use TokenOrigin as Origin;
    use TokenScope as Scope;
    Ok(match (&token.origin, &token.scope) {
        (Origin::OAuth1 { .. }, Scope::Project(_) | Scope::Unscoped) => OAUTH1,
        (Origin::Trust(_), Scope::Project(_) | Scope::Unscoped) => TRUST,
        (Origin::Federated { .. }, Scope::Project(_)) => FEDERATED_PROJECT,
        (Origin::Federated { .. }, Scope::Domain(_)) => FEDERATED_DOMAIN,
        (Origin::Federated { .. }, Scope::Unscoped) => FEDERATED_UNSCOPED,
        (Origin::ApplicationCredential(_), Scope::Project(_) | Scope::Unscoped) => {
            APPLICATION_CREDENTIAL
        }
        (Origin::OAuth2 { .. }, Scope::Project(_) | Scope::Domain(_) | Scope::Unscoped) => OAUTH2,
        (Origin::Direct, Scope::Project(_)) => PROJECT,
        (Origin::Direct, Scope::Domain(_)) => DOMAIN,
        (Origin::Direct, Scope::System) => SYSTEM,
        (Origin::Direct, Scope::Unscoped) => UNSCOPED,
        (origin, scope) => {
            let message = format!("no Fernet token has the origin {origin:?} and scope {scope:?}");
            return Err(Error::internal(message));
        }
    })
}

fn project_of(token: &TokenPayload) -> Option<&str> {
    match &token.scope {
        TokenScope::Project(id) => Some(id),
        _ => None,
    }
}

fn domain_of(token: &TokenPayload) -> Option<&str> {
    match &token.scope {
        TokenScope::Domain(id) => Some(id),
        _ => None,
    }
}

fn project_scope(id: Option<String>) -> TokenScope {
    id.map_or(TokenScope::Unscoped, |id| TokenScope::Project(id.into()))
}

/// An id as the pair `[is a UUID, value]`; an absent one as `[false, nil]`.
pub(super) fn write_id(out: &mut Writer, id: Option<&str>) {
    out.array(2);
    let uuid = id.and_then(parse_uuid);
    out.bool(uuid.is_some());
    match (uuid, id) {
        (Some(uuid), _) => out.bytes(&uuid),
        (None, Some(id)) => out.text(id),
        (None, None) => out.nil(),
    }
}

/// The outer `None` is malformed input, the inner one an absent id.
pub(super) fn read_id(input: &mut Reader<'_>) -> Option<Option<String>> {
    if input.array()? != 2 {
        return None;
    }
    match (input.bool()?, input.scalar()?) {
        (true, Scalar::Bytes(bytes)) => Some(Some(hex(&uuid_bytes(bytes)?))),
        (false, Scalar::Bytes(bytes)) => Some(Some(std::str::from_utf8(bytes).ok()?.to_owned())),
        (false, Scalar::Nil) => Some(None),
        (true, Scalar::Nil) => None,
    }
}

pub(super) fn write_time(out: &mut Writer, time: Timestamp) {
    out.float(time.micros() as f64 / 1e6);
}

/// Whole seconds, as times are shown and compared.
pub(super) fn read_time(input: &mut Reader<'_>) -> Option<Timestamp> {
    let seconds = input.float()?;
    // The cast saturates, and a saturated value is out of the calendar's range.
    seconds
        .is_finite()
        .then(|| Timestamp::from_seconds(seconds.floor() as i64))
        .flatten()
}

fn uuid_bytes(bytes: &[u8]) -> Option<[u8; 16]> {
    bytes.try_into().ok()
}

/// The bytes of a UUID in any of its spellings: bare hex, with hyphens, in braces, as a URN.
///
/// All of them are read back as bare lower-case hex; peers on the same tokens do the same.
fn parse_uuid(id: &str) -> Option<[u8; 16]> {
    // Nearly all ids are 32 digits: spare them the copies below.
    if id.len() == 32 {
        return parse_hex(id.as_bytes());
    }
    if id.len() > 64 {
        return None;
    }
    let bare = id.replace("urn:", "").replace("uuid:", "");
    let digits = bare.trim_matches(['{', '}']).replace('-', "");
    parse_hex(digits.as_bytes())
}

fn parse_hex(digits: &[u8]) -> Option<[u8; 16]> {
    let digits: &[u8; 32] = digits.try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::golden;
    use proptest::prelude::*;

    fn codec() -> PayloadCodec {
        golden::read().codec()
    }

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn token(scope: TokenScope, origin: TokenOrigin) -> TokenPayload {
        TokenPayload {
            user_id: "1".repeat(32).into(),
            methods: vec!["password".into()],
            issued_at: time(1),
            expires_at: time(2),
            audit_ids: vec![audit_id::new()],
            scope,
            origin,
        }
    }

    #[test]
    fn payloads_are_those_of_python_byte_for_byte() {
        let golden = golden::read();
        for vector in &golden.fernet {
            let Some(token) = golden.encodable(vector) else {
                continue;
            };
            assert_eq!(
                hex(&codec().encode(&token).unwrap()),
                vector.msgpack,
                "{}",
                vector.name
            );
        }
    }

    #[test]
    fn bytes_written_as_texts_are_read() {
        // Before MessagePack had a type for bytes: `b0` and 16 of them instead of `c4 10`.
        let golden = golden::read();
        for vector in &golden.fernet {
            let old = vector.bytes_in_old_form();
            let read = codec().decode(&old, time(golden.issued_at));
            assert_eq!(read, Some(golden.readable(vector)), "{}", vector.name);
        }
    }

    #[test]
    fn cut_off_or_continued_payloads_are_refused() {
        for vector in &golden::read().fernet {
            let mut bytes = vector.bytes();
            for length in 0..bytes.len() {
                assert_eq!(codec().decode(&bytes[..length], time(0)), None);
            }
            bytes.push(0xc0);
            assert_eq!(codec().decode(&bytes, time(0)), None);
        }
    }

    #[test]
    fn scopes_that_no_version_has_are_errors() {
        let domain = || TokenScope::Domain("default".into());
        let federated = TokenOrigin::Federated {
            group_ids: vec![],
            idp_id: "idp".into(),
            protocol_id: "saml2".into(),
        };
        let trust = |id: &str| TokenOrigin::Trust(id.into());
        for token in [
            token(TokenScope::System, federated),
            token(domain(), trust(&"4".repeat(32))),
            token(
                TokenScope::System,
                TokenOrigin::ApplicationCredential("x".into()),
            ),
            token(
                domain(),
                TokenOrigin::OAuth1 {
                    access_token_id: "x".into(),
                },
            ),
            token(TokenScope::Unscoped, trust("not-a-uuid")),
            token(TokenScope::Domain("other".into()), TokenOrigin::Direct),
        ] {
            assert!(codec().encode(&token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn only_the_default_domain_may_have_a_name_for_an_id() {
        let payload = codec().encode(&token(
            TokenScope::Domain("default".into()),
            TokenOrigin::Direct,
        ));
        let other = PayloadCodec {
            default_domain_id: "other".into(),
            ..codec()
        };
        assert_eq!(other.decode(&payload.unwrap(), time(0)), None);
    }

    #[test]
    fn a_mask_with_an_unknown_bit_names_no_methods() {
        let codec = PayloadCodec {
            methods: vec!["a".into(), "b".into()],
            ..codec()
        };
        assert_eq!(codec.methods_of(3), ["b", "a"]);
        assert_eq!(codec.methods_of(4 | 1), [""; 0]);
        assert_eq!(codec.methods_of(-1), [""; 0]);
        assert_eq!(codec.method_mask(&["b".into(), "b".into(), "x".into()]), 2);
        let many = PayloadCodec {
            methods: vec!["m".into(); 100],
            ..codec
        };
        assert_eq!(many.methods_of(i64::MAX).len(), 63);
    }

    #[test]
    fn times_lose_their_fractions() {
        for (seconds, expected) in [(5.75, 5), (-5.5, -6)] {
            let mut out = Writer::default();
            out.float(seconds);
            assert_eq!(
                read_time(&mut Reader::new(&out.finish())),
                Some(time(expected))
            );
        }
        for absurd in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            let mut out = Writer::default();
            out.float(absurd);
            assert_eq!(read_time(&mut Reader::new(&out.finish())), None);
        }
    }

    #[test]
    fn uuids_are_known_in_all_their_spellings() {
        let bytes = Some([0xaa; 16]);
        for id in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA",
            "{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "urn:uuid:AAAAAAAA-aaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(parse_uuid(id), bytes, "{id}");
        }
        for id in [
            "",
            "default",
            "g".repeat(32).as_str(),
            "a".repeat(64).as_str(),
            "é",
        ] {
            assert_eq!(parse_uuid(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics(payload: Vec<u8>) {
            let _ = codec().decode(&payload, time(0));
        }

        #[test]
        fn no_changed_payload_panics(which: prop::sample::Index, at: prop::sample::Index, to: u8) {
            let golden = golden::read();
            let mut bytes = golden.fernet[which.index(golden.fernet.len())].bytes();
            let position = at.index(bytes.len());
            bytes[position] = to;
            if let Some(token) = codec().decode(&bytes, time(0)) {
                // Whatever is accepted can be issued again.
                let again = codec().encode(&token);
                prop_assert!(again.is_ok(), "{:?}", token);
            }
        }
    }
}
