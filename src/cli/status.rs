//! `keystone-status upgrade check`: tells whether an installation is ready for the next release.
//!
//! The table, the JSON, the names of the checks and the exit codes are those that upgrade scripts of
//! OpenStack expect (oslo.upgradecheck): 0 all is well, 1 a warning, 2 a failure, 255 the checks could
//! not be made.

mod checks;
mod table;

use super::arguments::{Global, Program};
use super::environment::Environment;
use super::{RELEASE, USAGE, logging, print};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde_json::json;
use std::ffi::OsString;
use std::process::ExitCode;

/// What is written over the results.
const TITLE: &str = "Upgrade Check Results";

/// The exit code when there are no results.
const UNEXPECTED: u8 = 255;

/// A command line.
#[derive(Debug, Parser)]
#[command(
    name = "keystone-status",
    disable_version_flag = true,
    about = "Tells whether an installation is ready for the next release"
)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    /// Print the version and exit
    #[arg(long)]
    version: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What belongs to an upgrade
    Upgrade {
        /// Print the results as JSON
        #[arg(long, global = true)]
        json: bool,
        #[command(subcommand)]
        command: UpgradeCommand,
    },
}

#[derive(Debug, Subcommand)]
enum UpgradeCommand {
    /// Look for what the next release can't live with
    ///
    /// Exits 0 when all is well, 1 with a warning, 2 with a failure, 255 when it can't look.
    Check,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    Success = 0,
    Failure = 2,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Failure => "Failure",
        }
    }
}

/// One line of the results.
#[derive(Debug)]
struct Outcome {
    check: &'static str,
    code: Code,
    details: Option<String>,
}

/// Runs the program with its arguments, the first of which is its name.
pub(super) fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    match parse(words) {
        Ok((arguments, json)) => match examine(&arguments, json) {
            Ok(code) => code,
            Err(error) => {
                // Where oslo.upgradecheck says it.
                let _ = print(&format!("Error:\n{error:#}\n"));
                ExitCode::from(UNEXPECTED)
            }
        },
        Err(error) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
        }
    }
}

/// Reads the command line; whether JSON is wanted comes with it.
fn parse(words: impl IntoIterator<Item = OsString>) -> Result<(Arguments, bool), clap::Error> {
    let mut command = Arguments::command();
    let matches = command.try_get_matches_from_mut(words)?;
    let arguments = Arguments::from_arg_matches(&matches)?;
    match &arguments.command {
        Some(Command::Upgrade {
            json,
            command: UpgradeCommand::Check,
        }) => {
            let json = *json;
            Ok((arguments, json))
        }
        None if arguments.version => Ok((arguments, false)),
        None => {
            let kind = clap::error::ErrorKind::MissingSubcommand;
            Err(command.error(kind, "a subcommand is needed: upgrade check"))
        }
    }
}

fn examine(arguments: &Arguments, json: bool) -> anyhow::Result<ExitCode> {
    if arguments.version {
        return print(&format!("{RELEASE}\n"));
    }
    let environment = Environment::new(&arguments.global)?;
    let loaded = environment.load()?;
    let _log = logging::start(Program::KeystoneStatus, &loaded.config, false)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let outcomes = checks::all(&loaded.config, environment.policy_folders())?;
    print(&if json {
        as_json(&outcomes)
    } else {
        as_table(&outcomes)
    })?;
    let worst = outcomes.iter().map(|outcome| outcome.code).max();
    Ok(ExitCode::from(worst.unwrap_or(Code::Success) as u8))
}

fn as_json(outcomes: &[Outcome]) -> String {
    let checks: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "check": outcome.check, "result": outcome.code as u8, "details": outcome.details
            })
        })
        .collect();
    format!("{}\n", json!({ "name": TITLE, "checks": checks }))
}

fn as_table(outcomes: &[Outcome]) -> String {
    let cells = outcomes.iter().map(|outcome| {
        let details = outcome.details.as_deref().map(table::wrap);
        format!(
            "Check: {}\nResult: {}\nDetails: {}",
            outcome.check,
            outcome.code.name(),
            details.as_deref().unwrap_or("None")
        )
    });
    table::draw([TITLE.to_owned()].into_iter().chain(cells))
}
