//! `domain_config_upload`: from files of single domains into the database.

use super::arguments::DomainConfigUpload;
use super::{print, with_database};
use crate::config::{Config, domain_of_file, ini};
use crate::driver::sql::db::Db;
use crate::driver::sql::resource;
use crate::error::Error;
use crate::manager::domain_config;
use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Uploads the file of one domain, or of every domain that has one. A file that can't be taken is
/// told of and left out; the exit code is 1 then.
pub(super) fn upload(config: &Config, options: &DomainConfigUpload) -> anyhow::Result<ExitCode> {
    let folder = Path::new(&config.identity.domain_config_dir);
    let files = match (&options.domain_name, options.all) {
        (Some(name), false) => vec![(folder.join(file_name(name)), name.clone())],
        (None, true) => files_in(folder)?,
        (None, false) => bail!("say which domains: --all or --domain-name"),
        (Some(_), true) => bail!("--all and --domain-name can't be used together"),
    };
    let refused = with_database(config, async |db| {
        let mut refused = Vec::new();
        for (file, domain) in &files {
            match upload_file(db, config, file, domain).await {
                Ok(()) => tracing::info!("uploaded {}", file.display()),
                Err(Error::Unavailable(reason)) => bail!(reason),
                Err(error) => refused.push(format!("{} is ignored: {error}\n", file.display())),
            }
        }
        Ok(refused)
    })?;
    print(&refused.concat())?;
    Ok(match refused.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn upload_file(db: &Db, config: &Config, file: &Path, domain: &str) -> crate::Result<()> {
    let domain = {
        let mut session = db.session().await?;
        let found = resource::domain_by_name(&mut session, domain).await?;
        found.ok_or_else(|| Error::not_found("domain", domain))?
    };
    let id = &domain.id.into();
    let groups = &groups_of(file)?;
    db.transaction(|s| Box::pin(async move { domain_config::upload(s, config, id, groups).await }))
        .await
}

/// A file's options by group. Of an option that is there several times, the first counts, as for
/// Keystone.
fn groups_of(file: &Path) -> crate::Result<Map<String, Value>> {
    let text = fs::read_to_string(file).map_err(|error| Error::bad_request(error.to_string()))?;
    let assignments = ini::parse(&text).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Error::bad_request(errors.join("; "))
    })?;
    let mut groups = Map::new();
    for assignment in assignments {
        let group = groups.entry(assignment.group).or_insert_with(|| json!({}));
        if let Value::Object(group) = group {
            let value = json!(assignment.value);
            group.entry(assignment.key).or_insert(value);
        }
    }
    Ok(groups)
}

fn file_name(domain: &str) -> String {
    format!("keystone.{domain}.conf")
}

/// The files of a folder that are called after a domain, and the domains' names.
fn files_in(folder: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let unreadable = || format!("can't read the folder {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(domain) = name.and_then(domain_of_file) {
            files.push((path.clone(), domain.to_owned()));
        }
    }
    files.sort();
    Ok(files)
}
