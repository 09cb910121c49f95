//! Referrals: entries that another server has.

use super::connection::{Dialer, Failure};
use super::entry::Entry;
use super::{Search, Server};
use ldap3::asn1::PL;
use ldap3::{ResultEntry, Scope};
use percent_encoding::percent_decode_str;
use url::Url;

/// The URLs of a search's continuation, of which one is enough.
pub(super) fn urls(result: ResultEntry) -> Option<String> {
    let PL::C(urls) = result.0.payload else {
        return None;
    };
    urls.into_iter().find_map(|url| match url.payload {
        PL::P(bytes) => String::from_utf8(bytes).ok(),
        PL::C(_) => None,
    })
}

/// What a search goes on to find where a referral leads. Nobody is bound there, as it is with the C
/// library: a password is for the configured servers only. What can't be followed is left out.
pub(super) async fn follow(dialer: &Dialer, url: &str, search: &Search, hops: u8) -> Vec<Entry> {
    match try_follow(dialer, url, search, hops).await {
        Ok(entries) => entries,
        Err(why) => {
            tracing::debug!(url, %why, "a referral could not be followed");
            Vec::new()
        }
    }
}

async fn try_follow(
    dialer: &Dialer,
    url: &str,
    search: &Search,
    hops: u8,
) -> Result<Vec<Entry>, Failure> {
    let url = Url::parse(url).map_err(|error| Failure::Away(error.to_string()))?;
    let server = Server::at(url.clone()).map_err(|error| Failure::Away(error.to_string()))?;
    let search = continued(&url, search);
    let mut connection = dialer.connect(&server).await?;
    dialer.search(&mut connection, &search, hops).await
}

/// The search as a referral's URL changes it: `ldap://host/base?attributes?scope?filter` (RFC 4516).
fn continued(url: &Url, search: &Search) -> Search {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut continued = search.clone();
    let base = url.path().trim_start_matches('/');
    if !base.is_empty() {
        continued.base = decoded(base);
    }
    let mut parts = url.query().unwrap_or_default().split('?').skip(1);
    match parts.next() {
        Some("base") => continued.scope = Scope::Base,
        Some("one") => continued.scope = Scope::OneLevel,
        Some("sub") => continued.scope = Scope::Subtree,
        _ => {}
    }
    if let Some(filter) = parts.next().filter(|filter| !filter.is_empty()) {
        continued.filter = decoded(filter);
    }
    continued
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_referral_changes_what_its_url_names() {
        let search = Search {
            base: "dc=a".to_owned(),
            scope: Scope::OneLevel,
            filter: "(cn=x)".to_owned(),
            attributes: vec!["cn".to_owned()],
        };
        let continued = |url: &str| continued(&Url::parse(url).unwrap(), &search);
        let same = continued("ldap://h");
        assert_eq!((same.base.as_str(), same.scope), ("dc=a", Scope::OneLevel));
        let other = continued("ldap://h/ou=b%20c,dc=a??sub?(cn=y)");
        assert_eq!(other.base, "ou=b c,dc=a");
        assert_eq!(
            (other.scope, other.filter.as_str()),
            (Scope::Subtree, "(cn=y)")
        );
        assert_eq!(continued("ldap://h/dc=b??base").scope, Scope::Base);
    }
}
