//! `mapping_purge` and `mapping_populate`: ids of users and groups whose directory is elsewhere.

use super::arguments::{MappingPopulate, MappingPurge};
use super::{print, with_database};
use crate::app::Clock;
use crate::config::{Config, DomainFile};
use crate::driver::sql::id_mapping::{MappingFilter, delete_mappings};
use crate::driver::sql::resource;
use crate::manager::identity::{DriverSource, populate as populate_domain};
use anyhow::{anyhow, bail};
use std::process::ExitCode;
use std::sync::Arc;

/// Removes the mappings that the options name; they are made anew when they are needed.
pub(super) fn purge(config: &Config, options: &MappingPurge) -> anyhow::Result<ExitCode> {
    let MappingPurge {
        all,
        domain_name,
        public_id,
        local_id,
        entity_type,
    } = options;
    let narrows = [domain_name, public_id, local_id, entity_type]
        .iter()
        .any(|option| option.is_some());
    match (all, narrows) {
        (false, false) => bail!("say which mappings: --all, or options that narrow them down"),
        (true, true) => bail!("--all can't be used together with options that narrow it down"),
        _ => {}
    }
    let deleted = with_database(config, async |db| {
        let domain_id = match domain_name {
            None => None,
            Some(name) => {
                let found = resource::domain_by_name(&mut db.session().await?, name).await?;
                let found = found.ok_or_else(|| anyhow!("there is no domain named {name}"))?;
                Some(found.id.into())
            }
        };
        let filter = &MappingFilter {
            domain_id,
            public_id: public_id.clone(),
            local_id: local_id.clone(),
            entity_type: entity_type.clone(),
        };
        Ok(db
            .transaction(|s| Box::pin(async move { delete_mappings(s, filter).await }))
            .await?)
    })?;
    tracing::info!("removed {deleted} id mappings");
    Ok(ExitCode::SUCCESS)
}

/// Gives every user of a domain a public id, where the domain's driver needs such ids.
pub(super) fn populate(config: &Config, options: &MappingPopulate) -> anyhow::Result<ExitCode> {
    let name = &options.domain_name;
    let mut warnings = Vec::new();
    let files = DomainFile::of(config, &mut warnings)?.into();
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let found = with_database(config, async |db| {
        let found = resource::domain_by_name(&mut db.session().await?, name).await?;
        let Some(domain) = found else {
            return Ok(None);
        };
        let source = DriverSource {
            db,
            config: &Arc::new(config.clone()),
            files: &files,
            now: Clock::System.now(),
        };
        Ok(Some(populate_domain(source, &domain.id.into()).await?))
    })?;
    match found {
        None => return print(&format!("There is no domain named {name}.\n")),
        Some(None) => tracing::info!("the users of {name} need no id mappings"),
        Some(Some(count)) => tracing::info!("{count} users of {name} have id mappings"),
    }
    Ok(ExitCode::SUCCESS)
}
