//! The policy language's text form, and the older form of lists in lists.
//!
//! Words are separated by blanks; parentheses cling to the words beside them; `not` binds tighter
//! than `and`, and that tighter than `or`; the three are known in any case of letters.

use super::check::{Check, RuleRef};
use super::literal::{self, Left};
use super::template::Template;
use serde_json::Value;

/// How deep parentheses and `not` may nest. Reading and evaluating are recursive.
const MAX_DEPTH: usize = 100;

/// Parses a rule's text. The empty text permits everything.
///
/// # Errors
/// Says in words what is wrong.
pub fn parse(text: &str) -> Result<Check, String> {
    if text.is_empty() {
        return Ok(Check::Always);
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
    };
    let check = parser.or(0)?;
    match parser.peek() {
        None => Ok(check),
        Some(token) => Err(format!("unexpected {}", token.describe())),
    }
}

/// Parses a rule as a policy file holds it: a text, null, or a list of alternatives, each of them a
/// check or a list of checks that must all hold.
///
/// # Errors
/// Says in words what is wrong.
pub(super) fn parse_value(value: &Value) -> Result<Check, String> {
    let alternatives = match value {
        Value::String(text) => return parse(text),
        Value::Null => return Ok(Check::Always),
        Value::Array(alternatives) if alternatives.is_empty() => return Ok(Check::Always),
        Value::Array(alternatives) => alternatives,
        _ => return Err("a rule is a text or a list".to_owned()),
    };
    let one = |value: &Value| match value {
        Value::String(text) => single(text),
        _ => Err("a check in a list is a text".to_owned()),
    };
    let mut any = Vec::new();
    for alternative in alternatives {
        match alternative {
            Value::Array(all) if all.is_empty() => {}
            Value::Array(all) => {
                let all = all.iter().map(one).collect::<Result<Vec<_>, _>>()?;
                any.push(joined(all, Check::And));
            }
            value => any.push(one(value)?),
        }
    }
    if any.is_empty() {
        return Err("none of the rule's alternatives holds a check".to_owned());
    }
    Ok(joined(any, Check::Or))
}

enum Token<'a> {
    Open,
    Close,
    And,
    Or,
    Not,
    Check(&'a str),
}

