//! A rule's check as a tree, and what it says about a caller and a target.

use super::credentials::{Attribute, Credentials};
use super::target::Target;
use super::template::Template;
use std::fmt;

/// What a check says. The order matters: `and` takes the least of its parts, `or` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It does not hold.
    No,
    /// Nobody can tell: null was compared with null, or a remote server would have to be asked.
    /// Negation leaves it unclear, so that no spelling of a rule turns it into a permission.
    Unclear,
    /// It holds.
    Yes,
}

impl Verdict {
    fn from_bool(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn negated(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unclear => Self::Unclear,
            Self::Yes => Self::No,
        }
    }
}

/// A compiled check. Displayed in the policy language; a check that was parsed from a text (rather
/// than from the older list form) can be parsed again from what it displays.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// `@`, and the empty rule.
    Always,
    /// `!`.
    Never,
    /// `role:name`: the caller has the role, in any case of letters.
    Role(Template),
    /// `rule:name`: what another rule says.
    Rule(RuleRef),
    /// `'text':right`, `None:right`, `5:right`: the right side is exactly this.
    Literal {
        /// As it was written, quotes included.
        source: Box<str>,
        /// What it stands for.
        value: Box<str>,
        /// What it is compared with.
        right: Template,
    },
    /// `user_id:right`: an attribute of the caller is the right side.
    Credential {
        /// The attribute's name, dotted inside `token`.
        name: Box<str>,
        /// What it is compared with.
        right: Template,
    },
    /// `http:…` and `https:…`, which ask a server elsewhere. Never asked, always unclear.
    Remote(Box<str>),
    /// All of them.
    And(Vec<Check>),
    /// One of them.
    Or(Vec<Check>),
    /// Not this.
    Not(Box<Check>),
}

/// Another rule by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRef {
    /// The name after `rule:`.
    pub name: Box<str>,
    /// Its place in the rule set; none before linking, or when there is no such rule.
    pub(super) place: Option<usize>,
}

impl Check {
    /// What this check says, with `checks` as the linked rule set that `rule:` looks into.
    pub(super) fn evaluate(
        &self,
        checks: &[Check],
        credentials: &Credentials<'_>,
        target: &Target<'_>,
    ) -> Verdict {
        match self {
            Self::Always => Verdict::Yes,
            Self::Never => Verdict::No,
            Self::Role(name) => name.matches_role(credentials.roles, target),
            Self::Rule(rule) => match rule.place.and_then(|place| checks.get(place)) {
                Some(check) => check.evaluate(checks, credentials, target),
                None => Verdict::No,
            },
            Self::Literal { value, right, .. } => {
                Verdict::from_bool(right.compare(value, target).equal)
            }
            Self::Credential { name, right } => compare(&credentials.lookup(name), right, target),
            Self::Remote(_) => Verdict::Unclear,
            Self::And(parts) => {
                let mut least = Verdict::Yes;
                for part in parts {
                    least = least.min(part.evaluate(checks, credentials, target));
                    if least == Verdict::No {
                        break;
                    }
                }
                least
            }
            Self::Or(parts) => {
                let mut greatest = Verdict::No;
                for part in parts {
                    greatest = greatest.max(part.evaluate(checks, credentials, target));
                    if greatest == Verdict::Yes {
                        break;
                    }
                }
                greatest
            }
            Self::Not(part) => part.evaluate(checks, credentials, target).negated(),
        }
    }

    /// Calls `visit` with every reference to another rule, to link it.
    pub(super) fn each_rule_mut(&mut self, visit: &mut impl FnMut(&mut RuleRef)) {
        match self {
            Self::Rule(rule) => visit(rule),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter_mut().for_each(|part| part.each_rule_mut(visit));
            }
            Self::Not(part) => part.each_rule_mut(visit),
            _ => {}
        }
    }

    /// Whether a remote server would have to be asked somewhere in it.
    pub(super) fn is_remote(&self) -> bool {
        match self {
            Self::Remote(_) => true,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::is_remote),
            Self::Not(part) => part.is_remote(),
            _ => false,
        }
    }

    fn fmt_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(_) | Self::Or(_) => write!(f, "({self})"),
            _ => fmt::Display::fmt(self, f),
        }
    }
}

