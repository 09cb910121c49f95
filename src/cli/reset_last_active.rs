//! `reset_last_active`: gives users without a last activity one, so that the rule about inactive
//! accounts, switched on late, does not disable them at once.

use super::arguments::ResetLastActive;
use super::{print, with_database};
use crate::app::Clock;
use crate::config::Config;
use crate::driver::sql::identity;
use anyhow::{Context as _, bail};
use std::process::ExitCode;

const QUESTION: &str = "\
All users whose last activity is unknown, also those who never logged in, will count as active today.
With [security_compliance] disable_user_account_days_inactive they stay enabled for so many days more.
Go on [y/N]? ";

/// Asks, unless told not to, and does it.
pub(super) fn run(config: &Config, options: &ResetLastActive) -> anyhow::Result<ExitCode> {
    if !options.force && !agrees()? {
        bail!("reset_last_active: nothing was changed");
    }
    let today = Clock::System.now().naive().date();
    let users = with_database(config, async |db| {
        let reset = db.transaction(|s| Box::pin(identity::reset_last_active(s, today)));
        Ok(reset.await?)
    })?;
    tracing::info!("{users} users count as active on {today}");
    Ok(ExitCode::SUCCESS)
}

/// Whether the answer is yes; no answer is none.
fn agrees() -> anyhow::Result<bool> {
    print(QUESTION)?;
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .context("the answer can't be read")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
