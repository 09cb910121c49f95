//! The command lines of the programs: what was typed, and what it means.
//!
//! `keystone` serves unless a subcommand says otherwise; `keystone-manage` needs a subcommand. The
//! subcommands are the same, and so are their exit codes: 0 for success, 1 for failure, 2 for a
//! command line that makes no sense, and what a subcommand's own description says beyond that.
//! `keystone-status` has a command line of its own, in `status`.

mod arguments;
mod bootstrap;
mod credentials;
mod database;
mod doctor;
mod domain_config;
mod environment;
mod first_run;
mod flush;
mod healthcheck;
mod keys;
mod logging;
mod mapping;
mod mapping_engine;
mod owner;
mod pki;
mod reset_last_active;
mod serve;
mod status;

pub use arguments::Program;

use crate::app::database_options;
use crate::config::Config;
use crate::driver::sql::db::Db;
use crate::manager::federation::new_metadata;
use arguments::{Arguments, Command};
use environment::Environment;
use logging::Log;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// The release of Keystone whose operators' tool this replaces.
const RELEASE: &str = "30.0.0";

/// The exit code of a command line that makes no sense.
const USAGE: u8 = 2;

/// Runs a program with its arguments, the first of which is its name.
pub fn run(program: Program, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::parse(program, arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to stdout, errors to stderr; a closed pipe is nobody's fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    match execute(program, arguments) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error:#}", program.name());
            ExitCode::FAILURE
        }
    }
}

/// Runs `keystone-status` with its arguments, the first of which is its name.
pub fn status(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    status::run(arguments)
}

fn execute(program: Program, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.version {
        return print(&match program {
            Program::Keystone => format!("keystone {}\n", env!("CARGO_PKG_VERSION")),
            Program::KeystoneManage | Program::KeystoneStatus => format!("{RELEASE}\n"),
        });
    }
    let command = arguments.command.unwrap_or(Command::Serve);
    let environment = Environment::new(&arguments.global)?;
    let loaded = environment.load()?;
    let serves = matches!(command, Command::Serve);
    let log = Arc::new(logging::start(program, &loaded.config, serves)?);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let done = obey(command, environment, loaded.config, &log);
    if let Err(error) = &done
        && log.is_file()
    {
        tracing::error!("{error:#}");
    }
    done
}

fn obey(
    command: Command,
    environment: Environment,
    config: Config,
    log: &Arc<Log>,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve::serve(environment, config, Arc::clone(log)),
        Command::Healthcheck => healthcheck::run(&config),
        Command::DbSync(options) => database::db_sync(&config, &options),
        Command::DbVersion => database::db_version(&config),
        Command::Bootstrap(options) => bootstrap::bootstrap(&config, options),
        Command::ProjectSetup(options) => bootstrap::project_setup(&config, options),
        Command::UserSetup(options) => bootstrap::user_setup(&config, options),
        Command::TrustFlush(options) => database::trust_flush(&config, options),
        Command::ResetLastActive(options) => reset_last_active::run(&config, &options),
        Command::PkiSetup(options) => pki::pki_setup(&config, &options),
        Command::SslSetup(options) => pki::ssl_setup(&config, &options),
        Command::TokenFlush(options) => flush::token_flush(&config, &options),
        Command::FernetSetup(owner) => keys::setup(&keys::of_tokens_and_receipts(&config), &owner),
        Command::FernetRotate(options) => {
            keys::rotate(&keys::of_tokens_and_receipts(&config), &options)
        }
        Command::TokenSetup(owner) => keys::setup(&[keys::of_tokens(&config)], &owner),
        Command::TokenRotate(options) => keys::rotate(&[keys::of_tokens(&config)], &options),
        Command::ReceiptSetup(owner) => keys::setup(&[keys::of_receipts(&config)], &owner),
        Command::ReceiptRotate(options) => keys::rotate(&[keys::of_receipts(&config)], &options),
        Command::CreateJwsKeypair(options) => keys::create_jws_keypair(&config, &options),
        Command::CredentialSetup(owner) => keys::setup(&[keys::of_credentials(&config)], &owner),
        Command::CredentialRotate(owner) => credentials::rotate(&config, &owner),
        Command::CredentialMigrate(owner) => credentials::migrate(&config, &owner),
        Command::DomainConfigUpload(options) => domain_config::upload(&config, &options),
        Command::MappingPurge(options) => mapping::purge(&config, &options),
        Command::MappingPopulate(options) => mapping::populate(&config, &options),
        Command::MappingEngine(options) => mapping_engine::run(&options),
        Command::SamlIdpMetadata => print(&new_metadata(&config.saml)?),
        Command::Doctor => doctor::examine(&config),
        Command::SampleConfig => print(&crate::config::sample()),
        Command::SamplePolicy => print(&crate::policy::sample()),
    }
}

/// Writes to the standard output. A reader that went away, as `head` does, is no failure.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Runs a command's work on the database.
fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Db) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let db = Db::connect(&database_options(config)?).await?;
        let done = work(&db).await;
        db.close().await;
        done
    })
}
