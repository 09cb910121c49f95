//! The database when the server starts: there and usable, there and unusable, or away.

use crate::crypto::password::Algorithm;
use crate::driver::sql::db::Db;
use crate::driver::sql::migrate::{self, Phase, SchemaState};
use crate::error::Error;
use anyhow::bail;
use std::time::Duration;

/// How long to wait before asking again for a database that is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks whether the schema is this release's, and adds this program's own tables to one that Python
/// made. Returns how passwords are hashed there unless the configuration says otherwise; nothing
/// when the database is away.
pub(super) async fn open(db: &Db) -> anyhow::Result<Option<Algorithm>> {
    match check(db).await {
        Ok(algorithm) => Ok(Some(algorithm)),
        Err(error) => match error.downcast_ref() {
            Some(Error::Unavailable(reason)) => {
                tracing::warn!(
                    reason,
                    "the database is away; requests are answered 503 until then"
                );
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// Waits for a database that is away; fails when it is back and can't be used.
pub(super) async fn wait_for(db: &Db) -> anyhow::Result<Algorithm> {
    loop {
        tokio::time::sleep(PAUSE).await;
        match check(db).await {
            Ok(algorithm) => {
                tracing::info!("the database is back");
                return Ok(algorithm);
            }
            Err(error) => match error.downcast_ref() {
                Some(Error::Unavailable(_)) => {}
                _ => return Err(error),
            },
        }
    }
}

async fn check(db: &Db) -> anyhow::Result<Algorithm> {
    match migrate::state(db).await? {
        SchemaState::Head => {}
        SchemaState::Empty => {
            bail!("the database is empty: run `keystone-manage db_sync` on it first")
        }
        SchemaState::Unversioned { interrupted: true } => {
            bail!("the database's schema is half made: run `keystone-manage db_sync` again")
        }
        SchemaState::NativePending
        | SchemaState::Other { .. }
        | SchemaState::Unversioned { interrupted: false } => {
            migrate::sync(db, Phase::All).await?;
            tracing::info!("added this program's own tables to a database that Python made");
        }
    }
    // Python's Keystone before this program must be able to read them.
    let is_ours = migrate::is_created_here(db).await?;
    Ok(if is_ours {
        Algorithm::Argon2
    } else {
        Algorithm::Bcrypt
    })
}
