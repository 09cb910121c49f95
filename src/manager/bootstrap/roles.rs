//! The roles that every policy default knows.

use super::new_id;
use crate::driver::sql::assignment::{implied, role};
use crate::driver::sql::db::Session;
use crate::error::Result;
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{Comparator, Filter, ListHints};
use crate::model::{ImpliedRole, Role, RoleId};
use serde_json::{Map, Value};

/// Makes `reader`, `member`, `manager`, the administrator's role, each of which implies the one
/// before, and `service`, as far as they are missing. Returns the administrator's.
pub(super) async fn make(s: &mut Session, admin_name: &str, immutable: bool) -> Result<RoleId> {
    let reader = find_or_make(s, "reader", immutable).await?;
    let member = find_or_make(s, "member", immutable).await?;
    let manager = find_or_make(s, "manager", immutable).await?;
    let admin = find_or_make(s, admin_name, immutable).await?;
    find_or_make(s, "service", immutable).await?;
    for (prior, implied) in [(&member, &reader), (&manager, &member), (&admin, &manager)] {
        let rule = rule(prior, implied);
        if !implied::implied_role_exists(s, &rule).await? {
            implied::insert_implied_role(s, &rule).await?;
        }
    }
    // Before there were managers, admin implied member directly.
    let former = rule(&admin, &member);
    if implied::implied_role_exists(s, &former).await? {
        implied::delete_implied_role(s, &former).await?;
    }
    Ok(admin)
}

fn rule(prior: &RoleId, implied: &RoleId) -> ImpliedRole {
    ImpliedRole {
        prior: prior.clone(),
        implied: implied.clone(),
    }
}

async fn find_or_make(s: &mut Session, name: &str, immutable: bool) -> Result<RoleId> {
    let by_name = ListHints {
        filters: vec![Filter {
            attribute: "name",
            comparator: Comparator::Equals,
            case_insensitive: false,
            value: name.to_owned(),
        }],
        ..ListHints::default()
    };
    if let Some(role) = role::roles(s, None, &by_name).await?.items.pop() {
        return Ok(role.id);
    }
    let mut options = Map::new();
    if immutable {
        options.insert("immutable".to_owned(), Value::Bool(true));
    }
    let new = Role {
        id: new_id().into(),
        name: name.to_owned(),
        domain_id: None,
        description: None,
        options,
        extra: Map::new(),
    };
    role::insert_role(s, &new).await?;
    s.notify(Event::created(ResourceKind::Role, &new.id));
    Ok(new.id)
}
