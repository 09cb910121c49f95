//! What the databases' errors mean to this program.

use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;
use sqlx::postgres::PgDatabaseError;

use crate::error::Error;

/// What a database's error code says.
enum Meaning {
    Duplicate,
    Reference,
    Transient,
    Away,
    Unstorable,
    Defect,
}

/// Turns a failed statement, connection or commit into the program's error.
///
/// The reasons of [`Error::Unavailable`] and [`Error::BadRequest`] are logged here, because those
/// errors' messages are for the client.
pub(super) fn error(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(error) => database_error(&*error),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => unavailable(&error),
        other => Error::internal(other),
    }
}

/// A database that can't be used now. A login that the server refuses counts as well: it is no more
/// the client's or the program's fault than a server that is away.
pub(super) fn unavailable(reason: &dyn std::fmt::Display) -> Error {
    tracing::warn!(%reason, "database unavailable");
    Error::Unavailable("The database is unavailable. Try again later.".to_owned())
}

fn database_error(error: &dyn DatabaseError) -> Error {
    match meaning(error) {
        Meaning::Duplicate => Error::DuplicateKey(
            error
                .constraint()
                .map_or_else(|| error.message().to_owned(), str::to_owned),
        ),
        Meaning::Reference => {
            tracing::info!(reason = error.message(), "foreign key violated");
            Error::conflict(
                "Something that this refers to was removed meanwhile, or something still refers \
                 to this.",
            )
        }
        Meaning::Transient => Error::Transient(error.message().to_owned()),
        Meaning::Away => unavailable(&error.message()),
        Meaning::Unstorable => {
            tracing::info!(reason = error.message(), "value can't be stored");
            Error::bad_request(
                "A value is too long, too large, or has characters that the database can't store.",
            )
        }
        Meaning::Defect => Error::internal(error.message()),
    }
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return postgres(error.code());
    }
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return mysql(error.number());
    }
    let code = error.code().and_then(|code| code.parse().ok());
    sqlite(code.unwrap_or_default())
}

/// By SQLSTATE: appendix "PostgreSQL Error Codes" of its manual.
fn postgres(code: &str) -> Meaning {
    match code {
        "23505" => Meaning::Duplicate,
        "23503" | "23001" => Meaning::Reference,
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Meaning::Transient,
        // Too long, out of range, NUL byte, unknown character, date out of range.
        "22001" | "22003" | "22008" | "22021" | "22P05" => Meaning::Unstorable,
        // Read-only: this node is a standby since a failover. No such database.
        "25006" | "3D000" => Meaning::Away,
        // Connection exceptions, insufficient resources, operator intervention (but for a
        // cancelled statement), no authorization.
        _ if ["08", "53", "57P", "28"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Meaning::Away
        }
        _ => Meaning::Defect,
    }
}

/// By number: "Server Error Message Reference" of MySQL's manual and MariaDB's "Error Codes".
fn mysql(number: u16) -> Meaning {
    match number {
        1022 | 1062 | 1169 | 1586 => Meaning::Duplicate,
        1216 | 1217 | 1451 | 1452 => Meaning::Reference,
        // Deadlock (Galera's certification failures too), lock wait timeout, snapshot too old,
        // error during commit (Galera), table changed, statement to be prepared again.
        1213 | 1205 | 1020 | 1180 | 1412 | 1615 => Meaning::Transient,
        // Too long, wrong string value, out of range, wrong date, unconvertible characters, illegal
        // mix of collations (3 kinds: 4-byte characters compared with a 3-byte column; it can hold no
        // such value, but what the whole condition would find is not known), packet too large.
        1406 | 1366 | 1264 | 1292 | 1300 | 3988 | 3854 | 1267 | 1270 | 1271 | 1153 => {
            Meaning::Unstorable
        }
        // Too many connections (3 kinds), denied (3 kinds), no such database, host blocked, host not
        // allowed, Galera node not ready, shutting down, killed, read-only (3 kinds).
        1040 | 1203 | 1226 | 1044 | 1045 | 1698 | 1049 | 1129 | 1130 | 1047 | 1053 | 1927
        | 1290 | 1792 | 1836 => Meaning::Away,
        _ => Meaning::Defect,
    }
}

/// By extended result code: "Result and Error Codes" of SQLite's documentation.
fn sqlite(code: i32) -> Meaning {
    match code {
        // UNIQUE, PRIMARYKEY, ROWID.
        2067 | 1555 | 2579 => Meaning::Duplicate,
        787 => Meaning::Reference,
        // The lowest byte is the primary code.
        _ => match code & 0xff {
            5 | 6 => Meaning::Transient, // BUSY, LOCKED
            18 => Meaning::Unstorable,   // TOOBIG
            // READONLY, IOERR, FULL, CANTOPEN.
            8 | 10 | 13 | 14 => Meaning::Away,
            _ => Meaning::Defect,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_refuses_this_host_or_login_is_away() {
        for number in [1129, 1130, 1045, 1698] {
            assert!(matches!(mysql(number), Meaning::Away), "{number}");
        }
    }
}
