//! Revocation events.

use super::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::{RevocationEvent, Timestamp};

const COLUMNS: &str = "domain_id, project_id, user_id, role_id, trust_id, consumer_id, access_token_id, \
     issued_before, expires_at, revoked_at, audit_id, audit_chain_id";

/// Adds an event.
pub async fn insert(s: &mut Session, event: &RevocationEvent) -> Result<()> {
    let statement = sql("INSERT INTO revocation_event (")
        .push(COLUMNS)
        .push(") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(event.domain_id.as_deref())
        .bind(event.project_id.as_deref())
        .bind(event.user_id.as_deref())
        .bind(event.role_id.as_deref())
        .bind(event.trust_id.as_deref())
        .bind(event.consumer_id.as_deref())
        .bind(event.access_token_id.as_deref())
        .bind(event.issued_before)
        .bind(event.expires_at)
        .bind(event.revoked_at)
        .bind(event.audit_id.as_deref())
        .bind(event.audit_chain_id.as_deref());
    s.execute(statement).await?;
    s.touch(Area::Revoke);
    Ok(())
}

/// An event with its id.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    pub id: i64,
    pub event: RevocationEvent,
}

/// The events above an id, at most so many, in the order of their ids.
pub async fn events_after(s: &mut Session, id: i64, most: usize) -> Result<Vec<StoredEvent>> {
    let statement = sql("SELECT id, ")
        .push(COLUMNS)
        .push(" FROM revocation_event WHERE id > ? ORDER BY id LIMIT ?")
        .bind(id)
        .bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = s.fetch_all(statement).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredEvent {
                id: row.int("id")?,
                event: event_from(row)?,
            })
        })
        .collect()
}

/// The newest events in short: as long as it stays the same, none has come or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    pub count: i64,
    /// The highest id.
    pub newest: Option<i64>,
    /// The latest `revoked_at`.
    pub latest: Option<Timestamp>,
}

/// The events above an id in short.
pub async fn tail(s: &mut Session, id: i64) -> Result<Tail> {
    let statement = sql(
        "SELECT COUNT(*) AS found, MAX(id) AS newest, MAX(revoked_at) AS latest \
         FROM revocation_event WHERE id > ?",
    );
    let row = s.fetch_one(statement.bind(id)).await?;
    Ok(Tail {
        count: row.int("found")?,
        newest: row.opt_int("newest")?,
        latest: row.opt_time("latest")?,
    })
}

/// Events that came after a time, in the order in which they came.
pub async fn list(s: &mut Session, since: Option<Timestamp>) -> Result<Vec<RevocationEvent>> {
    let mut statement = sql("SELECT ").push(COLUMNS).push(" FROM revocation_event");
    if let Some(since) = since {
        statement = statement.push(" WHERE revoked_at > ?").bind(since);
    }
    let rows = s
        .fetch_all(statement.push(" ORDER BY revoked_at, id"))
        .await?;
    rows.iter().map(event_from).collect()
}

fn event_from(row: &Row) -> Result<RevocationEvent> {
    Ok(RevocationEvent {
        domain_id: row.opt_text("domain_id")?,
        project_id: row.opt_text("project_id")?,
        user_id: row.opt_text("user_id")?,
        role_id: row.opt_text("role_id")?,
        trust_id: row.opt_text("trust_id")?,
        consumer_id: row.opt_text("consumer_id")?,
        access_token_id: row.opt_text("access_token_id")?,
        audit_id: row.opt_text("audit_id")?,
        audit_chain_id: row.opt_text("audit_chain_id")?,
        issued_before: row.time("issued_before")?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.time("revoked_at")?,
    })
}
