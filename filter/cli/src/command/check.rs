//! `tenancy check`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tenancy::check;
use tenancy_filter::Severity;

use super::Problem;
use super::files::{Files, NO_CONFIGURATION};
use super::words::Format;

mod render;

/// Finds mistakes in configurations: alone, in manifests, or in an Envoy configuration.
///
/// All files together describe one mesh: an edge must strip every header that the sidecars believe.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files, folders with .yaml, .yml and .json files at any depth, or `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Exit with 1 for warnings too
    #[arg(long)]
    deny_warnings: bool,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  tenancy check gateway.yaml sidecars.yaml
  tenancy check --deny-warnings manifests/
  kubectl kustomize manifests/gateway | tenancy check -
  tenancy check --format json manifests/ | jq -r '.findings[].code'";

/// The exit code if something was found.
const FOUND: u8 = 1;

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let files = Files::read(&self.files)?;
        let mut report = check(&files.sources);
        report.left_out.extend(files.unreadable.iter().cloned());
        match self.format {
            Format::Text => render::report(&mut anstream::stdout(), &report, &files.sources)?,
            Format::Json => writeln!(std::io::stdout(), "{:#}", report.to_json())?,
        }
        if let Some(problem) = files.broken(&report) {
            return Err(problem);
        }
        if report.checked.is_empty() && report.findings.is_empty() {
            return Err(Problem::new(NO_CONFIGURATION));
        }
        let denied = self.deny_warnings && report.count(Severity::Warning) > 0;
        let failed = denied || report.count(Severity::Error) > 0;
        Ok(if failed { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
    }
}
