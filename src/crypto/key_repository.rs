//! Directories of Fernet keys, shared with other identity servers on the same files.
//!
//! A key file's name is a decimal number and its content the 44 characters of a key. The highest
//! number is the primary key, which encrypts; 0 is staged to become primary at the next rotation;
//! the rest only decrypt. Whatever has another name is not a key.

use super::files::{self, Owner, failed};
use crate::Result;
use crate::crypto::fernet::{FernetKey, FernetKeys, NULL_KEY};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// A key is 44 characters; nothing near this size is one.
const MAX_KEY_FILE: u64 = 4096;
const STAGED: u64 = 0;

/// How often a directory is read again because somebody changed it meanwhile.
const MOST_READS: usize = 10;

/// An empty key file is about to be filled, unless it is as old as this.
const TIME_TO_FILL: Duration = Duration::from_secs(2);

/// A directory of keys.
#[derive(Clone, Debug)]
pub struct KeyRepository {
    path: PathBuf,
}

/// What was read, and the state of the directory it was read from.
#[derive(Clone, Debug)]
pub struct LoadedKeys {
    /// The keys, primary first.
    pub keys: FernetKeys,
    /// The directory's state just before reading.
    pub stamp: Stamp,
    /// What an operator should look at, in sentences.
    pub warnings: Vec<String>,
}

