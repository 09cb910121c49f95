//! Rules that lead back to themselves, or too deep for the stack, are found when they are loaded.

use super::check::Check;
use super::files::PolicyError;
use std::collections::HashMap;

/// How deep a rule may go, counting what it refers to. Evaluation is recursive.
const MAX_DEPTH: usize = 250;

/// Refuses linked rules of which one is tangled.
pub(super) fn refuse(
    places: &HashMap<Box<str>, usize>,
    checks: &[Check],
) -> Result<(), PolicyError> {
    let mut walk = Walk {
        checks,
        marks: vec![Mark::New; checks.len()],
    };
    let mut names: Vec<_> = places.iter().collect();
    // By name, so that the same files always give the same message.
    names.sort_unstable();
    for (name, &place) in names {
        walk.rule(place, 0).map_err(|reason| PolicyError::Tangled {
            rule: name.to_string(),
            reason,
        })?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Mark {
    New,
    /// On the way from the rule that the walk began with.
    Open,
    /// Sound, and so deep.
    Done(usize),
}

struct Walk<'a> {
    checks: &'a [Check],
    marks: Vec<Mark>,
}

impl Walk<'_> {
    fn rule(&mut self, place: usize, depth: usize) -> Result<usize, &'static str> {
        match self.marks[place] {
            Mark::Done(height) => Ok(height),
            Mark::Open => Err("it leads back to itself"),
            Mark::New => {
                self.marks[place] = Mark::Open;
                let height = self.check(&self.checks[place], depth + 1)?;
                self.marks[place] = Mark::Done(height);
                Ok(height)
            }
        }
    }

    fn check(&mut self, check: &Check, depth: usize) -> Result<usize, &'static str> {
        const TOO_DEEP: &str = "it is nested too deep";
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        let inner = match check {
            Check::Rule(rule) => match rule.place {
                Some(place) => self.rule(place, depth)?,
                None => 0,
            },
            Check::Not(part) => self.check(part, depth + 1)?,
            Check::And(parts) | Check::Or(parts) => {
                let mut tallest = 0;
                for part in parts {
                    tallest = tallest.max(self.check(part, depth + 1)?);
                }
                tallest
            }
            _ => 0,
        };
        if depth + inner > MAX_DEPTH {
            Err(TOO_DEEP)
        } else {
            Ok(inner + 1)
        }
    }
}
