//! Where values come from, and which of them wins.
//!
//! From strongest to weakest: arguments of the command line, environment, files (the last one that
//! has the option, then its last line), fallbacks of the program, the option table's default. A
//! repeatable option collects all its lines of all files instead. Measured on oslo.config 10.7,
//! with two differences that nobody can want back: there the environment beats the command line,
//! and a repeatable option is cut into letters when it comes from the environment.

use super::ini::{self, Assignment};
use super::option::OptionSpec;
use super::substitute::{escape, substitute};
use super::value::{Kind, OptionValue};
use super::{option, options};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// What a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Files and folders in order; a later one wins.
    pub places: Vec<Place>,
    /// Environment variables; those named `OS_<GROUP>__<OPTION>` count, and win over files.
    pub environment: Vec<(String, String)>,
    /// Group, option and value of flags on the command line, which win over everything.
    pub arguments: Vec<(String, String, String)>,
}

/// Something on disk to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A folder whose `*.conf` files are read, in the order of their names.
    Dir(PathBuf),
}

impl Place {
    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Dir(path) => path,
        }
    }

    /// The file, or those in the folder.
    fn files(&self) -> Result<Vec<PathBuf>, Problem> {
        match self {
            Self::File(path) => Ok(vec![path.clone()]),
            Self::Dir(path) => files_in(path),
        }
    }
}

impl Sources {
    /// The places that Keystone looks at when none is given: the first `keystone.conf`, and the
    /// first `keystone.conf.d`, of `~/.keystone`, `~`, `/etc/keystone` and `/etc`, as far as they
    /// exist.
    pub fn default_search(home: Option<&Path>) -> Self {
        let mut places = Vec::new();
        if let Some(home) = home {
            places.extend([home.join(".keystone"), home.to_owned()]);
        }
        places.extend([PathBuf::from("/etc/keystone"), PathBuf::from("/etc")]);
        let first = |name: &str| {
            places
                .iter()
                .map(|place| place.join(name))
                .find(|path| path.exists())
        };
        let file = first("keystone.conf").map(Place::File);
        let dir = first("keystone.conf.d").map(Place::Dir);
        Self {
            places: file.into_iter().chain(dir).collect(),
            ..Self::default()
        }
    }
}

/// The `*.conf` files of a folder, in the order of their names.
fn files_in(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let problem = |error| Problem::new(dir.display(), format!("can't read the folder: {error}"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(problem)? {
        let name = entry.map_err(problem)?.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".conf") && !text.starts_with('.') {
            found.push(dir.join(&name));
        }
    }
    found.sort();
    Ok(found)
}

/// Where an option's value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: the option table's default.
    Default,
    /// Nowhere: a fallback that the program gave at the start.
    Fallback,
    /// A file, and the line in it (counted from 1).
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Argument,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Fallback => f.write_str("built-in setting"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Argument => f.write_str("command line"),
        }
    }
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `file:line`, or whatever else the value came from.
    pub place: String,
    /// What is wrong, with the option's group and name.
    pub reason: String,
}

impl Problem {
    pub(super) fn new(place: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self {
            place: place.to_string(),
            reason: reason.into(),
        }
    }
}

/// Why a configuration can't be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{}: {}", problem.place, problem.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A group and an option's name.
type Name = (&'static str, &'static str);

/// Every option's value and where it was set, and the few options that have no row in the table.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) settings: BTreeMap<Name, (OptionValue, Origin)>,
    pub(super) unlisted: BTreeMap<(String, String), String>,
}

/// Reads everything and gives each option its value, with warnings for the operator.
pub(super) fn load(
    sources: &Sources,
    fallbacks: &[(&str, &str, String)],
) -> Result<(Values, Vec<String>), ConfigError> {
    let files = read_files(sources)?;
    merge(&files, sources, fallbacks)
}

/// A file's path and what stands in it.
pub(super) type ParsedFile = (PathBuf, Vec<Assignment>);

fn read_files(sources: &Sources) -> Result<Vec<ParsedFile>, ConfigError> {
    let paths: Result<Vec<_>, _> = sources.places.iter().map(Place::files).collect();
    let paths = paths.map_err(|problem| ConfigError {
        problems: vec![problem],
    })?;
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for path in paths.into_iter().flatten() {
        match std::fs::read_to_string(&path) {
            Ok(text) => match parse_text(&path, &text) {
                Ok(file) => files.push(file),
                Err(error) => problems.extend(error.problems),
            },
            Err(error) => problems.push(Problem::new(
                path.display(),
                format!("can't read the file: {error}"),
            )),
        }
    }
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(ConfigError { problems })
    }
}

