//! Conditions of list requests as SQL.

use super::db::Sql;
use crate::model::list::{Comparator, Filter};

/// Appends ` AND column …` for one filter. `column` is text of the program.
///
/// Equality uses the column's own collation, so MySQL finds `Admin` for `admin` as Python's server
/// does. The inexact comparisons may select too much where a database's LIKE ignores case:
/// [`keeps`] has the last word.
pub fn push_filter(statement: Sql, column: &str, filter: &Filter) -> Sql {
    let fold = filter.case_insensitive;
    let (left, right) = match fold {
        true => (format!("LOWER({column})"), "LOWER(?)"),
        false => (column.to_owned(), "?"),
    };
    match filter.comparator {
        Comparator::Equals => statement
            .push(format!(" AND {left} = {right}"))
            .bind(filter.value.as_str()),
        inexact => statement
            .push(format!(" AND {left} LIKE {right} ESCAPE '!'"))
            .bind(like_pattern(inexact, &filter.value)),
    }
}

/// Whether a value that the database selected truly satisfies the filter.
///
/// What the database compared by equality or without regard to case stands as it is.
pub fn keeps(filter: &Filter, value: &str) -> bool {
    is_exact(filter) || filter.matches(value)
}

/// Whether every row that the database selects is wanted on every database, so that a page that is
/// read is a page that can be given.
pub fn is_exact(filter: &Filter) -> bool {
    filter.comparator == Comparator::Equals || filter.case_insensitive
}

fn like_pattern(comparator: Comparator, value: &str) -> String {
    let mut pattern = String::with_capacity(value.len() + 2);
    if matches!(comparator, Comparator::Contains | Comparator::EndsWith) {
        pattern.push('%');
    }
    for c in value.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    if matches!(comparator, Comparator::Contains | Comparator::StartsWith) {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_value_stand_for_themselves() {
        assert_eq!(like_pattern(Comparator::Contains, "50%_a!"), "%50!%!_a!!%");
    }

    #[test]
    fn only_the_open_ends_get_a_wildcard() {
        assert_eq!(like_pattern(Comparator::StartsWith, "a"), "a%");
        assert_eq!(like_pattern(Comparator::EndsWith, "a"), "%a");
    }

    #[test]
    fn a_case_sensitive_filter_drops_what_a_lenient_database_found() {
        let filter = Filter {
            attribute: "name",
            comparator: Comparator::StartsWith,
            case_insensitive: false,
            value: "Ad".to_owned(),
        };
        assert!(keeps(&filter, "Admin"));
        assert!(!keeps(&filter, "admin"));
    }
}
