//! `tenancy test`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tenancy::{Explanation, Instance, explain};

use super::table::{Config, Row, Table};
use super::{Problem, instances, render};

/// Runs tables of requests: each row says what the upstream must get.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Tables, in YAML
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

const EXAMPLE: &str = "\
Example of a table:
  config: gateway.yaml
  rows:
    - name: the tenant of the host
      request: {authority: feat-x.www.example.com, headers: [\"x-tenant: evil\"]}
      expect: {has: [\"x-tenant: feat-x\"]}
    - name: no client names a tenant
      request: {authority: www.example.com, headers: [\"x-tenant: evil\"]}
      expect: {lacks: [x-tenant]}";

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let (mut passed, mut failed) = (0_usize, 0_usize);
        let mut out = anstream::stdout();
        for path in &self.files {
            let file = path.display().to_string();
            let table = Table::parse(&instances::read(path)?).map_err(|why| Problem::new(format!("{file}: {why}")))?;
            let mut instances = instances_of(&table, path)?;
            for row in &table.rows {
                instances::set_caller(&mut instances, row.request.caller.as_deref());
                if run_row(&mut out, &file, row, &instances)? {
                    passed = passed.saturating_add(1);
                } else {
                    failed = failed.saturating_add(1);
                }
            }
        }
        writeln!(out, "{passed} passed, {failed} failed")?;
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The configurations of a table; their files are relative to it.
fn instances_of(table: &Table, path: &Path) -> Result<Vec<Instance>, Problem> {
    let beside = |file: &String| path.parent().map_or_else(|| PathBuf::from(file), |folder| folder.join(file));
    let load = |files: &[PathBuf]| {
        let wrong = |why| Problem::new(format!("{}: config: {why}", path.display()));
        instances::load(files, &table.name).map_err(wrong)
    };
    match &table.config {
        Config::File(file) => load(&[beside(file)]),
        Config::Files(files) => load(&files.iter().map(beside).collect::<Vec<_>>()),
        Config::Inline(configuration) => {
            Ok(vec![instances::inline(&configuration.to_string(), &path.display().to_string())?])
        }
    }
}

/// Runs a row, and shows why it fails if it does.
fn run_row(out: &mut impl Write, file: &str, row: &Row, instances: &[Instance]) -> Result<bool, Problem> {
    let request = row.request.read().map_err(|why| Problem::new(format!("{file}: {}: {why}", row.name)))?;
    let explanation = explain(instances, &request);
    let differences = row.expect.differences(&explanation.outcome());
    if differences.is_empty() {
        return Ok(true);
    }
    writeln!(out, "{file}: {}: failed", row.name)?;
    for difference in differences {
        writeln!(out, "  {difference}")?;
    }
    failure(out, &explanation)?;
    Ok(false)
}

fn failure(out: &mut impl Write, explanation: &Explanation) -> Result<(), Problem> {
    let mut text = Vec::new();
    render::explanation(&mut text, explanation)?;
    for line in String::from_utf8_lossy(&text).lines() {
        writeln!(out, "  | {line}")?;
    }
    writeln!(out)?;
    Ok(())
}
