//! A statement: portable SQL text and the values of its placeholders.

use std::borrow::Cow;
use std::fmt;

use super::value::Value;

/// A statement to run, made by [`sql`].
///
/// The text is portable: `?` for each value, identifiers that are reserved somewhere in double
/// quotes (`"user"`, `"group"`, `"limit"`, `"option"`, `"system"`), text literals in single quotes
/// without backslashes, no comments.
#[derive(Clone)]
pub struct Sql {
    pub(super) text: Cow<'static, str>,
    pub(super) values: Vec<Value>,
}

/// The text alone: values may be hashes, keys or tokens.
impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sql({:?}, {} values)", self.text, self.values.len())
    }
}

/// Starts a statement: `sql("SELECT … WHERE id = ?").bind(id)`.
pub fn sql(text: &'static str) -> Sql {
    Sql {
        text: Cow::Borrowed(text),
        values: Vec::new(),
    }
}

impl Sql {
    /// The value of the next placeholder.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends text. Only text that the program itself wrote belongs here; what comes from outside
    /// is bound.
    pub fn push(mut self, text: impl AsRef<str>) -> Self {
        self.text.to_mut().push_str(text.as_ref());
        self
    }

    /// Appends ` column = ?, …` with the values, which must be some.
    pub fn push_set(mut self, columns: Vec<(&'static str, Value)>) -> Self {
        for (index, (column, value)) in columns.into_iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            self = self.push(separator).push(column).push(" = ?").bind(value);
        }
        self
    }

    /// Appends ` column IN (?, …)` with its values; for no values, a condition that never holds.
    ///
    /// The list is filled up to a power of two by repeating its last value, so that lists of many
    /// lengths share few prepared statements. Databases allow some 30,000 values in one statement:
    /// callers with more split them.
    pub fn push_in<V: Into<Value>>(
        mut self,
        column: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let before = self.values.len();
        self.values.extend(values.into_iter().map(Into::into));
        let given = self.values.len() - before;
        let text = self.text.to_mut();
        let Some(last) = self.values[before..].last().cloned() else {
            text.push_str(" 1 = 0");
            return self;
        };
        let padded = given.next_power_of_two();
        self.values.resize(before + padded, last);
        text.push(' ');
        text.push_str(column);
        text.push_str(" IN (?");
        for _ in 1..padded {
            text.push_str(", ?");
        }
        text.push(')');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_matches_nothing() {
        let none = sql("SELECT id FROM role WHERE").push_in("id", Vec::<String>::new());
        assert_eq!(none.text, "SELECT id FROM role WHERE 1 = 0");
        assert!(none.values.is_empty());
    }

    #[test]
    fn a_list_is_filled_up_to_a_power_of_two() {
        let three = sql("x = ? AND")
            .bind(1)
            .push_in("id", ["a", "b", "c"])
            .push(" AND y = ?");
        assert_eq!(three.text, "x = ? AND id IN (?, ?, ?, ?) AND y = ?");
        assert_eq!(three.values.len(), 5);
        assert_eq!(three.values[4], Value::from("c"));
    }

    #[test]
    fn a_logged_statement_shows_no_values() {
        let statement = sql("WHERE password_hash = ? AND id = ?")
            .bind("$2b$secret")
            .bind(77);
        let shown = format!("{statement:?} {:?}", statement.values);
        assert!(shown.contains("password_hash = ?"), "{shown}");
        assert!(!shown.contains("$2b$") && !shown.contains("77"), "{shown}");
    }

    #[test]
    fn a_list_of_one_stays_one() {
        let one = sql("WHERE").push_in("id", ["a"]);
        assert_eq!(one.text, "WHERE id IN (?)");
    }
}
