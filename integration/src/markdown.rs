//! Reads the documentation, for tests that compare it with the facts.

use crate::root;
use anyhow::{Context, Result, ensure};

/// The files with commands, configurations and tables.
pub const FILES: [&str; 2] = ["README.md", "docs/reference.md"];

/// The fenced blocks of one kind, from all files.
pub fn blocks(kind: &str) -> Result<Vec<String>> {
    let blocks = FILES.map(|file| blocks_of(file, kind)).into_iter().collect::<Result<Vec<_>>>()?.concat();
    ensure!(!blocks.is_empty(), "no {kind:?} block");
    Ok(blocks)
}

/// The same of one file.
pub fn blocks_of(file: &str, kind: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join(file)).with_context(|| file.to_owned())?;
    let fenced = text.split("```").skip(1).step_by(2);
    let blocks = fenced.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).map(str::to_owned);
    Ok(blocks.collect())
}

/// The rows of the only table whose first column has this title, as cells without backticks.
pub fn table(first_column: &str) -> Result<Vec<Vec<String>>> {
    let head = format!("| {first_column} |");
    let text = FILES.iter().map(|file| std::fs::read_to_string(root().join(file))).collect::<Result<String, _>>()?;
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
    let rows: Vec<_> = lines.by_ref().map_while(cells).collect();
    ensure!(!rows.is_empty(), "no table {first_column:?}");
    ensure!(!lines.any(|line| line.starts_with(&head)), "two tables {first_column:?}");
    Ok(rows)
}

/// The module's capabilities: host calls and callbacks by their names.
pub fn capabilities() -> Result<Vec<String>> {
    Ok(table("capability")?.into_iter().filter_map(|row| row.into_iter().next()).collect())
}

fn cells(line: &str) -> Option<Vec<String>> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(row.split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect())
}
