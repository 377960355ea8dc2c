//! `tenancy completions`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Command, Problem};

/// Prints completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  source <(tenancy completions bash)
  tenancy completions zsh > ~/.zfunc/_tenancy
  tenancy completions fish > ~/.config/fish/completions/tenancy.fish";

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Command::command(), "tenancy", &mut script);
        io::stdout().write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
