//! What an identity provider says of itself (OASIS saml-metadata-2.0-os).

use super::xml::{self, element};
use super::{DECLARATION, PROTOCOL, SIGNATURE, key_info};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const BY_URI: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URI";

/// An identity provider.
pub struct Metadata<'a> {
    pub entity_id: &'a str,
    pub sign_on: &'a str,
    /// DER in base64.
    pub certificate: &'a str,
    pub organization: Organization<'a>,
    pub contact: Contact<'a>,
}

/// Who runs it.
pub struct Organization<'a> {
    pub language: &'a str,
    pub name: &'a str,
    pub display_name: &'a str,
    pub url: &'a str,
}

/// Whom to ask.
pub struct Contact<'a> {
    pub kind: &'a str,
    pub company: &'a str,
    pub given_name: &'a str,
    pub surname: &'a str,
    pub email: &'a str,
    pub telephone: &'a str,
}

impl Metadata<'_> {
    /// The document.
    pub fn document(&self) -> String {
        let key = element(
            "md:KeyDescriptor",
            &[("use", "signing")],
            &key_info(self.certificate),
        );
        let sign_on = [("Binding", BY_URI), ("Location", self.sign_on)];
        let content = [
            key,
            self.organization.element(),
            self.contact.element(),
            element("md:NameIDFormat", &[], TRANSIENT),
            element("md:SingleSignOnService", &sign_on, ""),
        ];
        let provider = element(
            "md:IDPSSODescriptor",
            &[("protocolSupportEnumeration", PROTOCOL)],
            &content.concat(),
        );
        let attributes = [
            ("xmlns:ds", SIGNATURE),
            ("xmlns:md", METADATA),
            ("entityID", self.entity_id),
        ];
        let entity = element("md:EntityDescriptor", &attributes, &provider);
        [DECLARATION, &entity, "\n"].concat()
    }
}

impl Organization<'_> {
    fn element(&self) -> String {
        let members = [
            ("md:OrganizationName", self.name),
            ("md:OrganizationDisplayName", self.display_name),
            ("md:OrganizationURL", self.url),
        ];
        let language = [("xml:lang", self.language)];
        let members = members.map(|(name, value)| element(name, &language, &xml::text(value)));
        element("md:Organization", &[], &members.concat())
    }
}

impl Contact<'_> {
    fn element(&self) -> String {
        let members = [
            ("md:Company", self.company),
            ("md:GivenName", self.given_name),
            ("md:SurName", self.surname),
            ("md:EmailAddress", self.email),
            ("md:TelephoneNumber", self.telephone),
        ];
        let members = members.map(|(name, value)| element(name, &[], &xml::text(value)));
        let kind = [("contactType", self.kind)];
        element("md:ContactPerson", &kind, &members.concat())
    }
}
