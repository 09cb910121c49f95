//! Links: under which URL the client knows this service, and what stands below it.

use crate::api::Listener;
use http::header::AsHeaderName;
use http::{HeaderMap, header};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The configuration that decides about links.
#[derive(Clone, Debug, Default)]
pub struct LinkRules {
    /// `[DEFAULT] public_endpoint`; when set, nothing of the request matters.
    pub public_endpoint: Option<String>,
    /// `[DEFAULT] admin_endpoint`, which goes before it on the admin listener.
    pub admin_endpoint: Option<String>,
    /// `[oslo_middleware] enable_proxy_headers_parsing`.
    pub enable_proxy_headers_parsing: bool,
}

/// What the connection itself says, for requests whose headers say nothing.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// `http`, or `https` when this process ends TLS.
    pub scheme: &'a str,
    /// Host and port: `:authority` of HTTP/2, else the listener's address.
    pub authority: &'a str,
}

/// Scheme, host and prefix of this service as its client sees it, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// The page that follows: the id of the last element of this one, and the page's size.
#[derive(Clone, Copy, Debug)]
pub struct NextPage<'a> {
    /// Becomes `marker`.
    pub marker: &'a str,
    /// Becomes `limit`.
    pub limit: u64,
}

/// What must not stand in a path's segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// As [`SEGMENT`], for a whole path that may hold escapes already.
const PATH: &AsciiSet = &SEGMENT.remove(b'/').remove(b'%');

/// What must not stand in a query's value.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a hostile `Host` could use to leave the authority, or the quotes of a header.
const NOT_AUTHORITY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl LinkRules {
    /// What the operator says that a listener's links start with.
    fn endpoint(&self, listener: Listener) -> Option<&str> {
        let own = match listener {
            Listener::Public => None,
            Listener::Admin => self.admin_endpoint.as_deref(),
        };
        let is_set = |url: &&str| !url.is_empty();
        own.filter(is_set)
            .or_else(|| self.public_endpoint.as_deref().filter(is_set))
    }
}

impl BaseUrl {
    /// The path of the v3 API below the base.
    pub const V3: &'static str = "/v3";

    /// The path of the v2.0 API below the base.
    pub const V2: &'static str = "/v2.0";

    /// Finds the base in this order: `admin_endpoint` on its listener; `public_endpoint`; proxy headers, when believed; `Host`; the
    /// connection. `X-Forwarded-Proto` is believed always, its last element being the nearest
    /// proxy's; the other headers only when `enable_proxy_headers_parsing`, their first element
    /// being what the client asked for. A present `Forwarded` beats `X-Forwarded-Host` and `-Proto`.
    pub fn of_request(
        rules: &LinkRules,
        listener: Listener,
        headers: &HeaderMap,
        connection: Connection<'_>,
    ) -> Self {
        if let Some(endpoint) = rules.endpoint(listener) {
            return Self::from_public_endpoint(endpoint);
        }
        let mut scheme = text(headers, "x-forwarded-proto")
            .and_then(|list| list.split(',').filter_map(scheme).next_back())
            .map_or(Cow::Borrowed(connection.scheme), Cow::Owned);
        let mut authority =
            Cow::Borrowed(text(headers, header::HOST).unwrap_or(connection.authority));
        let mut prefix = String::new();
        if rules.enable_proxy_headers_parsing {
            let (proto, host) = if let Some(forwarded) = text(headers, "forwarded") {
                (parameter(forwarded, "proto"), parameter(forwarded, "host"))
            } else {
                (
                    first(headers, "x-forwarded-proto"),
                    first(headers, "x-forwarded-host"),
                )
            };
            let proto = proto.as_deref().and_then(self::scheme);
            scheme = proto.map_or(scheme, Cow::Owned);
            authority = host.map_or(authority, Cow::Owned);
            prefix = first(headers, "x-forwarded-prefix").unwrap_or_default();
        }
        let authority = without_default_port(&scheme, &authority);
        let authority = utf8_percent_encode(authority, NOT_AUTHORITY);
        let prefix = prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        let prefix = utf8_percent_encode(prefix, PATH);
        Self::without_version(format!("{scheme}://{authority}{slash}{prefix}"))
    }

    /// From an operator's URL; slashes and a `/v3` at its end don't count.
    pub fn from_public_endpoint(url: &str) -> Self {
        Self::without_version(url.to_owned())
    }

    fn without_version(mut url: String) -> Self {
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix(Self::V3).unwrap_or(base);
        url.truncate(base.trim_end_matches('/').len());
        Self(url)
    }

    /// `http://host:5000`.
    pub fn root(&self) -> &str {
        &self.0
    }

