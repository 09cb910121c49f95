//! What a proxy in front says about a request, under the names that web servers use for it:
//! `REMOTE_USER`, `SSL_CLIENT_I_DN` and their like, and the attributes of federated users.
//!
//! It says so in headers. Anybody can send headers, so that they count only from the addresses in
//! `[server] trusted_proxies`; by default there are none.

mod assertion;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::manager::federation::mapping::Assertion;
use assertion::AssertionHeaders;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;

/// Which proxies are believed, and in which headers they speak.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    trusted: Vec<IpNet>,
    headers: Vec<(String, HeaderName)>,
    assertions: Vec<AssertionHeaders>,
}

impl ProxyRules {
    /// Reads `[server] trusted_proxies`, `environment_headers` and `assertion_headers`.
    ///
    /// # Errors
    /// [`Error::Internal`], with a message for the operator.
    pub fn of(config: &Config) -> Result<Self> {
        let trusted = config.server.trusted_proxies.iter().map(|text| {
            let net = text.parse::<IpNet>().ok();
            net.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
                .ok_or_else(|| invalid(config, "trusted_proxies", text, "an address or a network"))
        });
        let headers = config.server.environment_headers.iter().map(|text| {
            let pair = text.split_once(':').and_then(|(variable, header)| {
                let header = header.trim().parse::<HeaderName>().ok()?;
                let variable = variable.trim();
                (!variable.is_empty()).then(|| (variable.to_owned(), header))
            });
            pair.ok_or_else(|| invalid(config, "environment_headers", text, "VARIABLE:Header"))
        });
        let assertions = config.server.assertion_headers.iter().map(|text| {
            let wanted = "Header, Header-*, VARIABLE:Header or VARIABLE_*:Header-*";
            AssertionHeaders::parse(text)
                .ok_or_else(|| invalid(config, "assertion_headers", text, wanted))
        });
        Ok(Self {
            trusted: trusted.collect::<Result<_>>()?,
            headers: headers.collect::<Result<_>>()?,
            assertions: assertions.collect::<Result<_>>()?,
        })
    }

    /// What the proxy says of a request that came from an address.
    pub fn environment(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Environment {
        let address = match peer {
            Some(address) if !self.trusted.is_empty() => address.to_canonical(),
            _ => return Environment::default(),
        };
        if !self.trusted.iter().any(|net| net.contains(&address)) {
            return Environment::default();
        }
        let said = self.headers.iter().filter_map(|(variable, name)| {
            let value = only_value(headers, name)?;
            Some((variable.clone(), value))
        });
        let mut said: Vec<_> = said.collect();
        for wanted in &self.assertions {
            for (variable, value) in wanted.found_in(headers) {
                // What stands in the other list is more precise.
                if !said.iter().any(|(known, _)| *known == variable) {
                    said.push((variable, value));
                }
            }
        }
        Environment(said).without_bad_certificate()
    }
}

/// What a header says that came once.
fn only_value(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = text_of(values.next()?);
    if values.next().is_some() {
        // One of them may be the client's own.
        tracing::warn!(header = %name, "a trusted proxy let a header through twice");
        return None;
    }
    Some(value).filter(|value| !value.is_empty())
}

/// A header's text: UTF-8 as identity providers write it, else Latin-1 as HTTP has it.
fn text_of(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    text.trim().to_owned()
}

fn invalid(config: &Config, option: &str, text: &str, wanted: &str) -> Error {
    Error::internal(format!(
        "{}: [server] {option}: '{text}' is not {wanted}",
        config.origin("server", option)
    ))
}

/// Variables by name. Empty for everybody whom nobody vouches for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(Vec<(String, String)>);

impl fmt::Debug for Environment {
    /// Names only: what they say is nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Environment {
    /// Takes out what a client certificate says that the proxy has not found good. A proxy that
    /// doesn't say has let in none but good ones.
    fn without_bad_certificate(mut self) -> Self {
        if self
            .get("SSL_CLIENT_VERIFY")
            .is_some_and(|found| found != "SUCCESS")
        {
            self.0.retain(|(name, _)| !name.starts_with("SSL_CLIENT_"));
        }
        self
    }

