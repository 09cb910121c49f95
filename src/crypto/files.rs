//! Writing secrets to disk so that a crash leaves either the old file or the new one.

use crate::{Error, Result};
use std::fmt::Display;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

/// Who shall own the files that a command makes; `None` leaves the process's own id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Numeric user id.
    pub uid: Option<u32>,
    /// Numeric group id.
    pub gid: Option<u32>,
}

/// An [`Error::Internal`] that names the file.
pub(crate) fn failed(action: &str, path: &Path, why: impl Display) -> Error {
    Error::Internal(format!("cannot {action} {}: {why}", path.display()))
}

/// Makes a directory (and its parents) that only the owner may enter; leaves an existing one alone.
pub(crate) fn create_private_directory(path: &Path, owner: Owner) -> Result<()> {
    create_directory(path, 0o700, owner)
}

/// Makes a directory (and its parents) with a mode; leaves an existing one alone.
pub(crate) fn create_directory(path: &Path, mode: u32, owner: Owner) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let create = || {
        DirBuilder::new().recursive(true).mode(mode).create(path)?;
        chown(path, owner.uid, owner.gid)
    };
    create().map_err(|e| failed("create", path, e))
}

/// Writes a new file with a mode and an owner and forces it to disk; replaces what is there.
pub(crate) fn write(path: &Path, text: &str, mode: u32, owner: Owner) -> Result<()> {
    let write = || {
        // A leftover of a crash could have another owner or a looser mode; never write into it.
        match fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        chown(path, owner.uid, owner.gid)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|e| failed("write", path, e))
}

/// Renames within one directory.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| failed("rename", from, e))
}

/// Forces a directory's entries to disk, so that renames survive a power cut.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|e| failed("sync", path, e))
}
