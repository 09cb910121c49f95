//! Names for listings that show them beside ids.

use super::super::db::{Session, Sql, sql};
use crate::error::Result;
use crate::model::{DomainId, GroupId, ProjectId, UserId};
use std::collections::HashMap;

/// A name and the domain that it is unique in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub domain_id: DomainId,
}

/// Names by id; what does not exist is left out.
pub async fn user_names(s: &mut Session, ids: &[UserId]) -> Result<HashMap<UserId, Named>> {
    let select = || {
        sql(
            r#"SELECT u.id, u.domain_id, COALESCE(l.name, n.name, MIN(f.display_name), '') AS name
             FROM "user" u LEFT JOIN local_user l ON l.user_id = u.id
             LEFT JOIN nonlocal_user n ON n.user_id = u.id
             LEFT JOIN federated_user f ON f.user_id = u.id WHERE"#,
        )
    };
    let mut found = HashMap::new();
    for some in ids.chunks(super::MOST_BOUND_IDS) {
        let query = select()
            .push_in("u.id", some)
            .push(" GROUP BY u.id, u.domain_id, l.name, n.name");
        fill(s, query, &mut found).await?;
    }
    Ok(found)
}

/// Names by id; what does not exist is left out.
pub async fn group_names(s: &mut Session, ids: &[GroupId]) -> Result<HashMap<GroupId, Named>> {
    let mut found = HashMap::new();
    for some in ids.chunks(super::MOST_BOUND_IDS) {
        let query = sql(r#"SELECT id, name, domain_id FROM "group" WHERE"#).push_in("id", some);
        fill(s, query, &mut found).await?;
    }
    Ok(found)
}

/// Names of projects and domains by id; what does not exist is left out.
pub async fn project_names(
    s: &mut Session,
    ids: &[ProjectId],
) -> Result<HashMap<ProjectId, Named>> {
    let mut found = HashMap::new();
    for some in ids.chunks(super::MOST_BOUND_IDS) {
        let query = sql("SELECT id, name, domain_id FROM project WHERE").push_in("id", some);
        fill(s, query, &mut found).await?;
    }
    Ok(found)
}

async fn fill<Id: From<String> + Eq + std::hash::Hash>(
    s: &mut Session,
    query: Sql,
    found: &mut HashMap<Id, Named>,
) -> Result<()> {
    for row in s.fetch_all(query).await?.iter() {
        let named = Named {
            name: row.text("name")?,
            domain_id: row.id("domain_id")?,
        };
        found.insert(row.id("id")?, named);
    }
    Ok(())
}
