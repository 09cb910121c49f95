//! Where the configuration comes from: files that were named, files in the usual places, or a
//! folder of our own.

use super::arguments::Global;
use super::first_run::StateDir;
use crate::config::{Config, ConfigError, Loaded, Place, Sources};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// Where this process reads its configuration, now and at every reload.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    sources: Sources,
    state: Option<StateDir>,
    home: Option<PathBuf>,
    ignores_state_dir: bool,
}

impl Environment {
    /// Decides by what was typed and what is there.
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let home = std::env::var_os("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from);
        let mut sources = Sources::default_search(home.as_deref());
        // As oslo.config reads them: of the usual places a file counts still where no file was typed,
        // and a folder where no folder was; but what was typed wins, in the order of typing.
        let typed = global.places();
        let is_file = |place: &Place| matches!(place, Place::File(_));
        sources
            .places
            .retain(|usual| typed.iter().all(|place| is_file(place) != is_file(usual)));
        let named = !typed.is_empty();
        sources.places.extend(typed);
        let state = if sources.places.is_empty() {
            Some(StateDir::find(
                global.state_dir.as_deref(),
                home.as_deref(),
            )?)
        } else {
            None
        };
        sources.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("OS_"))
            .collect();
        sources.arguments = global.settings();
        let ignores_state_dir = named && global.state_dir.is_some();
        Ok(Self {
            sources,
            state,
            home,
            ignores_state_dir,
        })
    }

    /// Reads the configuration.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let fallbacks = self
            .state
            .as_ref()
            .map(StateDir::fallbacks)
            .unwrap_or_default();
        let mut loaded = Config::load_with(&self.sources, &fallbacks)?;
        if self.ignores_state_dir {
            loaded
                .warnings
                .push("--state-dir is ignored beside a configuration file".to_owned());
        }
        Ok(loaded)
    }

    /// Where it comes from, for the log.
    pub fn describe(&self) -> String {
        if let Some(state) = &self.state {
            return format!(
                "no configuration file; everything is in {}",
                state.path().display()
            );
        }
        let places = self.sources.places.iter();
        let paths: Vec<_> = places
            .map(|place| place.path().display().to_string())
            .collect();
        format!("configuration: {}", paths.join(", "))
    }

    /// The folder that holds everything, when there is no configuration file.
    pub fn state(&self) -> Option<&StateDir> {
        self.state.as_ref()
    }

    /// Where relative names of policy files are looked for: configuration folders, the folders of
    /// the configuration files (the last one first), the usual places. oslo.config's order.
    pub fn policy_folders(&self) -> Vec<PathBuf> {
        if let Some(state) = &self.state {
            return vec![state.path().to_owned()];
        }
        let mut folders = Vec::new();
        let mut of_files = Vec::new();
        for place in &self.sources.places {
            match place {
                Place::Dir(path) => folders.push(path.clone()),
                Place::File(path) => of_files.extend(path.parent().map(here_if_empty)),
            }
        }
        folders.extend(of_files.into_iter().rev());
        if let Some(home) = &self.home {
            folders.extend([home.join(".keystone"), home.clone()]);
        }
        folders.extend([PathBuf::from("/etc/keystone"), PathBuf::from("/etc")]);
        folders
    }
}

/// The parent of `keystone.conf` is the empty path.
fn here_if_empty(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        path.to_owned()
    }
}

/// A path that stays the same when the working folder changes.
pub(super) fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("can't use the path {}", path.display()))
}