    /// A variable's value, which is never empty.
    pub fn get(&self, variable: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == variable)?;
        Some(&found.1)
    }

    /// The variables that mappings get to see, with their values: those whose names begin with
    /// `[federation] assertion_prefix`.
    pub fn assertion(&self, config: &Config) -> Assertion {
        let prefix = config.federation.assertion_prefix.as_str();
        let pairs = self.0.iter();
        let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
        Assertion::new(pairs.filter(|(name, _)| name.starts_with(prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(options: &str) -> Result<ProxyRules> {
        ProxyRules::of(&Config::from_text(&format!("[server]\n{options}\n")).unwrap())
    }

    fn remote_user(rules: &ProxyRules, peer: &str, headers: &HeaderMap) -> Option<String> {
        let environment = rules.environment(Some(peer.parse().unwrap()), headers);
        environment.get("REMOTE_USER").map(str::to_owned)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-remote-user"),
            "alice".parse().unwrap(),
        )]);
        let nobody = rules("").unwrap();
        let some = rules("trusted_proxies = 10.0.0.0/8, 192.0.2.1, fd00::/8").unwrap();
        for (peer, believed) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("127.0.0.1", false),
            ("fd00::1", true),
            ("::1", false),
        ] {
            assert_eq!(remote_user(&nobody, peer, &headers), None, "{peer}");
            let said = remote_user(&some, peer, &headers);
            assert_eq!(said.as_deref(), believed.then_some("alice"), "{peer}");
        }
        assert_eq!(some.environment(None, &headers), Environment::default());
    }

    #[test]
    fn a_header_that_is_empty_or_came_twice_says_nothing() {
        let rules = rules("trusted_proxies = 10.0.0.1").unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-remote-user", " ".parse().unwrap());
        assert_eq!(remote_user(&rules, "10.0.0.1", &headers), None);
        headers.insert("x-remote-user", "alice".parse().unwrap());
        headers.append("x-remote-user", "bob".parse().unwrap());
        assert_eq!(remote_user(&rules, "10.0.0.1", &headers), None);
    }

    #[test]
    fn a_certificate_that_the_proxy_found_bad_says_nothing() {
        let rules = rules("trusted_proxies = 10.0.0.1").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-ssl-client-i-dn", "CN=ca".parse().unwrap());
        headers.insert("x-remote-user", "alice".parse().unwrap());
        for (found, counts) in [
            ("SUCCESS", true),
            ("NONE", false),
            ("FAILED:expired", false),
        ] {
            headers.insert("x-ssl-client-verify", found.parse().unwrap());
            let said = rules.environment(Some("10.0.0.1".parse().unwrap()), &headers);
            assert_eq!(said.get("SSL_CLIENT_I_DN").is_some(), counts, "{found}");
            assert_eq!(said.get("REMOTE_USER"), Some("alice"));
            assert!(!format!("{said:?}").contains("alice"));
        }
    }

    #[test]
    fn operators_choose_the_headers() {
        let rules =
            rules("trusted_proxies = 10.0.0.1\nenvironment_headers = REMOTE_USER:X-Kerberos-User")
                .unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-remote-user", "mallory".parse().unwrap());
        assert_eq!(remote_user(&rules, "10.0.0.1", &headers), None);
        headers.insert("x-kerberos-user", "alice".parse().unwrap());
        let said = remote_user(&rules, "10.0.0.1", &headers);
        assert_eq!(said.as_deref(), Some("alice"));
    }

    #[test]
    fn what_is_no_network_or_header_is_said_to_be_wrong() {
        for options in [
            "trusted_proxies = localhost",
            "trusted_proxies = 10.0.0.0/33",
            "environment_headers = REMOTE_USER",
            "environment_headers = REMOTE_USER:not a header",
            "environment_headers = :X-Remote-User",
            "assertion_headers = *",
            "assertion_headers = OIDC-*-X",
            "assertion_headers = MELLON_*:X-Mellon",
            "assertion_headers = MELLON:X-Mellon-*",
            "assertion_headers = not a header",
        ] {
            let error = rules(options).unwrap_err().to_string();
            assert!(error.contains("[server]"), "{error}");
        }
    }
}
