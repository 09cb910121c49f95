//! Noticing that files which the settings were made from have changed.

use super::settings::policy_options;
use crate::config::Config;
use crate::policy::{PolicyFiles, PolicyOptions};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The key and policy files of a configuration as they were at some moment.
///
/// Take it before [`Settings::load`](super::Settings::load): a change in between is then noticed, at worst once too often.
#[derive(Debug)]
pub struct WatchedFiles {
    key_folders: Vec<PathBuf>,
    keys: Vec<FileStamp>,
    policy_options: PolicyOptions,
    policy: PolicyFiles,
}

impl WatchedFiles {
    /// Looks at the files now. Blocking I/O.
    pub fn of(config: &Config, config_dirs: Vec<PathBuf>) -> Self {
        let key_folders = key_folders(config);
        let policy_options = policy_options(config, config_dirs);
        Self {
            keys: stamps(&key_folders),
            key_folders,
            policy: PolicyFiles::find(&policy_options),
            policy_options,
        }
    }

    /// Whether they are others by now. A few `stat` calls.
    pub fn changed(&self) -> bool {
        self.policy.changed(&self.policy_options) || stamps(&self.key_folders) != self.keys
    }
}

/// The folders whose keys sign, encrypt or verify tokens of any format: keys that appear make their
/// format accepted.
fn key_folders(config: &Config) -> Vec<PathBuf> {
    let mut folders = vec![
        config.fernet_tokens.key_repository.clone(),
        config.jwt_tokens.jws_private_key_repository.clone(),
        config.jwt_tokens.jws_public_key_repository.clone(),
    ];
    let signing = [&config.signing.certfile, &config.signing.keyfile];
    folders.extend(
        signing
            .iter()
            .filter_map(|file| file.parent())
            .map(Path::to_owned),
    );
    folders
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FileStamp {
    path: PathBuf,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl FileStamp {
    fn new(path: PathBuf, metadata: &Metadata) -> Self {
        Self {
            path,
            inode: metadata.ino(),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// What is in some folders; an unreadable one is as good as empty until it can be read.
fn stamps(folders: &[PathBuf]) -> Vec<FileStamp> {
    let mut stamps: Vec<_> = folders
        .iter()
        .flat_map(|folder| stamps_in(folder))
        .collect();
    stamps.sort();
    stamps
}

fn stamps_in(folder: &Path) -> Vec<FileStamp> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            // Links are followed, as mounted secrets need.
            let metadata = std::fs::metadata(&path).ok()?;
            Some(FileStamp::new(path, &metadata))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_and_new_rules_are_noticed() {
        let home = tempfile::tempdir().unwrap();
        let keys = home.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        let text = format!("[fernet_tokens]\nkey_repository = {}\n", keys.display());
        let config = Config::from_text(&text).unwrap();
        let look = || WatchedFiles::of(&config, vec![home.path().to_owned()]);
        let before = look();
        assert!(!before.changed());
        std::fs::write(keys.join("0"), "key").unwrap();
        assert!(before.changed());
        let before = look();
        std::fs::write(home.path().join("policy.yaml"), "{}").unwrap();
        assert!(before.changed());
        let before = look();
        std::fs::rename(keys.join("0"), keys.join("1")).unwrap();
        assert!(before.changed());
    }
}