/// The state of a key directory; equal stamps mean that nothing was changed between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<FileStamp>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    number: Option<u64>,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl FileStamp {
    fn of(number: Option<u64>, metadata: &fs::Metadata) -> Self {
        Self {
            number,
            inode: metadata.ino(),
            size: if number.is_some() { metadata.len() } else { 0 },
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

struct KeyFile {
    number: u64,
    path: PathBuf,
    metadata: fs::Metadata,
}

/// The keys of a directory, the primary first, and what is worth a warning.
type KeysRead = (Vec<FernetKey>, Vec<String>);

impl KeyRepository {
    /// A repository at a path, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the repository has a staged key, that is, whether [`Self::setup`] has nothing to do.
    pub fn is_set_up(&self) -> bool {
        self.file(STAGED).is_file()
    }

    /// Reads all keys.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when the directory is missing or holds no key,
    /// and when a key file can't be read, is no key or is just being written. A file that stays empty is
    /// passed over with a warning.
    pub fn load(&self) -> Result<LoadedKeys> {
        let (stamp, (keys, warnings)) = self.read_settled()?;
        let keys =
            FernetKeys::new(keys).map_err(|_| failed("use", &self.path, "it has no keys"))?;
        Ok(LoadedKeys {
            keys,
            stamp,
            warnings,
        })
    }

    /// Reads all keys of a credential repository, which may be missing: the null key comes last.
    ///
    /// # Errors
    /// As [`Self::load`], but a directory that is missing or empty leaves the null key alone, with
    /// a warning.
    pub fn load_with_null_key(&self) -> Result<LoadedKeys> {
        let (stamp, (mut keys, mut warnings)) = match self.path.is_dir() {
            true => self.read_settled()?,
            false => (Stamp(Vec::new()), Default::default()),
        };
        if keys.is_empty() {
            warnings.push(format!(
                "no credential keys in {}: credentials are encrypted with the null key, which \
                 protects nothing",
                self.path.display()
            ));
        }
        keys.push(FernetKey::parse(NULL_KEY)?);
        Ok(LoadedKeys {
            keys: FernetKeys::new(keys)?,
            stamp,
            warnings,
        })
    }

    /// The directory's state now, by a few `stat` calls; for [`Self::changed`].
    pub fn stamp(&self) -> Result<Stamp> {
        let unreadable = |e| failed("read", &self.path, e);
        let directory = fs::metadata(&self.path).map_err(unreadable)?;
        let mut stamps = vec![FileStamp::of(None, &directory)];
        let files = self.key_files()?;
        stamps.extend(
            files
                .iter()
                .map(|file| FileStamp::of(Some(file.number), &file.metadata)),
        );
        Ok(Stamp(stamps))
    }

    /// Whether keys were added, removed or rewritten since a stamp; an unreadable directory counts
    /// as a change, unless it was missing then.
    pub fn changed(&self, since: &Stamp) -> bool {
        match self.stamp() {
            Ok(now) => now != *since,
            Err(_) => !since.0.is_empty(),
        }
    }

    /// Makes the directory and its first two keys, 0 and 1; does nothing when key 0 exists.
    /// Whether anything was made.
    pub fn setup(&self, max_active_keys: usize, owner: Owner) -> Result<bool> {
        files::create_private_directory(&self.path, owner)?;
        if self.is_set_up() {
            return Ok(false);
        }
        let draft = self.write_draft(owner)?;
        files::rename(&draft, &self.file(STAGED))?;
        self.rotate(max_active_keys, owner)?;
        Ok(true)
    }

    /// Makes the staged key primary, stages a new one, and deletes the oldest keys until at most
    /// `max_active_keys` files (0 included) are left.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when there is no staged key to
    /// promote, or a file can't be written.
    pub fn rotate(&self, max_active_keys: usize, owner: Owner) -> Result<()> {
        if !self.is_set_up() {
            return Err(failed(
                "rotate",
                &self.path,
                "it has no staged key (file 0)",
            ));
        }
        let highest = self
            .key_files()?
            .iter()
            .map(|file| file.number)
            .max()
            .unwrap_or(STAGED);
        let Some(primary) = highest.checked_add(1) else {
            return Err(failed("rotate", &self.path, "the key numbers have run out"));
        };
        // In this order every crash leaves keys that decrypt all that has been handed out.
        let draft = self.write_draft(owner)?;
        files::rename(&self.file(STAGED), &self.file(primary))?;
        files::rename(&draft, &self.file(STAGED))?;
        files::sync_directory(&self.path)?;
        self.prune(max_active_keys)
    }

    /// The newest of the keys that [`Self::rotate`] would delete, and when it last made tokens: keys that
    /// are older did so before. The times are those of the files, which a copy must preserve.
    pub fn doomed(&self, max_active_keys: usize) -> Result<Option<(PathBuf, SystemTime)>> {
        let files = self.key_files()?;
        let (staged, used): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.number == STAGED);
        let surplus = (files.len() + 1).saturating_sub(max_active_keys.max(1));
        let Some(last) = surplus.min(used.len()).checked_sub(1) else {
            return Ok(None);
        };
        // A key is staged when the one before it comes into use; so the file after next is as old as
        // the end of this one's use.
        let successor = used.iter().chain(&staged).nth(last + 2);
        let ended = match successor {
            Some(file) => file
                .metadata
                .modified()
                .map_err(|e| failed("read", &file.path, e))?,
            None => SystemTime::now(),
        };
        Ok(Some((used[last].path.clone(), ended)))
    }

    fn prune(&self, max_active_keys: usize) -> Result<()> {
        let files = self.key_files()?;
        let surplus = files.len().saturating_sub(max_active_keys.max(1));
        for file in files
            .iter()
            .filter(|file| file.number != STAGED)
            .take(surplus)
        {
            fs::remove_file(&file.path).map_err(|e| failed("remove", &file.path, e))?;
        }
        files::sync_directory(&self.path)
    }

    fn write_draft(&self, owner: Owner) -> Result<PathBuf> {
        let draft = self.path.join("0.tmp");
        let key = Zeroizing::new(FernetKey::generate()?);
        files::write(&draft, &key, 0o600, owner)?;
        Ok(draft)
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(number.to_string())
    }

    /// [`Self::read_keys`] of a moment in which nobody changed the directory: a listing that is taken
    /// while a key is renamed may lack it.
    fn read_settled(&self) -> Result<(Stamp, KeysRead)> {
        for _ in 0..MOST_READS {
            let stamp = self.stamp()?;
            let read = self.read_keys();
            if self.stamp()? == stamp {
                return Ok((stamp, read?));
            }
        }
        Err(failed("read", &self.path, "it changes all the time"))
    }

    fn read_keys(&self) -> Result<KeysRead> {
        let mut keys = Vec::new();
        let mut warnings = Vec::new();
        for file in self.key_files()?.into_iter().rev() {
            let path = &file.path;
            if file.metadata.len() > MAX_KEY_FILE {
                return Err(failed("use", path, "it is too large for a key"));
            }
            let text = fs::read_to_string(path).map_err(|e| failed("read", path, e))?;
            let text = Zeroizing::new(text);
            if text.is_empty() {
                if is_young(&file.metadata) {
                    return Err(failed("use", path, "it is empty, but just being written"));
                }
                warnings.push(format!("ignoring the empty key file {}", path.display()));
                continue;
            }
            if file.metadata.mode() & 0o004 != 0 {
                warnings.push(format!(
                    "the key file {} is readable by everyone",
                    path.display()
                ));
            }
            keys.push(FernetKey::parse(&text).map_err(|e| failed("use", path, e))?);
        }
        Ok((keys, warnings))
    }

    /// The files with numbers for names, lowest first. Links are followed, as mounted secrets need.
    fn key_files(&self) -> Result<Vec<KeyFile>> {
        let unreadable = |e| failed("read", &self.path, e);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let Some(number) = entry.file_name().to_str().and_then(key_number) else {
                continue;
            };
            let path = entry.path();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    files.push(KeyFile {
                        number,
                        path,
                        metadata,
                    });
                }
                // Renamed or pruned by a rotation that runs while we read.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed("read", &path, e)),
                Ok(_) => {}
            }
        }
        files.sort_by(|a, b| (a.number, &a.path).cmp(&(b.number, &b.path)));
        Ok(files)
    }
}

