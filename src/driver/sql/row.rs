//! Rows whose columns are read by name and checked.

use chrono::{NaiveDate, NaiveDateTime};
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySql, MySqlRow};
use sqlx::postgres::{PgRow, PgTypeKind, Postgres};
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{ColumnIndex, Database, Decode, TypeInfo, ValueRef};

use crate::error::{Error, Result};
use crate::model::Timestamp;
use serde_json::{Map, Value};

/// One row of a result.
///
/// A column that is missing, has another type than asked for, or is NULL where no NULL is expected,
/// is [`Error::Internal`] with the column's name: the schema and the program disagree.
pub struct Row(pub(super) Columns);

pub(super) enum Columns {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    Mysql(MySqlRow),
}

impl Row {
    /// A VARCHAR, TEXT or enum column.
    pub fn text(&self, column: &str) -> Result<String> {
        required(column, self.opt_text(column)?)
    }

    /// A VARCHAR, TEXT or enum column that may be NULL.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>> {
        match &self.0 {
            Columns::Sqlite(row) => read(row, column, |value| {
                expect(&value, is_sqlite_text)?;
                <String as Decode<Sqlite>>::decode(value)
            }),
            Columns::Postgres(row) => read(row, column, |value| {
                let is_enum = matches!(value.type_info().kind(), PgTypeKind::Enum(_));
                expect(&value, |kind| is_enum || is_postgres_text(kind))?;
                <String as Decode<Postgres>>::decode(value)
            }),
            Columns::Mysql(row) => read(row, column, |value| {
                expect(&value, is_mysql_text)?;
                <String as Decode<MySql>>::decode(value)
            }),
        }
    }

    /// An integer column of any width.
    pub fn int(&self, column: &str) -> Result<i64> {
        required(column, self.opt_int(column)?)
    }

    /// An integer column of any width that may be NULL.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>> {
        match &self.0 {
            Columns::Sqlite(row) => read(row, column, |value| {
                expect(&value, |kind| kind == "INTEGER")?;
                <i64 as Decode<Sqlite>>::decode(value)
            }),
            Columns::Postgres(row) => read(row, column, |value| match value.type_info().name() {
                "INT2" => <i16 as Decode<Postgres>>::decode(value).map(i64::from),
                "INT4" => <i32 as Decode<Postgres>>::decode(value).map(i64::from),
                "INT8" => <i64 as Decode<Postgres>>::decode(value),
                kind => Err(unexpected(kind)),
            }),
            Columns::Mysql(row) => read(row, column, |value| {
                expect(&value, is_mysql_int)?;
                <i64 as Decode<MySql>>::decode(value)
            }),
        }
    }

    /// A boolean: BOOLEAN, TINYINT(1), or an integer that is 0 or not.
    pub fn bool(&self, column: &str) -> Result<bool> {
        required(column, self.opt_bool(column)?)
    }

    /// A boolean that may be NULL.
    pub fn opt_bool(&self, column: &str) -> Result<Option<bool>> {
        if let Columns::Postgres(row) = &self.0 {
            return read(row, column, |value| {
                expect(&value, |kind| kind == "BOOL")?;
                <bool as Decode<Postgres>>::decode(value)
            });
        }
        Ok(self.opt_int(column)?.map(|int| int != 0))
    }

    /// A point in time.
    pub fn time(&self, column: &str) -> Result<Timestamp> {
        required(column, self.opt_time(column)?)
    }

    /// A point in time that may be NULL.
    pub fn opt_time(&self, column: &str) -> Result<Option<Timestamp>> {
        let naive = match &self.0 {
            Columns::Sqlite(row) => read(row, column, |value| {
                expect(&value, is_sqlite_text)?;
                let text = <&str as Decode<Sqlite>>::decode(value)?;
                Ok(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")?)
            }),
            Columns::Postgres(row) => read(row, column, |value| {
                expect(&value, |kind| kind == "TIMESTAMP")?;
                <NaiveDateTime as Decode<Postgres>>::decode(value)
            }),
            Columns::Mysql(row) => read(row, column, |value| {
                expect(&value, |kind| kind == "DATETIME" || kind == "TIMESTAMP")?;
                <NaiveDateTime as Decode<MySql>>::decode(value)
            }),
        };
        Ok(naive?.map(Timestamp::from_naive))
    }

    /// A DATE that may be NULL.
    pub fn opt_date(&self, column: &str) -> Result<Option<NaiveDate>> {
        match &self.0 {
            Columns::Sqlite(row) => read(row, column, |value| {
                expect(&value, is_sqlite_text)?;
                let text = <&str as Decode<Sqlite>>::decode(value)?;
                Ok(NaiveDate::parse_from_str(text, "%Y-%m-%d")?)
            }),
            Columns::Postgres(row) => read(row, column, |value| {
                expect(&value, |kind| kind == "DATE")?;
                <NaiveDate as Decode<Postgres>>::decode(value)
            }),
            Columns::Mysql(row) => read(row, column, |value| {
                expect(&value, |kind| kind == "DATE")?;
                <NaiveDate as Decode<MySql>>::decode(value)
            }),
        }
    }

    /// A TEXT column that holds JSON; NULL and empty text are JSON's null.
    pub fn json(&self, column: &str) -> Result<Value> {
        match self.opt_text(column)? {
            Some(text) if !text.is_empty() => {
                serde_json::from_str(&text).map_err(|error| broken(column, &error))
            }
            _ => Ok(Value::Null),
        }
    }

    /// A TEXT column that holds a JSON object, such as `extra`; NULL is an empty one.
    pub fn object(&self, column: &str) -> Result<Map<String, Value>> {
        match self.json(column)? {
            Value::Object(members) => Ok(members),
            Value::Null => Ok(Map::new()),
            other => Err(broken(column, &format_args!("{other} is no object"))),
        }
    }

    /// An id.
    pub fn id<T: From<String>>(&self, column: &str) -> Result<T> {
        self.text(column).map(T::from)
    }

    /// An id that may be NULL.
    pub fn opt_id<T: From<String>>(&self, column: &str) -> Result<Option<T>> {
        Ok(self.opt_text(column)?.map(T::from))
    }
}

