//! `keystone-manage`: the operator's tool under the name that scripts know.

use keystone::cli::{self, Program};
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(Program::KeystoneManage, std::env::args_os())
}
