//! `$option`, `${option}` and `$group.option` inside values.

/// Replaces every reference in a text by what `lookup` gives for its name (`option` or
/// `group.option`); the first failing lookup ends it.
///
/// `$$` and `\$` stand for one dollar sign. A dollar sign that starts no name stays as it is: names
/// begin with a letter or `_` and go on with letters, digits, `_` and dots, so `$a.` asks for an
/// option of group `a`. What is inserted is not searched again.
pub(super) fn substitute<E>(
    text: &str,
    mut lookup: impl FnMut(&str) -> Result<String, E>,
) -> Result<String, E> {
    let text = text.replace("\\$", "$$");
    let mut output = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        output.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            output.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(after) {
            output.push_str(&lookup(name)?);
            rest = after;
        } else {
            output.push('$');
            rest = after;
        }
    }
    output.push_str(rest);
    Ok(output)
}

/// Writes text so that [`substitute`] gives it back unchanged.
pub(super) fn escape(text: &str) -> String {
    text.replace('$', "\\$")
}

/// The name right after a dollar sign, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    if let Some(braced) = text.strip_prefix('{') {
        let (name, after) = name(braced)?;
        return after.strip_prefix('}').map(|after| (name, after));
    }
    name(text)
}

fn name(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
        .unwrap_or(text.len());
    Some(text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Inserts `<name>` for every reference.
    fn marked(text: &str) -> String {
        substitute(text, |name| Ok::<_, ()>(format!("<{name}>"))).unwrap()
    }

    #[test]
    fn references_end_where_a_name_ends() {
        assert_eq!(
            marked("$base/c ${base}d $b.q-${b.q}x $b:1"),
            "<base>/c <base>d <b.q>-<b.q>x <b>:1"
        );
        assert_eq!(marked("$b."), "<b.>");
        assert_eq!(marked("$B $_q"), "<B> <_q>");
    }

    #[test]
    fn escaped_and_lone_dollar_signs_stay() {
        assert_eq!(
            marked("$$base \\$base a$ b $ ${y $1 a$$b$"),
            "$base $base a$ b $ ${y $1 a$b$"
        );
        assert_eq!(marked("^(?=.*\\d).{7,}$"), "^(?=.*\\d).{7,}$");
        assert_eq!(marked("\\\\$b"), "\\$b");
    }

    #[test]
    fn inserted_text_is_not_searched_again() {
        let inserted = substitute("$x", |_| Ok::<_, ()>("$y".to_owned()));
        assert_eq!(inserted, Ok("$y".to_owned()));
    }

    proptest! {
        #[test]
        fn escaped_text_comes_back(text in r"[${}\\a-z.]{0,30}") {
            prop_assert_eq!(marked(&escape(&text)), text);
        }
    }
}
