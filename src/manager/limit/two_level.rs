//! The model `strict_two_level`: no project may use more than its domain.

use crate::driver::sql::db::Session;
use crate::driver::sql::{limit as sql, resource};
use crate::error::{Error, Result};
use crate::model::{DomainId, Limit, LimitHolder, ProjectId, RegisteredLimit};

/// Checks a limit against those that stand above or below it in the same transaction.
///
/// A domain's limit must not be below any of its projects'. A project's must not be above that of the
/// domain that is its parent; where there is none, and for projects further down, it is the default
/// that counts. Amounts are compared as the numbers that they are: -1 is the smallest.
///
/// # Errors
/// 403 when the amounts contradict each other.
pub(super) async fn check(
    s: &mut Session,
    limit: &Limit,
    registered: &RegisteredLimit,
) -> Result<()> {
    let holds = match (&limit.domain_id, &limit.project_id) {
        (Some(domain), _) => {
            let below = sql::largest_in_domain(s, &registered.id, domain).await?;
            below.is_none_or(|below| below <= limit.resource_limit)
        }
        (None, Some(project)) => {
            let above = amount_above(s, registered, project).await?;
            limit.resource_limit <= above
        }
        (None, None) => true,
    };
    match holds {
        true => Ok(()),
        false => Err(Error::forbidden_action(format!(
            "A limit of {} on {} would let a project use more than its domain.",
            limit.resource_limit,
            limit.resource_name.as_deref().unwrap_or_default()
        ))),
    }
}

async fn amount_above(
    s: &mut Session,
    registered: &RegisteredLimit,
    project: &ProjectId,
) -> Result<i64> {
    let parent = resource::project(s, project)
        .await?
        .and_then(|project| project.parent_id);
    let own = match parent {
        Some(parent) => {
            let domain = LimitHolder::Domain(DomainId::from(parent));
            sql::amount_of(s, &registered.id, &domain).await?
        }
        None => None,
    };
    Ok(own.unwrap_or(registered.default_limit))
}
