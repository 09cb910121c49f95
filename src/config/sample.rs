//! The sample configuration file, rendered from the option table.

use super::groups;
use super::ini::render_value;
use super::option::OptionSpec;
use super::value::Kind;
use std::fmt::Write;

/// The text of `etc/keystone.conf.sample`: every option, commented out, with its default.
pub fn sample() -> String {
    let mut text = String::from(
        "# Every option of keystone.conf with its default. Remove the # before a name to set it.\n\
         # An environment variable OS_<GROUP>__<OPTION> (OS_DEFAULT__DEBUG) wins over the file.\n",
    );
    for group in groups() {
        let _ = write!(text, "\n\n[{}]\n", group.name);
        help(&mut text, group.help);
        for spec in group.options {
            option(&mut text, spec);
        }
    }
    text
}

/// The lines of a doc comment as plain text.
fn help(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "# {}", line.trim().replace('`', ""));
    }
}

fn option(text: &mut String, spec: &OptionSpec) {
    text.push('\n');
    help(text, spec.help);
    let _ = writeln!(text, "# ({})", facts(spec).join("; "));
    if !spec.choices.is_empty() {
        let quoted = |choice: &&str| {
            if choice.is_empty() {
                "\"\"".to_owned()
            } else {
                (*choice).to_owned()
            }
        };
        let choices: Vec<_> = spec.choices.iter().map(quoted).collect();
        let _ = writeln!(text, "# One of: {}", choices.join(", "));
    }
    for (group, name) in spec.deprecated {
        let _ = writeln!(text, "# Old name: [{group}] {name}");
    }
    let defaults = spec.default_texts();
    if defaults.is_empty() {
        let _ = writeln!(text, "#{} =", spec.name);
    }
    for default in defaults {
        let value = render_value(&default);
        let _ = writeln!(text, "{}", format!("#{} = {value}", spec.name).trim_end());
    }
}

/// The option's type and limits.
fn facts(spec: &OptionSpec) -> Vec<String> {
    let mut facts = vec![spec.kind.name().to_owned()];
    match spec.range {
        (Some(min), Some(max)) => facts.push(format!("{min} to {max}")),
        (Some(min), None) => facts.push(format!("at least {min}")),
        (None, Some(max)) => facts.push(format!("at most {max}")),
        (None, None) => {}
    }
    if let Some(max) = spec.max_length {
        facts.push(format!("at most {max} characters"));
    }
    if spec.default.is_none() && spec.kind != Kind::Multi {
        facts.push("unset by default".to_owned());
    }
    if spec.secret {
        facts.push("secret".to_owned());
    }
    if spec.obsolete {
        facts.push("deprecated".to_owned());
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    /// Run with `UPDATE_SAMPLES=1` to write the file anew.
    #[test]
    fn the_committed_sample_is_the_option_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/etc/keystone.conf.sample");
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == sample(),
            "{path} differs: run this test with UPDATE_SAMPLES=1"
        );
    }

    #[test]
    fn the_sample_with_every_default_uncommented_is_the_default_configuration() {
        let mut active = String::new();
        for line in sample().lines() {
            let setting = line.strip_prefix('#').filter(|rest| {
                rest.starts_with(|c: char| c.is_ascii_lowercase())
                    && !rest.trim_end().ends_with('=')
            });
            active.push_str(setting.unwrap_or(line));
            active.push('\n');
        }
        let config = Config::from_text(&active).unwrap();
        let defaults = Config::defaults();
        assert_eq!(
            format!("{:?}", config.token),
            format!("{:?}", defaults.token)
        );
        for spec in groups().flat_map(|group| group.options) {
            let value = |config: &Config| format!("{:?}", config.get(spec.group, spec.name));
            assert_eq!(
                value(&config),
                value(&defaults),
                "[{}] {}",
                spec.group,
                spec.name
            );
        }
    }
}
