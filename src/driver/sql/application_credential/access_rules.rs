//! Access rules: each user has each rule once, and application credentials share them.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::driver::sql::listed::Listed;
use crate::error::Result;
use crate::model::application_credential::AccessRule;
use crate::model::list::{ListHints, Page};
use crate::model::{AccessRuleId, UserId};

/// A rule with what only the database knows of it.
#[derive(Debug)]
pub struct StoredRule {
    pub internal_id: i64,
    pub user_id: Option<UserId>,
    pub rule: AccessRule,
}

const COLUMNS: &str =
    "SELECT r.id, r.external_id, r.user_id, r.service, r.path, r.method FROM access_rule r";

fn rule_from(row: &Row) -> Result<AccessRule> {
    Ok(AccessRule {
        id: row.opt_text("external_id")?.unwrap_or_default().into(),
        service: row.opt_text("service")?.unwrap_or_default(),
        path: row.opt_text("path")?.unwrap_or_default(),
        method: row.opt_text("method")?.unwrap_or_default(),
    })
}

const LISTED: Listed<AccessRule> = Listed {
    key: "r.external_id",
    columns: &[
        ("service", "r.service"),
        ("path", "r.path"),
        ("method", "r.method"),
    ],
    from: rule_from,
    id: |rule| &rule.id,
    text: |rule, attribute| match attribute {
        "service" => Some(rule.service.clone()),
        "path" => Some(rule.path.clone()),
        "method" => Some(rule.method.clone()),
        _ => None,
    },
};

/// The rule with this id.
pub async fn access_rule(s: &mut Session, id: &AccessRuleId) -> Result<Option<StoredRule>> {
    let query = sql(COLUMNS).push(" WHERE r.external_id = ?").bind(id);
    let Some(row) = s.fetch_optional(query).await? else {
        return Ok(None);
    };
    Ok(Some(StoredRule {
        internal_id: row.int("id")?,
        user_id: row.opt_id("user_id")?,
        rule: rule_from(&row)?,
    }))
}

/// The integer id of a user's rule that says the same.
pub async fn access_rule_like(
    s: &mut Session,
    user: &UserId,
    rule: &AccessRule,
) -> Result<Option<i64>> {
    let query = sql(
        "SELECT id FROM access_rule WHERE user_id = ? AND service = ? AND path = ? AND method = ?",
    )
    .bind(user)
    .bind(&rule.service)
    .bind(&rule.path)
    .bind(&rule.method);
    let row = s.fetch_optional(query).await?;
    row.map(|row| row.int("id")).transpose()
}

/// The rules of application credentials, each with the credential's integer id.
pub(super) async fn of_credentials(
    s: &mut Session,
    internal_ids: &[i64],
) -> Result<Vec<(i64, AccessRule)>> {
    let query = sql(
        "SELECT r.id, r.external_id, r.user_id, r.service, r.path, r.method, \
         a.application_credential_id FROM access_rule r \
         JOIN application_credential_access_rule a ON a.access_rule_id = r.id WHERE",
    )
    .push_in("a.application_credential_id", internal_ids.iter().copied())
    .push(" ORDER BY r.id");
    let rows = s.fetch_all(query).await?;
    rows.iter()
        .map(|row| Ok((row.int("application_credential_id")?, rule_from(row)?)))
        .collect()
}

/// A page of a user's rules in order of id. Filters: `service`, `path`, `method`.
pub async fn access_rules(
    s: &mut Session,
    user: &UserId,
    hints: &ListHints,
) -> Result<Page<AccessRule>> {
    let statement = sql(COLUMNS).push(" WHERE r.user_id = ?").bind(user);
    LISTED.page(s, statement, hints).await
}

/// Stores a user's new rule; returns its integer id.
pub async fn insert_access_rule(s: &mut Session, user: &UserId, rule: &AccessRule) -> Result<i64> {
    let statement = sql(
        "INSERT INTO access_rule (external_id, user_id, service, path, method) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&rule.id)
    .bind(user)
    .bind(&rule.service)
    .bind(&rule.path)
    .bind(&rule.method);
    s.execute(statement).await?;
    s.touch(Area::Credential);
    let query = sql("SELECT id FROM access_rule WHERE external_id = ? AND user_id = ?");
    s.fetch_one(query.bind(&rule.id).bind(user))
        .await?
        .int("id")
}

/// Gives an application credential a rule, unless it has it.
pub async fn attach_rule(s: &mut Session, credential: i64, rule: i64) -> Result<()> {
    const ATTACHED: &str = "SELECT access_rule_id FROM application_credential_access_rule \
         WHERE application_credential_id = ? AND access_rule_id = ?";
    let query = sql(ATTACHED).bind(credential).bind(rule);
    if s.fetch_optional(query).await?.is_some() {
        return Ok(());
    }
    let statement = sql("INSERT INTO application_credential_access_rule \
         (application_credential_id, access_rule_id) VALUES (?, ?)");
    s.execute(statement.bind(credential).bind(rule)).await?;
    s.touch(Area::Credential);
    Ok(())
}

/// Removes a rule that no application credential has; false when one has it.
pub async fn delete_access_rule(s: &mut Session, internal_id: i64) -> Result<bool> {
    let deleted = s
        .execute(
            sql("DELETE FROM access_rule WHERE id = ? AND NOT EXISTS \
                 (SELECT 1 FROM application_credential_access_rule a WHERE a.access_rule_id = ?)")
            .bind(internal_id)
            .bind(internal_id),
        )
        .await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}
