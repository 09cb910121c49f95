//! Headers that tell what an identity provider says of a user, by patterns of their names.

use super::{only_value, text_of};
use axum::http::{HeaderMap, HeaderName};
use std::collections::BTreeMap;

/// One item of `[server] assertion_headers`: which headers, and which variables they become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AssertionHeaders {
    /// The name, or with `is_prefix` its start, in lower case as names are kept.
    header: String,
    /// The variable, or its start.
    variable: String,
    is_prefix: bool,
}

impl AssertionHeaders {
    /// Reads `Header`, `Header-*`, `VARIABLE:Header` or `VARIABLE_*:Header-*`.
    pub fn parse(text: &str) -> Option<Self> {
        let (variable, header) = match text.split_once(':') {
            Some((variable, header)) => (Some(variable.trim()), header.trim()),
            None => (None, text.trim()),
        };
        let is_prefix = header.ends_with('*');
        let name = header.strip_suffix('*').unwrap_or(header);
        let name = name.parse::<HeaderName>().ok()?;
        // `*` may stand in a header's name.
        if name.as_str().contains('*') {
            return None;
        }
        let variable = match variable {
            None => format!("HTTP_{}", as_variable(name.as_str())),
            Some(variable) => {
                let start = variable.strip_suffix('*');
                if start.is_some() != is_prefix {
                    return None;
                }
                start.unwrap_or(variable).to_owned()
            }
        };
        let is_named = !variable.is_empty() || is_prefix;
        (is_named && !variable.contains('*')).then(|| Self {
            header: name.as_str().to_owned(),
            variable,
            is_prefix,
        })
    }

    /// The variables that a request's headers become.
    ///
    /// Web servers take `_` and `-` in names for the same, so that a client may try to slip a name
    /// past the proxy in the other spelling. Only the spelling of the pattern is looked at, and
    /// nothing is believed that came in both.
    pub fn found_in(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for name in headers.keys() {
            let Some(variable) = self.variable_of(name.as_str()) else {
                continue;
            };
            if has_other_spelling(headers, name) {
                tracing::warn!(header = %name, "a trusted proxy let a header through in two spellings");
                continue;
            }
            if let Some(value) = only_value(headers, name) {
                found.insert(variable, value);
            }
        }
        found
    }

    fn variable_of(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(self.header.as_str())?;
        match (self.is_prefix, rest.is_empty()) {
            (true, false) => Some(format!("{}{}", self.variable, as_variable(rest))),
            (false, true) => Some(self.variable.clone()),
            _ => None,
        }
    }
}

fn has_other_spelling(headers: &HeaderMap, name: &HeaderName) -> bool {
    let variable = as_variable(name.as_str());
    let mut others = headers.iter().filter(|(other, _)| *other != name);
    others
        .any(|(other, value)| as_variable(other.as_str()) == variable && !text_of(value).is_empty())
}

/// As web servers name variables after headers.
fn as_variable(header: &str) -> String {
    header.to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(pattern: &str, headers: &[(&str, &[u8])]) -> Vec<(String, String)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, axum::http::HeaderValue::from_bytes(value).unwrap());
        }
        let pattern = AssertionHeaders::parse(pattern).unwrap();
        pattern.found_in(&map).into_iter().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn patterns_say_which_headers_become_which_variables() {
        let headers: [(&str, &[u8]); 5] = [
            ("OIDC-Claim-Sub", b"alice"),
            ("OIDC-Iss", b"https://idp"),
            ("OIDC", b"on"),
            ("X-Mellon-Name-Id", b"bob"),
            ("User-Agent", b"me"),
        ];
        assert_eq!(
            found("OIDC-*", &headers),
            [
                pair("HTTP_OIDC_CLAIM_SUB", "alice"),
                pair("HTTP_OIDC_ISS", "https://idp")
            ]
        );
        assert_eq!(found("oidc", &headers), [pair("HTTP_OIDC", "on")]);
        let mellon = found("MELLON_*:X-Mellon-*", &headers);
        assert_eq!(mellon, [pair("MELLON_NAME_ID", "bob")]);
        let shibboleth = found("Shib-Identity-Provider:OIDC-Iss", &headers);
        assert_eq!(shibboleth, [pair("Shib-Identity-Provider", "https://idp")]);
        assert_eq!(found("*:X-Mellon-*", &headers), [pair("NAME_ID", "bob")]);
    }

    #[test]
    fn a_name_in_two_spellings_says_nothing() {
        for other in ["OIDC_sub", "oidc-Sub"] {
            let headers: [(&str, &[u8]); 2] = [("OIDC-Sub", b"alice"), (other, b"mallory")];
            assert!(found("OIDC-*", &headers).is_empty(), "{other}");
        }
        let slipped: [(&str, &[u8]); 1] = [("OIDC_Sub", b"mallory")];
        assert!(found("OIDC-*", &slipped).is_empty());
        // Unless the operator says that the proxy spells it so.
        assert_eq!(
            found("OIDC_*", &slipped),
            [pair("HTTP_OIDC_SUB", "mallory")]
        );
    }

    #[test]
    fn texts_are_utf_8_or_else_latin_1() {
        let headers: [(&str, &[u8]); 3] = [
            ("X-Utf", "Núñez".as_bytes()),
            ("X-Latin", b"N\xfa\xf1ez"),
            ("X-Empty", b"  "),
        ];
        let both = [pair("HTTP_X_LATIN", "Núñez"), pair("HTTP_X_UTF", "Núñez")];
        assert_eq!(found("X-*", &headers), both);
    }

    proptest! {
        #[test]
        fn no_pattern_panics(text in "\\PC{0,40}") {
            let _ = AssertionHeaders::parse(&text);
        }
    }
}
