//! `tenancy seal`.

mod made;
mod new_key;
mod show;
mod sign;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Problem;

/// Makes keys for seals, signs with them, and says what a seal holds and whether it counts.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subcommand: Chosen,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    NewKey(new_key::Arguments),
    Sign(sign::Arguments),
    Show(show::Arguments),
}

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        match &self.subcommand {
            Chosen::NewKey(arguments) => arguments.run(),
            Chosen::Sign(arguments) => arguments.run(),
            Chosen::Show(arguments) => arguments.run(),
        }
    }
}
