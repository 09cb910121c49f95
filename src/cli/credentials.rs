//! `credential_rotate` and `credential_migrate`.

use super::arguments::KeyOwner;
use super::{USAGE, keys, owner, with_database};
use crate::app::Clock;
use crate::config::Config;
use crate::crypto::credential_cipher::reencrypt;
use crate::driver::sql::credential;
use anyhow::bail;
use std::process::ExitCode;

/// Puts the staged key into use, unless that would take away a key that some credential needs.
pub(super) fn rotate(config: &Config, options: &KeyOwner) -> anyhow::Result<ExitCode> {
    if owner::of(options)?.is_none() {
        return Ok(ExitCode::from(USAGE));
    }
    let repository = keys::of_credentials(config);
    let primary = repository
        .keys
        .load_with_null_key()?
        .keys
        .primary()
        .hash()
        .to_owned();
    let others = with_database(config, async |db| {
        let mut session = db.session().await?;
        Ok(credential::count_of_other_keys(&mut session, &primary).await?)
    })?;
    if others > 0 {
        bail!(
            "{others} credentials are encrypted with an older key: run credential_migrate before \
             credential_rotate"
        );
    }
    keys::promote(&[repository], options)
}

/// Encrypts every credential with the primary key. Those that no key decrypts stay as they are, and
/// the command fails with their ids.
pub(super) fn migrate(config: &Config, options: &KeyOwner) -> anyhow::Result<ExitCode> {
    if owner::of(options)?.is_none() {
        return Ok(ExitCode::from(USAGE));
    }
    let keys = keys::of_credentials(config).keys.load_with_null_key()?.keys;
    let primary = keys.primary().hash().to_owned();
    let now = Clock::System.now().seconds();
    let (migrated, lost) = with_database(config, async |db| {
        let old = credential::blobs_of_other_keys(&mut db.session().await?, &primary).await?;
        let mut migrated = 0_usize;
        let mut lost = Vec::new();
        for old in &old {
            let Ok(new) = reencrypt(&keys, &old.blob.encrypted_blob, now) else {
                lost.push(old.id.as_str().to_owned());
                continue;
            };
            // One short transaction each: rows of a running service are not held for long.
            let new = &new;
            let replace = db.transaction(|s| Box::pin(credential::replace_blob(s, old, new)));
            migrated += usize::from(replace.await?);
        }
        Ok((migrated, lost))
    })?;
    tracing::info!("encrypted {migrated} credentials with the primary key");
    if !lost.is_empty() {
        bail!(
            "no key decrypts {} credentials, which stay as they are ({migrated} others were \
             migrated): {}",
            lost.len(),
            lost.join(", ")
        );
    }
    Ok(ExitCode::SUCCESS)
}
