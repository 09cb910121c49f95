//! The ids by which users and groups of directories are known here.

use crate::crypto::hex;
use crate::driver::sql::db::Db;
use crate::driver::sql::id_mapping::{LONGEST_LOCAL_ID, insert_mappings, public_ids};
use crate::error::{Error, Result};
use crate::model::{DomainId, EntityType};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashMap;

/// How a new public id is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// From all that identifies the local one; the same on every server.
    Sha256,
    /// The local id itself, which is unique everywhere.
    Same,
}

impl Generator {
    fn public_id(self, domain: &DomainId, kind: EntityType, local_id: &str) -> String {
        match self {
            Self::Sha256 => {
                let text = format!("{domain}{}{local_id}", kind.name());
                hex(digest(&SHA256, text.as_bytes()).as_ref())
            }
            Self::Same => local_id.to_owned(),
        }
    }
}

/// So many times somebody else may be faster.
const ATTEMPTS: usize = 3;

/// The public ids of users or groups of a domain, by their local ids. Those that have none get one;
/// those whose local id is too long to be stored are left out.
///
/// # Errors
/// 503 when the database is away.
pub async fn public_ids_of(
    db: &Db,
    domain: &DomainId,
    kind: EntityType,
    local_ids: &[String],
    generator: Generator,
) -> Result<HashMap<String, String>> {
    let mut wanted = local_ids.to_vec();
    wanted.retain(|id| id.chars().count() <= LONGEST_LOCAL_ID);
    let mut known = HashMap::new();
    for _ in 0..ATTEMPTS {
        let found = public_ids(&mut db.session().await?, domain, kind, &wanted).await?;
        known.extend(found);
        wanted.retain(|id| !known.contains_key(id));
        if wanted.is_empty() {
            return Ok(known);
        }
        match insert(db, domain, kind, &wanted, generator).await {
            Ok(made) => {
                known.extend(made);
                return Ok(known);
            }
            Err(Error::DuplicateKey(_)) => {}
            Err(error) => return Err(error),
        }
    }
    // MySQL takes ids that differ in case only for the same.
    for local_id in wanted {
        let one = std::slice::from_ref(&local_id);
        let made = match insert(db, domain, kind, one, generator).await {
            Err(Error::DuplicateKey(_)) => {
                public_ids(&mut db.session().await?, domain, kind, one).await?
            }
            made => made?,
        };
        if let Some((_, public_id)) = made.into_iter().next() {
            known.insert(local_id, public_id);
        }
    }
    Ok(known)
}

async fn insert(
    db: &Db,
    domain: &DomainId,
    kind: EntityType,
    local_ids: &[String],
    generator: Generator,
) -> Result<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = local_ids
        .iter()
        .map(|id| (id.clone(), generator.public_id(domain, kind, id)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let stored = &pairs;
    db.transaction(|s| Box::pin(async move { insert_mappings(s, domain, kind, stored).await }))
        .await?;
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_ids_are_pythons() {
        // From id_mapping of Keystone 30.0.0 with these users and groups in a directory.
        let domain = DomainId::from("f09e57aa00104c4abe52b1d4f3fef7d5");
        for (kind, local, public) in [
            (
                EntityType::User,
                "alice",
                "5ed9dfd7a737ed1745d5fac35f8922b911aeb3df4c1a12749423bb1d9968675d",
            ),
            (
                EntityType::User,
                "bob",
                "033f2da8fa43806d55f9be05f9a8dd46b6fb24927ef016f9e09b508a61de3565",
            ),
            (
                EntityType::Group,
                "crew",
                "73815aa07a111fdf11c4efdea81f84a29b79900b2f1bd1335fc9d2edc560c64f",
            ),
        ] {
            assert_eq!(Generator::Sha256.public_id(&domain, kind, local), public);
        }
        let default = DomainId::from("default");
        assert_eq!(
            Generator::Sha256.public_id(&default, EntityType::User, "admin"),
            "32f5557a45ef3929425672fcd856552782f39efc0c100bb9cb20b862554c1a98"
        );
    }
}
