//! Search filters. Whatever comes from a request or from the directory is escaped here; only the
//! configuration's own filters are taken as they are.

use crate::model::list::{Comparator, Filter};
use ldap3::ldap_escape;

/// Matches who is a member of a group that is a member of a group (Active Directory).
pub(super) const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// `(attribute=value)`.
pub(super) fn equals(attribute: &str, value: &str) -> String {
    format!("({attribute}={})", ldap_escape(value))
}

/// `(attribute=*)`.
pub(super) fn present(attribute: &str) -> String {
    format!("({attribute}=*)")
}

/// `(attribute:rule:=value)`.
pub(super) fn in_chain(attribute: &str, value: &str) -> String {
    format!("({attribute}:{IN_CHAIN}:={})", ldap_escape(value))
}

/// All of these.
pub(super) fn all_of(parts: &[&str]) -> String {
    format!("(&{})", parts.concat())
}

/// Any of these.
pub(super) fn any_of(parts: &[String]) -> String {
    format!("(|{})", parts.concat())
}

/// A filter of the configuration, in parentheses; those may be left out there.
pub(super) fn configured(filter: Option<&str>) -> String {
    match filter.map(str::trim) {
        None | Some("") => String::new(),
        Some(filter) if filter.starts_with('(') => filter.to_owned(),
        Some(filter) => format!("({filter})"),
    }
}

/// What a list's condition on an attribute is here. Most attributes are compared without regard to
/// case, so this may select more than a condition that minds it.
pub(super) fn condition(attribute: &str, filter: &Filter) -> String {
    let value = ldap_escape(filter.value.as_str());
    match filter.comparator {
        _ if filter.value.is_empty() && filter.comparator != Comparator::Equals => {
            present(attribute)
        }
        Comparator::Equals => format!("({attribute}={value})"),
        Comparator::Contains => format!("({attribute}=*{value}*)"),
        Comparator::StartsWith => format!("({attribute}={value}*)"),
        Comparator::EndsWith => format!("({attribute}=*{value})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(comparator: Comparator, value: &str) -> Filter {
        Filter {
            attribute: "name",
            comparator,
            case_insensitive: true,
            value: value.to_owned(),
        }
    }

    #[test]
    fn what_people_send_stands_for_itself() {
        assert_eq!(equals("cn", "*)(uid=*"), "(cn=\\2a\\29\\28uid=\\2a)");
        let condition = |comparator| condition("sn", &filter(comparator, "a*"));
        assert_eq!(condition(Comparator::Contains), "(sn=*a\\2a*)");
        assert_eq!(condition(Comparator::StartsWith), "(sn=a\\2a*)");
        assert_eq!(condition(Comparator::EndsWith), "(sn=*a\\2a)");
        assert_eq!(condition(Comparator::Equals), "(sn=a\\2a)");
    }

    #[test]
    fn filters_of_the_configuration_may_lack_parentheses() {
        assert_eq!(
            configured(Some("memberOf=cn=a,dc=x")),
            "(memberOf=cn=a,dc=x)"
        );
        assert_eq!(configured(Some(" (a=b)")), "(a=b)");
        assert_eq!(configured(Some("")), "");
        assert_eq!(configured(None), "");
    }

    proptest! {
        #[test]
        fn every_value_makes_a_filter(value in ".{0,20}", kind in 0..4) {
            let comparator = [
                Comparator::Equals,
                Comparator::Contains,
                Comparator::StartsWith,
                Comparator::EndsWith,
            ][kind as usize];
            let one = condition("sn", &filter(comparator, &value));
            let text = all_of(&[&one, &in_chain("member", &value), &any_of(&[equals("cn", &value)])]);
            prop_assert!(ldap3::parse_filter(&text).is_ok(), "{}", text);
        }
    }
}
