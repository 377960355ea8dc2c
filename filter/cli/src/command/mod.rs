//! The subcommands.

mod check;
mod completions;
mod explain;
mod files;
mod input;
mod instances;
mod moment;
mod private_key;
mod problem;
mod render;
mod routes;
mod seal;
mod snippet;
mod table;
mod test;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use problem::Problem;

/// Checks, explains and tests configurations of the tenancy filter, writes its routes, and makes and reads seals, without
/// a cluster.
///
/// Exit codes: 0 success, 1 findings or failures, 2 the input cannot be used.
#[derive(Debug, Parser)]
#[command(name = "tenancy", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    subcommand: Chosen,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    Check(check::Arguments),
    Completions(completions::Arguments),
    Explain(Box<explain::Arguments>),
    Routes(Box<routes::Arguments>),
    Seal(seal::Arguments),
    Test(test::Arguments),
}

impl Command {
    pub(crate) fn run(self) -> ExitCode {
        let outcome = match &self.subcommand {
            Chosen::Check(arguments) => arguments.run(),
            Chosen::Completions(arguments) => arguments.run(),
            Chosen::Explain(arguments) => arguments.run(),
            Chosen::Routes(arguments) => arguments.run(),
            Chosen::Seal(arguments) => arguments.run(),
            Chosen::Test(arguments) => arguments.run(),
        };
        outcome.unwrap_or_else(|problem| match problem {
            Problem::NobodyReads => ExitCode::SUCCESS,
            Problem::Input(why) => {
                eprintln!("tenancy: {why}");
                ExitCode::from(UNUSABLE)
            }
        })
    }
}

/// The exit code for input that cannot be used.
const UNUSABLE: u8 = 2;
