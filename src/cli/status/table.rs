//! A table of one column, as PrettyTable draws it.

/// Widest line of details.
const WIDTH: usize = 60;

/// A box around cells, with a rule after each. A cell may have several lines.
pub(super) fn draw(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    let lines = || cells.iter().flat_map(|cell| cell.lines());
    let width = lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let rule = format!("+{}+\n", "-".repeat(width + 2));
    let mut table = rule.clone();
    for cell in &cells {
        for line in cell.lines() {
            table.push_str(&format!("| {line:width$} |\n"));
        }
        table.push_str(&rule);
    }
    table
}

/// Breaks a text at blanks into lines that are not too wide; all but the first are indented.
pub(super) fn wrap(text: &str) -> String {
    const INDENT: &str = "  ";
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{INDENT}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_widest_line_makes_the_box() {
        let cells = ["Title", "a\nlonger line\nß"].map(str::to_owned);
        let drawn = draw(cells.into_iter());
        assert_eq!(
            drawn,
            "+-------------+\n\
             | Title       |\n\
             +-------------+\n\
             | a           |\n\
             | longer line |\n\
             | ß           |\n\
             +-------------+\n"
        );
    }

    proptest! {
        #[test]
        fn wrapping_loses_no_word_and_keeps_to_the_width(
            words in prop::collection::vec("[a-zß]{1,58}", 0..40),
        ) {
            let wrapped = wrap(&words.join(" "));
            let found: Vec<_> = wrapped.split_whitespace().collect();
            prop_assert_eq!(found, words);
            prop_assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH));
        }
    }
}
