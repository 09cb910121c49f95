//! Files of single domains: `keystone.<domain>.conf`, below `[identity] domain_config_dir`.
//!
//! Such a file stands by itself: what it doesn't set has its default, whatever `keystone.conf` says.

use super::load::{ConfigError, Place, Problem, Sources};
use super::{Config, Loaded};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A domain's own configuration.
#[derive(Clone, Debug)]
pub struct DomainFile {
    /// The domain's name.
    pub domain: String,
    pub path: PathBuf,
    pub config: Arc<Config>,
}

impl DomainFile {
    /// The files of domains with drivers of their own, where those are in files. Warnings are appended.
    /// Blocking I/O.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn of(config: &Config, warnings: &mut Vec<String>) -> Result<Vec<Self>, ConfigError> {
        let identity = &config.identity;
        match identity.domain_specific_drivers_enabled
            && !identity.domain_configurations_from_database
        {
            true => Self::load_all(&identity.domain_config_dir, warnings),
            false => Ok(Vec::new()),
        }
    }

    /// Every file of a domain in a folder and those below it, in the order of their paths. Warnings are
    /// appended. Blocking I/O.
    ///
    /// # Errors
    /// Everything that is wrong with the files; a folder that can't be read.
    pub fn load_all(folder: &Path, warnings: &mut Vec<String>) -> Result<Vec<Self>, ConfigError> {
        if !folder.exists() {
            warnings.push(format!(
                "[identity] domain_config_dir: {} is not there; no domain has a configuration of its \
                 own",
                folder.display()
            ));
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for (path, domain) in paths(folder)? {
            let sources = Sources {
                places: vec![Place::File(path.clone())],
                ..Sources::default()
            };
            match Config::load(&sources) {
                Ok(Loaded {
                    config,
                    warnings: of_file,
                }) => {
                    warnings.extend(of_file);
                    files.push(Self {
                        domain,
                        path,
                        config: Arc::new(config),
                    });
                }
                Err(error) => problems.extend(error.problems),
            }
        }
        match problems.is_empty() {
            true => Ok(files),
            false => Err(ConfigError { problems }),
        }
    }
}

/// The domain that a file is called after.
pub fn domain_of_file(name: &str) -> Option<&str> {
    name.strip_prefix("keystone.")?
        .strip_suffix(".conf")
        .filter(|domain| !domain.is_empty())
}

fn paths(folder: &Path) -> Result<Vec<(PathBuf, String)>, ConfigError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error: std::io::Error| ConfigError {
            problems: vec![Problem::new(
                folder.display(),
                format!("can't read the folder: {error}"),
            )],
        };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(domain) = name.and_then(domain_of_file) {
                found.push((path.clone(), domain.to_owned()));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_after_its_domain() {
        assert_eq!(domain_of_file("keystone.acme.conf"), Some("acme"));
        assert_eq!(domain_of_file("keystone.a.b.conf"), Some("a.b"));
        for other in [
            "keystone.conf",
            "keystone..conf",
            "acme.conf",
            "keystone.acme",
        ] {
            assert_eq!(domain_of_file(other), None, "{other}");
        }
    }

    #[test]
    fn each_domain_has_the_defaults_and_what_its_file_says() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("more")).unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("keystone.b.conf", "[ldap]\nurl = ldap://b\n");
        write("more/keystone.a.conf", "[identity]\ndriver = ldap\n");
        write("notes.txt", "not ini");
        let mut warnings = Vec::new();
        let files = DomainFile::load_all(folder.path(), &mut warnings).unwrap();
        let seen: Vec<_> = files
            .iter()
            .map(|file| {
                let config = &file.config;
                (
                    file.domain.as_str(),
                    config.identity.driver.as_str(),
                    config.ldap.url.as_str(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [("b", "sql", "ldap://b"), ("a", "ldap", "ldap://localhost")]
        );
        assert!(warnings.is_empty(), "{warnings:?}");
        write("keystone.c.conf", "[ldap]\npage_size = many\n");
        let error = DomainFile::load_all(folder.path(), &mut warnings).unwrap_err();
        assert!(error.to_string().contains("page_size"), "{error}");
        let nowhere = folder.path().join("nowhere");
        assert!(
            DomainFile::load_all(&nowhere, &mut warnings)
                .unwrap()
                .is_empty()
        );
        assert_eq!(warnings.len(), 1);
    }
}
