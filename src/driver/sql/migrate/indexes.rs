//! Indexes that Keystone's schema lacks on some databases. With 100,000 users it is they that keep a
//! login, a page of users or the grants on a project from reading whole tables.
//!
//! Python Keystone neither needs nor minds them: its `db_sync --check` compares version rows.

use crate::driver::sql::db::{Dialect, Session, sql};
use crate::error::Result;

/// Tables, and the columns by which rows of theirs are looked up.
const WANTED: [(&str, &str); 9] = [
    ("assignment", "target_id"),
    ("federated_user", "user_id"),
    ("limit", "domain_id"),
    ("limit", "project_id"),
    ("limit", "registered_limit_id"),
    ("nonlocal_user", "user_id"),
    ("password", "local_user_id"),
    ("project", "parent_id"),
    ("project_endpoint", "project_id"),
];

/// Makes those that are missing.
pub(super) async fn make(s: &mut Session) -> Result<()> {
    for (table, column) in WANTED {
        if !begins_an_index(s, table, column).await? {
            let create =
                format!("CREATE INDEX keystone_native_{table}_{column} ON \"{table}\" ({column})");
            s.execute(sql("").push(create)).await?;
        }
    }
    Ok(())
}

/// Whether an index of the table has the column as its first.
async fn begins_an_index(s: &mut Session, table: &str, column: &str) -> Result<bool> {
    let statement = match s.dialect() {
        Dialect::Sqlite => sql("SELECT 1 AS found FROM pragma_index_list(?) l, \
             pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = ? LIMIT 1"),
        Dialect::Postgres => sql("SELECT 1 AS found FROM pg_index x \
             JOIN pg_class t ON t.oid = x.indrelid \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] \
             WHERE t.relname = ? AND pg_table_is_visible(t.oid) AND a.attname = ? LIMIT 1"),
        Dialect::Mysql => sql("SELECT 1 AS found FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ? \
             AND seq_in_index = 1 LIMIT 1"),
    };
    let found = s.fetch_optional(statement.bind(table).bind(column)).await?;
    Ok(found.is_some())
}
