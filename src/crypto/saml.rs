//! SAML 2.0 (OASIS saml-core-2.0-os) as far as one cloud vouches for a user to another: a response
//! with one signed assertion, its envelope for enhanced clients, and the metadata of the identity
//! provider.
//!
//! The assertion is written in its exclusive canonical form (W3C xml-exc-c14n), so that its bytes are
//! what is digested. The signature is RSA with SHA-256 (W3C xmldsig-core1).

mod metadata;
mod xml;

pub use metadata::{Contact, Metadata, Organization};

use crate::crypto::cms::SigningKey;
use crate::model::Timestamp;
use crate::{Error, Result};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use xml::element;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENHANCED_CLIENT: &str = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";

const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const NEXT_ACTOR: &str = "http://schemas.xmlsoap.org/soap/actor/next";

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const DIGEST_SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// What begins every document.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The key that signs assertions, and the certificate by which others know it.
pub struct Signer {
    key: SigningKey,
    /// DER in base64.
    certificate: String,
}

impl Signer {
    /// Reads two PEM files.
    ///
    /// # Errors
    /// 500, with a message for the operator, when either can't be read.
    pub fn load(keyfile: &Path, certfile: &Path) -> Result<Self> {
        Ok(Self {
            key: SigningKey::load(keyfile)?,
            certificate: certificate(certfile)?,
        })
    }
}

/// The certificate in a PEM file, DER in base64.
///
/// # Errors
/// 500, with a message for the operator, when there is none.
pub fn certificate(path: &Path) -> Result<String> {
    let unusable = |why: &dyn std::fmt::Display| {
        Error::internal(format!("no certificate in {}: {why}", path.display()))
    };
    let text = std::fs::read(path).map_err(|error| unusable(&error))?;
    let all = pem::parse_many(&text).map_err(|error| unusable(&error))?;
    let found = all.iter().find(|pem| pem.tag() == "CERTIFICATE");
    let found = found.ok_or_else(|| unusable(&"it holds something else"))?;
    Ok(STANDARD.encode(found.contents()))
}

/// What is said of a user, and to whom.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub issuer: String,
    /// Where it is to be sent, and nowhere else.
    pub recipient: String,
    pub user_name: String,
    /// Names with their values, in order.
    pub attributes: Vec<(&'static str, Vec<String>)>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Assertion {
    /// A response with the signed assertion, without a declaration. Ids are chosen at random.
    ///
    /// # Errors
    /// 400 when a text has characters that XML can't hold; 500 when the key can't sign.
    pub fn response(&self, signer: &Signer) -> Result<String> {
        self.check_texts()?;
        let issued_at = self.issued_at.without_fraction();
        let issuer = |namespace: &[(&str, &str)]| {
            let attributes = [namespace, &[("Format", ENTITY)]].concat();
            element("saml:Issuer", &attributes, &xml::text(&self.issuer))
        };
        let code = element("samlp:StatusCode", &[("Value", SUCCESS)], "");
        let status = element("samlp:Status", &[], &code);
        let id = random_id();
        let attributes = [
            ("xmlns:samlp", PROTOCOL),
            ("Destination", &self.recipient),
            ("ID", &id),
            ("IssueInstant", &issued_at),
            ("Version", "2.0"),
        ];
        let content = [
            issuer(&[("xmlns:saml", SAML)]),
            status,
            self.signed(&issuer(&[]), signer)?,
        ];
        Ok(element("samlp:Response", &attributes, &content.concat()))
    }

    /// The assertion with its signature behind its issuer.
    fn signed(&self, issuer: &str, signer: &Signer) -> Result<String> {
        let id = random_id();
        let issued_at = self.issued_at.without_fraction();
        let attributes = [
            ("xmlns:saml", SAML),
            ("ID", &id),
            ("IssueInstant", &issued_at),
            ("Version", "2.0"),
        ];
        let statements = [self.subject(), self.authentication(), self.statement()].concat();
        let unsigned = element(
            "saml:Assertion",
            &attributes,
            &[issuer, &statements].concat(),
        );
        let signature = signature(&id, &unsigned, signer)?;
        let content = [issuer, &signature, &statements].concat();
        Ok(element("saml:Assertion", &attributes, &content))
    }

    fn subject(&self) -> String {
        let end = self.expires_at.to_string();
        let data = element(
            "saml:SubjectConfirmationData",
            &[("NotOnOrAfter", &end), ("Recipient", &self.recipient)],
            "",
        );
        let confirmation = element("saml:SubjectConfirmation", &[("Method", BEARER)], &data);
        let name = element("saml:NameID", &[], &xml::text(&self.user_name));
        element("saml:Subject", &[], &[name, confirmation].concat())
    }

    fn authentication(&self) -> String {
        let class = element("saml:AuthnContextClassRef", &[], PASSWORD);
        let authority = xml::text(&self.issuer);
        let authority = element("saml:AuthenticatingAuthority", &[], &authority);
        let context = element("saml:AuthnContext", &[], &[class, authority].concat());
        let attributes = [
            ("AuthnInstant", &*self.issued_at.without_fraction()),
            ("SessionIndex", &random_id()),
            ("SessionNotOnOrAfter", &self.expires_at.to_string()),
        ];
        element("saml:AuthnStatement", &attributes, &context)
    }

    fn statement(&self) -> String {
        let attribute = |(name, values): &(&str, Vec<String>)| {
            let values = values
                .iter()
                .map(|value| element("saml:AttributeValue", &[], &xml::text(value)));
            let values: String = values.collect();
            element("saml:Attribute", &[("Name", name)], &values)
        };
        let attributes: String = self.attributes.iter().map(attribute).collect();
        element("saml:AttributeStatement", &[], &attributes)
    }

    fn check_texts(&self) -> Result<()> {
        let values = self.attributes.iter().flat_map(|(_, values)| values);
        let own = [&self.issuer, &self.recipient, &self.user_name];
        match values.chain(own).find(|text| !xml::can_hold(text)) {
            Some(text) => Err(Error::bad_request(format!(
                "{text:?} has a character that SAML can't carry."
            ))),
            None => Ok(()),
        }
    }
}

