//! `transport_url`: oslo.messaging's URLs of a message bus, taken apart.
//!
//! `rabbit://user:password@host:port,user:password@host:port/virtual host?options`. Measured on
//! oslo.messaging 18 with kombu 5.7: the login ends at a host's last `@` and the user at its first
//! `:`; whoever has no name or no password is `guest` with the password `guest`; no host is this
//! machine. The options are those of `[oslo_messaging_rabbit]`, and win over it.

use super::field::Section as _;
use super::{Config, OptionValue, OsloMessagingRabbit, option};
use crate::model::Secret;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// RabbitMQ's port, also where TLS is spoken: oslo.messaging has no other.
const PORT: u16 = 5672;

/// Where a message bus is.
#[derive(Clone, Debug)]
pub struct TransportUrl {
    /// What kind of bus: `rabbit`, in small letters.
    pub scheme: String,
    /// At least one server, in the URL's order.
    pub hosts: Vec<BusHost>,
    /// The part of the server that is used.
    pub virtual_host: String,
    /// Options for the bus, decoded; of a repeated one all values with commas between.
    options: Vec<(String, String)>,
}

/// One server of a bus, and who we are there.
#[derive(Clone, Debug)]
pub struct BusHost {
    /// Login name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A URL that can't be used. The messages never hold the URL itself: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportUrlError {
    /// No `scheme://` at the start.
    #[error("expected a URL such as rabbit://user:password@host:5672/")]
    NotAUrl,
    /// A port that is none.
    #[error("the port of host {0} is not a number from 1 to 65535")]
    Port(usize),
    /// An option that RabbitMQ's group doesn't have, or a value that it can't have.
    #[error("the option {name} {reason}")]
    Option {
        /// The option's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The message bus for notifications.
#[derive(Clone, Debug)]
pub struct MessageBus {
    /// Where it is.
    pub url: TransportUrl,
    /// How to use it, with the URL's options.
    pub rabbit: OsloMessagingRabbit,
}

impl Config {
    /// The message bus for notifications: `[oslo_messaging_notifications] transport_url`, else
    /// `[DEFAULT] transport_url`. The error names the option.
    pub fn notification_bus(&self) -> Result<MessageBus, String> {
        let own = self.oslo_messaging_notifications.transport_url.as_ref();
        let (group, url) = match own.filter(|url| !url.expose().is_empty()) {
            Some(url) => ("oslo_messaging_notifications", url),
            None => ("DEFAULT", &self.default.transport_url),
        };
        self.message_bus(url.expose()).map_err(|error| {
            let place = self.origin(group, "transport_url");
            format!("{place}: [{group}] transport_url: {error}")
        })
    }

    fn message_bus(&self, url: &str) -> Result<MessageBus, TransportUrlError> {
        const GROUP: &str = OsloMessagingRabbit::GROUP;
        let url = TransportUrl::parse(url)?;
        if url.scheme != "rabbit" {
            let rabbit = self.oslo_messaging_rabbit.clone();
            return Ok(MessageBus { url, rabbit });
        }
        let bad = |name: &str, reason: String| TransportUrlError::Option {
            name: name.to_owned(),
            reason,
        };
        let mut values = BTreeMap::new();
        for (name, text) in &url.options {
            let spec =
                option(GROUP, name).ok_or_else(|| bad(name, format!("is none of [{GROUP}]")))?;
            let value = spec.parse(text).map_err(|reason| bad(name, reason))?;
            values.insert(spec.name, value);
        }
        let get = |name| match values.get(name) {
            Some(value) => value,
            None => self.get(GROUP, name).unwrap_or(&OptionValue::Unset),
        };
        // Each value has been checked; this can't fail.
        let rabbit = OsloMessagingRabbit::read(get).map_err(|reason| bad("?", reason))?;
        Ok(MessageBus { url, rabbit })
    }
}

impl TransportUrl {
    /// Takes a URL apart.
    pub fn parse(text: &str) -> Result<Self, TransportUrlError> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .ok_or(TransportUrlError::NotAUrl)?;
        if scheme.is_empty() {
            return Err(TransportUrlError::NotAUrl);
        }
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (servers, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut hosts = Vec::new();
        for server in servers.split(',').filter(|server| !server.is_empty()) {
            let number = hosts.len() + 1;
            hosts.push(BusHost::parse(server).ok_or(TransportUrlError::Port(number))?);
        }
        if hosts.is_empty() {
            hosts.push(BusHost::new(None, None, "", PORT));
        }
        // oslo.messaging decodes it, and kombu, to which it is passed on, once more.
        let virtual_host = decode(&decode(path));
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            hosts,
            virtual_host: Some(virtual_host)
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "/".to_owned()),
            options: options(query),
        })
    }
}

