//! Distinguished names, as far as they are looked into: their first attribute.

/// The first attribute of a name and its value, unescaped. `None` for what is no name, and for a value
/// in hexadecimal form, whose meaning only a schema knows.
pub(super) fn first_attribute(dn: &str) -> Option<(&str, String)> {
    let (attribute, rest) = dn.split_once('=')?;
    let attribute = attribute.trim();
    let is_name =
        |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_' || c == ';';
    if attribute.is_empty() || !attribute.chars().all(is_name) {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    if rest.starts_with('#') {
        return None;
    }
    let value = match rest.strip_prefix('"') {
        Some(quoted) => unescape(quoted, |byte| byte == b'"')?,
        None => unescape(rest, |byte| matches!(byte, b',' | b'+' | b';'))?,
    };
    Some((attribute, value))
}

/// Reads up to a byte that ends the value. Spaces before it that are not escaped are no part of it.
fn unescape(text: &str, ends: impl Fn(u8) -> bool) -> Option<String> {
    let mut value = Vec::new();
    let mut kept = 0;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if ends(byte) {
            break;
        }
        if byte != b'\\' {
            value.push(byte);
            if byte != b' ' {
                kept = value.len();
            }
            continue;
        }
        let first = bytes.next()?;
        match hex(first) {
            None => value.push(first),
            Some(high) => value.push(high << 4 | hex(bytes.next()?)?),
        }
        kept = value.len();
    }
    value.truncate(kept);
    String::from_utf8(value).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_attribute_is_read_unescaped() {
        for (dn, attribute, value) in [
            ("cn=alice,ou=Users,dc=x", "cn", "alice"),
            ("CN = Doe\\, Jane ,dc=x", "CN", "Doe, Jane"),
            ("cn=a\\2Cb\\C3\\A9,dc=x", "cn", "a,b\u{e9}"),
            ("cn=a\\ ,dc=x", "cn", "a "),
            ("uid=b+cn=c,dc=x", "uid", "b"),
            ("cn=\"a, b\",dc=x", "cn", "a, b"),
            ("1.2.3=x", "1.2.3", "x"),
            ("cn=,dc=x", "cn", ""),
        ] {
            assert_eq!(
                first_attribute(dn),
                Some((attribute, value.to_owned())),
                "{dn}"
            );
        }
        for dn in [
            "",
            "alice",
            "=x",
            "c n=x",
            "cn=#04024869",
            "cn=a\\2",
            "cn=\\ff",
        ] {
            assert_eq!(first_attribute(dn), None, "{dn}");
        }
    }

    proptest! {
        #[test]
        fn what_the_library_escapes_is_read_back(value in "[^\0]{1,12}") {
            let dn = format!("cn={},dc=x", ldap3::dn_escape(value.as_str()));
            prop_assert_eq!(first_attribute(&dn), Some(("cn", value)));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,40}") {
            let _ = first_attribute(&text);
        }
    }
}