fn is_young(metadata: &fs::Metadata) -> bool {
    let age = metadata.modified().map(|time| time.elapsed());
    // A time in the future is no age at all.
    !matches!(age, Ok(Ok(age)) if age >= TIME_TO_FILL)
}

fn key_number(name: &str) -> Option<u64> {
    name.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| name.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const SELF: Owner = Owner {
        uid: None,
        gid: None,
    };

    fn repository() -> (tempfile::TempDir, KeyRepository) {
        let home = tempfile::tempdir().unwrap();
        let repository = KeyRepository::new(home.path().join("etc/keys"));
        (home, repository)
    }

    fn names(repository: &KeyRepository) -> Vec<String> {
        let entries = fs::read_dir(repository.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn content(repository: &KeyRepository, name: &str) -> String {
        fs::read_to_string(repository.path().join(name)).unwrap()
    }

    fn put(repository: &KeyRepository, name: &str, text: &str) {
        fs::write(repository.path().join(name), text).unwrap();
    }

    fn made_ago(repository: &KeyRepository, name: &str, seconds: u64) {
        let file = fs::File::options()
            .append(true)
            .open(repository.path().join(name))
            .unwrap();
        let time = SystemTime::now() - Duration::from_secs(seconds);
        file.set_modified(time).unwrap();
    }

    #[test]
    fn a_rotation_says_which_key_it_would_delete_and_since_when_that_is_not_used() {
        let (_home, repository) = repository();
        let doomed = |most| {
            let (path, ended) = repository.doomed(most).unwrap()?;
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Some((name, ended.elapsed().unwrap().as_secs()))
        };
        repository.setup(3, SELF).unwrap();
        assert_eq!(doomed(3), None);
        assert_eq!(
            doomed(2),
            Some(("1".to_owned(), 0)),
            "it is the primary one"
        );
        repository.rotate(3, SELF).unwrap();
        // 1 was followed by 2 when the present 0 was staged.
        made_ago(&repository, "0", 50);
        made_ago(&repository, "1", 200);
        made_ago(&repository, "2", 100);
        assert_eq!(doomed(3), Some(("1".to_owned(), 50)));
        assert_eq!(doomed(2), Some(("2".to_owned(), 0)));
        put(&repository, "3", NULL_KEY);
        made_ago(&repository, "3", 70);
        assert_eq!(doomed(4), Some(("1".to_owned(), 70)));
        assert_eq!(doomed(5), None);
    }

    #[test]
    fn setup_makes_a_staged_and_a_primary_key_for_the_owner_alone() {
        let (_home, repository) = repository();
        assert!(repository.setup(3, SELF).unwrap());
        assert_eq!(names(&repository), ["0", "1"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(repository.path()), 0o700);
        assert_eq!(mode(&repository.path().join("0")), 0o600);
        assert_eq!(mode(&repository.path().join("1")), 0o600);
        assert_eq!(content(&repository, "1").len(), 44);
    }

    #[test]
    fn a_second_setup_changes_nothing() {
        let (_home, repository) = repository();
        repository.setup(3, SELF).unwrap();
        let stamp = repository.stamp().unwrap();
        assert!(!repository.setup(3, SELF).unwrap());
        assert!(!repository.changed(&stamp));
    }

    #[test]
    fn rotation_promotes_the_staged_key_and_prunes_the_oldest() {
        let (_home, repository) = repository();
        repository.setup(3, SELF).unwrap();
        let staged = content(&repository, "0");
        repository.rotate(3, SELF).unwrap();
        assert_eq!(names(&repository), ["0", "1", "2"]);
        assert_eq!(content(&repository, "2"), staged);
        repository.rotate(3, SELF).unwrap();
        assert_eq!(names(&repository), ["0", "2", "3"]);
        repository.rotate(1, SELF).unwrap();
        assert_eq!(names(&repository), ["0"]);
        repository.rotate(2, SELF).unwrap();
        assert_eq!(names(&repository), ["0", "1"]);
    }

    #[test]
    fn rotation_without_a_staged_key_fails_and_leaves_no_trace() {
        let (_home, repository) = repository();
        fs::create_dir_all(repository.path()).unwrap();
        put(&repository, "5", NULL_KEY);
        assert!(repository.rotate(3, SELF).is_err());
        assert_eq!(names(&repository), ["5"]);
    }

    #[test]
    fn the_highest_number_is_the_primary_key() {
        let (_home, repository) = repository();
        repository.setup(10, SELF).unwrap();
        put(&repository, "10", NULL_KEY);
        let loaded = repository.load().unwrap();
        let null_key = FernetKey::parse(NULL_KEY).unwrap();
        assert_eq!(loaded.keys.primary().hash(), null_key.hash());
        assert_eq!(loaded.keys.len(), 3);
    }

    #[test]
    fn other_names_and_empty_files_are_not_keys() {
        let (_home, repository) = repository();
        repository.setup(3, SELF).unwrap();
        fs::create_dir(repository.path().join("7")).unwrap();
        for name in ["8.tmp", "x", "-3", "+4"] {
            put(&repository, name, NULL_KEY);
        }
        put(&repository, "9", "");
        assert!(repository.load().is_err(), "it may be about to be filled");
        made_ago(&repository, "9", 60);
        let loaded = repository.load().unwrap();
        assert_eq!(loaded.keys.len(), 2);
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    }

    #[test]
    fn a_file_that_holds_no_key_is_an_error_that_names_it() {
        let (_home, repository) = repository();
        repository.setup(3, SELF).unwrap();
        put(&repository, "4", "garbage");
        let error = repository.load().unwrap_err().to_string();
        assert!(
            error.contains("keys/4") && !error.contains("garbage"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_or_empty_repository_is_an_error_for_tokens_and_the_null_key_for_credentials() {
        let (_home, repository) = repository();
        assert!(repository.load().is_err());
        let loaded = repository.load_with_null_key().unwrap();
        assert_eq!((loaded.keys.len(), loaded.warnings.len()), (1, 1));
        assert!(!repository.changed(&loaded.stamp));
        fs::create_dir_all(repository.path()).unwrap();
        assert!(repository.load().is_err());
        assert_eq!(repository.load_with_null_key().unwrap().keys.len(), 1);
        repository.setup(3, SELF).unwrap();
        assert!(repository.changed(&loaded.stamp));
        assert_eq!(repository.load_with_null_key().unwrap().keys.len(), 3);
    }

    #[test]
    fn a_rewritten_key_is_noticed() {
        let (_home, repository) = repository();
        repository.setup(3, SELF).unwrap();
        let loaded = repository.load().unwrap();
        assert!(!repository.changed(&loaded.stamp));
        put(&repository, "1", &format!("{NULL_KEY}\n"));
        assert!(repository.changed(&loaded.stamp));
        let loaded = repository.load().unwrap();
        repository.rotate(3, SELF).unwrap();
        assert!(repository.changed(&loaded.stamp));
    }
}