    /// `http://host:5000/v2.0`.
    pub fn v2(&self) -> String {
        format!("{}{}", self.0, Self::V2)
    }

    /// `http://host:5000/v3`.
    pub fn v3(&self) -> String {
        format!("{}{}", self.0, Self::V3)
    }

    /// The address of one object: `http://host:5000/v3/users/0123…`. The id is escaped.
    pub fn member(&self, collection: &str, id: &str) -> String {
        let id = utf8_percent_encode(id, SEGMENT);
        format!("{}{}/{collection}/{id}", self.0, Self::V3)
    }

    /// The address of something below `/v3`, segment by segment, each of which is escaped.
    pub fn nested(&self, segments: &[&str]) -> String {
        let mut url = self.v3();
        for segment in segments {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        url
    }

    /// `{"self": …}` of one object.
    pub fn member_links(&self, collection: &str, id: &str) -> Value {
        json!({ "self": self.member(collection, id) })
    }

    /// `{"next", "self", "previous"}` of a collection. `self` repeats the request's path (from `/v3`
    /// on) and query as they came; `previous` is always null.
    pub fn collection_links(&self, path_and_query: &str, next: Option<NextPage<'_>>) -> Value {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let url = format!("{}{}", self.0, path.trim_end_matches('/'));
        let itself = if query.is_empty() {
            url.clone()
        } else {
            format!("{url}?{query}")
        };
        let next = next.map(|page| format!("{url}?{}", page.query(query)));
        json!({ "next": next, "self": itself, "previous": null })
    }
}

impl NextPage<'_> {
    /// This page's query with the next one's marker and limit in their old places, or at the end.
    fn query(self, query: &str) -> String {
        let marker = format!("marker={}", utf8_percent_encode(self.marker, QUERY_VALUE));
        let limit = format!("limit={}", self.limit);
        let (mut marker, mut limit) = (Some(marker), Some(limit));
        let mut pairs: Vec<String> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').map_or(pair, |(name, _)| name) {
                "marker" => pairs.extend(marker.take()),
                "limit" => pairs.extend(limit.take()),
                _ => pairs.push(pair.to_owned()),
            }
        }
        pairs.extend(marker.into_iter().chain(limit));
        pairs.join("&")
    }
}

/// A header as text; nothing when absent, empty or not visible ASCII.
fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    Some(text).filter(|text| !text.is_empty())
}

/// The first element of a header's comma-separated list.
fn first(headers: &HeaderMap, name: &str) -> Option<String> {
    let element = text(headers, name)?.split(',').next()?.trim();
    Some(element.to_owned()).filter(|element| !element.is_empty())
}

/// A well-formed scheme in lower case.
fn scheme(text: &str) -> Option<String> {
    let text = text.trim();
    let well_formed = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    well_formed.then(|| text.to_ascii_lowercase())
}

/// A parameter of the first element of a `Forwarded` header (RFC 7239).
fn parameter(forwarded: &str, wanted: &str) -> Option<String> {
    let element = forwarded.split(',').next()?;
    element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
}

