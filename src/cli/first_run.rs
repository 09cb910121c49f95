//! Starting from nothing: a folder with a database, keys, an administrator and how to log in.

use super::environment::absolute;
use crate::app::hash_parameters;
use crate::config::{Config, Origin};
use crate::crypto::files;
use crate::crypto::key_repository::KeyRepository;
use crate::crypto::password::Algorithm;
use crate::crypto::{Owner, random_bytes};
use crate::driver::sql::db::Db;
use crate::driver::sql::identity;
use crate::driver::sql::migrate::{self, Phase};
use crate::manager::bootstrap::{BootstrapManager, BootstrapRequest};
use crate::model::{Secret, Timestamp};
use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The administrator's name and that of the project.
const ADMIN: &str = "admin";
const REGION: &str = "RegionOne";
/// What may stand in the path of a database URL as it is.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// The folder that holds everything when there is no configuration file.
#[derive(Clone, Debug)]
pub(super) struct StateDir {
    path: PathBuf,
}

/// Where the API is reached, and where the administrator is at home.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// For everybody, with `/v3` at the end.
    pub public: String,
    /// For administrators.
    pub admin: String,
    /// `[identity] default_domain_id`.
    pub domain_id: String,
}

impl StateDir {
    /// The folder that was asked for, or the usual one.
    pub fn find(chosen: Option<&Path>, home: Option<&Path>) -> anyhow::Result<Self> {
        let path = match (
            chosen,
            std::env::var_os("XDG_STATE_HOME").map(PathBuf::from),
            home,
        ) {
            (Some(chosen), ..) => chosen.to_owned(),
            // A relative path there is to be ignored, says the XDG specification.
            (_, Some(state), _) if state.is_absolute() => state.join("keystone"),
            (_, _, Some(home)) => home.join(".local/state/keystone"),
            _ => {
                return Err(anyhow!(
                    "there is no HOME: choose a folder with --state-dir"
                ));
            }
        };
        Ok(Self {
            path: absolute(&path)?,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The options that make a configuration live in this folder, unless they are set otherwise.
    pub fn fallbacks(&self) -> Vec<(&'static str, &'static str, String)> {
        let path = |name: &str| self.path.join(name).display().to_string();
        let database = path("keystone.db");
        vec![
            (
                "database",
                "connection",
                format!("sqlite:///{}", utf8_percent_encode(&database, IN_PATH)),
            ),
            ("fernet_tokens", "key_repository", path("fernet-keys")),
            ("fernet_receipts", "key_repository", path("fernet-keys")),
            ("credential", "key_repository", path("credential-keys")),
            (
                "jwt_tokens",
                "jws_private_key_repository",
                path("jws-keys/private"),
            ),
            (
                "jwt_tokens",
                "jws_public_key_repository",
                path("jws-keys/public"),
            ),
        ]
    }

    /// Whether a configuration's database is the one in this folder. Another one was set up by
    /// somebody on purpose and is left as it is.
    pub fn owns_database_of(&self, config: &Config) -> bool {
        *config.origin("database", "connection") == Origin::Fallback
    }

    /// Makes everything that is missing. What a run that was cut off left behind is finished; what
    /// is complete is left alone.
    pub async fn prepare(
        &self,
        config: &Config,
        db: &Db,
        access: &Access,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let here = || format!("can't prepare the folder {}", self.path.display());
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .with_context(here)?;
        // Two programs that start at once must not make up two passwords.
        let folder = File::open(&self.path).with_context(here)?;
        folder.lock().with_context(here)?;
        self.make_keys(config)?;
        self.make_database_file().with_context(here)?;
        migrate::sync(db, Phase::All).await?;
        let has_users = identity::any_user(&mut db.session().await?).await?;
        if !has_users {
            self.bootstrap(config, db, access, now).await?;
        }
        Ok(())
    }

    fn make_keys(&self, config: &Config) -> anyhow::Result<()> {
        let repositories = [
            (
                &config.fernet_tokens.key_repository,
                config.fernet_tokens.max_active_keys,
            ),
            (
                &config.fernet_receipts.key_repository,
                config.fernet_receipts.max_active_keys,
            ),
            (&config.credential.key_repository, 3),
        ];
        for (path, max_active) in repositories {
            if path.starts_with(&self.path) {
                let max_active = usize::try_from(max_active).unwrap_or(usize::MAX);
                KeyRepository::new(path).setup(max_active, Owner::default())?;
            }
        }
        Ok(())
    }

    /// SQLite would let everybody read it. Its other files get the same mode.
    fn make_database_file(&self) -> std::io::Result<()> {
        let path = self.path.join("keystone.db");
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
        {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// The password is on disk before the database has it, so that no crash can lose it.
    async fn bootstrap(
        &self,
        config: &Config,
        db: &Db,
        access: &Access,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let password = match self.saved_password()? {
            Some(password) => password,
            None => Secret::from(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<24>()?)),
        };
        self.write("clouds.yaml", &clouds_yaml(access, &password))?;
        self.write("openrc", &openrc(access, &password))?;
        let hashing = hash_parameters(config, Algorithm::Argon2)?;
        let manager = BootstrapManager {
            db,
            config,
            hashing: &hashing,
            now,
        };
        let request = BootstrapRequest {
            username: ADMIN.to_owned(),
            password,
            project_name: ADMIN.to_owned(),
            role_name: ADMIN.to_owned(),
            service_name: "keystone".to_owned(),
            region_id: Some(REGION.to_owned()),
            urls: vec![
                ("public", access.public.clone()),
                ("internal", access.public.clone()),
                ("admin", access.admin.clone()),
            ],
            immutable_roles: true,
        };
        manager.bootstrap(&request).await?;
        tracing::info!("made a new installation in {}", self.path.display());
        Ok(())
    }

    /// The password of a run that was cut off after it was written down.
    fn saved_password(&self) -> anyhow::Result<Option<Secret>> {
        #[derive(Deserialize)]
        struct Clouds {
            clouds: ByName,
        }
        #[derive(Deserialize)]
        struct ByName {
            keystone: Cloud,
        }
        #[derive(Deserialize)]
        struct Cloud {
            auth: Auth,
        }
        #[derive(Deserialize)]
        struct Auth {
            password: Secret,
        }
        let path = self.path.join("clouds.yaml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Secret::from(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("can't read {}", path.display())),
        };
        // The parser's error would show the text.
        let clouds: Clouds = serde_saphyr::from_str(text.expose()).map_err(|_| {
            anyhow!(
                "{} has no password of the cloud keystone: remove the file",
                path.display()
            )
        })?;
        Ok(Some(clouds.clouds.keystone.auth.password))
    }

    fn write(&self, name: &str, text: &Secret) -> anyhow::Result<()> {
        let (path, draft) = (self.path.join(name), self.path.join(format!("{name}.tmp")));
        files::write(&draft, text.expose(), 0o600, Owner::default())?;
        files::rename(&draft, &path)?;
        files::sync_directory(&self.path)?;
        Ok(())
    }

    /// What somebody who started the program wants to read next.
    pub fn welcome(&self, access: &Access) -> String {
        let path = |name: &str| self.path.join(name).display().to_string();
        format!(
            "Keystone serves {public}\n\n  \
             state    {state}\n  \
             clouds   {clouds} (cloud name: keystone)\n  \
             openrc   {openrc}\n\n\
             Ask it for a token:\n\n  \
             (. {quoted}; curl -si {public}/auth/tokens -H 'Content-Type: application/json' -d \
             \"{body}\")\n\n",
            public = access.public,
            state = self.path.display(),
            clouds = path("clouds.yaml"),
            openrc = path("openrc"),
            quoted = shell_quote(&path("openrc")),
            body = login_body().replace('"', "\\\""),
        )
    }
}

/// A login into which the shell puts what openrc says.
fn login_body() -> String {
    let domain = r#""domain":{"id":"$OS_USER_DOMAIN_ID"}"#;
    let user = format!(r#"{{"name":"$OS_USERNAME",{domain},"password":"$OS_PASSWORD"}}"#);
    let scope = format!(r#"{{"project":{{"name":"$OS_PROJECT_NAME",{domain}}}}}"#);
    let identity = format!(r#"{{"methods":["password"],"password":{{"user":{user}}}}}"#);
    format!(r#"{{"auth":{{"identity":{identity},"scope":{scope}}}}}"#)
}

fn clouds_yaml(access: &Access, password: &Secret) -> Secret {
    format!(
        "clouds:\n  keystone:\n    auth:\n      auth_url: {public}\n      username: {ADMIN}\n      \
         password: {password}\n      project_name: {ADMIN}\n      user_domain_id: {domain}\n      \
         project_domain_id: {domain}\n    region_name: {REGION}\n    identity_api_version: 3\n",
        public = access.public,
        password = yaml_quote(password.expose()),
        domain = yaml_quote(&access.domain_id),
    )
    .into()
}

fn openrc(access: &Access, password: &Secret) -> Secret {
    format!(
        "export OS_AUTH_URL={public}\nexport OS_USERNAME={ADMIN}\nexport OS_PASSWORD={password}\n\
         export OS_PROJECT_NAME={ADMIN}\nexport OS_USER_DOMAIN_ID={domain}\n\
         export OS_PROJECT_DOMAIN_ID={domain}\nexport OS_REGION_NAME={REGION}\n\
         export OS_IDENTITY_API_VERSION=3\n",
        public = shell_quote(&access.public),
        password = shell_quote(password.expose()),
        domain = shell_quote(&access.domain_id),
    )
    .into()
}

fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn yaml_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(path: &Path) -> StateDir {
        StateDir {
            path: path.to_owned(),
        }
    }

    fn access() -> Access {
        Access {
            public: "http://h:1/v3".to_owned(),
            admin: "http://h:2/v3".to_owned(),
            domain_id: "default".to_owned(),
        }
    }

    #[test]
    fn a_folder_with_any_name_is_found_again_in_the_database_url() {
        let state = state(Path::new("/tmp/a b%20?c#d$e"));
        let loaded = Config::load_with(&Default::default(), &state.fallbacks()).unwrap();
        let Some(crate::config::DatabaseUrl::Sqlite { path: Some(path) }) =
            loaded.config.database_url()
        else {
            panic!("a file");
        };
        assert_eq!(*path, state.path.join("keystone.db"));
        assert!(
            loaded
                .config
                .fernet_tokens
                .key_repository
                .starts_with(&state.path)
        );
        assert!(state.owns_database_of(&loaded.config));
    }

    #[test]
    fn a_password_that_was_written_down_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let state = state(home.path());
        assert!(state.saved_password().unwrap().is_none());
        let password = Secret::from("it's: #1 \"x\"");
        state
            .write("clouds.yaml", &clouds_yaml(&access(), &password))
            .unwrap();
        assert_eq!(
            state.saved_password().unwrap().unwrap().expose(),
            password.expose()
        );
    }
}
