//! `--keystone-user` and `--keystone-group`.

use super::arguments::KeyOwner;
use crate::crypto::Owner;
use anyhow::{Context as _, bail};
use std::process::Command;

/// The owner of new files; none when the command line makes no sense: root must say whose they are,
/// lest the service can't read its own keys.
pub(super) fn of(options: &KeyOwner) -> anyhow::Result<Option<Owner>> {
    let KeyOwner {
        keystone_user,
        keystone_group,
    } = options;
    if rustix::process::geteuid().is_root() && (keystone_user.is_none() || keystone_group.is_none())
    {
        eprintln!("root must say who shall own the keys: --keystone-user and --keystone-group");
        return Ok(None);
    }
    let id =
        |kind, name: &Option<String>| name.as_ref().map(|name| look_up(kind, name)).transpose();
    Ok(Some(Owner {
        uid: id(Kind::User, keystone_user)?,
        gid: id(Kind::Group, keystone_group)?,
    }))
}

#[derive(Clone, Copy)]
enum Kind {
    User,
    Group,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The name of the system's database, which is also that of its file in /etc.
    fn database(self) -> &'static str {
        match self {
            Self::User => "passwd",
            Self::Group => "group",
        }
    }
}

/// The number of a user or group that is given by name or number and must exist.
fn look_up(kind: Kind, name: &str) -> anyhow::Result<u32> {
    let entries = entries(kind, name)?;
    for entry in entries.lines() {
        let mut fields = entry.split(':');
        let (entry_name, id) = (fields.next().unwrap_or_default(), fields.nth(1));
        if let Some(id) = id.filter(|id| entry_name == name || *id == name) {
            return id
                .parse()
                .with_context(|| format!("{} {name} has no usable id", kind.name()));
        }
    }
    bail!("there is no {} {name}", kind.name())
}

/// Asks `getent`, which also knows users of directory services; the files when it isn't there, as in
/// a container.
fn entries(kind: Kind, name: &str) -> anyhow::Result<String> {
    if let Ok(output) = Command::new("getent")
        .args([kind.database(), "--", name])
        .output()
        && output.status.success()
    {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let path = format!("/etc/{}", kind.database());
    std::fs::read_to_string(&path).with_context(|| format!("can't read {path}"))
}
