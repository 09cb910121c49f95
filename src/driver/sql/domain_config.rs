//! Options of single domains: those that everybody may read, and those that nobody may.

use super::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::{ConfigOption, ConfigPlace, DomainId};

/// Which of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// `whitelisted_config`.
    Shown,
    /// `sensitive_config`.
    Hidden,
}

impl Visibility {
    fn table(self) -> &'static str {
        match self {
            Self::Shown => "whitelisted_config",
            Self::Hidden => "sensitive_config",
        }
    }
}

fn option_from(row: &Row) -> Result<ConfigOption> {
    Ok(ConfigOption {
        group: row.text("group")?,
        option: row.text("option")?,
        value: row.json("value")?,
    })
}

/// The options of a domain at a place, by group and name.
pub async fn options(
    s: &mut Session,
    domain: &DomainId,
    place: &ConfigPlace,
    of: Visibility,
) -> Result<Vec<ConfigOption>> {
    let statement = sql(r#"SELECT "group", "option", value FROM "#)
        .push(of.table())
        .push(" WHERE domain_id = ?")
        .bind(domain);
    let statement = at(statement, place).push(r#" ORDER BY "group", "option""#);
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(option_from).collect()
}

/// The options of all domains, by domain, shown or not.
pub async fn options_of_all(
    s: &mut Session,
    of: Visibility,
) -> Result<Vec<(DomainId, ConfigOption)>> {
    let statement = sql(r#"SELECT domain_id, "group", "option", value FROM "#)
        .push(of.table())
        .push(r#" ORDER BY domain_id, "group", "option""#);
    let rows = s.fetch_all(statement).await?;
    rows.iter()
        .map(|row| Ok((row.id("domain_id")?, option_from(row)?)))
        .collect()
}

/// Whether a domain has any option at a place, shown or not.
pub async fn has_options(s: &mut Session, domain: &DomainId, place: &ConfigPlace) -> Result<bool> {
    for of in [Visibility::Shown, Visibility::Hidden] {
        let statement = sql(r#"SELECT "option" FROM "#)
            .push(of.table())
            .push(" WHERE domain_id = ?")
            .bind(domain);
        let statement = at(statement, place).push(" LIMIT 1");
        if s.fetch_optional(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Stores an option. One that is there already is [`crate::Error::DuplicateKey`].
pub async fn insert_option(
    s: &mut Session,
    domain: &DomainId,
    option: &ConfigOption,
    of: Visibility,
) -> Result<()> {
    let statement = sql("INSERT INTO ")
        .push(of.table())
        .push(r#" (domain_id, "group", "option", value) VALUES (?, ?, ?, ?)"#)
        .bind(domain)
        .bind(&option.group)
        .bind(&option.option)
        .bind(option.value.to_string());
    s.execute(statement).await?;
    s.touch(Area::Config);
    Ok(())
}

/// Removes the options of a domain at a place, shown or not.
pub async fn delete_options(s: &mut Session, domain: &DomainId, place: &ConfigPlace) -> Result<()> {
    for of in [Visibility::Shown, Visibility::Hidden] {
        let statement = sql("DELETE FROM ")
            .push(of.table())
            .push(" WHERE domain_id = ?")
            .bind(domain);
        s.execute(at(statement, place)).await?;
    }
    s.touch(Area::Config);
    Ok(())
}

fn at(statement: super::db::Sql, place: &ConfigPlace) -> super::db::Sql {
    let (group, option) = place.names();
    let statement = match group {
        Some(group) => statement.push(r#" AND "group" = ?"#).bind(group),
        None => statement,
    };
    match option {
        Some(option) => statement.push(r#" AND "option" = ?"#).bind(option),
        None => statement,
    }
}
