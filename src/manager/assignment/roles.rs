//! Roles themselves.

use super::AssignmentManager;
use crate::driver::sql::assignment::role as sql;
use crate::driver::sql::db::{Area, Session};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, Role, RoleChanges, RoleId};
use serde_json::{Map, Value};

/// Width of `role.description`. Not every database refuses what is longer.
const LONGEST_DESCRIPTION: usize = 255;

impl AssignmentManager<'_> {
    /// The role with this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn role(&self, id: &RoleId) -> Result<Role> {
        existing(&mut self.app.db.session().await?, id).await
    }

    /// The global roles, or those of one domain.
    ///
    /// # Errors
    /// 404 when the page is to begin after a role that does not exist.
    pub async fn roles(
        &self,
        domain_id: Option<&DomainId>,
        hints: &ListHints,
    ) -> Result<Page<Role>> {
        let mut session = self.app.db.session().await?;
        if let Some(marker) = hints.marker.as_deref().map(RoleId::from)
            && sql::role(&mut session, &marker).await?.is_none()
        {
            return Err(Error::not_found("marker", marker));
        }
        sql::roles(&mut session, domain_id, hints).await
    }

    /// Adds a role. Options that are null are left out.
    ///
    /// # Errors
    /// 409 when the name is taken in the role's domain or among the global roles.
    pub async fn create_role(&self, mut role: Role) -> Result<Role> {
        role.options.retain(|_, value| !value.is_null());
        check_description(role.description.as_deref())?;
        let role = &role;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_role(s, role).await?;
                    s.notify(Event::created(ResourceKind::Role, &role.id));
                    Ok(())
                })
            })
            .await
            .map_err(|error| error.or_conflict(|| name_is_taken(&role.name)))?;
        Ok(role.clone())
    }

    /// Changes a role and gives it back as it is then.
    ///
    /// # Errors
    /// 404; 403 when it is immutable and the change does more than end that; 409 when the new name
    /// is taken.
    pub async fn update_role(&self, id: &RoleId, changes: &RoleChanges) -> Result<Role> {
        check_description(changes.description.as_ref().and_then(Option::as_deref))?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Assignment).await?;
                    let mut role = existing(s, id).await?;
                    if role.is_immutable() && !only_ends_immutability(changes) {
                        return Err(is_immutable("changed", id));
                    }
                    apply(changes, &mut role);
                    sql::update_role(s, &role).await?;
                    s.notify(Event::updated(ResourceKind::Role, id));
                    Ok(role)
                })
            })
            .await
            .map_err(|error| {
                error.or_conflict(|| name_is_taken(changes.name.as_deref().unwrap_or_default()))
            })
    }

    /// Deletes a role and all grants and rules with it.
    ///
    /// # Errors
    /// 404; 403 when it is immutable.
    pub async fn delete_role(&self, id: &RoleId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Assignment).await?;
                    if existing(s, id).await?.is_immutable() {
                        return Err(is_immutable("deleted", id));
                    }
                    sql::delete_role(s, id).await?;
                    s.notify(Event::deleted(ResourceKind::Role, id));
                    Ok(())
                })
            })
            .await
    }
}

/// The role, or 404.
pub(super) async fn existing(s: &mut Session, id: &RoleId) -> Result<Role> {
    sql::role(s, id)
        .await?
        .ok_or_else(|| Error::not_found("role", id))
}

fn apply(changes: &RoleChanges, role: &mut Role) {
    if let Some(name) = &changes.name {
        role.name.clone_from(name);
    }
    if let Some(description) = &changes.description {
        role.description.clone_from(description);
    }
    if let Some(options) = &changes.options {
        merge(&mut role.options, options);
        role.options.retain(|_, value| !value.is_null());
    }
    merge(&mut role.extra, &changes.extra);
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        into.insert(name.clone(), value.clone());
    }
}

/// An immutable role takes one change: `immutable` becomes false or null, and nothing else.
fn only_ends_immutability(changes: &RoleChanges) -> bool {
    let RoleChanges {
        name: None,
        description: None,
        options: Some(options),
        extra,
    } = changes
    else {
        return false;
    };
    extra.is_empty()
        && matches!(
            options.get("immutable"),
            Some(Value::Null | Value::Bool(false))
        )
}

fn check_description(description: Option<&str>) -> Result<()> {
    match description {
        Some(text) if text.chars().count() > LONGEST_DESCRIPTION => Err(Error::bad_request(
            format!("A role's description has at most {LONGEST_DESCRIPTION} characters."),
        )),
        _ => Ok(()),
    }
}

fn name_is_taken(name: &str) -> String {
    format!("A role named '{name}' exists already.")
}

fn is_immutable(what: &str, id: &RoleId) -> Error {
    Error::forbidden_action(format!(
        "Role {id} is immutable and can't be {what}. Set its option 'immutable' to false first."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(value: Value) -> RoleChanges {
        RoleChanges {
            options: value.as_object().cloned(),
            ..RoleChanges::default()
        }
    }

    #[test]
    fn only_ending_immutability_changes_an_immutable_role() {
        assert!(only_ends_immutability(&options(
            json!({"immutable": false})
        )));
        assert!(only_ends_immutability(&options(json!({"immutable": null}))));
        assert!(!only_ends_immutability(&options(
            json!({"immutable": true})
        )));
        assert!(!only_ends_immutability(&options(json!({}))));
        let renamed = RoleChanges {
            name: Some("other".to_owned()),
            ..options(json!({"immutable": false}))
        };
        assert!(!only_ends_immutability(&renamed));
        assert!(!only_ends_immutability(&RoleChanges::default()));
    }
}
