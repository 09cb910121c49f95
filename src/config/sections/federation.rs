//! Federation and SAML.

use crate::config::field::section;
use crate::config::option::{default, unset};
use std::path::PathBuf;

section! {
    /// Federated identity.
    Federation in "federation" {
        /// Where providers, protocols and mappings are kept.
        driver: String = default("sql");

        /// Only variables of a request with this prefix reach the mapping; empty means all.
        assertion_prefix: String = default("");

        /// Variable of a request that holds the identity provider's id.
        remote_id_attribute: Option<String> = unset();

        /// Name that no domain may have; a relic of old releases.
        federated_domain_name: String = default("Federated").obsolete();

        /// Address of a dashboard that may ask for single sign-on; exactly as it sends it.
        trusted_dashboard: Vec<String> = default("").multi();

        /// HTML template of the page that sends a token to the dashboard.
        sso_callback_template: PathBuf = default("/etc/keystone/sso_callback_template.html");

        /// Cache what this group reads.
        caching: bool = default("true");

        /// Minutes that group memberships from a mapping stay valid when the provider doesn't
        /// say.
        default_authorization_ttl: i64 = default("0");

        /// Schema of mappings that name none.
        attribute_mapping_default_schema_version: String = default("1.0");
    }
}

section! {
    /// This service as a SAML 2.0 identity provider.
    Saml in "saml" {
        /// Seconds that an assertion is valid.
        assertion_expiration_time: i64 = default("3600");

        /// Program that Python's Keystone signs assertions with; nothing reads it here.
        xmlsec1_binary: String = default("xmlsec1");

        /// PEM file with the certificate that signs assertions.
        certfile: PathBuf = default("/etc/keystone/ssl/certs/signing_cert.pem");

        /// PEM file with the key that signs assertions.
        keyfile: PathBuf = default("/etc/keystone/ssl/private/signing_key.pem");

        /// Id of this identity provider: the issuer of its assertions.
        idp_entity_id: Option<String> = unset().uri(&[]).max_length(1024);

        /// Address of single sign-on.
        idp_sso_endpoint: Option<String> = unset().uri(&[]);

        /// Language of the organization's names.
        idp_lang: String = default("en");

        /// Organization: short name.
        idp_organization_name: String = default("SAML Identity Provider");

        /// Organization: name for display.
        idp_organization_display_name: String = default("OpenStack SAML Identity Provider");

        /// Organization: address.
        idp_organization_url: String = default("https://example.com/").uri(&[]);

        /// Contact: company.
        idp_contact_company: String = default("Example, Inc.");

        /// Contact: given name.
        idp_contact_name: String = default("SAML Identity Provider Support");

        /// Contact: surname.
        idp_contact_surname: String = default("Support");

        /// Contact: e-mail.
        idp_contact_email: String = default("support@example.com");

        /// Contact: telephone.
        idp_contact_telephone: String = default("+1 800 555 0100");

        /// Contact: kind.
        idp_contact_type: String = default("other")
            .choices(&["technical", "support", "administrative", "billing", "other"]);

        /// File with this provider's metadata; it is served as it stands.
        idp_metadata_path: PathBuf = default("/etc/keystone/saml2_idp_metadata.xml");

        /// Prefix of the relay state in ECP responses.
        relay_state_prefix: String = default("ss:mem:");
    }
}