/// Parses one file's text under its name.
pub(super) fn parse_text(path: &Path, text: &str) -> Result<ParsedFile, ConfigError> {
    let problem = |error: &ini::SyntaxError| {
        Problem::new(
            format_args!("{}:{}", path.display(), error.line),
            error.reason,
        )
    };
    match ini::parse(text) {
        Ok(assignments) => Ok((path.to_owned(), assignments)),
        Err(errors) => Err(ConfigError {
            problems: errors.iter().map(problem).collect(),
        }),
    }
}

/// Gives each option its value.
pub(super) fn merge(
    files: &[ParsedFile],
    sources: &Sources,
    fallbacks: &[(&str, &str, String)],
) -> Result<(Values, Vec<String>), ConfigError> {
    let mut warnings = Vec::new();
    let found = options()
        .map(|spec| {
            (
                (spec.group, spec.name),
                find(spec, files, sources, fallbacks, &mut warnings),
            )
        })
        .collect();
    let resolver = Resolver {
        found,
        done: RefCell::default(),
    };

    let mut problems = Vec::new();
    let mut settings = BTreeMap::new();
    for spec in options() {
        let place = (spec.group, spec.name);
        let origin = resolver.found[&place].origin.clone();
        match resolver.value(spec) {
            Ok(value) => {
                settings.insert(place, (value, origin));
            }
            Err(reason) => {
                problems.push(Problem::new(
                    origin,
                    format!("[{}] {}: {reason}", spec.group, spec.name),
                ));
            }
        }
    }
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let methods = match settings.get(&("auth", "methods")) {
        Some((OptionValue::List(methods), _)) => methods.as_slice(),
        _ => &[],
    };
    warnings.extend(unknown_options(files, sources, methods));
    let unlisted = files
        .iter()
        .flat_map(|(_, assignments)| assignments)
        .filter(|assignment| is_open(&assignment.group, &assignment.key, methods))
        .map(
            |Assignment {
                 group, key, value, ..
             }| {
                let text = substitute(value, |name| resolver.reference(group, name));
                (
                    (group.clone(), key.clone()),
                    text.unwrap_or_else(|_| value.clone()),
                )
            },
        )
        .collect();
    Ok((Values { settings, unlisted }, warnings))
}

/// The environment variable of an option.
fn variable(spec: &OptionSpec) -> String {
    format!(
        "OS_{}__{}",
        spec.group.to_uppercase(),
        spec.name.to_uppercase()
    )
}

/// What was found for an option: one text, several of a repeatable one, none when unset.
struct Found {
    texts: Vec<String>,
    origin: Origin,
}

impl Found {
    fn one(text: &str, origin: Origin) -> Self {
        Self {
            texts: vec![text.to_owned()],
            origin,
        }
    }
}

fn find(
    spec: &OptionSpec,
    files: &[ParsedFile],
    sources: &Sources,
    fallbacks: &[(&str, &str, String)],
    warnings: &mut Vec<String>,
) -> Found {
    let is_this = |group: &str, name: &str| group == spec.group && name == spec.name;
    if let Some((.., text)) = sources.arguments.iter().rfind(|(g, n, _)| is_this(g, n)) {
        return Found::one(&escape(text), Origin::Argument);
    }
    let variable = variable(spec);
    if let Some((name, text)) = sources
        .environment
        .iter()
        .rfind(|(name, _)| *name == variable)
    {
        return Found::one(text, Origin::Environment(name.clone()));
    }
    if let Some(found) = find_in_files(spec, files, warnings) {
        return found;
    }
    if let Some((.., text)) = fallbacks.iter().rfind(|(g, n, _)| is_this(g, n)) {
        return Found::one(&escape(text), Origin::Fallback);
    }
    Found {
        texts: spec.default_texts(),
        origin: Origin::Default,
    }
}

fn find_in_files(
    spec: &OptionSpec,
    files: &[ParsedFile],
    warnings: &mut Vec<String>,
) -> Option<Found> {
    let mut texts = Vec::new();
    let mut origin = None;
    let mut warned = BTreeSet::new();
    for (path, assignments) in files {
        // Within one file the option's own name beats the older ones, wherever they stand.
        let names = std::iter::once((spec.group, spec.name)).chain(spec.deprecated.iter().copied());
        for (rank, (group, name)) in names.enumerate() {
            let mut lines = assignments
                .iter()
                .filter(|line| line.group == group && line.key == name)
                .peekable();
            let Some(first) = lines.peek() else { continue };
            if rank > 0 && warned.insert((group, name)) {
                warnings.push(format!(
                    "{}:{}: [{group}] {name} is an old name; write [{}] {} instead",
                    path.display(),
                    first.line,
                    spec.group,
                    spec.name,
                ));
            } else if spec.obsolete && warned.insert((group, name)) {
                warnings.push(format!(
                    "{}:{}: [{group}] {name} is deprecated and will go away",
                    path.display(),
                    first.line,
                ));
            }
            for line in lines {
                if spec.kind != Kind::Multi {
                    texts.clear();
                }
                texts.push(line.value.clone());
                origin = Some(Origin::File(path.clone(), line.line));
            }
            break;
        }
    }
    origin.map(|origin| Found { texts, origin })
}

