//! What operators' commands want of directories, without a server.

use super::drivers::{Driver, DriverCache, DriverSource, is_plain};
use super::outsiders::site;
use super::public_ids::{Generator, public_ids_of};
use crate::driver::sql::identity::user_ids_of_domain;
use crate::error::{Error, Result};
use crate::model::{DomainId, EntityType, Secret, UserId};

/// Gives every user of a domain a public id; returns how many have one. `None` when the domain's users
/// need none: they have the ids that they were made with.
///
/// # Errors
/// 404 for a domain that no driver can have; 503 when the directory is away.
pub async fn populate(source: DriverSource<'_>, domain: &DomainId) -> Result<Option<usize>> {
    let drivers = DriverCache::default().get(source).await?;
    let own = drivers.of_domain(domain)?;
    let (local_ids, generator) = match (site(&drivers, domain)?, &own.driver) {
        (Some(site), _) if site.is_mapped => {
            let users = site.directory.users(&[]).await?;
            let ids = users.into_iter().map(|user| user.id);
            (ids.collect(), Generator::Sha256)
        }
        (None, Driver::Sql) if !own.is_default => {
            let ids = user_ids_of_domain(&mut source.db.session().await?, domain).await?;
            let ids: Vec<String> = ids.into_iter().map(String::from).collect();
            (ids, Generator::Same)
        }
        _ => return Ok(None),
    };
    let ids = public_ids_of(source.db, domain, EntityType::User, &local_ids, generator).await?;
    Ok(Some(ids.len()))
}

/// The user of a domain whose password this is, where a directory keeps the domain's users; `None` where
/// the database does.
///
/// # Errors
/// 409 when the directory has no such user, or another password, or the user is disabled; 503 when it is
/// away.
pub async fn outside_login(
    source: DriverSource<'_>,
    domain: &DomainId,
    name: &str,
    password: &Secret,
) -> Result<Option<UserId>> {
    if is_plain(source.config) {
        return Ok(None);
    }
    let drivers = DriverCache::default().get(source).await?;
    let Some(site) = site(&drivers, domain)? else {
        return Ok(None);
    };
    let refused = |why| {
        Err(Error::conflict(format!(
            "a directory keeps the users of domain {domain}, and user {name} {why}"
        )))
    };
    let Some(user) = site.directory.user_by_name(name, source.now).await? else {
        return refused("is not there");
    };
    if !site.directory.verifies(&user, password).await? {
        return refused("has another password");
    }
    if !user.enabled {
        return refused("is disabled");
    }
    if !site.is_mapped {
        return Ok(Some(user.id.as_str().into()));
    }
    let ids = public_ids_of(
        source.db,
        domain,
        EntityType::User,
        std::slice::from_ref(&user.id),
        Generator::Sha256,
    );
    Ok(ids.await?.into_values().next().map(UserId::from))
}
