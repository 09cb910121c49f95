//! `bootstrap`, `project_setup`, `user_setup`.

use super::arguments::{Bootstrap, ProjectSetup, UserSetup};
use super::{print, with_database};
use crate::app::{Clock, hash_parameters};
use crate::config::Config;
use crate::crypto::password::Algorithm;
use crate::driver::sql::db::Db;
use crate::driver::sql::migrate::{self, SchemaState};
use crate::manager::bootstrap::{BootstrapManager, BootstrapRequest, UserRequest};
use crate::manager::notify::Notifier;
use crate::model::event::Origin;
use crate::model::{ProjectId, Secret, Timestamp};
use anyhow::bail;
use std::process::ExitCode;
use std::sync::Arc;

/// Makes what an installation needs before anybody can log in.
pub(super) fn bootstrap(config: &Config, options: Bootstrap) -> anyhow::Result<ExitCode> {
    let Some(request) = request(options, |name| std::env::var(name).ok()) else {
        print(
            "ERROR: the administrator needs a password: --bootstrap-password or the environment \
             variable OS_BOOTSTRAP_PASSWORD\n",
        )?;
        return Ok(ExitCode::FAILURE);
    };
    with_manager(config, async |manager| {
        Ok(manager.bootstrap(&request).await?)
    })?;
    tracing::info!(
        "{} is the administrator of project {}",
        request.username,
        request.project_name
    );
    Ok(ExitCode::SUCCESS)
}

/// What was asked for; an environment variable wins over its flag. Nothing without a password.
fn request(
    options: Bootstrap,
    environment: impl Fn(&str) -> Option<String>,
) -> Option<BootstrapRequest> {
    let either = |name: &str, flag: Option<String>| {
        let variable = environment(&format!("OS_BOOTSTRAP_{name}"));
        variable.filter(|value| !value.is_empty()).or(flag)
    };
    let named = |name: &str, flag: String| either(name, None).unwrap_or(flag);
    let urls = [
        ("public", either("PUBLIC_URL", options.bootstrap_public_url)),
        (
            "internal",
            either("INTERNAL_URL", options.bootstrap_internal_url),
        ),
        ("admin", either("ADMIN_URL", options.bootstrap_admin_url)),
    ];
    let password = either("PASSWORD", None).map(Secret::from);
    Some(BootstrapRequest {
        password: password.or(options.bootstrap_password)?,
        username: named("USERNAME", options.bootstrap_username),
        project_name: named("PROJECT_NAME", options.bootstrap_project_name),
        role_name: named("ROLE_NAME", options.bootstrap_role_name),
        service_name: named("SERVICE_NAME", options.bootstrap_service_name),
        region_id: either("REGION_ID", options.bootstrap_region_id),
        urls: urls
            .into_iter()
            .filter_map(|(interface, url)| Some((interface, url?)))
            .collect(),
        immutable_roles: !options.no_immutable_roles,
    })
}

/// Makes a project.
pub(super) fn project_setup(config: &Config, options: ProjectSetup) -> anyhow::Result<ExitCode> {
    let id = options.project_id.map(ProjectId::from);
    let name = &options.project_name;
    let id = with_manager(config, async |manager| {
        Ok(manager.project_setup(name, id.as_ref()).await?)
    })?;
    tracing::info!("the project {name} has the id {id}");
    Ok(ExitCode::SUCCESS)
}

/// Makes a user, or gives it a password.
pub(super) fn user_setup(config: &Config, options: UserSetup) -> anyhow::Result<ExitCode> {
    let request = UserRequest {
        name: options.username,
        password: options.user_password_plain,
        id: options.user_id.map(Into::into),
    };
    let id = with_manager(config, async |manager| {
        Ok(manager.user_setup(&request).await?)
    })?;
    tracing::info!("the user {} has the id {id}", request.name);
    Ok(ExitCode::SUCCESS)
}

fn with_manager<T>(
    config: &Config,
    work: impl AsyncFnOnce(&BootstrapManager<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_database(config, async |db| {
        let hashing = hash_parameters(config, default_hash(db).await?)?;
        let now = Clock::System.now();
        let notifier = Arc::new(Notifier::start(Notifier::drivers(config)?, db.clone()));
        let db = &heard_by(&notifier, db, config, now);
        let done = work(&BootstrapManager {
            db,
            config,
            hashing: &hashing,
            now,
        })
        .await;
        notifier.close().await;
        done
    })
}

/// The database, whose transactions tell others what they did: in nobody's name, as no request is
/// behind it.
fn heard_by(notifier: &Arc<Notifier>, db: &Db, config: &Config, now: Timestamp) -> Db {
    let (notifier, config) = (Arc::clone(notifier), config.clone());
    let origin = Arc::new(Origin::default());
    db.heard_by(Arc::new(move |events| {
        notifier.tell(events, &origin, &config, now)
    }))
}

/// How this database's passwords are hashed unless the configuration says otherwise.
async fn default_hash(db: &Db) -> anyhow::Result<Algorithm> {
    match migrate::state(db).await? {
        SchemaState::Head if migrate::is_created_here(db).await? => Ok(Algorithm::Argon2),
        SchemaState::Head => Ok(Algorithm::Bcrypt),
        SchemaState::Empty => bail!("the database is empty: run db_sync first"),
        // Adds our own tables to a schema that Python made, and says what is wrong with any other.
        _ => {
            migrate::sync(db, migrate::Phase::All).await?;
            Ok(Algorithm::Bcrypt)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};

    fn options(words: &[&str]) -> Bootstrap {
        let command = Bootstrap::augment_args(clap::Command::new("bootstrap"));
        let matches = command.get_matches_from([&["bootstrap"], words].concat());
        Bootstrap::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn the_environment_wins_over_flags() {
        let flags = [
            "--bootstrap-password",
            "flag",
            "--bootstrap-region-id",
            "R1",
        ];
        let environment = |name: &str| {
            let value = match name {
                "OS_BOOTSTRAP_PASSWORD" => "variable",
                "OS_BOOTSTRAP_ADMIN_URL" => "http://a",
                "OS_BOOTSTRAP_REGION_ID" => "",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let request = request(options(&flags), environment).unwrap();
        assert_eq!(request.password.expose(), "variable");
        assert_eq!(request.region_id.as_deref(), Some("R1"));
        assert_eq!(request.urls, [("admin", "http://a".to_owned())]);
        assert_eq!(request.username, "admin");
        assert!(request.immutable_roles);
    }

    #[test]
    fn without_a_password_there_is_no_request() {
        assert!(request(options(&[]), |_| None).is_none());
    }

    #[test]
    fn roles_are_immutable_unless_the_last_word_on_it_says_otherwise() {
        let immutable = |words: &[&str]| {
            let words = [&["--bootstrap-password", "x"], words].concat();
            request(options(&words), |_| None).unwrap().immutable_roles
        };
        assert!(immutable(&["--immutable-roles"]));
        assert!(!immutable(&["--no-immutable-roles"]));
        assert!(immutable(&["--no-immutable-roles", "--immutable-roles"]));
    }
}
