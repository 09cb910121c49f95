//! The left side of a check: an attribute's name, or a literal as Python writes them.
//!
//! oslo.policy reads left sides with Python's own literal grammar and compares their text. Of that
//! grammar this reads `None`, `True`, `False`, strings, integers and floats; lists, byte strings
//! and the like, of which no rule can make use, are refused.

/// What a left side is.
#[derive(Debug, PartialEq)]
pub(super) enum Left {
    /// The name of an attribute of the caller.
    Name,
    /// A literal, as Python's `str()` writes its value.
    Literal(String),
}

/// Reads a left side, or says what is wrong with it.
pub(super) fn parse(source: &str) -> Result<Left, String> {
    match source.as_bytes().first() {
        None => Err("a check needs something before its colon".to_owned()),
        Some(b'\'' | b'"') => string(source).map(Left::Literal),
        Some(b'0'..=b'9' | b'+' | b'-') => number(source).map(Left::Literal),
        Some(b'.') if source.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
            number(source).map(Left::Literal)
        }
        Some(_) if matches!(source, "None" | "True" | "False") => {
            Ok(Left::Literal(source.to_owned()))
        }
        Some(_) if is_name(source) => Ok(Left::Name),
        Some(_) => Err(format!(
            "`{source}` is neither an attribute's name nor a literal"
        )),
    }
}

fn is_name(source: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    source.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && source
            .split('.')
            .all(|segment| !segment.is_empty() && segment.chars().all(allowed))
}

/// One or more quoted strings, put together.
fn string(source: &str) -> Result<String, String> {
    let broken = || format!("the string {source} is not well-formed");
    let mut value = String::new();
    let mut chars = source.chars();
    while let Some(quote) = chars.next() {
        if quote != '\'' && quote != '"' {
            return Err(broken());
        }
        loop {
            match chars.next().ok_or_else(broken)? {
                c if c == quote => break,
                '\\' => value.push(match chars.next() {
                    Some(c @ ('\\' | '\'' | '"')) => c,
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    _ => return Err(broken()),
                }),
                c => value.push(c),
            }
        }
    }
    Ok(value)
}

fn number(source: &str) -> Result<String, String> {
    let broken = || format!("`{source}` is not a number");
    let (negative, digits) = match source.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, source.strip_prefix('+').unwrap_or(source)),
    };
    let signed = |value: i128| if negative { -value } else { value };
    // An underscore stands between two digits or after a base's prefix.
    let tidy = !digits.ends_with('_') && !digits.starts_with('_') && !digits.contains("__");
    if !tidy || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Err(broken());
    }
    let plain = digits.replace('_', "").to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = plain.strip_prefix(prefix) {
            if digits.starts_with(['+', '-']) {
                return Err(broken());
            }
            let value = i128::from_str_radix(digits, radix).map_err(|_| broken())?;
            return Ok(signed(value).to_string());
        }
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        let value: i128 = plain.parse().map_err(|_| broken())?;
        // Python refuses `01`, which once was octal.
        if plain.starts_with('0') && value != 0 {
            return Err(broken());
        }
        return Ok(signed(value).to_string());
    }
    if !plain
        .bytes()
        .all(|b| b.is_ascii_digit() || b".e+-".contains(&b))
    {
        return Err(broken());
    }
    let value: f64 = plain.parse().map_err(|_| broken())?;
    // Between these Rust and Python write a float alike.
    if value != 0.0 && !(1e-4..1e16).contains(&value) {
        return Err(format!("`{source}` is out of range"));
    }
    Ok(format!("{:?}", if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read_as_python_writes_them() {
        for (source, value) in [
            ("'manager'", "manager"),
            ("\"a'b\"", "a'b"),
            ("'a''b'", "ab"),
            ("None", "None"),
            ("0x1F", "31"),
            ("-7", "-7"),
            ("1_000", "1000"),
            ("1.50", "1.5"),
            ("1e1", "10.0"),
        ] {
            assert_eq!(
                parse(source),
                Ok(Left::Literal(value.to_owned())),
                "{source}"
            );
        }
    }

    #[test]
    fn names_may_be_dotted_and_dashed() {
        for name in ["user_id", "token.project.domain.id", "x-y", "_"] {
            assert_eq!(parse(name), Ok(Left::Name), "{name}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for source in [
            "", "[1]", "a.", ".a", "a..b", "01", "'a", "b'a'", "1e400", "-", "!x",
        ] {
            assert!(parse(source).is_err(), "{source}");
        }
    }
}
