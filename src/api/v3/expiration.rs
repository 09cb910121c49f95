//! `expires_at` of what is to be made.

use crate::error::{Error, Result};
use crate::model::Timestamp;

/// Reads a time that lies ahead, in UTC.
///
/// # Errors
/// 400 when it is none, or has passed.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp> {
    let time = Timestamp::parse_utc(text).ok_or_else(|| {
        Error::bad_request("'expires_at' must be a time like 2026-01-01T00:00:00.000000Z.")
    })?;
    if time < now {
        return Err(Error::bad_request("'expires_at' has passed already."));
    }
    Ok(time)
}
