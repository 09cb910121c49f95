//! Every row of a database, remembered inside it, to see what a request changed and to put it back.

use keystone::driver::sql::db::{Db, Dialect, Session, sql};

/// Each table `x` has a copy `kept_x`.
pub struct Tables {
    db: Db,
    names: Vec<String>,
    /// What MySQL makes of each table: comparing rows takes it a temporary table for every side.
    sums: Vec<i64>,
}

impl Tables {
    pub async fn remember(db: &Db) -> Self {
        let listing = match db.dialect() {
            Dialect::Sqlite => {
                "SELECT name AS name FROM sqlite_master WHERE type = 'table' \
                 AND name NOT LIKE 'sqlite%'"
            }
            Dialect::Postgres => {
                "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
                 WHERE table_schema = 'public'"
            }
            Dialect::Mysql => {
                "SELECT table_name AS name FROM information_schema.tables \
                 WHERE table_schema = DATABASE()"
            }
        };
        let mut session = session(db).await;
        let rows = session.fetch_all(sql(listing)).await.expect("the tables");
        let mut names: Vec<String> = rows
            .iter()
            .map(|row| row.text("name").expect("a name"))
            .collect();
        names.sort_unstable();
        assert!(names.len() > 40, "{names:?}");
        for name in &names {
            let copy = format!("CREATE TABLE kept_{name} AS SELECT * FROM \"{name}\"");
            run(&mut session, copy).await;
        }
        let sums = match db.dialect() {
            Dialect::Mysql => checksums(&mut session, &names).await,
            Dialect::Sqlite | Dialect::Postgres => Vec::new(),
        };
        let db = db.clone();
        Self { db, names, sums }
    }

    /// The tables that are no longer as they were.
    pub async fn changed(&self) -> Vec<&str> {
        if self.db.dialect() == Dialect::Mysql {
            let sums = checksums(&mut session(&self.db).await, &self.names).await;
            let places = (0..self.names.len()).filter(|place| sums[*place] != self.sums[*place]);
            return places.map(|place| self.names[place].as_str()).collect();
        }
        let mut statement = sql("");
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                statement = statement.push(" UNION ALL ");
            }
            statement = statement.push(format!(
                "SELECT {index} AS place, \
                 (SELECT COUNT(*) FROM (SELECT * FROM \"{name}\" EXCEPT SELECT * FROM kept_{name}) a) \
                 + (SELECT COUNT(*) FROM (SELECT * FROM kept_{name} EXCEPT SELECT * FROM \"{name}\") b) \
                 AS differing"
            ));
        }
        let rows = session(&self.db).await.fetch_all(statement).await;
        rows.expect("a comparison")
            .iter()
            .filter(|row| row.int("differing").expect("a number") != 0)
            .map(|row| {
                let place = row.int("place").expect("a number");
                self.names[usize::try_from(place).expect("an index")].as_str()
            })
            .collect()
    }

    /// Puts tables back as they were.
    pub async fn restore(&self, changed: &[&str]) {
        if changed.is_empty() {
            return;
        }
        let (off, on) = match self.db.dialect() {
            Dialect::Sqlite => ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
            Dialect::Postgres => (
                "SET session_replication_role = replica",
                "SET session_replication_role = origin",
            ),
            Dialect::Mysql => ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"),
        };
        let mut session = session(&self.db).await;
        session.execute(sql(off)).await.expect("a setting");
        session.execute(sql("BEGIN")).await.expect("a transaction");
        for name in changed {
            run(&mut session, format!("DELETE FROM \"{name}\"")).await;
            let back = format!("INSERT INTO \"{name}\" SELECT * FROM kept_{name}");
            run(&mut session, back).await;
        }
        session.execute(sql("COMMIT")).await.expect("a commit");
        session.execute(sql(on)).await.expect("a setting");
    }
}

/// A sum of the rows of each table.
async fn checksums(session: &mut Session, names: &[String]) -> Vec<i64> {
    let tables: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let statement = sql("CHECKSUM TABLE ").push(tables.join(", "));
    let rows = session.fetch_all(statement).await.expect("checksums");
    assert_eq!(rows.len(), names.len());
    rows.iter()
        .map(|row| row.int("Checksum").expect("a checksum"))
        .collect()
}

async fn session(db: &Db) -> Session {
    db.session().await.expect("a connection")
}

async fn run(session: &mut Session, statement: String) {
    let done = session.execute(sql("").push(&statement)).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
