//! The operator's rule files: where they are, what is in them, whether they changed.

use super::check::Check;
use super::parse::parse_value;
use super::rules::Policy;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The part of the configuration that rules depend on: `[oslo_policy]`.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// `policy_file`. When relative, it is looked for in [`Self::config_dirs`].
    pub policy_file: PathBuf,
    /// `policy_dirs`: folders whose files are laid over the policy file, by name.
    pub policy_dirs: Vec<PathBuf>,
    /// Where relative paths start, in the order of search: the folders of the configuration files.
    pub config_dirs: Vec<PathBuf>,
    /// Whether a rule's scopes are looked at. No option of release 30.0.0: it always does.
    pub enforce_scope: bool,
    /// `enforce_new_defaults`. If not, a rule's former check counts as well.
    pub enforce_new_defaults: bool,
    /// `policy_default_rule`: the name of the rule that stands in for rules that do not exist.
    pub policy_default_rule: String,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        Self {
            policy_file: "policy.yaml".into(),
            policy_dirs: vec!["policy.d".into()],
            config_dirs: Vec::new(),
            enforce_scope: true,
            enforce_new_defaults: true,
            policy_default_rule: "default".to_owned(),
        }
    }
}

/// What reading the files gave.
#[derive(Debug)]
pub struct LoadedPolicy {
    /// The rule set.
    pub policy: Policy,
    /// What looks wrong and is not refused; for the log.
    pub warnings: Vec<String>,
    /// The files as they were just before they were read.
    pub files: PolicyFiles,
}

