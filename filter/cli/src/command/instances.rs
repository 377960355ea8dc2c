//! Instances of the filter from files.

use std::io;
use std::path::{Path, PathBuf};

use tenancy::Instance;
use tenancy_filter::{Filter, Findings, Parsed};

use super::{Problem, input};

/// The text of a file; `-` is stdin.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let read = input::open(path).and_then(io::read_to_string);
    read.map_err(|why| Problem::new(format!("{}: {why}", path.display())))
}

/// The instances of all configurations in these files, in order.
pub(crate) fn load(paths: &[PathBuf], names: &[String]) -> Result<Vec<Instance>, Problem> {
    let _ = names;
    paths
        .iter()
        .map(|path| {
            let value: serde_json::Value =
                serde_norway::from_str(&read(path)?).map_err(|why| Problem::new(why.to_string()))?;
            compile("config", &value.to_string(), &path.display().to_string())
        })
        .collect()
}

/// An instance with this configuration, whose warnings go to stderr.
pub(crate) fn compile(name: &str, json: &str, file: &str) -> Result<Instance, Problem> {
    let refused = |findings: Findings| {
        let lines: Vec<_> = findings.iter().map(|finding| format!("  {finding}")).collect();
        Problem::new(format!("{file}: {name} is refused\n{}", lines.join("\n")))
    };
    let Parsed { filter, warnings } = Filter::from_config(json.as_bytes()).map_err(refused)?;
    warnings.iter().for_each(|warning| eprintln!("{file}: {name}: {warning}"));
    Ok(Instance { name: name.to_owned(), filter })
}