/// An attribute of the caller against the right side of a check.
fn compare(attribute: &Attribute<'_>, right: &Template, target: &Target<'_>) -> Verdict {
    let text = |text: &str| {
        let found = right.compare(text, target);
        match (found.equal, found.saw_null) {
            (false, _) => Verdict::No,
            (true, false) => Verdict::Yes,
            (true, true) => Verdict::Unclear,
        }
    };
    match attribute {
        Attribute::Absent => Verdict::No,
        // `domain_id:None` is how a rule asks whether there is none; that the target's attribute
        // happens to be none as well says nothing.
        Attribute::Null if right.is_constant() => text("None"),
        Attribute::Null => text("None").min(Verdict::Unclear),
        Attribute::Flag(true) => text("True"),
        Attribute::Flag(false) => text("False"),
        Attribute::Text(value) => text(value),
        Attribute::List(values) => values
            .iter()
            .map(|value| text(value))
            .max()
            .unwrap_or(Verdict::No),
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (position, part) in parts.iter().enumerate() {
                if position > 0 {
                    f.write_str(word)?;
                }
                part.fmt_part(f)?;
            }
            Ok(())
        };
        match self {
            Self::Always => f.write_str("@"),
            Self::Never => f.write_str("!"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Rule(rule) => write!(f, "rule:{}", rule.name),
            Self::Literal { source, right, .. } => write!(f, "{source}:{right}"),
            Self::Credential { name, right } => write!(f, "{name}:{right}"),
            Self::Remote(url) => f.write_str(url),
            Self::And(parts) => join(f, parts, " and "),
            Self::Or(parts) => join(f, parts, " or "),
            Self::Not(part) => {
                f.write_str("not ")?;
                part.fmt_part(f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse::parse;

    fn verdict(rule: &str, credentials: &Credentials<'_>, target: &Target<'_>) -> Verdict {
        parse(rule).unwrap().evaluate(&[], credentials, target)
    }

    #[test]
    fn null_equals_null_under_no_spelling() {
        let nobody = Credentials::default();
        let target = Target::new().with("target.domain_id", None::<&str>);
        for rule in [
            "domain_id:%(target.domain_id)s",
            "not domain_id:%(target.domain_id)s",
            "not not domain_id:%(target.domain_id)s",
            "domain_id:%(target.domain_id)s and @",
            "domain_id:%(target.domain_id)s or !",
        ] {
            assert_eq!(verdict(rule, &nobody, &target), Verdict::Unclear, "{rule}");
        }
    }

    #[test]
    fn the_word_none_is_not_null() {
        let target = Target::new().with("project", "None");
        assert_eq!(
            verdict("project_id:%(project)s", &Credentials::default(), &target),
            Verdict::Unclear
        );
        let impostor = Credentials {
            project_id: Some("None"),
            ..Credentials::default()
        };
        let target = Target::new().with("project", None::<&str>);
        assert_eq!(
            verdict("project_id:%(project)s", &impostor, &target),
            Verdict::Unclear
        );
    }

    #[test]
    fn a_rule_may_ask_whether_something_is_null() {
        let target = Target::new().with("target.role.domain_id", None::<&str>);
        let caller = Credentials::default();
        assert_eq!(
            verdict("None:%(target.role.domain_id)s", &caller, &target),
            Verdict::Yes
        );
        assert_eq!(verdict("domain_id:None", &caller, &target), Verdict::Yes);
        assert_eq!(
            verdict("None:%(target.other)s", &caller, &target),
            Verdict::No
        );
    }

    #[test]
    fn a_remote_check_permits_nothing_even_negated() {
        let (caller, target) = (Credentials::default(), Target::new());
        assert_eq!(
            verdict("http://host/check", &caller, &target),
            Verdict::Unclear
        );
        assert_eq!(
            verdict("not https://host/check", &caller, &target),
            Verdict::Unclear
        );
        assert_eq!(
            verdict("not https://host/check or @", &caller, &target),
            Verdict::Yes
        );
    }
}
