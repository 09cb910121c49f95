//! The `local` side of rules: texts with placeholders.
//!
//! A placeholder is written as for Python's `str.format`: `{0}`, `{1}` or, counted in order, `{}`;
//! `{{` and `}}` stand for braces. Its other forms, which reach into values, are refused.

use super::{MappingError, Result};
use crate::model::federation::{MappedDomain, MappedProject, MappedRole};

/// How many bytes the texts made of one assertion may have together.
const MOST_TEXT: usize = 1 << 20;

/// Puts values into the places of placeholders.
pub(super) struct Expander {
    values: Vec<Vec<String>>,
    /// Bytes that may still be made.
    room: usize,
}

impl Default for Expander {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            room: MOST_TEXT,
        }
    }
}

impl Expander {
    /// The values of the rule whose texts come next.
    pub(super) fn set_values(&mut self, values: Vec<Vec<String>>) {
        self.values = values;
    }

    /// A text that names one thing. No values at all name nothing.
    pub(super) fn text(&mut self, template: &str) -> Result<String> {
        self.expand(template, false)
    }

    /// A text that may be absent.
    pub(super) fn optional(&mut self, template: Option<&str>) -> Result<Option<String>> {
        template.map(|template| self.text(template)).transpose()
    }

    /// A text that names several things, if it is there.
    pub(super) fn list(&mut self, template: Option<&str>) -> Result<Option<Vec<String>>> {
        let Some(template) = template else {
            return Ok(None);
        };
        let text = self.expand(template, true)?;
        Ok(Some(list_of(&text).unwrap_or_else(|| vec![text])))
    }

    pub(super) fn domain(&mut self, domain: Option<&MappedDomain>) -> Result<Option<MappedDomain>> {
        let Some(domain) = domain else {
            return Ok(None);
        };
        Ok(Some(MappedDomain {
            id: self.optional(domain.id.as_deref())?,
            name: self.optional(domain.name.as_deref())?,
        }))
    }

    pub(super) fn projects(&mut self, projects: &[MappedProject]) -> Result<Vec<MappedProject>> {
        let mut expanded = Vec::new();
        for project in projects {
            let mut roles = Vec::new();
            for role in &project.roles {
                let name = self.text(&role.name)?;
                roles.push(MappedRole { name });
            }
            expanded.push(MappedProject {
                name: self.text(&project.name)?,
                roles,
                domain: self.domain(project.domain.as_ref())?,
            });
        }
        Ok(expanded)
    }

    /// The projects that the value with the number in `place` lists as JSON.
    pub(super) fn projects_of_json(&self, place: &str) -> Result<Vec<MappedProject>> {
        let place = place.strip_prefix('{').unwrap_or(place);
        let digits = place.find(|c: char| !c.is_ascii_digit());
        let number = &place[..digits.unwrap_or(place.len())];
        let values = self.numbered(number)?;
        // A semicolon inside of a name has cut it.
        serde_json::from_str(&values.join(";"))
            .map_err(|_| MappingError::unusable("'projects_json' is no list of projects"))
    }

    fn numbered(&self, number: &str) -> Result<&[String]> {
        let values = number
            .parse::<usize>()
            .ok()
            .and_then(|number| self.values.get(number));
        let none = || MappingError::unusable(format!("there is no value for {{{number}}}"));
        values.map(Vec::as_slice).ok_or_else(none)
    }

    fn expand(&mut self, template: &str, may_be_none: bool) -> Result<String> {
        let mut text = String::new();
        let mut next = 0_usize;
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            self.append(&mut text, &rest[..at])?;
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                self.append(&mut text, brace)?;
                rest = after;
                continue;
            }
            let inside = rest.split_once('}').filter(|_| brace == "{");
            let (inside, after) =
                inside.ok_or_else(|| MappingError::unusable("a brace stands alone"))?;
            let counted = next.to_string();
            let number = if inside.is_empty() { &counted } else { inside };
            next += usize::from(inside.is_empty());
            let value = match self.numbered(number)? {
                [] if !may_be_none => {
                    let why = format!("{{{number}}} stands for no value here");
                    return Err(MappingError::unusable(why));
                }
                [one] => one.clone(),
                several => text_of(several),
            };
            self.append(&mut text, &value)?;
            rest = after;
        }
        self.append(&mut text, rest)?;
        Ok(text)
    }

    fn append(&mut self, text: &mut String, more: &str) -> Result<()> {
        let left = self.room.checked_sub(more.len());
        self.room = left.ok_or_else(|| MappingError::unusable("it makes too much text"))?;
        text.push_str(more);
        Ok(())
    }
}

/// Several values as Python writes a list of them: `['a', 'b']`.
fn text_of(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", quoted.join(", "))
}

fn quoted(value: &str) -> String {
    let quote = if value.contains('\'') && !value.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut text = String::from(quote);
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c == quote => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push(quote);
    text
}

/// The texts in a list as Python, or JSON, writes one; `None` for anything else.
pub(super) fn list_of(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, after) = unquoted(rest)?;
        items.push(item);
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => break,
            None => return None,
        }
    }
    Some(items)
}

/// The quoted text at the start, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.chars();
    let quote = chars.next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut value = String::new();
    loop {
        let c = chars.next()?;
        if c == quote {
            return Some((value, chars.as_str()));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        let digits = match chars.next()? {
            c @ ('\\' | '\'' | '"') => {
                value.push(c);
                continue;
            }
            'n' => {
                value.push('\n');
                continue;
            }
            'r' => {
                value.push('\r');
                continue;
            }
            't' => {
                value.push('\t');
                continue;
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return None,
        };
        let code = chars.as_str().get(..digits)?;
        value.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
        chars = chars.as_str().get(digits..)?.chars();
    }
}
