//! Removing projects and domains with everything that hangs on them.
//!
//! Nothing is left to the database's own cascades: SQLite does not run them.

use crate::driver::sql::db::{Area, Session, sql};
use crate::driver::sql::{assignment, credential, identity, trust};
use crate::error::Result;
use crate::model::{DomainId, ProjectId, Timestamp};

/// What is gone with a project. Application credentials stay: they can't authenticate any more.
const OF_PROJECT: [&str; 5] = [
    r#"DELETE FROM "limit" WHERE project_id = ?"#,
    "DELETE FROM project_endpoint WHERE project_id = ?",
    "DELETE FROM project_endpoint_group WHERE project_id = ?",
    "DELETE FROM project_tag WHERE project_id = ?",
    "DELETE FROM project_option WHERE project_id = ?",
];

/// What is gone with a domain besides its projects, users and groups, children first.
const OF_DOMAIN: [&str; 9] = [
    r#"DELETE FROM "limit" WHERE domain_id = ?"#,
    "DELETE FROM whitelisted_config WHERE domain_id = ?",
    "DELETE FROM sensitive_config WHERE domain_id = ?",
    "DELETE FROM config_register WHERE domain_id = ?",
    "DELETE FROM federated_user WHERE idp_id IN \
       (SELECT id FROM identity_provider WHERE domain_id = ?)",
    "DELETE FROM expiring_user_group_membership WHERE idp_id IN \
       (SELECT id FROM identity_provider WHERE domain_id = ?)",
    "DELETE FROM federation_protocol WHERE idp_id IN \
       (SELECT id FROM identity_provider WHERE domain_id = ?)",
    "DELETE FROM idp_remote_ids WHERE idp_id IN \
       (SELECT id FROM identity_provider WHERE domain_id = ?)",
    "DELETE FROM identity_provider WHERE domain_id = ?",
];

/// Removes a project: its grants, credentials, limits, endpoint associations, tags and options;
/// trusts for it are marked as deleted at `now`, and users lose it as their default project.
/// False when there is no such project.
pub async fn delete_project(s: &mut Session, id: &ProjectId, now: Timestamp) -> Result<bool> {
    for statement in OF_PROJECT {
        s.execute(sql(statement).bind(id)).await?;
    }
    assignment::delete_on_project(s, id).await?;
    credential::delete_of_project(s, id).await?;
    trust::delete_of_project(s, id, now).await?;
    identity::clear_default_project(s, id).await?;
    let deleted = s
        .execute(sql("DELETE FROM project WHERE id = ?").bind(id))
        .await?;
    for area in [Area::Resource, Area::Catalog, Area::Limit] {
        s.touch(area);
    }
    Ok(deleted > 0)
}

/// Removes a domain whose projects, users and groups are gone: its grants, limits, configuration
/// and identity providers, and all that [`delete_project`] removes. False when there is none.
pub async fn delete_domain(s: &mut Session, id: &DomainId, now: Timestamp) -> Result<bool> {
    for statement in OF_DOMAIN {
        s.execute(sql(statement).bind(id)).await?;
    }
    assignment::delete_on_domain(s, id).await?;
    s.touch(Area::Config);
    s.touch(Area::Federation);
    delete_project(s, &ProjectId::from(id.clone()), now).await
}
