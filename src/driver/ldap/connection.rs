//! Connections to one of a directory's servers.

use super::entry::Entry;
use super::referral;
use super::{Search, Server};
use crate::model::Secret;
use futures_util::future::BoxFuture;
use ldap3::asn1::{PL, parse_tag};
use ldap3::controls::{ControlType, MakeCritical as _, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchOptions};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Results that mean that the search is over and was good (RFC 4511, appendix A).
const SUCCESS: u32 = 0;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN_SYNTAX: u32 = 34;
const REFERRAL: u32 = 10;
const SIZE_LIMIT_EXCEEDED: u32 = 4;
/// The bind was asked for and refused: the name or the password is not good.
const INVALID_CREDENTIALS: u32 = 49;
/// The server can't say.
const BUSY: u32 = 51;
const UNAVAILABLE: u32 = 52;

/// Why a directory did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answers, or what answers is no directory. Another connection may help.
    Away(String),
    /// The server answered, and refused.
    Refused(LdapResult),
}

impl Failure {
    /// Whether a bind was refused because name and password don't fit.
    pub fn is_invalid_credentials(&self) -> bool {
        matches!(self, Self::Refused(result) if result.rc == INVALID_CREDENTIALS)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => f.write_str(why),
            Self::Refused(result) if result.rc == SIZE_LIMIT_EXCEEDED => write!(
                f,
                "{result}; the server gives no more entries at once: see [ldap] page_size"
            ),
            Self::Refused(result) => write!(f, "{result}"),
        }
    }
}

impl From<LdapError> for Failure {
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::LdapResult { result } => Self::from(result),
            error => Self::Away(error.to_string()),
        }
    }
}

impl From<LdapResult> for Failure {
    fn from(result: LdapResult) -> Self {
        match result.rc {
            BUSY | UNAVAILABLE => Self::Away(result.to_string()),
            _ => Self::Refused(result),
        }
    }
}

/// How connections are made and searched.
pub(super) struct Dialer {
    pub settings: LdapConnSettings,
    /// For making a connection, TLS included.
    pub connect_timeout: Duration,
    /// For each answer of a server.
    pub answer_timeout: Duration,
    pub options: SearchOptions,
    pub page_size: i32,
    pub chases_referrals: bool,
    /// A server that doesn't know pages was told of once.
    pub warned_of_paging: AtomicBool,
}

/// An open connection.
pub(super) struct Connection {
    ldap: Ldap,
    pub opened_at: Instant,
}

impl Dialer {
    /// Connects to a server; nobody is bound.
    pub async fn connect(&self, server: &Server) -> Result<Connection, Failure> {
        let away = |why: &dyn fmt::Display| Failure::Away(format!("{}: {why}", server.url));
        let connecting = LdapConnAsync::from_url_with_settings(self.settings.clone(), &server.url);
        let (driver, ldap) = match timeout(self.connect_timeout, connecting).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(away(&error)),
            Err(_) => return Err(away(&"no connection in time")),
        };
        // Ends with the last handle. Whoever waits for an answer gets an error when it ends before.
        tokio::spawn(async move {
            if let Err(error) = driver.drive().await {
                tracing::debug!(%error, "a connection to a directory ended");
            }
        });
        Ok(Connection {
            ldap,
            opened_at: Instant::now(),
        })
    }

    /// Binds as somebody; without a name and a password, as nobody.
    pub async fn bind(
        &self,
        connection: &mut Connection,
        who: Option<(&str, &Secret)>,
    ) -> Result<(), Failure> {
        let (dn, password) = match who {
            Some((dn, password)) => (dn, password.expose()),
            None => ("", ""),
        };
        let ldap = connection.ldap.with_timeout(self.answer_timeout);
        ldap.simple_bind(dn, password).await?.success()?;
        Ok(())
    }

    /// All entries that a search finds; none when its base is not there.
    ///
    /// Boxed, because a referral leads to another search.
    pub fn search<'a>(
        &'a self,
        connection: &'a mut Connection,
        search: &'a Search,
        hops: u8,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Failure>> {
        Box::pin(async move {
            let mut entries = Vec::new();
            let mut referrals = Vec::new();
            let mut cookie = Vec::new();
            loop {
                let page = self.page(connection, search, cookie).await?;
                entries.extend(page.entries);
                referrals.extend(page.referrals);
                match page.cookie {
                    Some(more) if !more.is_empty() => cookie = more,
                    _ => break,
                }
            }
            if self.chases_referrals && hops > 0 {
                for url in referrals {
                    entries.extend(referral::follow(self, &url, search, hops - 1).await);
                }
            }
            Ok(entries)
        })
    }

    async fn page(
        &self,
        connection: &mut Connection,
        search: &Search,
        cookie: Vec<u8>,
    ) -> Result<Page, Failure> {
        let is_paged = self.page_size > 0;
        let ldap = connection.ldap.with_timeout(self.answer_timeout);
        if is_paged {
            let size = self.page_size;
            ldap.with_controls(PagedResults { size, cookie }.critical());
        }
        ldap.with_search_options(self.options.clone());
        let mut stream = ldap
            .streaming_search(
                &search.base,
                search.scope,
                &search.filter,
                &search.attributes,
            )
            .await?;
        let mut page = Page::default();
        while let Some(result) = stream.next().await? {
            match result.is_ref() {
                true => page.referrals.extend(referral::urls(result)),
                false => page.entries.extend(Entry::read(result)),
            }
        }
        let result = stream.finish().await;
        match result.rc {
            SUCCESS | NO_SUCH_OBJECT => {}
            REFERRAL => page.referrals.extend(result.refs.iter().cloned()),
            // What a directory names as a member need not be a name.
            INVALID_DN_SYNTAX if search.scope == Scope::Base => {}
            _ => return Err(result.into()),
        }
        page.cookie = cookie_of(&result);
        if is_paged
            && page.cookie.is_none()
            && result.rc == SUCCESS
            && !self.warned_of_paging.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("an LDAP server knows no pages; set [ldap] page_size = 0");
        }
        Ok(page)
    }
}

#[derive(Default)]
struct Page {
    entries: Vec<Entry>,
    referrals: Vec<String>,
    /// Where the next one begins; empty after the last, `None` from a server that knows no pages.
    cookie: Option<Vec<u8>>,
}

/// `SEQUENCE { size INTEGER, cookie OCTET STRING }` (RFC 2696). The library's own reading panics on
/// anything else.
fn cookie_of(result: &LdapResult) -> Option<Vec<u8>> {
    let is_page =
        |control: &&ldap3::controls::Control| matches!(control.0, Some(ControlType::PagedResults));
    let value = result.ctrls.iter().find(is_page)?.1.val.as_ref()?;
    let (_, tag) = parse_tag(value).ok()?;
    match tag.expect_constructed()?.pop()?.payload {
        PL::P(cookie) => Some(cookie),
        PL::C(_) => None,
    }
}
