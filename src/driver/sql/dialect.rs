//! Which database it is, and how the portable SQL of this crate is spelled there.

use std::fmt;
use std::fmt::Write;

/// A kind of database. MariaDB counts as MySQL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialect {
    /// SQLite, embedded.
    Sqlite,
    /// PostgreSQL, and engines that speak its protocol.
    Postgres,
    /// MySQL and MariaDB, Galera included.
    Mysql,
}

impl Dialect {
    /// A join whose left side is read first, where the database would choose the wrong one: SQLite and
    /// MySQL have a word for it, PostgreSQL keeps to what it estimates.
    pub(super) fn ordered_join(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Postgres => "JOIN",
            Self::Mysql => "STRAIGHT_JOIN",
        }
    }

    /// Spells portable SQL (`?` placeholders, `"quoted"` identifiers, `'text'` literals) for this
    /// database: `$1`, `$2`, … for PostgreSQL, backticks for MySQL. Text literals are left alone.
    pub(super) fn spell(self, portable: &str) -> String {
        let mut spelled = String::with_capacity(portable.len() + 16);
        let mut placeholders = 0_usize;
        let mut in_literal = false;
        for c in portable.chars() {
            match c {
                '\'' => {
                    in_literal = !in_literal;
                    spelled.push(c);
                }
                _ if in_literal => spelled.push(c),
                '?' if self == Self::Postgres => {
                    placeholders += 1;
                    // Writing to a String can't fail.
                    let _ = write!(spelled, "${placeholders}");
                }
                '"' if self == Self::Mysql => spelled.push('`'),
                _ => spelled.push(c),
            }
        }
        spelled
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTABLE: &str = r#"SELECT "user".id, '?"', 'it''s?' FROM "user" WHERE id = ? AND n = ?"#;

    #[test]
    fn sqlite_reads_portable_sql_as_it_is() {
        assert_eq!(Dialect::Sqlite.spell(PORTABLE), PORTABLE);
    }

    #[test]
    fn postgres_gets_numbered_placeholders_outside_literals() {
        assert_eq!(
            Dialect::Postgres.spell(PORTABLE),
            r#"SELECT "user".id, '?"', 'it''s?' FROM "user" WHERE id = $1 AND n = $2"#
        );
    }

    #[test]
    fn mysql_gets_backticks_outside_literals() {
        assert_eq!(
            Dialect::Mysql.spell(PORTABLE),
            r#"SELECT `user`.id, '?"', 'it''s?' FROM `user` WHERE id = ? AND n = ?"#
        );
    }
}
