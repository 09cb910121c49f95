//! Tags of projects.

use crate::driver::sql::db::{Area, Session, sql};
use crate::error::{Error, Result};
use crate::model::ProjectId;

/// Replaces all tags of a project.
pub async fn set_tags(s: &mut Session, id: &ProjectId, tags: &[String]) -> Result<()> {
    s.execute(sql("DELETE FROM project_tag WHERE project_id = ?").bind(id))
        .await?;
    insert(s, id, tags).await?;
    s.touch(Area::Resource);
    Ok(())
}

/// Adds one tag. A tag that is there already is [`crate::Error::DuplicateKey`].
pub async fn add_tag(s: &mut Session, id: &ProjectId, tag: &str) -> Result<()> {
    s.execute(
        sql("INSERT INTO project_tag (project_id, name) VALUES (?, ?)")
            .bind(id)
            .bind(tag),
    )
    .await?;
    s.touch(Area::Resource);
    Ok(())
}

/// Removes one tag; false when the project has no such tag.
pub async fn remove_tag(s: &mut Session, id: &ProjectId, tag: &str) -> Result<bool> {
    let removed = s
        .execute(
            sql("DELETE FROM project_tag WHERE project_id = ? AND name = ?")
                .bind(id)
                .bind(tag),
        )
        .await?;
    s.touch(Area::Resource);
    Ok(removed > 0)
}

/// Adds tags, in one statement.
pub(super) async fn insert(s: &mut Session, id: &ProjectId, tags: &[String]) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let mut statement = sql("INSERT INTO project_tag (project_id, name) VALUES");
    for (position, tag) in tags.iter().enumerate() {
        let row = if position == 0 { " (?, ?)" } else { ", (?, ?)" };
        statement = statement.push(row).bind(id).bind(tag);
    }
    match s.execute(statement).await {
        Ok(_) => Ok(()),
        // Equal to the byte they are not: the API refuses that. MySQL's collation ignores case.
        Err(Error::DuplicateKey(_)) => Err(Error::bad_request(
            "Two of the tags are the same to the database, which does not tell case apart.",
        )),
        Err(error) => Err(error),
    }
}
