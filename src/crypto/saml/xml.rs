//! Writing XML in exclusive canonical form, for elements whose prefixes are declared where they are
//! first used.

/// An element with its attributes, in the order of the canonical form, around content that is XML
/// already.
pub(super) fn element(name: &str, attributes: &[(&str, &str)], content: &str) -> String {
    let mut sorted = attributes.to_vec();
    // Declarations come first; attributes with a prefix after those without.
    sorted.sort_by_key(|(name, _)| (!name.starts_with("xmlns"), name.contains(':'), *name));
    let mut text = String::with_capacity(content.len() + 2 * name.len() + 64);
    text.push('<');
    text.push_str(name);
    for (name, value) in sorted {
        text.push(' ');
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '"' => text.push_str("&quot;"),
                '\t' => text.push_str("&#x9;"),
                '\n' => text.push_str("&#xA;"),
                '\r' => text.push_str("&#xD;"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    text.push('>');
    text.push_str(content);
    text.push_str("</");
    text.push_str(name);
    text.push('>');
    text
}

/// Text as an element's content.
pub(super) fn text(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\r' => text.push_str("&#xD;"),
            other => text.push(other),
        }
    }
    text
}

/// Whether XML 1.0 has all characters of a text.
pub(super) fn can_hold(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_canonical() {
        let attributes = [
            ("s:b", "1"),
            ("Z", "a&<\">\t\n\r"),
            ("A", "é"),
            ("xmlns:s", "urn:s"),
        ];
        assert_eq!(
            element("s:e", &attributes, &text("a&<\">\r\n")),
            "<s:e xmlns:s=\"urn:s\" A=\"é\" Z=\"a&amp;&lt;&quot;>&#x9;&#xA;&#xD;\" s:b=\"1\">\
             a&amp;&lt;\"&gt;&#xD;\n</s:e>"
        );
    }

    #[test]
    fn some_characters_have_no_place_in_xml() {
        assert!(can_hold("a\t\n\r é \u{10000}"));
        for text in ["\0", "\u{1}", "\u{ffff}", "a\u{b}"] {
            assert!(!can_hold(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn text_stays_text(plain: String) {
            let text = text(&plain);
            prop_assert!(!text.contains(['<', '>', '\r']));
            let back = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#xD;", "\r");
            prop_assert_eq!(back.replace("&amp;", "&"), plain);
        }
    }
}
