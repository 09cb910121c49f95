//! Users and groups of an LDAP directory, read only.
//!
//! A [`Directory`] is one `[ldap]` section: its servers, its pools of connections, and what its entries
//! mean. It knows the ids that the directory has for its users and groups; which ids they have here, and
//! which domain they belong to, is known above.

mod connection;
mod dn;
mod entry;
mod filter;
mod groups;
mod pool;
mod referral;
mod schema;
mod tls;
mod users;

use crate::config::Ldap;
use crate::error::{Error, Result};
use connection::Dialer;
use ldap3::{DerefAliases, LdapError, Scope, SearchOptions};
use pool::{Account, Pool, PoolRules};
use schema::{GroupSchema, UserSchema};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use url::Url;

/// How long a server may take where the configuration says "for ever", to connect and to answer: what
/// says nothing must not hold requests.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A user as a directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// The directory's own id.
    pub id: String,
    pub dn: String,
    pub name: String,
    pub enabled: bool,
    pub email: Option<String>,
    pub description: Option<String>,
    pub default_project_id: Option<String>,
}

/// A group as a directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// The directory's own id.
    pub id: String,
    pub dn: String,
    pub name: String,
    pub description: Option<String>,
}

/// One directory.
pub struct Directory {
    users: UserSchema,
    groups: GroupSchema,
    scope: Scope,
    searches: Pool,
    logins: Pool,
}

/// One of a directory's servers.
#[derive(Clone, Debug)]
struct Server {
    url: Url,
}

/// What is looked for, and where.
#[derive(Clone, Debug)]
struct Search {
    base: String,
    scope: Scope,
    filter: String,
    attributes: Vec<String>,
}

/// What stands for "no attributes" in a search (RFC 4511, 4.5.1.8).
const NAMES_ONLY: &str = "1.1";

impl Directory {
    /// A directory as configured. Nothing is connected yet. Blocking I/O, if TLS is used.
    ///
    /// # Errors
    /// 500, with a message for the operator, when the options are of no use.
    pub fn new(options: &Ldap) -> Result<Self> {
        let mut servers = servers(&options.url)?;
        if options.randomize_urls {
            // Random enough: each order is as likely as any other.
            servers.sort_by_cached_key(|_| uuid::Uuid::new_v4());
        }
        let settings = tls::settings(options, &servers)?;
        let servers: Arc<[Server]> = servers.into();
        let (search_timeout, login_timeout) = match options.use_pool {
            true => (
                options.pool_connection_timeout,
                options.pool_connection_timeout,
            ),
            false => (options.connection_timeout, options.connection_timeout),
        };
        let dialer = |seconds: i64| {
            let configured = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
            Arc::new(Dialer {
                settings: settings.clone(),
                connect_timeout: configured.map_or(CONNECT_TIMEOUT, Duration::from_secs),
                answer_timeout: configured.map_or(ANSWER_TIMEOUT, Duration::from_secs),
                options: SearchOptions::new().deref(dereferencing(&options.alias_dereferencing)),
                page_size: i32::try_from(options.page_size).unwrap_or(i32::MAX),
                chases_referrals: options.chase_referrals != Some(false),
                warned_of_paging: AtomicBool::new(false),
            })
        };
        let rules = |keeps: bool, size: u64, lifetime: u64| PoolRules {
            size: usize::try_from(size)
                .unwrap_or(usize::MAX)
                .min(MOST_CONNECTIONS),
            keeps,
            lifetime: Duration::from_secs(lifetime),
            attempts: if options.use_pool {
                options.pool_retry_max
            } else {
                1
            },
            delay: Duration::try_from_secs_f64(options.pool_retry_delay).unwrap_or_default(),
        };
        let account: Account = match (&options.user, &options.password) {
            (Some(user), Some(password)) if !user.is_empty() && !password.expose().is_empty() => {
                Some((user.clone(), password.clone()))
            }
            _ => None,
        };
        Ok(Self {
            users: UserSchema::of(options)?,
            groups: GroupSchema::of(options)?,
            scope: match options.query_scope.as_str() {
                "sub" => Scope::Subtree,
                _ => Scope::OneLevel,
            },
            searches: Pool::new(
                dialer(search_timeout),
                Arc::clone(&servers),
                Some(account),
                rules(
                    options.use_pool,
                    options.pool_size,
                    options.pool_connection_lifetime,
                ),
            ),
            logins: Pool::new(
                dialer(login_timeout),
                servers,
                None,
                rules(
                    options.use_pool && options.use_auth_pool,
                    options.auth_pool_size,
                    options.auth_pool_connection_lifetime,
                ),
            ),
        })
    }
}