/// The signature of an element in canonical form, which refers to it by its id.
fn signature(id: &str, signed: &str, signer: &Signer) -> Result<String> {
    let algorithm = |name: &'static str, uri: &str| element(name, &[("Algorithm", uri)], "");
    let transforms = [
        algorithm("ds:Transform", ENVELOPED),
        algorithm("ds:Transform", EXCLUSIVE),
    ];
    let reference = [
        element("ds:Transforms", &[], &transforms.concat()),
        algorithm("ds:DigestMethod", DIGEST_SHA256),
        element(
            "ds:DigestValue",
            &[],
            &STANDARD.encode(digest(&SHA256, signed.as_bytes())),
        ),
    ];
    let uri = format!("#{id}");
    let info = [
        algorithm("ds:CanonicalizationMethod", EXCLUSIVE),
        algorithm("ds:SignatureMethod", RSA_SHA256),
        element("ds:Reference", &[("URI", &uri)], &reference.concat()),
    ];
    // It names its namespace itself, as its canonical form does.
    let info = element("ds:SignedInfo", &[("xmlns:ds", SIGNATURE)], &info.concat());
    let value = STANDARD.encode(signer.key.sign(info.as_bytes())?);
    let content = [
        info,
        element("ds:SignatureValue", &[], &value),
        key_info(&signer.certificate),
    ];
    Ok(element(
        "ds:Signature",
        &[("xmlns:ds", SIGNATURE)],
        &content.concat(),
    ))
}

fn key_info(certificate: &str) -> String {
    let certificate = element("ds:X509Certificate", &[], certificate);
    element(
        "ds:KeyInfo",
        &[],
        &element("ds:X509Data", &[], &certificate),
    )
}

/// A response as a document.
pub fn document(response: &str) -> String {
    [DECLARATION, response, "\n"].concat()
}

/// A response in the envelope that enhanced clients pass on, with the state that they are to show.
pub fn envelope(response: &str, relay_state_prefix: &str) -> String {
    let state = xml::text(&format!(
        "{relay_state_prefix}{}",
        uuid::Uuid::new_v4().simple()
    ));
    let attributes = [
        ("xmlns:ecp", ENHANCED_CLIENT),
        ("soap:actor", NEXT_ACTOR),
        ("soap:mustUnderstand", "1"),
    ];
    let state = element("ecp:RelayState", &attributes, &state);
    let content = [
        element("soap:Header", &[], &state),
        element("soap:Body", &[], response),
    ];
    let envelope = element(
        "soap:Envelope",
        &[("xmlns:soap", ENVELOPE)],
        &content.concat(),
    );
    document(&envelope)
}

/// Ids begin with a letter or `_`.
fn random_id() -> String {
    format!("_{}", uuid::Uuid::new_v4().simple())
}