/// Whether an option without a row is none the less read: the plugin of an authentication method
/// that is allowed, and the attribute that a federation protocol names in a group of its own.
fn is_open(group: &str, name: &str, methods: &[String]) -> bool {
    let is_method = || group == "auth" && methods.iter().any(|method| method == name);
    option(group, name).is_none() && (name == "remote_id_attribute" || is_method())
}

/// Warns of options that nobody reads; of a group that nobody reads, once in each file.
fn unknown_options(files: &[ParsedFile], sources: &Sources, methods: &[String]) -> Vec<String> {
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    for spec in options() {
        known.insert((spec.group, spec.name));
        known.extend(spec.deprecated);
    }
    let groups: BTreeSet<&str> = known.iter().map(|(group, _)| *group).collect();
    let mut warnings = Vec::new();
    for (path, assignments) in files {
        let mut seen = BTreeSet::new();
        for Assignment {
            group, key, line, ..
        } in assignments
        {
            let place = format_args!("{}:{line}", path.display());
            if known.contains(&(group.as_str(), key.as_str())) || is_open(group, key, methods) {
                continue;
            } else if groups.contains(group.as_str()) {
                warnings.push(format!(
                    "{place}: [{group}] has no option {key}; it is ignored"
                ));
            } else if group == "default" && seen.insert(group) {
                warnings.push(format!(
                    "{place}: [default] is not [DEFAULT]; it is ignored"
                ));
            } else if seen.insert(group) {
                warnings.push(format!(
                    "{place}: there is no group [{group}]; it is ignored"
                ));
            }
        }
    }
    let variables: BTreeSet<String> = options().map(variable).collect();
    for (name, _) in &sources.environment {
        let group = name
            .strip_prefix("OS_")
            .and_then(|rest| rest.split_once("__"))
            .map(|(group, _)| group);
        if group.is_some_and(|group| groups.iter().any(|known| known.to_uppercase() == group))
            && !variables.contains(name)
        {
            warnings.push(format!(
                "environment variable {name} names no option; it is ignored"
            ));
        }
    }
    warnings
}

/// Replaces references and reads texts, each option once.
struct Resolver {
    found: BTreeMap<Name, Found>,
    /// `None` while the option's value is being made.
    done: RefCell<BTreeMap<Name, Option<Result<OptionValue, String>>>>,
}

impl Resolver {
    fn value(&self, spec: &OptionSpec) -> Result<OptionValue, String> {
        let place = (spec.group, spec.name);
        if let Some(known) = self.done.borrow().get(&place) {
            return known
                .clone()
                .unwrap_or_else(|| Err("refers to itself".to_owned()));
        }
        self.done.borrow_mut().insert(place, None);
        let result = self.read(spec, &self.found[&place].texts);
        self.done.borrow_mut().insert(place, Some(result.clone()));
        result
    }

    fn read(&self, spec: &OptionSpec, texts: &[String]) -> Result<OptionValue, String> {
        let replace = |text: &String| {
            let text = substitute(text, |name| self.reference(spec.group, name));
            // What follows a stray $ in a password is part of the password.
            text.map_err(|reason| {
                if spec.secret {
                    STRAY.to_owned()
                } else {
                    reason
                }
            })
        };
        let texts = texts.iter().map(replace).collect::<Result<Vec<_>, _>>()?;
        spec.parse_all(&texts)
    }

    /// The text that a reference stands for: of the own group, else of `DEFAULT`.
    fn reference(&self, group: &str, name: &str) -> Result<String, String> {
        let spec = match name.split_once('.') {
            Some((group, name)) => option(&ini::normalize_group(group), name),
            None => option(group, name).or_else(|| option("DEFAULT", name)),
        };
        let spec = spec.ok_or_else(|| {
            format!("${name} refers to no option; a dollar sign itself is written $$")
        })?;
        match self.value(spec) {
            Ok(value) => Ok(value.to_text()),
            Err(reason) => Err(format!(
                "refers to [{}] {}, which {reason}",
                spec.group, spec.name
            )),
        }
    }
}

const STRAY: &str = "has a $ that refers to no usable option; a dollar sign itself is written $$";
