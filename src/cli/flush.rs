//! `token_flush`: removes persisted tokens that are past use.

use super::arguments::TokenFlush;
use super::{print, with_database};
use crate::app::Clock;
use crate::config::Config;
use crate::driver::sql::db::Db;
use crate::driver::sql::flush::{Flush, TOKENS};
use crate::model::Timestamp;
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

/// Removes what expired, or only counts it.
pub(super) fn token_flush(config: &Config, options: &TokenFlush) -> anyhow::Result<ExitCode> {
    let driver = config.token.driver.as_str();
    if driver != "sql" {
        bail!("the token driver {driver} has nothing to flush: its tokens go when they end");
    }
    let until = match &options.before {
        Some(text) => Timestamp::parse(text)
            .with_context(|| format!("--before: {text} is no time such as 2026-01-31T00:00:00Z"))?,
        None => Clock::System
            .now()
            .plus_seconds(-config.token.allow_expired_window.max(0)),
    };
    if options.batch_size == 0 {
        bail!("--batch-size must be at least 1");
    }
    let flushed = with_database(config, async |db| {
        if options.dry_run {
            let found = TOKENS.count(&mut db.session().await?, until).await?;
            let text = format!("{found} tokens expired up to {until}; none was removed");
            return Ok((text, ExitCode::SUCCESS));
        }
        flush(db, until, options.batch_size).await
    });
    let (summary, code) = flushed?;
    tracing::info!("{summary}");
    print(&format!("{summary}\n"))?;
    Ok(code)
}

async fn flush(db: &Db, until: Timestamp, size: u32) -> anyhow::Result<(String, ExitCode)> {
    let bar = progress(db, until).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let begun = Instant::now();
    let mut walk = Flush::new(db, TOKENS, until).at_most(size);
    let mut interrupted = false;
    // A signal waits for the batch under way, which is short.
    while !interrupted {
        let Some(batch) = walk.next().await? else {
            break;
        };
        bar.inc(batch.deleted);
        interrupted = tokio::select! {
            biased;
            _ = interrupt.recv() => true,
            _ = terminate.recv() => true,
            () = std::future::ready(()) => false,
        };
    }
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    let done = walk.flushed();
    let summary = format!(
        "{}{} tokens removed that expired up to {until}: {} batches in {seconds:.1} s, the longest {} ms",
        if interrupted { "interrupted: " } else { "" },
        done.deleted,
        done.batches,
        done.longest.as_millis(),
    );
    let code = if interrupted {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    Ok((summary, code))
}

/// A bar for whoever watches. Nobody else pays for counting the rows.
async fn progress(db: &Db, until: Timestamp) -> anyhow::Result<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let rows = TOKENS.count(&mut db.session().await?, until).await?;
    let style = ProgressStyle::with_template(
        "{bar:40} {human_pos}/{human_len} tokens, {per_sec}, {eta} left",
    )?;
    Ok(ProgressBar::new(rows).with_style(style))
}
