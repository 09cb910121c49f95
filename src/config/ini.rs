//! The file format of oslo.config: sections, assignments, comments, continuation lines.
//!
//! Facts measured on oslo.config 10.7:
//! - `key = value` and `key: value`; whichever of the two signs comes first separates.
//! - A line that starts with a space or a tab continues the value above it; the parts are joined by
//!   newlines. A blank line or a comment ends the value, and a continuation after it is an error.
//! - One pair of equal quotes around a one-line value is taken off; an inner `#` is no comment.
//! - Option names keep their case and must match exactly; section names are compared in lower
//!   case, except `DEFAULT`, which is written just so.

use std::fmt;

/// One `key = value`, with its section and the line (counted from 1) where the key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Section name, in lower case unless it is `DEFAULT`.
    pub group: String,
    /// The option's name as written.
    pub key: String,
    /// The value without quotes; continuation lines are joined by `\n`.
    pub value: String,
    /// Line of the key.
    pub line: usize,
}

/// A line that is not in the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line number, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.reason)
    }
}

/// Reads a file's text. All its mistakes are reported at once.
pub fn parse(text: &str) -> Result<Vec<Assignment>, Vec<SyntaxError>> {
    let mut parser = Parser::default();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        parser.line(index + 1, line.trim_end());
    }
    parser.flush();
    if parser.errors.is_empty() {
        Ok(parser.assignments)
    } else {
        Err(parser.errors)
    }
}

/// A section's name as it is compared: case matters for `DEFAULT` only.
pub fn normalize_group(name: &str) -> String {
    if name == "DEFAULT" {
        name.to_owned()
    } else {
        name.to_lowercase()
    }
}

#[derive(Default)]
struct Parser {
    group: Option<String>,
    /// The assignment that the next line may continue.
    open: Option<Assignment>,
    assignments: Vec<Assignment>,
    errors: Vec<SyntaxError>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) {
        let result = if line.is_empty() {
            self.flush();
            Ok(())
        } else if line.starts_with([' ', '\t']) {
            self.continuation(line)
        } else {
            self.flush();
            self.fresh(number, line)
        };
        if let Err(reason) = result {
            self.errors.push(SyntaxError {
                line: number,
                reason,
            });
        }
    }

    fn continuation(&mut self, line: &str) -> Result<(), &'static str> {
        let open = self
            .open
            .as_mut()
            .ok_or("an indented line continues a value, and there is none above it")?;
        open.value.push('\n');
        open.value.push_str(line.trim_start());
        Ok(())
    }

    fn fresh(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        if line.starts_with(['#', ';']) {
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest
                .strip_suffix(']')
                .ok_or("a section's name must end with ]")?;
            if name.is_empty() {
                return Err("a section needs a name between [ and ]");
            }
            self.group = Some(normalize_group(name));
            return Ok(());
        }
        let sign = line
            .find(['=', ':'])
            .ok_or("neither a [section] nor an assignment with = or :")?;
        let key = line[..sign].trim();
        if key.is_empty() {
            return Err("the option's name is missing");
        }
        let group = self
            .group
            .clone()
            .ok_or("an assignment must stand below a [section]")?;
        let value = unquote(line[sign + 1..].trim()).to_owned();
        self.open = Some(Assignment {
            group,
            key: key.to_owned(),
            value,
            line: number,
        });
        Ok(())
    }

    fn flush(&mut self) {
        self.assignments.extend(self.open.take());
    }
}

fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            // A lone quote is both ends of an empty text.
            return if rest.is_empty() {
                ""
            } else {
                rest.strip_suffix(quote).unwrap_or(value)
            };
        }
    }
    value
}

