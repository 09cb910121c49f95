//! Indexes that Keystone's schema lacks on some databases. With 100,000 users it is they that keep a
//! login, a page of users or the grants on a project from reading whole tables.
//!
//! Python Keystone neither needs nor minds them: its `db_sync --check` compares version rows.

use std::collections::BTreeMap;

use crate::driver::sql::db::{Dialect, Session, sql};
use crate::error::Result;

/// Which set of indexes a database has, as its meta table notes it. To be changed with [`WANTED`].
pub(super) const VERSION: &str = "3";

/// Names' ends, tables, and the columns by which rows of theirs are looked up and ordered.
const WANTED: [(&str, &str, &[&str]); 29] = [
    ("project_id", "application_credential", &["project_id"]),
    (
        "access_rule_id",
        "application_credential_access_rule",
        &["access_rule_id"],
    ),
    ("role_id", "application_credential_role", &["role_id"]),
    (
        "by_inherited",
        "assignment",
        &["inherited", "type", "actor_id", "target_id", "role_id"],
    ),
    (
        "by_role",
        "assignment",
        &["role_id", "type", "actor_id", "target_id", "inherited"],
    ),
    (
        "by_target",
        "assignment",
        &["target_id", "type", "actor_id", "role_id", "inherited"],
    ),
    ("project_id", "credential", &["project_id"]),
    ("user_id", "credential", &["user_id", "id"]),
    ("group_id", "expiring_user_group_membership", &["group_id"]),
    ("idp_id", "expiring_user_group_membership", &["idp_id"]),
    ("display_name", "federated_user", &["display_name"]),
    ("user_id", "federated_user", &["user_id"]),
    ("name", "group", &["name"]),
    ("domain_id", "limit", &["domain_id"]),
    ("project_id", "limit", &["project_id"]),
    ("registered_limit_id", "limit", &["registered_limit_id"]),
    ("name", "local_user", &["name"]),
    ("name", "nonlocal_user", &["name"]),
    ("user_id", "nonlocal_user", &["user_id"]),
    ("local_user_id", "password", &["local_user_id"]),
    ("name", "project", &["name"]),
    ("parent", "project", &["parent_id", "id"]),
    ("project_id", "project_endpoint", &["project_id"]),
    ("name", "project_tag", &["name"]),
    ("project_id", "trust", &["project_id"]),
    ("redelegated_trust_id", "trust", &["redelegated_trust_id"]),
    ("trustee_user_id", "trust", &["trustee_user_id", "id"]),
    ("domain", "user", &["domain_id", "id"]),
    ("members", "user_group_membership", &["group_id", "user_id"]),
];

/// Indexes of ours that earlier versions made and that others have replaced.
const FORMER: [(&str, &str); 2] = [("target_id", "assignment"), ("parent_id", "project")];

/// Makes those that are missing, and removes those that have been replaced.
pub(super) async fn make(s: &mut Session) -> Result<()> {
    let mut there = existing(s).await?;
    // What goes stands for nothing any more.
    let former: Vec<_> = FORMER
        .into_iter()
        .map(|(name, table)| (table.to_owned(), format!("keystone_native_{table}_{name}")))
        .filter(|index| there.remove(index).is_some())
        .collect();
    for (name, table, columns) in WANTED {
        let is_there = there
            .iter()
            .any(|((of, _), index)| of == table && index.iter().take(columns.len()).eq(columns));
        if !is_there {
            let columns = columns.join(", ");
            let create =
                format!("CREATE INDEX keystone_native_{table}_{name} ON \"{table}\" ({columns})");
            s.execute(sql("").push(create)).await?;
        }
    }
    for (table, index) in former {
        let place = match s.dialect() {
            Dialect::Mysql => format!(" ON \"{table}\""),
            Dialect::Sqlite | Dialect::Postgres => String::new(),
        };
        let drop = sql("DROP INDEX ").push(index).push(place);
        s.execute(drop).await?;
    }
    Ok(())
}

/// The indexes by table and name, each with its columns in their order.
async fn existing(s: &mut Session) -> Result<BTreeMap<(String, String), Vec<String>>> {
    let statement = match s.dialect() {
        Dialect::Sqlite => {
            "SELECT t.name AS table_name, l.name AS index_name, i.name AS column_name \
             FROM sqlite_master t, pragma_index_list(t.name) l, pragma_index_info(l.name) i \
             WHERE t.type = 'table' ORDER BY t.name, l.name, i.seqno"
        }
        Dialect::Postgres => {
            "SELECT t.relname AS table_name, c.relname AS index_name, a.attname AS column_name \
             FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid \
             JOIN pg_class c ON c.oid = x.indexrelid \
             JOIN pg_namespace n ON n.oid = t.relnamespace \
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(attnum, place) \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum \
             WHERE n.nspname = current_schema() ORDER BY t.relname, c.relname, k.place"
        }
        Dialect::Mysql => {
            "SELECT table_name AS table_name, index_name AS index_name, \
             column_name AS column_name FROM information_schema.statistics \
             WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index"
        }
    };
    let mut indexes: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in s.fetch_all(sql(statement)).await? {
        let key = (row.text("table_name")?, row.text("index_name")?);
        let columns = indexes.entry(key).or_default();
        columns.push(row.text("column_name")?);
    }
    if s.dialect() == Dialect::Mysql {
        end_in_primary_keys(&mut indexes);
    }
    Ok(indexes)
}

/// InnoDB adds the columns of the primary key to every index.
fn end_in_primary_keys(indexes: &mut BTreeMap<(String, String), Vec<String>>) {
    let keys: BTreeMap<String, Vec<String>> = indexes
        .iter()
        .filter(|((_, name), _)| name == "PRIMARY")
        .map(|((table, _), columns)| (table.clone(), columns.clone()))
        .collect();
    for ((table, _), columns) in indexes {
        for column in keys.get(table).into_iter().flatten() {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
    }
}