impl BusHost {
    /// One server's part of the URL; `None` when its port is none.
    fn parse(text: &str) -> Option<Self> {
        let (login, address) = match text.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, text),
        };
        let (user, password) = match login.map(|login| login.split_once(':')) {
            Some(Some((user, password))) => (Some(user), Some(password)),
            Some(None) => (login, None),
            None => (None, None),
        };
        let (host, port) = split_address(address.trim());
        let port = match port {
            None => PORT,
            Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
        };
        Some(Self::new(user, password, host, port))
    }

    fn new(user: Option<&str>, password: Option<&str>, host: &str, port: u16) -> Self {
        let or_guest = |text: Option<&str>| match text.map(decode) {
            Some(text) if !text.is_empty() => text,
            _ => "guest".to_owned(),
        };
        Self {
            user: or_guest(user),
            password: Secret::from(or_guest(password)),
            host: match host {
                "" => "localhost".to_owned(),
                host => host.to_owned(),
            },
            port,
        }
    }
}

/// Host and port; an IPv6 address may stand without brackets where no port follows.
fn split_address(address: &str) -> (&str, Option<&str>) {
    if let Some((host, after)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, after.strip_prefix(':'));
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (address, None),
    }
}

/// The arguments behind the question mark; those without a value are as good as absent.
fn options(query: &str) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        match options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => options.push((name.into_owned(), value.into_owned())),
        }
    }
    options
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// User, password, host and port of each server, and the virtual host.
    fn parsed(text: &str) -> (Vec<String>, String) {
        let url = TransportUrl::parse(text).unwrap();
        let shown = url.hosts.iter().map(|one| {
            let password = one.password.expose();
            format!("{} {password} {} {}", one.user, one.host, one.port)
        });
        (shown.collect(), url.virtual_host)
    }

    fn one(text: &str) -> String {
        let (hosts, virtual_host) = parsed(text);
        assert_eq!(hosts.len(), 1, "{text}");
        format!("{} {virtual_host}", hosts[0])
    }

    #[test]
    fn what_is_missing_is_what_kombu_makes_of_it() {
        for local in ["rabbit://", "rabbit:///", " RABBIT:// "] {
            assert_eq!(one(local), "guest guest localhost 5672 /", "{local}");
        }
        assert_eq!(one("rabbit:///vh"), "guest guest localhost 5672 vh");
        assert_eq!(one("rabbit://h"), "guest guest h 5672 /");
        assert_eq!(one("rabbit://u@h/"), "u guest h 5672 /");
        assert_eq!(one("rabbit://u:@h/"), "u guest h 5672 /");
        assert_eq!(one("rabbit://:p@h/"), "guest p h 5672 /");
        assert_eq!(one("rabbit://u:p@/"), "u p localhost 5672 /");
    }

    #[test]
    fn logins_are_decoded() {
        assert_eq!(one("rabbit://u:p%40w@h:1/v"), "u p@w h 1 v");
        assert_eq!(one("rabbit://u:a%2Fb%3A%25@h/v"), "u a/b:% h 5672 v");
        assert_eq!(one("rabbit://u:a+b@h/v"), "u a+b h 5672 v");
        assert_eq!(one("rabbit://u:p:q@h/v"), "u p:q h 5672 v");
        assert_eq!(one("rabbit://u:p@q@h/v"), "u p@q h 5672 v");
        assert_eq!(one("rabbit://u:p%zz@h/v"), "u p%zz h 5672 v");
    }

    #[test]
    fn virtual_hosts_are_all_of_the_path() {
        let virtual_host = |text: &str| parsed(text).1;
        assert_eq!(virtual_host("rabbit://h//"), "/");
        assert_eq!(virtual_host("rabbit://h/%2F"), "/");
        assert_eq!(virtual_host("rabbit://h/%252F"), "/");
        assert_eq!(virtual_host("rabbit://h/v/w?ssl=1#f"), "v/w");
    }

    #[test]
    fn there_may_be_several_servers() {
        let (hosts, virtual_host) = parsed("rabbit://u:p@h:5671,v:q@[::1]:5,w:r@::1,i,/v");
        assert_eq!(
            hosts,
            [
                "u p h 5671",
                "v q ::1 5",
                "w r ::1 5672",
                "guest guest i 5672"
            ]
        );
        assert_eq!(virtual_host, "v");
    }

    #[test]
    fn what_is_no_url_is_refused_without_showing_it() {
        let reason = |text: &str| TransportUrl::parse(text).unwrap_err();
        for text in ["", "h", "rabbit:h", "://h"] {
            assert_eq!(reason(text), TransportUrlError::NotAUrl, "{text}");
        }
        for text in ["h:", "h:x", "h:0", "h:99999", "u:geheim#x@h"] {
            let error = reason(&format!("rabbit://{text}/"));
            assert_eq!(error, TransportUrlError::Port(1), "{text}");
            assert!(!error.to_string().contains("geheim"));
        }
        assert_eq!(reason("rabbit://h,i:x/"), TransportUrlError::Port(2));
        let shown = format!("{:?}", TransportUrl::parse("rabbit://u:geheim@h"));
        assert!(!shown.contains("geheim"));
    }

    fn bus(text: &str) -> Result<MessageBus, String> {
        Config::from_text(text).unwrap().notification_bus()
    }

    #[test]
    fn notifications_may_have_a_bus_of_their_own() {
        let host = |text: &str| bus(text).unwrap().url.hosts[0].host.clone();
        assert_eq!(host(""), "localhost");
        let shared = "[DEFAULT]\ntransport_url = rabbit://all/\n";
        assert_eq!(host(shared), "all");
        let own = "[oslo_messaging_notifications]\ntransport_url =";
        assert_eq!(host(&format!("{shared}{own} rabbit://own/\n")), "own");
        assert_eq!(host(&format!("{shared}{own}\n")), "all");
    }

    #[test]
    fn options_of_the_url_win_over_the_groups() {
        let group = "[oslo_messaging_rabbit]\nheartbeat_timeout_threshold = 7\nssl = false\n";
        let url = |query: &str| format!("{group}[DEFAULT]\ntransport_url = rabbit://h/?{query}\n");
        let rabbit = bus(&url("ssl=1&ssl_ca_file=/a%20b&heartbeat_rate="))
            .unwrap()
            .rabbit;
        assert!(rabbit.ssl);
        assert_eq!(rabbit.ssl_ca_file, "/a b");
        assert_eq!(rabbit.heartbeat_timeout_threshold, 7);
        assert_eq!(rabbit.heartbeat_rate, 3);
        for (query, wanted) in [
            (
                "nosuch=1",
                "keystone.conf:5: [DEFAULT] transport_url: the option nosuch is none of",
            ),
            ("ssl=perhaps", "the option ssl "),
            ("ssl=1&ssl=1", "the option ssl "),
            ("kombu_reconnect_delay=9", "must be at most 4.5"),
        ] {
            let error = bus(&url(query)).unwrap_err();
            assert!(error.contains(wanted), "{query}: {error}");
        }
        // Another bus has other options.
        let kafka = bus("[DEFAULT]\ntransport_url = kafka://h/?anything=1\n").unwrap();
        assert_eq!(kafka.url.scheme, "kafka");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r"(rabbit)?(://)?([\[\]:/@?=%,&#a]|\PC){0,40}") {
            let _ = TransportUrl::parse(&text);
        }
    }
}
