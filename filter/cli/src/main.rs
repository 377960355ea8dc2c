//! The `tenancy` command: checks, explains and tests configurations of the tenancy filter.
#![forbid(unsafe_code)]

mod command;

use std::process::ExitCode;

use clap::Parser;

use command::Command;

fn main() -> ExitCode {
    Command::parse().run()
}
