//! What is above and below a project.

use super::ResourceManager;
use crate::driver::sql::limit::limits_of_projects;
use crate::driver::sql::resource as sql;
use crate::error::Result;
use crate::model::{Limit, Project, ProjectId, UserId};
use serde_json::{Map, Value};
use std::collections::HashMap;

impl ResourceManager<'_> {
    /// The projects above a project, nearest first, its domain last.
    pub async fn parents(&self, id: &ProjectId) -> Result<Vec<Project>> {
        sql::parents(&mut self.app.db.session().await?, id).await
    }

    /// The projects below a project, level by level.
    pub async fn subtree(&self, id: &ProjectId) -> Result<Vec<Project>> {
        sql::subtree(&mut self.app.db.session().await?, id).await
    }

    /// The limits of these projects.
    pub async fn limits_of(&self, projects: &[Project]) -> Result<Vec<Limit>> {
        let ids: Vec<_> = projects.iter().map(|project| project.id.clone()).collect();
        limits_of_projects(&mut self.app.db.session().await?, &ids).await
    }

    /// Leaves those projects on which a user has a role.
    pub async fn only_with_role(&self, user: &UserId, projects: &mut Vec<Project>) -> Result<()> {
        let shown: Vec<_> = projects.iter().map(|project| project.id.clone()).collect();
        let assignment = self.app.assignment();
        let theirs = assignment.project_ids_of_user(user, &shown).await?;
        projects.retain(|project| theirs.contains(&project.id));
        Ok(())
    }
}

/// Projects below `top` as nested ids: `{child: {grandchild: null}}`; null for none.
pub fn tree_of_ids(top: &ProjectId, below: &[Project]) -> Value {
    let mut children: HashMap<&ProjectId, Vec<&ProjectId>> = HashMap::new();
    for project in below {
        if let Some(parent) = &project.parent_id {
            children.entry(parent).or_default().push(&project.id);
        }
    }
    // Bottom up, since `below` comes level by level: a project's own tree is ready before its
    // parent's is made.
    let mut trees: HashMap<&ProjectId, Value> = HashMap::new();
    for id in below.iter().rev().map(|project| &project.id).chain([top]) {
        let tree = match children.remove(id) {
            None => Value::Null,
            Some(ids) => {
                let inner = ids.into_iter().map(|child| {
                    let tree = trees.remove(child).unwrap_or(Value::Null);
                    (child.to_string(), tree)
                });
                Value::Object(inner.collect::<Map<_, _>>())
            }
        };
        trees.insert(id, tree);
    }
    trees.remove(top).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn project(id: &str, parent: &str) -> Project {
        Project {
            id: id.into(),
            name: id.to_owned(),
            domain_id: Some("d".into()),
            parent_id: Some(parent.into()),
            is_domain: false,
            description: None,
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        }
    }

    #[test]
    fn a_tree_of_ids_nests_children_and_ends_in_null() {
        let below = [project("a", "top"), project("b", "top"), project("c", "a")];
        let tree = tree_of_ids(&"top".into(), &below);
        assert_eq!(tree, json!({ "a": { "c": null }, "b": null }));
    }

    #[test]
    fn nothing_below_is_null() {
        assert_eq!(tree_of_ids(&"top".into(), &[]), Value::Null);
    }
}