/// Writes a value so that [`parse`] reads it back. Text that the format can't hold (a line break
/// followed by blanks or by nothing) loses those blanks.
pub fn render_value(value: &str) -> String {
    if value.contains('\n') {
        return value.replace('\n', "\n    ");
    }
    let changes = value.trim() != value || unquote(value) != value;
    if !changes {
        value.to_owned()
    } else if value.ends_with('"') && value.starts_with('"') {
        format!("'{value}'")
    } else {
        format!("\"{value}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The assignments as `group.key=value`.
    fn read(text: &str) -> Vec<String> {
        let assignments = parse(text).unwrap();
        assignments
            .iter()
            .map(|a| format!("{}.{}={}", a.group, a.key, a.value))
            .collect()
    }

    fn errors(text: &str) -> Vec<usize> {
        parse(text)
            .unwrap_err()
            .iter()
            .map(|error| error.line)
            .collect()
    }

    #[test]
    fn both_signs_separate_and_the_first_one_counts() {
        let text = "[a]\nx: 1\ny: a=b\nz = http://h:1\nw:b:c\nv   =   1   ";
        assert_eq!(
            read(text),
            ["a.x=1", "a.y=a=b", "a.z=http://h:1", "a.w=b:c", "a.v=1"]
        );
    }

    #[test]
    fn indented_lines_continue_a_value() {
        let text = "[a]\nx = a\n  b\n\tc\n\ny = 1,\n  2\nz=1\n  # still the value";
        assert_eq!(
            read(text),
            ["a.x=a\nb\nc", "a.y=1,\n2", "a.z=1\n# still the value"]
        );
    }

    #[test]
    fn a_continuation_needs_a_value_directly_above() {
        assert_eq!(errors("  x=1\n"), [1]);
        assert_eq!(errors("[a]\nx = a\n\n  b\n"), [4]);
        assert_eq!(errors("[a]\nx = a\n# hi\n  b\n"), [4]);
        assert_eq!(errors("[a]\nx = a\n   \n  b\n"), [4]);
    }

    #[test]
    fn one_pair_of_quotes_is_taken_off() {
        let text = "[a]\nx = \"q w\"\ny='z'\nz=\"open\nw=\"\"\nv=\"a\" b \"c\"\nu=\"\nt=\"a\n  b\"";
        let expected = [
            "a.x=q w",
            "a.y=z",
            "a.z=\"open",
            "a.w=",
            "a.v=a\" b \"c",
            "a.u=",
            "a.t=\"a\nb\"",
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn comments_fill_whole_lines_only() {
        assert_eq!(
            read("; c\n# c\n[a]\n;x=1\nx=2;3\ny=1 # c"),
            ["a.x=2;3", "a.y=1 # c"]
        );
    }

    #[test]
    fn section_names_ignore_case_except_default() {
        let text = "[Foo]\nX=1\n[FOO] \ny=2\n[DEFAULT]\nz=3\n[default]\nw=4\n[ a ]\nv=5";
        assert_eq!(
            read(text),
            [
                "foo.X=1",
                "foo.y=2",
                "DEFAULT.z=3",
                "default.w=4",
                " a .v=5"
            ]
        );
    }

    #[test]
    fn windows_line_ends_and_a_byte_order_mark_are_harmless() {
        assert_eq!(
            read("\u{feff}[a]\r\nx=1\r\ny=2\r\n  c\r\n"),
            ["a.x=1", "a.y=2\nc"]
        );
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        assert_eq!(errors("x = 1\n[a\n[]\n[a]\nfoo\n=1\nok=1"), [1, 2, 3, 5, 6]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in r#"([\[\]=:"' #;$\t\r\n]|\PC){0,80}"#) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_rendered_parses_back(
            group in "[a-z_]{1,8}",
            key in "[a-z][a-z0-9_]{0,8}",
            lines in prop::collection::vec(r#"[ "'#;=:\[\]$a-z\u{e9}]{0,12}"#, 1..4),
        ) {
            let many = lines.len() > 1;
            // A continued value can hold neither blank lines nor blanks at a line's ends.
            prop_assume!(!many || lines.iter().all(|line| !line.is_empty() && line.trim() == line));
            prop_assume!(!many || unquote(&lines[0]) == lines[0]);
            let value = lines.join("\n");
            let text = format!("[{group}]\n{key} = {}\n", render_value(&value));
            prop_assert_eq!(parse(&text), Ok(vec![Assignment { group, key, value, line: 2 }]));
        }
    }
}