impl Token<'_> {
    fn describe(&self) -> String {
        match self {
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::And => "`and`".to_owned(),
            Self::Or => "`or`".to_owned(),
            Self::Not => "`not`".to_owned(),
            Self::Check(text) => format!("`{text}`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let inner = word.trim_start_matches('(');
        tokens.extend((inner.len()..word.len()).map(|_| Token::Open));
        let core = inner.trim_end_matches(')');
        match core {
            "" => {}
            _ if core.eq_ignore_ascii_case("and") => tokens.push(Token::And),
            _ if core.eq_ignore_ascii_case("or") => tokens.push(Token::Or),
            _ if core.eq_ignore_ascii_case("not") => tokens.push(Token::Not),
            _ if has_loose_parenthesis(core) => {
                return Err(format!(
                    "`{core}` has a parenthesis inside; put blanks around it"
                ));
            }
            _ if is_quoted(core) => {
                return Err(format!(
                    "{core} is quoted whole; only a left side can be a string"
                ));
            }
            _ => tokens.push(Token::Check(core)),
        }
        tokens.extend((core.len()..inner.len()).map(|_| Token::Close));
    }
    Ok(tokens)
}

/// Whether there is a parenthesis that does not belong to a `%(key)`.
fn has_loose_parenthesis(word: &str) -> bool {
    let mut before = '\0';
    let mut in_key = false;
    for c in word.chars() {
        match c {
            '(' if before == '%' && !in_key => in_key = true,
            ')' if in_key => in_key = false,
            '(' | ')' => return true,
            _ => {}
        }
        before = c;
    }
    in_key
}

fn is_quoted(word: &str) -> bool {
    word.len() > 1
        && ['\'', '"']
            .into_iter()
            .any(|quote| word.starts_with(quote) && word.ends_with(quote))
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next)
    }

    fn or(&mut self, depth: usize) -> Result<Check, String> {
        let mut parts = vec![self.and(depth)?];
        while let Some(Token::Or) = self.peek() {
            self.next += 1;
            parts.push(self.and(depth)?);
        }
        Ok(joined(parts, Check::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Check, String> {
        let mut parts = vec![self.unary(depth)?];
        while let Some(Token::And) = self.peek() {
            self.next += 1;
            parts.push(self.unary(depth)?);
        }
        Ok(joined(parts, Check::And))
    }

    fn unary(&mut self, depth: usize) -> Result<Check, String> {
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let Some(token) = self.tokens.get(self.next) else {
            return Err("a check is missing at the end".to_owned());
        };
        self.next += 1;
        match token {
            Token::Check(text) => single(text),
            Token::Not => Ok(Check::Not(Box::new(self.unary(depth + 1)?))),
            Token::Open => {
                let inner = self.or(depth + 1)?;
                match self.peek() {
                    Some(Token::Close) => {
                        self.next += 1;
                        Ok(inner)
                    }
                    Some(token) => Err(format!("unexpected {}", token.describe())),
                    None => Err("a `)` is missing".to_owned()),
                }
            }
            token => Err(format!("a check is missing before {}", token.describe())),
        }
    }
}

/// The parts joined, or the only part itself.
fn joined(mut parts: Vec<Check>, join: impl FnOnce(Vec<Check>) -> Check) -> Check {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// One check: `@`, `!` or `left:right`.
fn single(text: &str) -> Result<Check, String> {
    match text {
        "@" => return Ok(Check::Always),
        "!" => return Ok(Check::Never),
        _ => {}
    }
    let Some((left, right)) = text.split_once(':') else {
        return Err(format!("`{text}` is no check; one looks like `role:admin`"));
    };
    Ok(match left {
        "role" => Check::Role(Template::parse(right)?),
        "rule" => Check::Rule(RuleRef {
            name: right.into(),
            place: None,
        }),
        "http" | "https" => Check::Remote(text.into()),
        _ => {
            let template = Template::parse(right)?;
            match literal::parse(left)? {
                Left::Name => Check::Credential {
                    name: left.into(),
                    right: template,
                },
                Left::Literal(value) => Check::Literal {
                    source: left.into(),
                    value: value.into(),
                    right: template,
                },
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        assert_eq!(
            parse("not role:a and role:b or role:c").unwrap(),
            parse("((not role:a) and role:b) or role:c").unwrap(),
        );
    }

    #[test]
    fn a_broken_rule_says_why() {
        for (rule, reason) in [
            ("role:admin and", "a check is missing at the end"),
            ("role:a or or role:b", "a check is missing before `or`"),
            ("(role:admin", "a `)` is missing"),
            ("role:admin)", "unexpected `)`"),
            ("role:a role:b", "unexpected `role:b`"),
            ("admin", "`admin` is no check; one looks like `role:admin`"),
            ("   ", "a check is missing at the end"),
            (
                "user_id:100%",
                "in `100%`, `%` must begin `%(key)s` or be doubled",
            ),
        ] {
            assert_eq!(parse(rule), Err(reason.to_owned()), "{rule}");
        }
    }

    #[test]
    fn endless_nesting_is_refused() {
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&format!("{}@", "not ".repeat(100_000))).is_err());
    }

    fn rule_text() -> impl Strategy<Value = String> {
        let check = prop_oneof![
            Just("@".to_owned()),
            Just("!".to_owned()),
            "role:[a-zA-Z]{1,4}",
            "rule:[a-z_]{1,4}",
            "[a-z_]{1,4}(\\.[a-z]{1,3}){0,2}:%\\([a-z.]{1,6}\\)s",
            "'[a-z]{0,3}':[a-z]{0,2}%%%\\([a-z]{1,3}\\)s",
            "-?[1-9][0-9]{0,3}:[0-9]{1,2}",
            "https?://[a-z]{1,5}/[a-z]{0,3}",
        ];
        check.prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" and ")),
                prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" or ")),
                inner.clone().prop_map(|part| format!("not {part}")),
                inner.prop_map(|part| format!("({part})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_printed_rule_parses_to_itself(text in rule_text()) {
            let check = parse(&text).unwrap();
            prop_assert_eq!(parse(&check.to_string()).unwrap(), check);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            if let Ok(check) = parse(&text) {
                prop_assert_eq!(parse(&check.to_string()).unwrap(), check);
            }
        }

        #[test]
        fn no_soup_of_signs_makes_the_parser_panic(text in "[()@! :%'\"a-dnotrs01.-]{0,40}") {
            if let Ok(check) = parse(&text) {
                prop_assert_eq!(parse(&check.to_string()).unwrap(), check);
            }
        }
    }
}