fn without_default_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return authority,
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const LISTENER: Connection<'_> = Connection {
        scheme: "http",
        authority: "srv:5000",
    };

    fn base(parsing: bool, headers: &[(&str, &str)]) -> String {
        let rules = LinkRules {
            public_endpoint: None,
            admin_endpoint: None,
            enable_proxy_headers_parsing: parsing,
        };
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        BaseUrl::of_request(&rules, Listener::Public, &headers, LISTENER)
            .root()
            .to_owned()
    }

    #[test]
    fn the_host_header_names_the_host_and_the_default_port_is_dropped() {
        assert_eq!(base(false, &[]), "http://srv:5000");
        assert_eq!(base(false, &[("host", "")]), "http://srv:5000");
        assert_eq!(
            base(false, &[("host", "ks.example:80")]),
            "http://ks.example"
        );
        assert_eq!(
            base(false, &[("host", "ks.example:443")]),
            "http://ks.example:443"
        );
        assert_eq!(
            base(false, &[("host", "KS.Example:5000")]),
            "http://KS.Example:5000"
        );
        assert_eq!(base(false, &[("host", "[::1]:5000")]), "http://[::1]:5000");
    }

    #[test]
    fn x_forwarded_proto_changes_the_scheme_without_configuration() {
        let proto = |value| base(false, &[("host", "h:443"), ("x-forwarded-proto", value)]);
        assert_eq!(proto("https"), "https://h");
        assert_eq!(proto("HTTPS"), "https://h");
        assert_eq!(proto("http, https"), "https://h");
        assert_eq!(proto("https,"), "https://h");
        assert_eq!(proto("https, http"), "http://h:443");
        assert_eq!(proto("ja\"va"), "http://h:443");
    }

    #[test]
    fn other_proxy_headers_are_not_believed_unless_configured() {
        for (name, value) in [
            ("x-forwarded-host", "o.example"),
            ("x-forwarded-prefix", "/identity"),
            ("forwarded", "proto=https;host=a.b"),
        ] {
            assert_eq!(
                base(false, &[("host", "h"), (name, value)]),
                "http://h",
                "{name}"
            );
        }
    }

    #[test]
    fn proxy_headers_are_believed_when_configured() {
        let with = |headers: &[(&str, &str)]| base(true, &[&[("host", "h")], headers].concat());
        assert_eq!(
            with(&[("x-forwarded-host", "o.example:80")]),
            "http://o.example"
        );
        assert_eq!(with(&[("x-forwarded-host", "a.b, c.d")]), "http://a.b");
        assert_eq!(
            with(&[
                ("x-forwarded-host", "o:443"),
                ("x-forwarded-proto", "https")
            ]),
            "https://o"
        );
        assert_eq!(
            with(&[("x-forwarded-prefix", "/identity/")]),
            "http://h/identity"
        );
        assert_eq!(
            with(&[("x-forwarded-prefix", "identity")]),
            "http://h/identity"
        );
        assert_eq!(with(&[("x-forwarded-prefix", "/v3")]), "http://h");
        assert_eq!(
            with(&[("forwarded", "Proto=https; Host=a.b")]),
            "https://a.b"
        );
        assert_eq!(
            with(&[(
                "forwarded",
                "for=1.1.1.1;proto=\"https\";host=a.b, proto=http;host=c.d"
            )]),
            "https://a.b"
        );
        assert_eq!(
            with(&[
                ("forwarded", "proto=https"),
                ("x-forwarded-proto", "http"),
                ("x-forwarded-host", "o"),
                ("x-forwarded-prefix", "/p"),
            ]),
            "https://h/p"
        );
    }

    #[test]
    fn an_endpoint_of_the_configuration_beats_the_request() {
        let rules = LinkRules {
            public_endpoint: Some("https://id.example:443/identity/".to_owned()),
            admin_endpoint: Some("https://admin.example".to_owned()),
            enable_proxy_headers_parsing: true,
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
        let base = BaseUrl::of_request(&rules, Listener::Public, &headers, LISTENER);
        assert_eq!(base.v3(), "https://id.example:443/identity/v3");
        let base = BaseUrl::of_request(&rules, Listener::Admin, &headers, LISTENER);
        assert_eq!(base.v3(), "https://admin.example/v3");
        assert_eq!(
            BaseUrl::from_public_endpoint("http://x/v3/").v3(),
            "http://x/v3"
        );
    }

    #[test]
    fn a_hostile_host_stays_inside_its_place() {
        assert_eq!(
            base(false, &[("host", "a\"b <c>")]),
            "http://a%22b%20%3Cc%3E"
        );
        assert_eq!(
            base(false, &[("host", "evil/x?y#z@w")]),
            "http://evil%2Fx%3Fy%23z%40w"
        );
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_bytes(b"\xfc.example").unwrap());
        let base = BaseUrl::of_request(&LinkRules::default(), Listener::Public, &headers, LISTENER);
        assert_eq!(base.root(), "http://srv:5000");
    }

    #[test]
    fn member_links_escape_the_id() {
        let base = BaseUrl::from_public_endpoint("http://h");
        assert_eq!(base.member("users", "abc"), "http://h/v3/users/abc");
        assert_eq!(
            base.member("regions", "a b/é"),
            "http://h/v3/regions/a%20b%2F%C3%A9"
        );
    }

    #[test]
    fn collection_links_repeat_the_query_and_replace_the_page() {
        let base = BaseUrl::from_public_endpoint("http://h");
        let links = |path, next: Option<(&str, u64)>| {
            base.collection_links(path, next.map(|(marker, limit)| NextPage { marker, limit }))
                .to_string()
        };
        assert_eq!(
            links("/v3/users?name=a%20b", None),
            r#"{"next":null,"self":"http://h/v3/users?name=a%20b","previous":null}"#
        );
        assert_eq!(
            links("/v3/users/?", Some(("i 2", 1))),
            r#"{"next":"http://h/v3/users?marker=i%202&limit=1","self":"http://h/v3/users","previous":null}"#
        );
        assert_eq!(
            links("/v3/users?b=2&marker=x&a=1&limit=5&limit=6", Some(("y", 3))),
            concat!(
                r#"{"next":"http://h/v3/users?b=2&marker=y&a=1&limit=3","#,
                r#""self":"http://h/v3/users?b=2&marker=x&a=1&limit=5&limit=6","previous":null}"#
            )
        );
    }
}
