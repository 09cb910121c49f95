//! Path templates of access rules, as services' middleware reads them.
//!
//! `{name}` and `*` stand for one or more characters that are no slash, `**` for any characters, and
//! everything else for itself.

/// One part of a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Literal(char),
    /// `{name}` or `*`
    Segment,
    /// `**`
    Anything,
}

/// Whether a path is one that a template stands for.
pub fn matches(template: &str, path: &str) -> bool {
    let path: Vec<char> = path.chars().collect();
    // Where the parts so far can have ended: all possibilities at once, so that no template is slow.
    let mut ends = vec![false; path.len() + 1];
    ends[0] = true;
    for part in parts(template) {
        let mut next = vec![false; path.len() + 1];
        for at in 0..=path.len() {
            let here = path.get(at);
            match part {
                Part::Literal(wanted) => {
                    if ends[at] && here == Some(&wanted) {
                        next[at + 1] = true;
                    }
                }
                // One more character, after the start of the part or within it.
                Part::Segment => {
                    if (ends[at] || next[at]) && here.is_some_and(|c| *c != '/') {
                        next[at + 1] = true;
                    }
                }
                Part::Anything => {
                    next[at] |= ends[at];
                    if next[at] && here.is_some() {
                        next[at + 1] = true;
                    }
                }
            }
        }
        ends = next;
    }
    ends[path.len()]
}

fn parts(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        let (part, length) = match first {
            '{' => match rest.find('}') {
                Some(end) => (Part::Segment, end + 1),
                None => (Part::Literal('{'), 1),
            },
            '*' if rest.starts_with("**") => (Part::Anything, 2),
            '*' => (Part::Segment, 1),
            literal => (Part::Literal(literal), literal.len_utf8()),
        };
        parts.push(part);
        rest = &rest[length..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn templates_stand_for_what_they_say() {
        for (template, path, expected) in [
            ("/v2.1/servers", "/v2.1/servers", true),
            ("/v2.1/servers", "/v2.1/servers/", false),
            ("/v2.1/servers", "/v2x1/servers", false),
            ("/v2.1/servers/{id}", "/v2.1/servers/a", true),
            ("/v2.1/servers/{id}", "/v2.1/servers/", false),
            ("/v2.1/servers/{id}", "/v2.1/servers/a/b", false),
            ("/v2.1/servers/*/ips", "/v2.1/servers/a/ips", true),
            ("/v2.1/servers/*/ips", "/v2.1/servers/a/b/ips", false),
            ("/v2.1/**", "/v2.1/", true),
            ("/v2.1/**", "/v2.1/a/b/c", true),
            ("/v2.1/**", "/v2.1", false),
            ("/**/ips", "/v2.1/servers/a/ips", true),
            ("/v3/users/x*", "/v3/users/xyz", true),
            ("/a/**b", "/a/bb", true),
            ("/a/{open", "/a/{open", true),
            ("/ü/*", "/ü/ö", true),
            ("", "", true),
        ] {
            assert_eq!(matches(template, path), expected, "{template} {path}");
        }
    }

    proptest! {
        #[test]
        fn any_template_meets_any_path(template in ".{0,60}", path in "[/a-c]{0,60}") {
            let _ = matches(&template, &path);
        }

        #[test]
        fn a_template_without_wildcards_is_only_itself(path in "[a-z/.+]{0,40}", other in "[a-z/.+]{0,40}") {
            prop_assert!(matches(&path, &path));
            prop_assert_eq!(matches(&path, &other), path == other);
        }
    }
}
