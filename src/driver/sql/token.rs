//! What the validation of a token reads: few statements, each for one question.

use super::db::{Row, Session, sql};
use crate::error::Result;
use crate::model::token::DomainRef;
use crate::model::{DomainId, ProjectId, ServiceId, Timestamp, User, UserId};
use chrono::NaiveDate;

/// A user as tokens see it.
#[derive(Debug)]
pub struct UserFacts {
    pub id: UserId,
    pub name: String,
    /// As stored; the caller decides about inactivity.
    pub enabled: bool,
    pub domain: DomainRef,
    pub domain_enabled: bool,
    pub password_expires_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub last_active_at: Option<NaiveDate>,
    pub ignores_inactivity: bool,
    /// Whether there is an enabled service provider, which every user's tokens show. Most clouds have
    /// none, and so need not ask for them.
    pub has_service_providers: bool,
}

/// A project or a domain as tokens see it.
#[derive(Debug)]
pub struct ScopeFacts {
    pub id: ProjectId,
    pub name: String,
    pub enabled: bool,
    pub is_domain: bool,
    /// The domain it belongs to; a domain belongs to itself.
    pub domain: DomainRef,
    pub domain_enabled: bool,
}

/// The user with this id.
pub async fn user(s: &mut Session, id: &UserId) -> Result<Option<UserFacts>> {
    let statement = sql(
        r#"SELECT u.id, u.enabled, u.created_at, u.last_active_at, d.id AS domain_id,
                  d.name AS domain_name, d.enabled AS domain_enabled,
                  COALESCE(l.name, n.name,
                           (SELECT MIN(f.display_name) FROM federated_user f
                             WHERE f.user_id = u.id)) AS name,
                  (SELECT o.option_value FROM user_option o
                    WHERE o.user_id = u.id AND o.option_id = '1004') AS ignores_inactivity,
                  CASE WHEN EXISTS (SELECT 1 FROM service_provider WHERE enabled = ?)
                       THEN 1 ELSE 0 END AS has_service_providers,
                  p.expires_at, p.expires_at_int
             FROM "user" u
             JOIN project d ON d.id = u.domain_id
             LEFT JOIN local_user l ON l.user_id = u.id
             LEFT JOIN nonlocal_user n ON n.user_id = u.id
             LEFT JOIN password p ON p.local_user_id = l.id
            WHERE u.id = ?
            ORDER BY p.created_at_int DESC, p.created_at DESC, p.id DESC
            LIMIT 1"#,
    );
    s.fetch_optional(statement.bind(true).bind(id))
        .await?
        .as_ref()
        .map(user_from)
        .transpose()
}

fn user_from(row: &Row) -> Result<UserFacts> {
    let expires_at = match row.opt_int("expires_at_int")? {
        // Rows of releases before that column have 0 or NULL there.
        None | Some(0) => row.opt_time("expires_at")?,
        Some(micros) => Timestamp::from_micros(micros),
    };
    Ok(UserFacts {
        id: row.id("id")?,
        name: row.opt_text("name")?.unwrap_or_default(),
        enabled: row.opt_bool("enabled")?.unwrap_or(false),
        domain: DomainRef {
            id: row.id("domain_id")?,
            name: row.text("domain_name")?,
        },
        domain_enabled: row.opt_bool("domain_enabled")?.unwrap_or(false),
        password_expires_at: expires_at,
        created_at: row.opt_time("created_at")?,
        last_active_at: row.opt_date("last_active_at")?,
        ignores_inactivity: row.opt_text("ignores_inactivity")?.as_deref() == Some("true"),
        has_service_providers: row.int("has_service_providers")? == 1,
    })
}

/// What tokens show of a user whom another directory keeps, beside what that says: `None` when the
/// domain is gone.
pub async fn outsider(s: &mut Session, user: &User) -> Result<Option<UserFacts>> {
    let statement = sql(
        r#"SELECT d.id AS domain_id, d.name AS domain_name, d.enabled AS domain_enabled,
                  CASE WHEN EXISTS (SELECT 1 FROM service_provider WHERE enabled = ?)
                       THEN 1 ELSE 0 END AS has_service_providers
             FROM project d WHERE d.id = ? AND d.is_domain = ?"#,
    );
    let statement = statement.bind(true).bind(&user.domain_id).bind(true);
    let Some(row) = s.fetch_optional(statement).await? else {
        return Ok(None);
    };
    Ok(Some(UserFacts {
        id: user.id.clone(),
        name: user.name.clone(),
        enabled: user.enabled,
        domain: DomainRef {
            id: row.id("domain_id")?,
            name: row.text("domain_name")?,
        },
        domain_enabled: row.opt_bool("domain_enabled")?.unwrap_or(false),
        password_expires_at: None,
        created_at: None,
        last_active_at: None,
        // Who is out of use, the directory says.
        ignores_inactivity: true,
        has_service_providers: row.int("has_service_providers")? == 1,
    }))
}