/// More connections than this, whatever is configured, are no help to anybody.
const MOST_CONNECTIONS: usize = 10_000;

impl Server {
    fn at(url: Url) -> std::result::Result<Self, LdapError> {
        match (url.scheme(), url.host_str()) {
            ("ldap" | "ldaps" | "ldapi", Some(_)) => Ok(Self { url }),
            ("ldap" | "ldaps" | "ldapi", None) => Err(LdapError::EmptyUnixPath),
            (other, _) => Err(LdapError::UnknownScheme(other.to_owned())),
        }
    }
}

/// The servers of a list that is separated by commas or space.
fn servers(urls: &str) -> Result<Vec<Server>> {
    let unusable = |url: &str, why: &dyn std::fmt::Display| {
        Error::internal(format!("[ldap] url: {url} is no LDAP URL: {why}"))
    };
    let mut servers = Vec::new();
    for text in urls
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|text| !text.is_empty())
    {
        let url = Url::parse(text).map_err(|error| unusable(text, &error))?;
        if url.host_str().is_none() {
            return Err(unusable(text, &"it names no host"));
        }
        servers.push(Server::at(url).map_err(|error| unusable(text, &error))?);
    }
    match servers.is_empty() {
        false => Ok(servers),
        true => Err(unusable(urls, &"it is empty")),
    }
}

fn dereferencing(option: &str) -> DerefAliases {
    match option {
        "searching" => DerefAliases::Searching,
        "finding" => DerefAliases::Finding,
        "always" => DerefAliases::Always,
        _ => DerefAliases::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn directory(options: &str) -> Result<Directory> {
        let config = Config::from_text(&format!("[ldap]\n{options}\n")).unwrap();
        Directory::new(&config.ldap)
    }

    #[test]
    fn servers_are_separated_by_commas_or_space() {
        let urls = |text| -> Vec<String> {
            let servers = servers(text).unwrap();
            servers
                .iter()
                .map(|server| server.url.to_string())
                .collect()
        };
        assert_eq!(
            urls("ldap://a,ldaps://b:1636 ldapi://%2Frun%2Fldapi"),
            ["ldap://a", "ldaps://b:1636", "ldapi://%2Frun%2Fldapi"]
        );
        assert_eq!(
            urls("ldap://[::1]:389 , ldap://c"),
            ["ldap://[::1]:389", "ldap://c"]
        );
    }

    #[test]
    fn what_can_not_work_is_told_at_once() {
        for (options, why) in [
            ("url = http://a", "scheme"),
            ("url = a", "no LDAP URL"),
            ("url = ldap:a", "names no host"),
            ("url = ldap://", "names no host"),
            ("url = ,", "empty"),
            ("url = ldaps://a\nuse_tls = true", "use_tls"),
            (
                "use_tls = true\ntls_cacertfile = /nowhere.pem",
                "tls_cacertfile",
            ),
            ("use_tls = true\ntls_cacertdir = /nowhere", "tls_cacertdir"),
            ("user_filter = (a=b", "user_filter"),
            ("group_filter = )", "group_filter"),
            ("user_name_attribute =", "user_name_attribute"),
        ] {
            let error = directory(options).err().expect(options).to_string();
            assert!(error.contains(why), "{options}: {error}");
        }
    }

    #[test]
    fn the_defaults_can_work() {
        assert!(directory("").is_ok());
        assert!(directory("url = ldaps://a\ntls_req_cert = never").is_ok());
    }
}
