//! `tenancy explain`.

use std::process::ExitCode;

use clap::Args;

/// Tells what becomes of a request, and why.
#[derive(Debug, Args)]
pub(crate) struct Arguments {}

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, String> {
        Err("explains nothing yet".into())
    }
}