/// The project with this id, or the domain, which is a project too.
pub async fn project(s: &mut Session, id: &ProjectId) -> Result<Option<ScopeFacts>> {
    let statement = sql(
        r#"SELECT p.id, p.name, p.enabled, p.is_domain, d.id AS domain_id, d.name AS domain_name,
                  d.enabled AS domain_enabled
             FROM project p
             JOIN project d ON d.id = CASE WHEN p.is_domain = ? THEN p.id ELSE p.domain_id END
            WHERE p.id = ? AND p.id <> '<<keystone.domain.root>>'"#,
    );
    s.fetch_optional(statement.bind(true).bind(id))
        .await?
        .as_ref()
        .map(scope_from)
        .transpose()
}

fn scope_from(row: &Row) -> Result<ScopeFacts> {
    Ok(ScopeFacts {
        id: row.id("id")?,
        name: row.text("name")?,
        enabled: row.opt_bool("enabled")?.unwrap_or(false),
        is_domain: row.bool("is_domain")?,
        domain: DomainRef {
            id: row.id::<DomainId>("domain_id")?,
            name: row.text("domain_name")?,
        },
        domain_enabled: row.opt_bool("domain_enabled")?.unwrap_or(false),
    })
}

/// A row of the catalog: a service with one of its endpoints, or with none.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogRow {
    pub service_id: ServiceId,
    pub service_type: Option<String>,
    /// `service.extra`, which holds the name.
    pub service_extra: serde_json::Value,
    pub endpoint: Option<CatalogEndpointRow>,
}

/// An endpoint whose URL is not filled in yet.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogEndpointRow {
    pub id: String,
    pub interface: String,
    pub url: String,
    pub region_id: Option<String>,
    /// Attributes that the operator gave it.
    pub extra: serde_json::Value,
}

/// Every enabled service with its enabled endpoints, services together; and whether any project at all
/// has an endpoint association. Most clouds have none.
pub async fn catalog(s: &mut Session) -> Result<(Vec<CatalogRow>, bool)> {
    let statement = sql(
        r#"SELECT s.id AS service_id, s.type, s.extra, e.id AS endpoint_id, e.interface, e.url,
                  e.region_id, e.extra AS endpoint_extra,
                  CASE WHEN EXISTS (SELECT 1 FROM project_endpoint)
                         OR EXISTS (SELECT 1 FROM project_endpoint_group)
                       THEN 1 ELSE 0 END AS has_associations
             FROM service s
             LEFT JOIN endpoint e ON e.service_id = s.id AND e.enabled = ?
            WHERE s.enabled = ?
            ORDER BY s.id, e.id"#,
    );
    let rows = s.fetch_all(statement.bind(true).bind(true)).await?;
    // Without a row there is nothing that associations could narrow.
    let has_associations = match rows.first() {
        Some(row) => row.int("has_associations")? == 1,
        None => false,
    };
    let rows = rows.iter().map(catalog_row_from).collect::<Result<_>>()?;
    Ok((rows, has_associations))
}

fn catalog_row_from(row: &Row) -> Result<CatalogRow> {
    let endpoint = match row.opt_text("endpoint_id")? {
        Some(id) => Some(CatalogEndpointRow {
            id,
            interface: row.text("interface")?,
            url: row.text("url")?,
            region_id: row.opt_text("region_id")?,
            extra: row.json("endpoint_extra")?,
        }),
        None => None,
    };
    Ok(CatalogRow {
        service_id: row.id("service_id")?,
        service_type: row.opt_text("type")?,
        service_extra: row.json("extra")?,
        endpoint,
    })
}

/// What narrows a project's catalog (OS-EP-FILTER).
#[derive(Debug, Default)]
pub struct EndpointAssociations {
    /// Endpoints associated with the project.
    pub endpoint_ids: Vec<String>,
    /// Filters of the endpoint groups associated with it: exact values by attribute.
    pub group_filters: Vec<serde_json::Value>,
}

/// The endpoint associations of a project.
pub async fn endpoint_associations(
    s: &mut Session,
    id: &ProjectId,
) -> Result<EndpointAssociations> {
    let statement = sql(
        // The primary key leads from endpoints, which are few, to projects, which are many.
        r#"SELECT e.id AS value, 0 AS is_group FROM endpoint e
            WHERE EXISTS (SELECT 1 FROM project_endpoint a
                           WHERE a.endpoint_id = e.id AND a.project_id = ?)
            UNION ALL
           SELECT g.filters AS value, 1 AS is_group
             FROM endpoint_group g
             JOIN project_endpoint_group a ON a.endpoint_group_id = g.id
            WHERE a.project_id = ?"#,
    );
    let mut associations = EndpointAssociations::default();
    for row in s.fetch_all(statement.bind(id).bind(id)).await? {
        if row.int("is_group")? == 1 {
            associations.group_filters.push(row.json("value")?);
        } else {
            associations.endpoint_ids.push(row.text("value")?);
        }
    }
    Ok(associations)
}
