//! Roles as requests name them.

use crate::driver::sql::assignment::role as sql;
use crate::driver::sql::db::Session;
use crate::error::{Error, Result};
use crate::model::RoleId;

/// How a request names a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleLookup {
    Id(RoleId),
    Name(String),
}

/// The ids of these roles, each once, in the order in which they were named. Whether an id is of a
/// role is not looked at.
///
/// # Errors
/// 404 when no role has a name, 400 when several have it.
pub async fn role_ids(s: &mut Session, roles: &[RoleLookup]) -> Result<Vec<RoleId>> {
    let mut ids: Vec<RoleId> = Vec::new();
    for role in roles {
        let id = match role {
            RoleLookup::Id(id) => id.clone(),
            RoleLookup::Name(name) => id_of(s, name).await?,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

async fn id_of(s: &mut Session, name: &str) -> Result<RoleId> {
    let mut found = sql::role_ids_by_name(s, name).await?;
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => Err(Error::bad_request(format!(
            "Several roles have the name {name}: name it by 'id'."
        ))),
        (None, _) => Err(Error::not_found("role", name)),
    }
}
