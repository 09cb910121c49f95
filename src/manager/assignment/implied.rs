//! Inference rules: whoever has one role has another as well.

use super::{AssignmentManager, roles};
use crate::driver::sql::assignment::{implied as sql, role};
use crate::error::{Error, Result};
use crate::model::{ImpliedRole, Role, RoleId};
use std::collections::HashMap;

/// A role and the roles that it implies directly.
#[derive(Clone, Debug)]
pub struct Inference {
    pub prior: Role,
    pub implied: Vec<Role>,
}

impl AssignmentManager<'_> {
    /// All rules, grouped by the role that implies.
    pub async fn inferences(&self) -> Result<Vec<Inference>> {
        let mut session = self.app.db.session().await?;
        let rules = sql::implied_roles(&mut session).await?;
        let ids = rules.iter().flat_map(|rule| [&rule.prior, &rule.implied]);
        let by_id: HashMap<RoleId, Role> = role::roles_by_id(&mut session, ids)
            .await?
            .into_iter()
            .map(|role| (role.id.clone(), role))
            .collect();
        let mut inferences: Vec<Inference> = Vec::new();
        for rule in &rules {
            let (Some(prior), Some(implied)) = (by_id.get(&rule.prior), by_id.get(&rule.implied))
            else {
                continue;
            };
            match inferences.last_mut() {
                Some(last) if last.prior.id == prior.id => last.implied.push(implied.clone()),
                _ => inferences.push(Inference {
                    prior: prior.clone(),
                    implied: vec![implied.clone()],
                }),
            }
        }
        Ok(inferences)
    }

    /// What one role implies directly.
    pub async fn implied_by(&self, prior: &RoleId) -> Result<Vec<Role>> {
        let mut session = self.app.db.session().await?;
        let ids = sql::implied_by(&mut session, prior).await?;
        role::roles_by_id(&mut session, &ids).await
    }

    /// Fails with 404 unless the rule is there.
    pub async fn check_implied_role(&self, rule: &ImpliedRole) -> Result<()> {
        let mut session = self.app.db.session().await?;
        match sql::implied_role_exists(&mut session, rule).await? {
            true => Ok(()),
            false => Err(no_such_rule(rule)),
        }
    }

    /// Adds a rule. Circles are allowed.
    ///
    /// # Errors
    /// 404 when a role is missing; 403 when a global role would imply a domain's, or the implied
    /// role's name is among `[assignment] prohibited_implied_role`; 409 when the rule is there.
    pub async fn create_implied_role(&self, rule: &ImpliedRole) -> Result<()> {
        let config = self.app.config();
        let prohibited = &config.assignment.prohibited_implied_role;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let prior = roles::existing(s, &rule.prior).await?;
                    let implied = roles::existing(s, &rule.implied).await?;
                    if prior.domain_id.is_none() && implied.domain_id.is_some() {
                        return Err(Error::forbidden_action(
                            "A global role can't imply a role that belongs to a domain.",
                        ));
                    }
                    if prohibited.contains(&implied.name) {
                        return Err(Error::forbidden_action(format!(
                            "No role may imply '{}'.",
                            implied.name
                        )));
                    }
                    sql::insert_implied_role(s, rule).await
                })
            })
            .await
            .map_err(|error| {
                error.or_conflict(|| {
                    format!("Role {} implies {} already.", rule.prior, rule.implied)
                })
            })
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_implied_role(&self, rule: &ImpliedRole) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    match sql::delete_implied_role(s, rule).await? {
                        true => Ok(()),
                        false => Err(no_such_rule(rule)),
                    }
                })
            })
            .await
    }
}

fn no_such_rule(rule: &ImpliedRole) -> Error {
    Error::NotFound {
        kind: "role inference rule",
        id: format!("{} implies {}", rule.prior, rule.implied),
    }
}