/// Why there is no rule set.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file or folder is there and cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Unreadable {
        /// Its path.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is neither YAML nor JSON, or not a mapping from names to rules.
    #[error("{}: {reason}", file.display())]
    Malformed {
        /// Its path.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A rule in a file is broken.
    #[error("{}: rule {rule}: {reason}", file.display())]
    Rule {
        /// Its file.
        file: PathBuf,
        /// Its name.
        rule: String,
        /// What is wrong.
        reason: String,
    },
    /// A rule leads back to itself or too deep, perhaps by way of several files.
    #[error("rule {rule}: {reason}")]
    Tangled {
        /// Its name.
        rule: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A built-in rule is broken: a defect of the program.
    #[error("built-in rule {rule}: {reason}")]
    BuiltIn {
        /// Its name.
        rule: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Policy {
    /// Reads the policy file and folders and lays their rules over the built-in ones. Files that do
    /// not exist are no error. Rules that the program does not know are kept for `rule:` checks.
    ///
    /// # Errors
    /// When something is there and is not sound, with its file and rule.
    pub fn load(options: &PolicyOptions) -> Result<LoadedPolicy, PolicyError> {
        let files = PolicyFiles::find(options);
        let mut warnings = Vec::new();
        let mut overrides = Vec::new();
        if let Some((folder, source)) = &files.unreadable {
            let source = io::Error::new(source.kind(), source.to_string());
            return Err(PolicyError::Unreadable {
                file: folder.clone(),
                source,
            });
        }
        for file in &files.stamps {
            overrides.extend(read(&file.path, &mut warnings)?);
        }
        let (policy, more) = Self::compile(options, overrides)?;
        warnings.extend(more);
        Ok(LoadedPolicy {
            policy,
            warnings,
            files,
        })
    }
}

fn read(file: &Path, warnings: &mut Vec<String>) -> Result<Vec<(String, Check)>, PolicyError> {
    let text = std::fs::read_to_string(file).map_err(|source| PolicyError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let malformed = |reason| PolicyError::Malformed {
        file: file.to_owned(),
        reason,
    };
    let mut checks = Vec::new();
    for (name, value) in parse_file(&text).map_err(malformed)? {
        if value.is_null() {
            warnings.push(format!(
                "{}: rule {name} has no value and so permits everything",
                file.display()
            ));
        }
        let check = parse_value(&value).map_err(|reason| PolicyError::Rule {
            file: file.to_owned(),
            rule: name.clone(),
            reason,
        })?;
        checks.push((name, check));
    }
    Ok(checks)
}

/// A file's rules. JSON is tried first: unlike YAML it may be indented with tabs. Of rules with one
/// name the last counts, in both.
fn parse_file(text: &str) -> Result<BTreeMap<String, Value>, String> {
    if text.trim_start().starts_with('{')
        && let Ok(rules) = serde_json::from_str(text)
    {
        return Ok(rules);
    }
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
    };
    serde_saphyr::from_str_with_options::<Option<BTreeMap<String, Value>>>(text, options)
        .map(Option::unwrap_or_default)
        .map_err(|error| error.to_string())
}

/// Which rule files there are, and which version of each. Two that are equal mean that nothing
/// changed; a few `stat` calls make one.
#[derive(Debug)]
pub struct PolicyFiles {
    /// In the order in which they count.
    stamps: Vec<Stamp>,
    unreadable: Option<(PathBuf, io::Error)>,
}

#[derive(Debug, PartialEq)]
struct Stamp {
    path: PathBuf,
    /// Time of change, length and inode; none when it cannot be asked for.
    version: Option<(SystemTime, u64, u64)>,
}

impl PolicyFiles {
    /// Looks for them now.
    pub fn find(options: &PolicyOptions) -> Self {
        let mut stamps: Vec<_> = Self::policy_file(options).map(stamp).into_iter().collect();
        let mut unreadable = None;
        for folder in &options.policy_dirs {
            let Some(folder) = search(options, folder, Path::is_dir) else {
                continue;
            };
            match list(&folder) {
                Ok(paths) => stamps.extend(paths.into_iter().map(stamp)),
                Err(error) => unreadable = Some((folder, error)),
            }
        }
        Self { stamps, unreadable }
    }

    /// The policy file, if there is one.
    pub fn policy_file(options: &PolicyOptions) -> Option<PathBuf> {
        search(options, &options.policy_file, Path::is_file)
    }

    /// Whether the files are others by now.
    pub fn changed(&self, options: &PolicyOptions) -> bool {
        let now = Self::find(options);
        self.stamps != now.stamps || self.unreadable.is_some() != now.unreadable.is_some()
    }
}

/// Where a configured path leads.
fn search(options: &PolicyOptions, path: &Path, is: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    if path.as_os_str().is_empty() {
        return None;
    }
    // Joining an absolute path gives that path, but needs a folder to join it to.
    if path.is_absolute() {
        return is(path).then(|| path.to_owned());
    }
    options
        .config_dirs
        .iter()
        .map(|folder| folder.join(path))
        .find(|path| is(path))
}

/// The files right in a folder, sorted, without hidden ones.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn stamp(path: PathBuf) -> Stamp {
    let version = std::fs::metadata(&path)
        .and_then(|found| Ok((found.modified()?, found.len(), found.ino())))
        .ok();
    Stamp { path, version }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn folder(files: &[(&str, &str)]) -> (TempDir, PolicyOptions) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let config_dirs = vec!["/nonexistent".into(), folder.path().to_owned()];
        (
            folder,
            PolicyOptions {
                config_dirs,
                ..PolicyOptions::default()
            },
        )
    }

    fn rule(loaded: &LoadedPolicy, name: &str) -> String {
        loaded
            .policy
            .check(name)
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    #[test]
    fn a_missing_policy_file_means_the_defaults() {
        let (_folder, mut options) = folder(&[]);
        for file in ["policy.yaml", "other.yaml", "/nonexistent/policy.yaml"] {
            options.policy_file = file.into();
            let loaded = Policy::load(&options).unwrap();
            assert_eq!(rule(&loaded, "admin_required"), "role:admin or is_admin:1");
            assert!(loaded.warnings.is_empty());
        }
    }

    #[test]
    fn later_files_win_and_hidden_ones_and_folders_do_not_count() {
        let (_folder, options) = folder(&[
            (
                "policy.yaml",
                "# ours\n\"r\": \"role:file\"\n\"s\": \"role:file\"\n",
            ),
            ("policy.d/b.yaml", "r: role:b\n"),
            (
                "policy.d/a.txt",
                "{\"r\": \"role:a\", \"t\": [[\"role:x\", \"role:y\"]]}",
            ),
            ("policy.d/.z.yaml", "r: role:z\n"),
            ("policy.d/c/c.yaml", "r: role:c\n"),
        ]);
        let loaded = Policy::load(&options).unwrap();
        assert_eq!(rule(&loaded, "r"), "role:b");
        assert_eq!(rule(&loaded, "s"), "role:file");
        assert_eq!(rule(&loaded, "t"), "role:x and role:y");
    }

    #[test]
    fn json_and_yaml_are_told_apart_by_content() {
        for text in [
            "{\n\t\"r\": \"role:x\"\n}",
            "r: role:x",
            "{r: role:x}",
            "r: '!'\nr: role:x",
        ] {
            let (_folder, options) = folder(&[("policy.yaml", text)]);
            assert_eq!(
                rule(&Policy::load(&options).unwrap(), "r"),
                "role:x",
                "{text}"
            );
        }
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        for text in ["", "\n# all as it was\n", "{}", "---\n"] {
            let (_folder, options) = folder(&[("policy.yaml", text)]);
            let loaded = Policy::load(&options).unwrap();
            assert_eq!(rule(&loaded, "owner"), "user_id:%(user_id)s", "{text:?}");
        }
    }

    #[test]
    fn a_rule_without_value_permits_everything_with_a_warning() {
        let (_folder, options) = folder(&[("policy.yaml", "r:\ns: \"\"\n")]);
        let loaded = Policy::load(&options).unwrap();
        assert_eq!(
            (rule(&loaded, "r"), rule(&loaded, "s")),
            ("@".into(), "@".into())
        );
        assert_eq!(loaded.warnings.len(), 1);
        assert!(loaded.warnings[0].contains("rule r has no value"));
    }

    #[test]
    fn a_broken_file_is_named_with_its_rule() {
        for (text, reason) in [
            (
                "r: role:a or or role:b",
                "rule r: a check is missing before `or`",
            ),
            ("r: 5", "rule r: a rule is a text or a list"),
            ("r: rule:s\ns: rule:r", "rule r: it leads back to itself"),
            ("- r", "policy.yaml: "),
            ("r: [", "policy.yaml: "),
        ] {
            let (_folder, options) = folder(&[("policy.yaml", text)]);
            let error = Policy::load(&options).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_change_of_any_file_is_noticed() {
        let (folder, options) = folder(&[("policy.yaml", "r: '@'"), ("policy.d/a", "s: '@'")]);
        let files = Policy::load(&options).unwrap().files;
        assert!(!files.changed(&options));
        std::fs::write(folder.path().join("policy.d/b"), "t: '@'").unwrap();
        assert!(files.changed(&options));
        std::fs::remove_file(folder.path().join("policy.d/b")).unwrap();
        assert!(!files.changed(&options));
        std::fs::write(folder.path().join("policy.yaml"), "r: '!!'").unwrap();
        assert!(files.changed(&options));
        let files = PolicyFiles::find(&options);
        std::fs::remove_file(folder.path().join("policy.yaml")).unwrap();
        assert!(files.changed(&options));
    }
}