/// Reads a column with the decoder of its database; `None` when it is NULL.
///
/// The decoders here check the column's kind themselves: sqlx's own checks refuse enum columns of
/// PostgreSQL and columns with a binary collation of MySQL as text.
fn read<'r, R, T>(
    row: &'r R,
    column: &str,
    decode: impl FnOnce(<R::Database as Database>::ValueRef<'r>) -> Result<T, BoxDynError>,
) -> Result<Option<T>>
where
    R: sqlx::Row,
    for<'c> &'c str: ColumnIndex<R>,
{
    let value = row
        .try_get_raw(column)
        .map_err(|error| broken(column, &error))?;
    if value.is_null() {
        return Ok(None);
    }
    decode(value)
        .map(Some)
        .map_err(|error| broken(column, &error))
}

fn expect<'r, V: ValueRef<'r>>(
    value: &V,
    accept: impl FnOnce(&str) -> bool,
) -> Result<(), BoxDynError> {
    let info = value.type_info();
    if accept(info.name()) {
        Ok(())
    } else {
        Err(unexpected(info.name()))
    }
}

fn is_sqlite_text(kind: &str) -> bool {
    kind == "TEXT"
}

fn is_postgres_text(kind: &str) -> bool {
    matches!(kind, "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN")
}

fn is_mysql_text(kind: &str) -> bool {
    const ENDINGS: [&str; 5] = ["CHAR", "TEXT", "BLOB", "BINARY", "ENUM"];
    ENDINGS.iter().any(|ending| kind.ends_with(ending))
}

fn is_mysql_int(kind: &str) -> bool {
    kind == "BOOLEAN" || kind.contains("INT")
}

fn unexpected(kind: &str) -> BoxDynError {
    format!("unexpected type {kind}").into()
}

fn required<T>(column: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| broken(column, &"unexpected NULL"))
}

fn broken(column: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::internal(format_args!("database column {column}: {reason}"))
}
