//! The database as a whole: `db_sync`, `db_version`, `trust_flush`.

use super::arguments::{DbSync, TrustFlush};
use super::{print, with_database};
use crate::app::Clock;
use crate::config::Config;
use crate::driver::sql::migrate::{self, Check, Phase, Synced};
use crate::driver::sql::trust::{self, FlushFilter};
use crate::model::Timestamp;
use anyhow::{Context as _, bail};
use chrono::{NaiveDate, NaiveTime};
use std::process::ExitCode;

/// Brings the schema to its head, or says how far it is.
pub(super) fn db_sync(config: &Config, options: &DbSync) -> anyhow::Result<ExitCode> {
    if options.version.is_some() {
        bail!("db_sync takes no version: it brings the database to this release's schema");
    }
    if options.migrate {
        return print("There is no data to migrate; nothing was done.\n");
    }
    if options.check {
        return check(config);
    }
    let phase = match (options.expand, options.contract) {
        (true, _) => Phase::Expand,
        (_, true) => Phase::Contract,
        _ => Phase::All,
    };
    match with_database(config, async |db| Ok(migrate::sync(db, phase).await?))? {
        Synced::Created => tracing::info!("made the schema"),
        Synced::Adopted => tracing::info!("added this program's own tables"),
        Synced::UpToDate => tracing::info!("the schema is up to date"),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(config: &Config) -> anyhow::Result<ExitCode> {
    let check = with_database(config, async |db| Ok(migrate::check(db).await?))?;
    match check {
        Check::UpToDate => tracing::info!("the schema is up to date"),
        Check::ExpandOutstanding => tracing::info!("the schema is to be made: run db_sync"),
        Check::ContractOutstanding => tracing::info!("run db_sync --contract to end the upgrade"),
    }
    Ok(ExitCode::from(check.exit_code()))
}

/// Prints the schema's version.
pub(super) fn db_version(config: &Config) -> anyhow::Result<ExitCode> {
    let version = with_database(config, async |db| Ok(migrate::version(db).await?))?;
    print(&format!("{}\n", version.as_deref().unwrap_or("None")))
}

/// Deletes trusts that nobody can use any more.
pub(super) fn trust_flush(config: &Config, options: TrustFlush) -> anyhow::Result<ExitCode> {
    let filter = FlushFilter {
        expired_before: match &options.date {
            Some(date) => day(date)?,
            None => Clock::System.now(),
        },
        project_id: options.project_id,
        trustor_user_id: options.trustor_user_id,
        trustee_user_id: options.trustee_user_id,
    };
    let deleted = with_database(config, async |db| {
        let flush = db.transaction(|s| Box::pin(trust::flush(s, &filter)));
        Ok(flush.await?)
    })?;
    tracing::info!("deleted {deleted} trusts");
    Ok(ExitCode::SUCCESS)
}

/// The beginning of a day that is written DD-MM-YYYY.
fn day(text: &str) -> anyhow::Result<Timestamp> {
    let day = NaiveDate::parse_from_str(text, "%d-%m-%Y")
        .with_context(|| format!("--date: {text} is no day of the form DD-MM-YYYY"))?;
    Ok(Timestamp::from_naive(day.and_time(NaiveTime::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_comes_before_the_month() {
        assert_eq!(
            day("31-01-2026").unwrap(),
            Timestamp::parse("2026-01-31T00:00:00Z").unwrap()
        );
        assert!(day("2026-01-31").is_err());
    }
}
