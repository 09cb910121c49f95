//! `keystone-status`: tells whether an installation is ready for the next release.

use keystone::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::status(std::env::args_os())
}
